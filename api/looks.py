"""Who looked at a chart, and whose an episode, a screening, a step-down or a consent is."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.answers import OF_CHARTS, Document, Person, Said, json_answer
from api.asking import Current, PatientId, said, wait
from api.bodies import Instant
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import not_found
from domain.claims import CONSENT, EPISODE, SCREENING, STEP_DOWN
from domain.record import stream_uuid
from exchange import looks
from exchange.cut import utc_text

router = APIRouter(responses=OF_CHARTS, tags=[Topic.RECORDS])


class LooksAsked(Current):
    known_at: Instant | None = Field(
        None, description="What was on record then, with offset. All that is; a later one is answered so, and says so."
    )
    after: int = Field(0, ge=0, le=10**18, description="Those after this position of the access ledger.")
    limit: int = Field(500, ge=1, le=2000, description="At most so many.")


class Look(Document):
    event: str = Field(examples=["access/0198c2a0-b3d4-4b58-a7c8-d9e0f1a2b3c4@7"])
    at: datetime
    by: Person
    what: str = Field(examples=["read_status"], description="The question, by its `operationId`.")
    purpose: str = Field(examples=["treatment"])
    at_version: int | None = Field(
        description="The version of the chart that was shown; 0 of one that was destroyed. Null: a list or a report."
    )


class AccessRecord(Said):
    """`position` is the access ledger's, not the site's."""

    patient_id: UUID
    facility: str
    known_at: datetime | None
    position: int
    looks: list[Look]
    next_after: int | None = Field(description="Continue with `after=` this; null on the last page.")


class Whose(Document):
    facility: str
    patient_id: UUID
    stream: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"])


@router.get(
    "/patients/{patient_id}/access",
    operation_id="read_access",
    summary="Who looked at a chart, when, why, and at which version",
    response_model=None,
    responses={200: {"model": AccessRecord}},
)
def read_access(
    by: Annotated[Caller, may(Read.CHART)], patient_id: PatientId, asked: Annotated[LooksAsked, Query()]
) -> Response:
    """The newest last, those who saw the patient in a list or a report among them. This look is put on record too, and
    stands in the next answer."""
    wait(by, asked, for_tables=False)
    found = looks.answer(
        by.wiring.store, by.facility, patient_id, known_at=asked.known_at, after=asked.after, limit=asked.limit
    )
    if found is None:
        by.misses(patient_id)
    by.read_chart(patient_id, found.version)
    document: dict[str, Any] = {
        "patient_id": str(patient_id),
        "facility": by.facility,
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "position": found.position,
        "looks": found.rows,
        "next_after": found.next_after,
    }
    return json_answer(document if found.known_at is None else said(by, document, asked.known_at))


def _whose(by: Caller, asked: Current, claim: str, word: str, key: UUID) -> Response:
    wait(by, asked, for_tables=False)
    stream = by.wiring.store.ledger(by.facility).holder(claim, str(key))
    if stream is None:
        raise not_found(f"There is no such {word} at this facility.")
    patient_id = stream_uuid(stream)
    if by.glance is not None and patient_id in by.glance.facility.destroyed:
        by.misses(patient_id)
    by.saw([patient_id])
    return json_answer({"facility": by.facility, "patient_id": str(patient_id), "stream": stream})


MadeId = Annotated[UUID, Path(description="As the `Location` of the command that made it said.")]


@router.get(
    "/episodes/{episode_id}",
    operation_id="find_episode",
    summary="Whose an episode is",
    response_model=None,
    responses={200: {"model": Whose}},
)
def find_episode(
    by: Annotated[Caller, may(Read.CHART)], episode_id: MadeId, asked: Annotated[Current, Query()]
) -> Response:
    """What it is made of is read from the patient's status and history."""
    return _whose(by, asked, EPISODE, "episode", episode_id)


@router.get(
    "/screenings/{screening_id}",
    operation_id="find_screening",
    summary="Whose a screening is",
    response_model=None,
    responses={200: {"model": Whose}},
)
def find_screening(
    by: Annotated[Caller, may(Read.CHART)], screening_id: MadeId, asked: Annotated[Current, Query()]
) -> Response:
    """What became of it is read from the patient's screenings."""
    return _whose(by, asked, SCREENING, "screening", screening_id)


@router.get(
    "/step-downs/{step_down_id}",
    operation_id="find_step_down",
    summary="Whose a step-down is",
    response_model=None,
    responses={200: {"model": Whose}},
)
def find_step_down(
    by: Annotated[Caller, may(Read.CHART)], step_down_id: MadeId, asked: Annotated[Current, Query()]
) -> Response:
    """How far it has come is read from the patient's status and history."""
    return _whose(by, asked, STEP_DOWN, "step-down", step_down_id)


@router.get(
    "/consents/{consent_id}",
    operation_id="find_consent",
    summary="Whose a consent is",
    response_model=None,
    responses={200: {"model": Whose}},
)
def find_consent(
    by: Annotated[Caller, may(Read.CHART)], consent_id: MadeId, asked: Annotated[Current, Query()]
) -> Response:
    """What it says is read from the patient's history."""
    return _whose(by, asked, CONSENT, "consent", consent_id)
