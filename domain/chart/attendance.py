"""Who came to which session, from when to when, and what was done about those who did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.exit import service_on
from domain.record import Entry
from domain.refused import Refused
from domain.room import LONGEST, LONGEST_HOURS
from domain.scene import Scene
from domain.session import Session
from domain.week import local_date

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode


class Outcome(StrEnum):
    ATTENDED = "attended"
    ABSENT_EXCUSED = "absent_excused"
    ABSENT_UNEXCUSED = "absent_unexcused"


_ATTENDED: Final = Outcome.ATTENDED


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


RECORDS: Final = (AttendanceRecorded, AttendanceCorrected)


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


def note(attendances: dict[UUID, Attendance], entry: Entry) -> None:
    """Writes one standing record into a mapping that nobody else holds yet."""
    fact: AttendanceRecorded | AttendanceCorrected = entry.fact
    attendances[fact.session_id] = Attendance(
        episode_id=fact.episode_id,
        session_id=fact.session_id,
        outcome=fact.outcome,
        arrived_at=fact.arrived_at,
        left_at=fact.left_at,
        family_members=fact.family_members or 0,
        version=entry.version,
    )


# ---- rules

ATTENDING = frozenset({"enrolled", "active", "tapering"})
"""States in which a patient attends."""


def judge(chart: Chart, fact: AttendanceRecorded | AttendanceCorrected, scene: Scene) -> None:
    """One live record for each session, of a session that takes place, for a patient who may attend it."""
    session = taking_place(fact.session_id, scene)
    known = chart.attendances.get(fact.session_id)
    if isinstance(fact, AttendanceRecorded) and known is not None:
        raise Refused(
            "attendance.already-recorded", f"This session has a record: correct version {known.version} instead."
        )
    if isinstance(fact, AttendanceCorrected) and (known is None or known.version != fact.corrects):
        raise Refused("attendance.other-session", "A correction keeps the session: strike the entry and record anew.")
    _judge_times(fact)
    if (fact.family_members or 0) < 0:
        raise Refused("attendance.family-members", "Say how many came along: from 0 on.")
    if fact.outcome is Outcome.ATTENDED:
        judge_begun(session, scene)
        judge_day(session, fact.arrived_at, scene)
    judge_may_attend(chart, fact.episode_id, session, scene.zone)
    # A correction that says so is judged with the discharge on record, which it would break.
    episode = chart.episodes[fact.episode_id]
    if isinstance(fact, AttendanceRecorded) and _after_last_service(episode, fact, session, scene):
        raise Refused(
            "attendance.after-last-service",
            "The discharge on record names an earlier last service: void it, and discharge anew.",
        )
    if any(_one_presence_too_many(fact, session, other, scene) for other in overlapping(chart, fact)):
        raise Refused("attendance.overlapping", "The patient was in another session then: correct one of the two.")


def taking_place(session_id: UUID, scene: Scene) -> Session:
    """The session, or `Refused` where it isn't planned, or was cancelled."""
    session = scene.sessions.get(session_id)
    if session is None or session.starts_at is None:
        raise Refused("attendance.unknown-session", "There is no such session at this facility: schedule it first.")
    if session.cancelled is not None:
        raise Refused("attendance.session-cancelled", "This session was cancelled: nobody can have attended it.")
    return session


def judge_begun(session: Session, scene: Scene) -> None:
    """An excuse may come before the day of a session, nobody who attends it does."""
    if session.program_day(scene.zone) > local_date(scene.at, scene.zone):
        raise Refused(
            "attendance.session-to-come", "This session is on a day to come: move it, or choose the right one."
        )


def judge_day(session: Session, arrived_at: datetime | None, scene: Scene) -> None:
    """Asked of a new entry alone: who attended a session that was moved since is flagged."""
    if not _came_on_its_day(session, arrived_at, scene.zone):
        raise Refused(
            "attendance.other-day", "The patient came on another day than the session is on: check date and session."
        )


def is_of_another_day(record: Attendance, session: Session, zone: ZoneInfo) -> bool:
    """Whether somebody attended, by the record, on another day than the session is on."""
    return record.attended and session.takes_place and not _came_on_its_day(session, record.arrived_at, zone)


def _came_on_its_day(session: Session, arrived_at: datetime | None, zone: ZoneInfo) -> bool:
    over = None if session.interval is None else session.interval.ended_at
    return arrived_at is None or session.is_of_its_day(arrived_at, zone, until=over)


def held_against(chart: Chart, record: Attendance, session: Session, zone: ZoneInfo) -> bool:
    """Whether a record on record requires that the patient might attend then, and does not find it so.

    An excuse, which may be given in advance, holds up no hold and no end of the episode: it needs the enrollment alone.
    """
    episode = chart.episodes.get(record.episode_id)
    if episode is None or may_attend(chart, episode, session, zone):
        return False
    return record.outcome is not Outcome.ABSENT_EXCUSED or not _enrolled_by(episode, session.program_day(zone), zone)


def counts(chart: Chart, record: Attendance, session: Session, zone: ZoneInfo) -> bool:
    """Whether a record says something of the patient's attendance: an excuse does only where they might attend."""
    episode = chart.episodes.get(record.episode_id)
    return record.outcome is not Outcome.ABSENT_EXCUSED or episode is None or may_attend(chart, episode, session, zone)


