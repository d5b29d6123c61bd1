"""What relied on a fact of the record while it stood."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from api.answers import OF_QUERIES, Document, Person, json_answer
from api.commands import Topic
from api.events import Stream, Version
from api.gate import Caller, may
from api.permission import Read
from domain.record import stream_kind, stream_uuid
from exchange import blast_radius

router = APIRouter(responses=OF_QUERIES, tags=[Topic.RECORDS])


class ToldFact(Document):
    event: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb@12"])
    type: str
    recorded_at: datetime
    by: Person


class RestingRow(Document):
    rule: str
    subject: str
    subject_id: str
    period_start: date
    period_end: date
    verdict: str


class RestingReport(Document):
    report_id: str
    report: str
    period: str = Field(examples=["2026-W10"])
    issued_at: datetime
    attested: bool
    rows: list[RestingRow] = Field(description="Those that name the fact as evidence.")


class Look(ToldFact):
    what: str
    at_version: int | None = Field(description="Of the chart, as it was shown; null for a list that it stood in.")


class TakenFile(ToldFact):
    what: str
    rows: int
    sha256: str


class Stretch(Document):
    since: ToldFact = Field(description="The fact itself, or the strike of what had taken it out.")
    until: ToldFact | None = Field(description="What took it out; null where it stands still.")


class BlastRadius(Document):
    event: str
    type: str
    facility: str
    recorded_at: datetime
    position: int
    known_at: datetime
    undone_by: ToldFact | None = Field(
        description="The last correction, strike or voiding of it; null where it stands."
    )
    stood: list[Stretch] = Field(
        description="The times in which it counted: more than one where a correction was struck."
    )
    reports: list[RestingReport]
    reports_unread: list[str] = Field(description="Issued later, with rows that this database doesn't have.")
    reports_before: list[str] = Field(description="Issued before it was recorded: ask each for its delta.")
    requires: list[ToldFact] = Field(description="What would have lacked its ground without it.")
    caused: list[ToldFact] = Field(description="What followed from it by itself.")
    meanwhile: list[ToldFact] = Field(description="Decisions about the patients while it stood.")
    looks: list[Look] = Field(description="Who saw the chart with it, while it stood.")
    more_looks: bool
    exports: list[TakenFile] = Field(description="Files that left while it stood.")
    more_exports: bool
    limits: list[str] = Field(description="What of this is known, and what can't be.")


@router.get(
    "/events/{stream:path}@{version}/blast-radius",
    operation_id="read_blast_radius",
    summary="Which reports, decisions, looks and files relied on a fact while it stood",
    response_model=None,
    responses={200: {"model": BlastRadius}},
)
def read_blast_radius(by: Annotated[Caller, may(Read.HISTORY)], stream: Stream, version: Version) -> Response:
    """From its recording to its correction, strike or voiding, or to now; again from when that was struck. For who may
    read history and reports, both. `limits` says what can't be known."""
    by.may(Read.REPORT)
    if stream_kind(stream) == "facility":
        by.at(stream.partition("/")[2])
    found = blast_radius.answer(by.wiring.store, by.facility, stream, version, now=by.wiring.clock())
    if found is None:
        by.misses(stream_uuid(stream))
    blast_radius.put_on_record(found, stream, by.read_chart, by.saw)
    return json_answer(found.document)
