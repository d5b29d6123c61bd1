"""What questions about issued reports are answered with, as OpenAPI describes it. Documents are built elsewhere."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.answers import Document, Person, Said


class IssuedHeader(Document):
    """What an issued report says of itself. It never changes, but for who attested or struck it."""

    report_id: UUID
    version: int = Field(description="Of the report's stream.")
    report: str = Field(examples=["weekly", "monthly"])
    facility: str
    week: str | None = Field(None, examples=["2026-W10"])
    month: str | None = Field(None, examples=["2026-03"])
    payer: str | None = Field(None, description="Of whose episodes alone it is, where one was asked for.")
    rule_set: str
    rule_set_version: str
    rule_set_asked: bool = Field(description="It was asked for by its name, instead of the one that the site adopted.")
    as_of: date
    known_at: datetime
    position: int = Field(description="Of the ledger, where the report stands.")
    row_count: int
    sha256: str = Field(description="Of the canonical rows, in hexadecimal.")
    requested_by: str
    purpose: str
    issued_at: datetime
    issued_by: Person
    attested_on: date | None
    attested_by: Person | None
    struck_by: str | None = Field(description="The event that struck it, as entered in error; it stays readable.")


class IssuedRow(Document):
    """The columns that are hashed, and no others."""

    rule: str = Field(examples=["HRS-1"])
    subject: str = Field(examples=["patient", "cohort", "session", "facility"])
    subject_id: str
    period_start: date
    period_end: date
    verdict: str = Field(examples=["met"])
    value: int
    of: int
    evidence: list[str] = Field(description="The live facts behind figure and verdict, as `stream@version`.")


class IssuedReport(IssuedHeader):
    rows: list[IssuedRow]


class IssuedReports(Document):
    """The last one issued first."""

    facility: str
    position: int
    reports: list[IssuedHeader]
    next_before: int | None = Field(description="Continue with `before=` this; null on the last page.")


class Caused(Document):
    """`facts` names those that make it so: recorded after the report, and without any of them it would not be so."""

    facts: list[str] = Field(description="As `stream@version`; what they are is in `facts` of the whole.")
    time_passed: bool = Field(description="Sessions that were not over at the report's `known_at` are by now.")
    program_changed: bool = Field(
        description="By this version of the program the record as it was then gives another row than was issued."
    )


class OneRow(Caused):
    row: IssuedRow


class ChangedRow(Caused):
    """A row that is another one: each column that changed, before and after."""

    rule: str
    subject: str
    subject_id: str
    period_start: date
    period_end: date
    changes: dict[str, dict[str, Any]] = Field(
        description="Column → `before` and `after`.", examples=[{"verdict": {"before": "not_met", "after": "met"}}]
    )


class CausingFact(Document):
    event: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb@12"])
    type: str = Field(examples=["AttendanceCorrected"])
    position: int
    recorded_at: datetime
    by: Person
    source: str
    reason: str | None = Field(
        None, description="Why it was recorded, as its recorder wrote it: there for whoever may read histories."
    )
    about: str | None = Field(None, description="The event that it corrects or strikes.")
    late_hours: int | None = Field(None, description="Whole hours after it happened, where it was recorded late.")


class AskedThen(Document):
    """A report's answer at one cut."""

    rule_set: str
    rule_set_version: str
    known_at: datetime
    position: int
    row_count: int
    sha256: str


class AskedNow(AskedThen):
    charts_destroyed: int = Field(description="Charts that no row is about any more.")


class ReportDelta(Said):
    """The same question at a later `known_at`: the same period, payer, `as_of`, and choice of rule set."""

    report_id: UUID
    report: str
    facility: str
    week: str | None = None
    month: str | None = None
    payer: str | None = None
    as_of: date
    known_at: datetime
    position: int
    issued: AskedThen
    now: AskedNow
    added: list[OneRow]
    removed: list[OneRow]
    changed: list[ChangedRow]
    facts: list[CausingFact] = Field(description="Each that a row names, in the order of recording.")