def judge_may_attend(chart: Chart, episode_id: UUID, session: Session, zone: ZoneInfo) -> None:
    if not may_attend(chart, chart.episodes[episode_id], session, zone):
        raise Refused("attendance.not-enrolled", "The patient is not enrolled, active or tapering on that program day.")


def judge_exemption(fact: FamilyExemptionGranted) -> None:
    if fact.to_on is not None and fact.to_on < fact.from_on:
        raise Refused("exemption.ends-before-it-starts", "An exemption can't end before it starts: check both dates.")


def _judge_times(fact: AttendanceRecorded | AttendanceCorrected) -> None:
    arrived_at, left_at = fact.arrived_at, fact.left_at
    if fact.outcome is not Outcome.ATTENDED:
        if arrived_at is not None or left_at is not None:
            raise Refused("attendance.absent-with-times", "An absence has no times: leave them out.")
        return
    if arrived_at is None or left_at is None:
        raise Refused("attendance.times-missing", "Give both times: when the patient arrived and left.")
    if left_at < arrived_at:
        raise Refused("attendance.left-before-arriving", "The patient can't leave before arriving: check both times.")
    judge_stay(arrived_at, left_at)


def judge_stay(arrived_at: datetime, left_at: datetime) -> None:
    if left_at.astimezone(UTC) - arrived_at.astimezone(UTC) > LONGEST:
        raise Refused("attendance.too-long", f"Nobody stays more than {LONGEST_HOURS} hours: check both times.")


def may_attend(chart: Chart, episode: Episode, session: Session, zone: ZoneInfo) -> bool:
    """Enrolled, active or tapering on the program day (the last one included), or a guest after treatment.

    A guest comes to aftercare and alumni sessions; to others while not in treatment anew, which they would be of.
    """
    on = session.program_day(zone)
    if _attends_on(episode, on, zone):
        return True
    if not episode.is_guest_on(on):
        return False
    others = (other for other in chart.episodes.values() if other.episode_id != episode.episode_id)
    return session.after_treatment or not any(_attends_on(other, on, zone) for other in others)


def _attends_on(episode: Episode, on: date, zone: ZoneInfo) -> bool:
    return _enrolled_by(episode, on, zone) and episode.state_during(on) in ATTENDING


def _enrolled_by(episode: Episode, on: date, zone: ZoneInfo) -> bool:
    return episode.enrollment is not None and episode.enrollment.on <= on and episode.judged_on(on, zone)


def _after_last_service(episode: Episode, fact: AttendanceRecorded, session: Session, scene: Scene) -> bool:
    if episode.discharge is None or fact.outcome is not Outcome.ATTENDED:
        return False
    on = service_on(episode, session, scene.zone)
    return on is not None and on > episode.discharge.last_service_on


def overlapping(chart: Chart, fact: AttendanceRecorded | AttendanceCorrected) -> list[Attendance]:
    """Other sessions in which the patient was at the same time."""
    arrived_at, left_at = fact.arrived_at, fact.left_at
    if arrived_at is None or left_at is None:
        return []
    return [
        other
        for other in chart.attendances.values()
        if other.left_at is not None
        and arrived_at < other.left_at
        and other.arrived_at is not None
        and other.arrived_at < left_at
        and other.session_id != fact.session_id
    ]


def _one_presence_too_many(
    fact: AttendanceRecorded | AttendanceCorrected, session: Session, other: Attendance, scene: Scene
) -> bool:
    # Somebody taken out of group for one-to-one work has both records: that overlap is right. A record in a session
    # that was cancelled since counts nowhere.
    beside = scene.sessions.get(other.session_id)
    return not session.one_to_one and not (beside is not None and (beside.one_to_one or beside.cancelled is not None))


def overlaps(chart: Chart, sessions: Mapping[UUID, Session]) -> Iterator[int]:
    """The versions of records that overlap one recorded before them, where `judge` would not let them."""
    present: list[tuple[datetime, datetime, int]] = []
    for record in chart.attendances.values():
        session = sessions.get(record.session_id)
        counts = session is not None and session.cancelled is None and not session.one_to_one
        if counts and record.arrived_at is not None and record.left_at is not None:
            present.append((record.arrived_at, record.left_at, record.version))
    present.sort()
    until: tuple[datetime, int] | None = None
    for arrived_at, left_at, version in present:
        if until is not None and arrived_at < until[0]:
            yield max(version, until[1])
        if until is None or left_at > until[0]:
            until = (left_at, version)


def first_attended(chart: Chart, episode_id: UUID, sessions: Mapping[UUID, Session]) -> Session | None:
    """The earliest session of treatment that the patient attended in this episode: the day of admission."""
    found: Session | None = None
    first: datetime | None = None
    for record in chart.attendances.values():
        if record.outcome is not _ATTENDED or (session := sessions.get(record.session_id)) is None:
            continue
        at = session.starts_at
        if at is None or (first is not None and at > first):
            continue
        if found is not None and at == first and str(session.session_id) > str(found.session_id):
            continue
        if record.episode_id == episode_id and admits(session):
            first, found = at, session
    return found


def admits(session: Session) -> bool:
    """Whether attending it is a first service: aftercare and alumni sessions never are, nor cancelled ones."""
    return session.starts_at is not None and session.cancelled is None and not session.after_treatment
