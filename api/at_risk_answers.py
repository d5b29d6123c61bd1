"""What the list of who is at risk is answered with, as OpenAPI describes it."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from api.answers import Cut, Document


class Goal(Document):
    """What one rule asks of the week. HRS-1 counts minutes, HRS-2 days."""

    rule: str = Field(examples=["HRS-1"])
    value: int = Field(description="So far.")
    of: int
    verdict: str = Field(examples=["safe", "can_reach", "cannot_reach", "partial"])
    sessions: list[UUID] = Field(description="The fewest that have to be attended in full, the next ones first.")
    short_by: int = Field(description="What lacks even when everything that is ahead is attended.")
    because: str | None = Field(
        description="Why it can't be reached.", examples=["unrecorded", "facility_shortfall", "excused", "missed"]
    )


class Chance(Document):
    session_id: UUID
    kind: str = Field(examples=["group"])
    on: date = Field(description="The program day.")
    from_at: datetime = Field(description="Of who came late, when they came.")
    to_at: datetime
    minutes: int = Field(description="What it adds to what the patient has of that day.")


class HoursOfWeek(Document):
    minutes: int = Field(description="So far.")
    goals: list[Goal]
    ahead: list[Chance] = Field(description="Sessions that are not over.")
    unrecorded: list[Chance] = Field(description="Sessions that are over and have no record of the patient.")
    untimed: list[Chance] = Field(description="Attended, as the record says, in sessions whose times are missing.")


class DueItem(Document):
    step: str = Field(examples=["outreach", "result_review", "plan_review", "cosignature", "summary"])
    rule: str | None = Field(examples=["ATT-2"])
    due_on: date = Field(description="The last date on which it is in time.")
    days_left: int = Field(description="From `as_of`; negative when overdue.")
    since: str = Field(description="The fact since which it is waited for, as `stream@version`.")
    sentence: str


class StaffDueItem(DueItem):
    staff_id: UUID
    role: str = Field(examples=["counselor"])
    credential: str | None = Field(examples=["LCADC"])


class AtRiskRow(Document):
    patient_id: UUID
    episode_id: UUID
    state: str = Field(examples=["active"])
    since: date = Field(description="Of the last step to that state.")
    cohort_id: UUID | None
    days_left: int | None = Field(description="Until something has to happen; null where nothing has.")
    hours: HoursOfWeek | None = Field(description="Null for who is active on no date of the week.")
    due: list[DueItem]


class AtRisk(Cut):
    """The most urgent first."""

    week: str = Field(examples=["2026-W10"])
    asked_at: datetime = Field(description="Sessions that end later are not over: now, or a given `known_at`.")
    rule_set: str
    rule_set_version: str
    rows: list[AtRiskRow]
    staff: list[StaffDueItem] = Field(description="Credentials that run out.")
