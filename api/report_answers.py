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


class ComparedRules(Document):
    rule_set: str = Field(examples=["landmark-iop"])
    rule_set_version: str
    rules: list[str] = Field(description="Those that such a report has rows for.")


class ChangedThreshold(Document):
    rule: str = Field(examples=["HRS-1"])
    threshold: str = Field(examples=["at_least_minutes"])
    before: int | None = Field(description="Null where the rule set leaves it out.")
    after: int


class OtherRules(ComparedRules):
    changes: list[ChangedThreshold]


class VerdictCounts(Document):
    """How many rows have which verdict."""

    rule: str
    adopted: dict[str, int] = Field(examples=[{"met": 8, "not_met": 1}])
    other: dict[str, int]


class Judged(Document):
    verdict: str
    value: int
    of: int


class ComparedRow(Document):
    """Null where one of the rule sets has no such row. What only one of them has a rule for has not changed."""

    rule: str
    subject: str
    subject_id: str
    period_start: date
    period_end: date
    changed: bool
    adopted: Judged | None
    other: Judged | None


class WhatIf(Cut):
    what_if: str = Field(examples=["weekly", "monthly"])
    week: str | None = Field(None, examples=["2026-W10"])
    month: str | None = Field(None, examples=["2026-03"])
    payer: str | None = Field(None, description="Of whose episodes alone it is, where one was asked for.")
    adopted: ComparedRules
    other: OtherRules
    generated_at: datetime
    requested_by: str | None
    purpose: str | None
    row_count: int
    changed_count: int
    verdicts: list[VerdictCounts]
    rows: list[ComparedRow] = Field(description="Those that changed; all with `all=true`.")
