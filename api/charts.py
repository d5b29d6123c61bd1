"""Questions about one patient. Each answer is on record in the access ledger before it goes out."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api import answers
from api.answers import OF_CHARTS, json_answer
from api.asking import Asked, PatientId, is_in, said, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.plain import AboutPatient
from domain.week import local_date
from exchange import replay, screenings
from exchange.cut import SEE_WHICH, utc_text
from projections import status
from projections.site import date_asked, is_past

status_router = APIRouter(responses=OF_CHARTS, route_class=AboutPatient)
router = APIRouter(responses=OF_CHARTS)

_MAY_LACK_SESSION: Final = (
    "The record of a session of this facility is damaged: if the patient was expected there, that isn't in here. "
    + SEE_WHICH
)


class HistoryAsked(Asked):
    after: int = Field(0, ge=0, le=10**9, description="Facts of versions above this.")
    limit: int = Field(500, ge=1, le=2000, description="At most so many.")
    trail: bool = Field(
        False,
        description="With each fact when it happened, how late it was recorded, and what it changed about state, level "
        "of care, cohort and admission.",
    )


@status_router.get(
    "/patients/{patient_id}/status",
    operation_id="read_status",
    summary="Where a patient stands",
    tags=[Topic.CLINIC],
    response_model=None,
    responses={200: {"model": answers.Status}},
)
async def read_status(
    by: Annotated[Caller, may(Read.CHART)], patient_id: PatientId, asked: Annotated[Asked, Query()]
) -> Response:
    """What had happened by the end of `as_of`, as known at `known_at`. `ETag` is the version of the chart shown."""
    if by.glance is not None and patient_id in by.glance.facility.destroyed:
        await run_in_threadpool(by.misses, patient_id)
    found = _kept(by, patient_id, asked) or await run_in_threadpool(_looked_up, by, patient_id, asked)
    if found is None:
        await run_in_threadpool(by.misses, patient_id)
        raise AssertionError("It says what is amiss.")
    version, body = found
    await by.reads_chart(patient_id, version)
    return Response(body, headers={"ETag": f'"{version}"'}, media_type="application/json")


def _kept(by: Caller, patient_id: UUID, asked: Asked) -> tuple[int, bytes] | None:
    """Version and bytes of the document that is at hand, if it holds and has seen what was asked for."""
    glance, now = by.glance, by.wiring.clock()
    if glance is None or glance.cut is None or glance.facility.zone is None:
        return None
    if asked.known_at is not None or is_past(asked.as_of, now) or not is_in(glance.cut.position, by, asked):
        return None
    on = date_asked(asked.as_of, None, now=now, zone=glance.facility.zone)
    if on > local_date(now, glance.facility.zone):
        return None  # It says that this date was still to come.
    page = by.wiring.watches.of(by.facility).page(patient_id, on, glance)
    return None if page is None else (page.version, page.at(glance.cut))


def _looked_up(by: Caller, patient_id: UUID, asked: Asked) -> tuple[int, bytes] | None:
    """The same from the database, once it is there; None where there is no such chart."""
    wait(by, asked, for_tables=asked.known_at is None)
    found = status.answer(
        by.wiring.store,
        by.facility,
        patient_id,
        now=by.wiring.clock(),
        as_of=asked.as_of,
        known_at=asked.known_at,
    )
    if found is None:
        return None
    if by.glance is not None:
        by.wiring.watches.of(by.facility).keep(patient_id, found, by.glance)
    by.read_linked(found.linked)
    besides = (_MAY_LACK_SESSION,) if found.may_lack_session else ()
    return found.version, orjson.dumps(said(by, found.document, asked.known_at, besides=besides))


@router.get(
    "/patients/{patient_id}/history",
    operation_id="read_history",
    summary="A patient's facts as they were known, oldest first",
    tags=[Topic.RECORDS],
    response_model=None,
    responses={200: {"model": answers.History}},
)
def read_history(
    by: Annotated[Caller, may(Read.HISTORY)], patient_id: PatientId, asked: Annotated[HistoryAsked, Query()]
) -> Response:
    """Each fact in its envelope: who recorded it, when, why. `known_at` cuts them; `status` is what they add up to."""
    wait(by, asked, for_tables=False)
    history = replay.answer(
        by.wiring.store,
        by.facility,
        patient_id,
        now=by.wiring.clock(),
        as_of=asked.as_of,
        known_at=asked.known_at,
        after=asked.after,
        limit=asked.limit,
        trail=asked.trail,
    )
    if history is None:
        by.misses(patient_id)
    by.read_chart(patient_id, history.version)
    by.read_linked(history.linked)
    document: dict[str, Any] = {
        "patient_id": str(patient_id),
        "facility": by.facility,
        "as_of": history.status["as_of"],
        "known_at": history.status["known_at"],
        "position": history.status["position"],
        "version": history.version,
        "facts": [orjson.Fragment(line) for line in history.lines],
        "next_after": history.next_after,
        "status": history.status,
    }
    return json_answer(said(by, document, asked.known_at), headers={"ETag": f'"{history.version}"'})


@router.get(
    "/patients/{patient_id}/screenings",
    operation_id="read_screenings",
    summary="A patient's drug and alcohol screenings, with all that became of each",
    tags=[Topic.LABORATORY],
    response_model=None,
    responses={200: {"model": answers.Screenings}},
)
def read_screenings(
    by: Annotated[Caller, may(Read.HISTORY)], patient_id: PatientId, asked: Annotated[Asked, Query()]
) -> Response:
    """Presumptive and definitive results side by side, what a prescription explains, and when somebody looked at it."""
    wait(by, asked, for_tables=False)
    found = screenings.answer(
        by.wiring.store,
        by.facility,
        patient_id,
        now=by.wiring.clock(),
        as_of=asked.as_of,
        known_at=asked.known_at,
    )
    if found is None:
        by.misses(patient_id)
    by.read_chart(patient_id, found.version)
    document = {
        "patient_id": str(patient_id),
        "facility": by.facility,
        "as_of": found.cut.as_of.isoformat(),
        "known_at": utc_text(found.cut.knowledge.known_at),
        "position": found.cut.knowledge.position,
        "version": found.version,
        **found.document,
    }
    return json_answer(said(by, document, asked.known_at), headers={"ETag": f'"{found.version}"'})
