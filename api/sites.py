"""Questions about a site: its census, its sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api import answers
from api.answers import OF_QUERIES, json_answer
from api.asking import Asked, Code, Current, said, wait
from api.bodies import Instant, PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import not_found
from exchange.cut import left_out, take_cut, utc_text
from projections import census, sessions

router = APIRouter(responses=OF_QUERIES)


class DayAsked(Current):
    known_at: Instant | None = Field(
        None, description="What was on record then, with offset. All that is; a later one is answered so, and says so."
    )
    on: PlainDate | None = Field(None, description="Local date of the scheduled start. Today at the site.")


@router.get(
    "/facilities/{code}/census",
    operation_id="read_census",
    summary="Everybody in care: one row an open episode",
    tags=[Topic.REPORTS],
    response_model=None,
    responses={200: {"model": answers.Census}},
)
def read_census(by: Annotated[Caller, may(Read.CENSUS)], code: Code, asked: Annotated[Asked, Query()]) -> Response:
    """With state and flags, as of a date and as known at an instant."""
    wait(by, asked, for_tables=asked.known_at is None)
    found = census.answer(by.wiring.store, code, now=by.wiring.clock(), as_of=asked.as_of, known_at=asked.known_at)
    if found.known_at is None or found.position == 0:
        raise not_found("There is no such facility, or nothing was on record of it then.")
    by.saw([UUID(row["patient_id"]) for row in found.rows])
    document = {
        "facility": code,
        "as_of": found.as_of.isoformat(),
        "known_at": utc_text(found.known_at),
        "position": found.position,
        "rows": found.rows,
    }
    return json_answer(said(by, document, asked.known_at, besides=left_out(found.lacking)))


@router.get(
    "/facilities/{code}/sessions",
    operation_id="read_sessions",
    summary="The sessions of a day",
    tags=[Topic.GROUP_ROOM],
    response_model=None,
    responses={200: {"model": answers.SessionsOfDay}},
)
def read_sessions(
    by: Annotated[Caller, may(Read.SESSIONS)], code: Code, asked: Annotated[DayAsked, Query()]
) -> Response:
    """Planned, held and cancelled ones, with how many came and are recorded, and which staff; no patient is named."""
    wait(by, asked, for_tables=asked.known_at is None)
    cut = take_cut(by.wiring.store.ledger(code), known_at=asked.known_at, as_of=asked.on, now=by.wiring.clock())
    found = sessions.answer(by.wiring.store, code, on=cut.as_of, known_at=asked.known_at)
    document = {
        "facility": code,
        "on": found.on.isoformat(),
        "known_at": utc_text(cut.knowledge.known_at if found.known_at is None else found.known_at),
        "position": found.position,
        "sessions": found.rows,
    }
    return json_answer(said(by, document, asked.known_at, besides=left_out(found.lacking)))
