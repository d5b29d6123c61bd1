"""A record of attendance as lists have it: what was credited for it, who came late, who left early.

No rule set judges here: credit is presence within the session interval, from admission to discharge, in sessions of
treatment; whether it counts towards hours is for the rules of a report to say.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.attendance import Attendance, AttendanceCorrected, Outcome
from domain.compliance.interval import MINUTE
from domain.compliance.patient_period import in_care
from domain.record import Entry
from domain.session import AFTER_TREATMENT, Session
from domain.week import local_date

GRACE: Final = timedelta(minutes=5)
"""Within so much of the start, or of the end, nobody is late and nobody has left early (rules.md §1)."""

_ATTENDED: Final = Outcome.ATTENDED.value


class Listed(NamedTuple):
    """A live record, its session and the dates of its episode, by whatever way they were found. Ids as text, instants
    in UTC.

    `recorded_at`: of the live record, a correction where there was one. `started_at` and `ended_at` are the session
    interval, None where it was cancelled or is not (yet) on record as held. `admitted_on`
    and `discharged_on` are of the episode.
    """

    patient_id: str
    starts_at: datetime
    session_id: str
    episode_id: str
    cohort_id: str | None
    kind: str
    modality: str
    cancelled: bool
    started_at: datetime | None
    ended_at: datetime | None
    outcome: str
    arrived_at: datetime | None
    left_at: datetime | None
    family_members: int
    recorded_at: datetime
    corrected: bool
    version: int
    admitted_on: date | None
    discharged_on: date | None


def listed(chart: Chart, record: Attendance, entry: Entry, session: Session) -> Listed:
    """From the folded chart; `entry` is the fact of the record."""
    if session.starts_at is None:
        raise LookupError("This session has not been scheduled.")
    episode = chart.episodes.get(record.episode_id)
    admission = None if episode is None else episode.admission
    discharge = None if episode is None else episode.discharge
    held = session.interval
    return Listed(
        patient_id=str(chart.patient_id),
        starts_at=session.starts_at.astimezone(UTC),
        session_id=str(session.session_id),
        episode_id=str(record.episode_id),
        cohort_id=_text(session.cohort_id),
        kind=session.kind.value,
        modality=session.modality.value,
        cancelled=session.cancelled is not None,
        started_at=None if held is None else held.started_at.astimezone(UTC),
        ended_at=None if held is None else held.ended_at.astimezone(UTC),
        outcome=record.outcome.value,
        arrived_at=_utc(record.arrived_at),
        left_at=_utc(record.left_at),
        family_members=record.family_members,
        recorded_at=entry.recorded_at.astimezone(UTC),
        corrected=isinstance(entry.fact, AttendanceCorrected),
        version=record.version,
        admitted_on=None if admission is None else admission.on,
        discharged_on=None if discharge is None else discharge.on,
    )


def program_day(record: Listed, zone: ZoneInfo) -> date:
    return local_date(record.starts_at, zone)


def state(record: Listed) -> str:
    """Of the session: `planned`, `held` or `cancelled`."""
    if record.cancelled:
        return "cancelled"
    return "planned" if record.started_at is None else "held"


def credited_minutes(record: Listed, day: date) -> int:
    """Full minutes of presence within the session interval, from admission to discharge; none in aftercare or of
    alumni, and none for an absence. `day` is the program day."""
    if record.outcome != _ATTENDED or record.kind in AFTER_TREATMENT:
        return 0
    arrived_at, left_at, started_at, ended_at = record.arrived_at, record.left_at, record.started_at, record.ended_at
    if arrived_at is None or left_at is None or started_at is None or ended_at is None:
        return 0
    if not in_care(record.admitted_on, record.discharged_on, day):
        return 0
    present = min(left_at, ended_at) - max(arrived_at, started_at)
    return max(0, present // MINUTE)


def punctuality(record: Listed) -> tuple[bool | None, bool | None]:
    """Whether somebody came late, and left early: more than five minutes inside the session interval. None where that
    can't be said: of absences, and while there is no interval."""
    arrived_at, left_at, started_at, ended_at = record.arrived_at, record.left_at, record.started_at, record.ended_at
    if arrived_at is None or left_at is None or started_at is None or ended_at is None:
        return None, None
    return arrived_at - started_at > GRACE, ended_at - left_at > GRACE


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
