"""Who came to which session, from when to when, and what was done about those who did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.record import Entry


class Outcome(StrEnum):
    ATTENDED = "attended"
    ABSENT_EXCUSED = "absent_excused"
    ABSENT_UNEXCUSED = "absent_unexcused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceRecorded:
    """`attended` with both times, the absences with neither; `family_members` is how many came along."""

    episode_id: UUID
    session_id: UUID
    outcome: Outcome
    method: str
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    family_members: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceCorrected:
    """Takes the place of the record of version `corrects`: same session, all fields anew."""

    corrects: int
    episode_id: UUID
    session_id: UUID
    outcome: Outcome
    method: str
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    family_members: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachAttempted:
    episode_id: UUID
    at: datetime
    method: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyExemptionGranted:
    """No family session is owed from `from_on` to `to_on`, both included; without `to_on`, until further notice."""

    episode_id: UUID
    from_on: date
    cause: str
    to_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """The live record of one patient in one session. `version` is the fact that says so."""

    episode_id: UUID
    session_id: UUID
    outcome: Outcome
    arrived_at: datetime | None
    left_at: datetime | None
    family_members: int
    version: int

    @property
    def attended(self) -> bool:
        return self.outcome is Outcome.ATTENDED


Attendances = Mapping[UUID, Attendance]
"""By session: there is one live record for each session and patient."""


def evolve(attendances: Attendances, entry: Entry) -> Attendances:
    match entry.fact:
        case AttendanceRecorded() | AttendanceCorrected() as fact:
            record = Attendance(
                episode_id=fact.episode_id,
                session_id=fact.session_id,
                outcome=fact.outcome,
                arrived_at=fact.arrived_at,
                left_at=fact.left_at,
                family_members=fact.family_members or 0,
                version=entry.version,
            )
            return {**attendances, fact.session_id: record}
        case _:
            return attendances
