"""How late a site records."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.answers import OF_QUERIES, Document, Said, json_answer
from api.asking import Code, Current, said, wait
from api.bodies import Instant, PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from domain.late_entries import Per
from exchange import late_entries

router = APIRouter(responses=OF_QUERIES, tags=[Topic.REPORTS])


class LateAsked(Current):
    per: Per = Field(
        Per.KIND, description="What is counted together: type of fact, who recorded it, week of recording."
    )
    from_on: PlainDate | None = Field(None, alias="from", description="Recorded on this date of the site or later.")
    to_on: PlainDate | None = Field(
        None, alias="to", description="Recorded on this date or earlier. Today, or the local date of `known_at`."
    )
    known_at: Instant | None = Field(None, description="What was on record then, with offset. Everything.")


class LateFigures(Document):
    """Lateness: between when it was over and when it was recorded; percentiles by nearest rank."""

    entries: int = Field(description="Those that tell of something dated.")
    median_minutes: int | None
    p90_minutes: int | None
    longest_minutes: int | None
    late: int = Field(description="Recorded more than 24 hours after it happened.")
    late_share: float | None = Field(description="Of the entries.")
    late_with_reason: int
    late_without_reason: int


class LateRow(LateFigures):
    kind: str | None = Field(None, examples=["AttendanceRecorded"])
    person: str | None = Field(None, examples=["staff/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"])
    name: str | None = Field(None, description="Of the person, with `role` as last recorded.")
    role: str | None = None
    week: str | None = Field(None, examples=["2026-W10"])


class LateEntries(Said):
    facility: str
    per: Per
    from_: date | None = Field(alias="from")
    to: date
    known_at: datetime
    position: int
    rows: list[LateRow]
    whole: LateFigures


@router.get(
    "/facilities/{code}/late-entries",
    operation_id="read_late_entries",
    summary="How late entries are recorded, by kind, person or week",
    response_model=None,
    responses={200: {"model": LateEntries}},
)
def read_late_entries(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[LateAsked, Query()]
) -> Response:
    """Of what was recorded between two dates, so that the figures of a period that is over change no more. No patient
    is in it."""
    wait(by, asked, for_tables=False)
    found = late_entries.answer(
        by.wiring.store,
        code,
        per=asked.per,
        now=by.wiring.clock(),
        from_on=asked.from_on,
        to_on=asked.to_on,
        known_at=asked.known_at,
    )
    by.saw([])
    return json_answer(said(by, found.record(), asked.known_at))
