"""Questions about a site: its census, its sessions, its reports, all its facts."""

from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api import answers
from api.answers import OF_QUERIES, json_answer, stamp
from api.asking import Asked, Code, Current, said_later, wait
from api.bodies import EARLIEST_YEAR, LATEST_YEAR, PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import malformed, not_found
from domain.week import Week
from exchange import weekly
from exchange.cut import take_cut
from exchange.rows import full_record
from projections import census, sessions
from store.lines import to_line


class Ndjson(Response):
    """A JSON object a line."""

    media_type = "application/x-ndjson"


_WEEK: Final = r"^(18[89]\d|19\d\d|2[01]\d\d)-W(0[1-9]|[1-4]\d|5[0-3])$"
"""Not every year has a week 53."""

_LINES = {"type": "string", "description": "Each line is an `Event`."}

router = APIRouter(responses=OF_QUERIES)


class DayAsked(Current):
    on: PlainDate | None = Field(None, description="Local date of the scheduled start. Today at the site.")


class WeekAsked(Asked):
    week: Annotated[str, StringConstraints(max_length=8)] = Field(
        description="ISO week, such as `2026-W10`.", json_schema_extra={"pattern": _WEEK}
    )
    rule_set: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Instead of the one that the site adopted, such as `az-s9480`."
    )


class FactsAsked(Current):
    after: int = Field(0, ge=0, le=10**15, description="Facts of positions above this.")
    limit: int = Field(1000, ge=1, le=5000, description="At most so many.")


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
        "known_at": stamp(found.known_at),
        "position": found.position,
        "rows": found.rows,
    }
    return json_answer(said_later(document, asked.known_at))


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
    wait(by, asked, for_tables=True)
    cut = take_cut(by.wiring.store.ledger(code), known_at=None, as_of=asked.on, now=by.wiring.clock())
    found = sessions.answer(by.wiring.store, code, on=cut.as_of)
    document = {
        "facility": code,
        "on": found.on.isoformat(),
        "known_at": None if found.known_at is None else stamp(found.known_at),
        "position": found.position,
        "sessions": found.rows,
    }
    return json_answer(document)


@router.get(
    "/facilities/{code}/reports/weekly",
    operation_id="read_weekly_report",
    summary="The compliance of a week, rule by rule",
    tags=[Topic.REPORTS],
    response_model=None,
    responses={200: {"model": answers.WeeklyReport}},
)
def read_weekly_report(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[WeekAsked, Query()]
) -> Response:
    """The same facts at the same cut give the same rows and the same hash, whenever it is asked."""
    week = _week(asked.week)
    wait(by, asked, for_tables=False)
    report = weekly.answer(
        by.wiring.store,
        code,
        week,
        now=by.wiring.clock(),
        rule_set=asked.rule_set,
        as_of=asked.as_of,
        known_at=asked.known_at,
        requested_by=by.person.id,
        purpose=by.purpose,
    )
    by.saw(sorted({UUID(row.subject_id) for row in report.rows if row.subject == "patient"}))
    return json_answer({**report.header.record(), "rows": [full_record(row) for row in report.rows]})


@router.get(
    "/ledgers/{code}/facts",
    operation_id="read_facts",
    summary="The facts of a site in order, for integrators",
    tags=[Topic.RECORDS],
    response_model=None,
    response_class=Ndjson,
    responses={200: {"description": "One fact a line.", "content": {Ndjson.media_type: {"schema": _LINES}}}},
)
def read_facts(by: Annotated[Caller, may(Read.FACTS)], code: Code, asked: Annotated[FactsAsked, Query()]) -> Response:
    """NDJSON. Go on with `after=` the last position; positions have no holes. Nothing is there when all was read."""
    wait(by, asked, for_tables=False)
    facts = by.wiring.store.ledger(code).facts(after=asked.after, limit=asked.limit)
    body = b"".join(orjson.dumps(to_line(fact), option=orjson.OPT_APPEND_NEWLINE) for fact in facts)
    by.took(len(facts), sha256(body).hexdigest())
    return Ndjson(body)


def _week(label: str) -> Week:
    try:
        week = Week.parse(label)
    except ValueError as error:
        raise malformed("query.week", str(error)) from None
    if not EARLIEST_YEAR <= week.monday.year <= LATEST_YEAR:
        raise malformed("query.week", "is of a year that can't be meant")
    return week
