"""What questions about compliance are answered with, as OpenAPI describes it. Documents are built elsewhere."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from api.answers import Cut, Document


class ReportRow(Document):
    rule: str = Field(examples=["HRS-1"])
    subject: str = Field(examples=["patient", "cohort", "session", "facility"])
    subject_id: str
    period_start: date
    period_end: date
    verdict: str = Field(examples=["met"])
    value: int
    of: int
    evidence: list[str] = Field(description="The live facts behind figure and verdict, as `stream@version`.")
    missing: list[str] = Field(description="What was looked for and not found.")
    figures: dict[str, int] = Field(description="Those beside `value`, by name.")


class Report(Cut):
    report: str
    payer: str | None = Field(None, description="Of whose episodes alone it is, where one was asked for.")
    rule_set: str
    rule_set_version: str
    rules: list[str] = Field(description="Those of the rule set that such a report has rows for.")
    generated_at: datetime
    row_count: int
    charts_destroyed: int = Field(description="Charts that no row is about any more.")
    sha256: str = Field(description="Of the canonical rows, in hexadecimal.")
    requested_by: str | None
    purpose: str | None
    rows: list[ReportRow]


class WeeklyReport(Report):
    week: str = Field(examples=["2026-W10"])


class MonthlyReport(Report):
    month: str = Field(examples=["2026-03"])


class Compliance(Cut):
    """Findings by rule and period."""

    patient_id: UUID
    version: int = Field(description="Of the chart.")
    payer: str | None = Field(None, description="Of whose episodes alone they are, where one was asked for.")
    rule_set: str
    rule_set_version: str
    findings: list[ReportRow]
