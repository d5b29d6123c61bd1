"""Random draws: who is to be screened, drawn by lot; each draw can be drawn again from its seed by anybody."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.answers import OF_COMMANDS, OF_QUERIES, Document, json_answer, receipt_responses, stamp
from api.asking import Code, Current, wait
from api.bodies import MOST_ITEMS, Body, Count, Number, PlainDate, Text, one_of
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read, recording
from api.recording import IdempotencyKey, Sent, answer, decide_all
from api.strictly import Strictly
from domain.chart.screening import ScreeningOrdered
from domain.random_draw import RandomDrawMade, draw, how_many, pool_of
from domain.record import Recorded, live, stream_name
from projections import census
from store.desk import Filing

router = APIRouter(tags=[Topic.LABORATORY], route_class=Strictly)

MOST_DRAWN_FROM: Final = 5_000
"""Ids; more would not fit into a body."""

_ADDRESS: Final = "/facilities/{code}/random-draws"


class DrawnPatient(Document):
    patient_id: UUID
    screening_id: UUID | None = Field(description="What was ordered with the draw.")


class RandomDraw(Document):
    """`pool` were ranked by the SHA-256 of `<seed>/<patient_id>`; `drawn` stand first, in order of rank."""

    event: str = Field(examples=["facility/lexington@12"])
    recorded_at: datetime
    on: date
    seed: str
    pool: list[UUID]
    drawn: list[DrawnPatient]


class RandomDraws(Document):
    facility: str
    position: int
    draws: list[RandomDraw]
    next_after: int | None = Field(description="Continue with `after=` this; null on the last page.")


class RandomDrawBody(Body):
    """Whom to draw from, how many, and what their specimens are to be tested for."""

    model_config = one_of("count", "share")

    on: PlainDate = Field(description="The pool is who is in treatment on this date.")
    panel: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST_ITEMS)] = Field(
        description="The analytes to look for."
    )
    count: Count | None = Field(None, description="How many to draw.")
    share: Number | None = Field(None, description="Instead of `count`: this part of the pool, 0.25 for a quarter.")
    pool: Annotated[tuple[UUID, ...], Field(max_length=MOST_DRAWN_FROM)] | None = Field(
        None, description="`patient_id`s to draw from. Everybody in active treatment on that date, if left out."
    )
    reason: Text | None = Field(None, description="Why: needed for a draw recorded more than 24 hours later.")

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if (self.count is None) == (self.share is None):
            raise PydanticCustomError("one_share", "Not one of both.")
        return self


class DrawsAsked(Current):
    on: PlainDate | None = Field(None, description="Draws of this date. All, if left out.")
    after: int = Field(0, ge=0, le=10**9, description="Draws of versions of the facility's stream above this.")
    limit: int = Field(50, ge=1, le=200, description="At most so many.")


@router.post(
    _ADDRESS,
    operation_id="draw_at_random",
    summary="Draw by lot who is screened, and order their screenings",
    status_code=201,
    response_model=None,
    responses={**receipt_responses(), **OF_COMMANDS},
)
def draw_at_random(
    by: Annotated[Caller, may(recording(RandomDrawMade))], code: Code, body: RandomDrawBody, key: IdempotencyKey
) -> Response:
    """The draw and one order for each patient drawn are recorded together, or nothing is. The server makes the seed.

    Recorded as `RandomDrawMade`, by `counselor`, `therapist`; the orders by the system, with the draw as their cause.
    """
    sent = Sent(f"/v1{_ADDRESS}", {"code": code}, key, None)
    # Sent again it gets the first answer, also where nobody of the first pool is left.
    answered = by.wiring.store.ledger(code).answered(sent.command(by, body))
    return answer(answered or decide_all(by, _filings(by, code, body), body, sent))


def _filings(by: Caller, code: str, body: RandomDrawBody) -> list[Filing]:
    wiring = by.wiring
    rows = census.answer(wiring.store, code, now=wiring.clock(), as_of=body.on).rows
    care = {UUID(row["patient_id"]): row for row in rows}
    pool = pool_of({patient_id: row["state"] for patient_id, row in care.items()}, body.pool)
    count = body.count if body.share is None else how_many(body.share, pool)
    seed = wiring.new_seed()
    drawn = draw(seed, pool, count or 0)
    made = RandomDrawMade(on=body.on, seed=seed, pool=pool, drawn=drawn)
    orders = [
        ScreeningOrdered(
            episode_id=UUID(care[patient_id]["episode_id"]),
            screening_id=wiring.new_id(),
            panel=body.panel,
            random=True,
        )
        for patient_id in drawn
    ]
    streams = [stream_name("chart", patient_id) for patient_id in drawn]
    follows = [Filing(stream, order, follows=0) for stream, order in zip(streams, orders, strict=True)]
    return [Filing(stream_name("facility", code), made), *follows]


@router.get(
    _ADDRESS,
    operation_id="read_random_draws",
    summary="The random draws of a site",
    response_model=None,
    responses={200: {"model": RandomDraws}, **OF_QUERIES},
)
def read_random_draws(
    by: Annotated[Caller, may(Read.CENSUS)], code: Code, asked: Annotated[DrawsAsked, Query()]
) -> Response:
    """The oldest first, each with its seed and its pool, and what was ordered for whom. What was struck is left out."""
    wait(by, asked, for_tables=False)
    states = by.wiring.store.states(code)
    stream = stream_name("facility", code)
    entries = states.view({stream}).streams[stream].entries
    known = [e for e in live(entries) if isinstance(e.fact, RandomDrawMade) and asked.on in (None, e.fact.on)]
    further = [entry for entry in known if entry.version > asked.after]
    made = further[: asked.limit]
    drawn = sorted({patient_id for entry in made for patient_id in entry.fact.drawn})
    view = states.view({stream, *(stream_name("chart", patient_id) for patient_id in drawn)})
    ordered = {
        (e.envelope.causation_id, patient_id): e.fact.screening_id
        for patient_id in drawn
        for e in live(view.streams[stream_name("chart", patient_id)].entries)
        if isinstance(e.fact, ScreeningOrdered)
    }
    # The pool says who is in treatment.
    by.saw(sorted({patient_id for entry in made for patient_id in entry.fact.pool}))
    document = {
        "facility": code,
        "position": view.position,
        "draws": [_shown(entry, ordered) for entry in made],
        "next_after": made[-1].version if len(further) > len(made) else None,
    }
    return json_answer(document)


def _shown(entry: Recorded, ordered: dict[tuple[str | None, UUID], UUID]) -> dict[str, Any]:
    fact: RandomDrawMade = entry.fact
    return {
        "event": entry.name,
        "recorded_at": stamp(entry.recorded_at),
        "on": fact.on.isoformat(),
        "seed": fact.seed,
        "pool": [str(patient_id) for patient_id in fact.pool],
        "drawn": [
            {"patient_id": str(patient_id), "screening_id": _text(ordered.get((entry.name, patient_id)))}
            for patient_id in fact.drawn
        ],
    }


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
