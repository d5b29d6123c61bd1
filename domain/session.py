"""One occurrence of a service: planned, perhaps moved or cancelled, held from one instant to another by some staff."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import room
from domain.cohort import formed
from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.room import LONGEST, LONGEST_HOURS, StaffArrived, StaffLeft, Stays
from domain.week import local_date

if TYPE_CHECKING:
    from domain.scene import Scene


class SessionKind(StrEnum):
    GROUP = "group"
    INDIVIDUAL = "individual"
    FAMILY = "family"
    PSYCHOEDUCATION = "psychoeducation"
    CASE_MANAGEMENT = "case_management"
    CRISIS = "crisis"
    REHABILITATION = "rehabilitation"
    SMART_RECOVERY = "smart_recovery"
    EXPRESSIVE = "expressive"
    AFTERCARE = "aftercare"
    ALUMNI = "alumni"


ONE_TO_ONE = frozenset({SessionKind.INDIVIDUAL, SessionKind.CASE_MANAGEMENT, SessionKind.CRISIS})
"""Kinds without a cohort: expected only of those who have a record in them; they may overlap a group."""

AFTER_TREATMENT = frozenset({SessionKind.AFTERCARE, SessionKind.ALUMNI})
"""Kinds for those who have left treatment: they earn no hours and admit nobody."""


_DOORS_OPEN: Final = timedelta(hours=1)
"""How long before its start the first ones may be there, where that is on the date before."""


class Modality(StrEnum):
    IN_PERSON = "in_person"
    TELEHEALTH = "telehealth"


class CancellationCause(StrEnum):
    FACILITY = "facility"
    WEATHER = "weather"
    HOLIDAY = "holiday"
    OTHER = "other"


# One member of staff in the room, from one instant to another. A mapping, since `from` is no Python name.
StaffPresence = TypedDict("StaffPresence", {"staff_id": UUID, "role": str, "from": datetime, "to": datetime})


# ---- facts


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScheduled:
    """`cohort_id` is None for one-to-one kinds. Others may be without one: a make-up group, aftercare, alumni."""

    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    modality: Modality
    cohort_id: UUID | None = None
    topic: str | None = None
    room: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRescheduled:
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHeld:
    """What took place. `staff` says who was in the room from when to when."""

    started_at: datetime
    ended_at: datetime
    staff: tuple[StaffPresence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimesCorrected:
    """The latest times recorded win; all fields anew."""

    started_at: datetime
    ended_at: datetime
    staff: tuple[StaffPresence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCancelled:
    cause: CancellationCause


SessionFact: TypeAlias = (
    SessionScheduled
    | SessionRescheduled
    | SessionHeld
    | SessionTimesCorrected
    | StaffArrived
    | StaffLeft
    | SessionCancelled
    | EnteredInError
)


# ---- state


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The session interval: it includes its start, not its end. `version` is the fact that says so."""

    started_at: datetime
    ended_at: datetime
    staff: tuple[StaffPresence, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A start that a session was planned for, and the fact that says so."""

    starts_at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`scheduled_version` is the fact that set the times last, `plans` the starts that it ever had, in order of
    recording; `cancelled_version` None unless cancelled; `stays` say which staff was noted in the room."""

    session_id: UUID
    version: int = 0
    cohort_id: UUID | None = None
    kind: SessionKind = SessionKind.GROUP
    modality: Modality = Modality.IN_PERSON
    topic: str | None = None
    room: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    scheduled_version: int = 0
    plans: tuple[Plan, ...] = ()
    stays: Stays = ()
    held: Held | None = None
    cancelled: CancellationCause | None = None
    cancelled_version: int | None = None

    @property
    def interval(self) -> Held | None:
        """Actual start to actual end; None when cancelled or not (yet) recorded as held."""
        return None if self.cancelled is not None else self.held

    @property
    def takes_place(self) -> bool:
        """Planned and not cancelled."""
        return self.starts_at is not None and self.cancelled is None

    @property
    def one_to_one(self) -> bool:
        return self.kind in ONE_TO_ONE

    @property
    def after_treatment(self) -> bool:
        return self.kind in AFTER_TREATMENT

    def program_day(self, zone: ZoneInfo) -> date:
        """The local date of the scheduled start, as last rescheduled, also when it crosses midnight."""
        if self.starts_at is None:
            raise LookupError("This session has not been scheduled.")
        return local_date(self.starts_at, zone)

    def is_of_its_day(self, at: datetime, zone: ZoneInfo, *, until: datetime | None = None) -> bool:
        """Whether it may have begun, or somebody may have come to it, at that instant, by its local date.

        That is the program day; the date after where the session goes through midnight, as planned or `until` it was
        over; the date before where it begins right after midnight.
        """
        if self.starts_at is None or self.ends_at is None:
            raise LookupError("This session has not been scheduled.")
        on = local_date(at, zone)
        if on == local_date(self.starts_at, zone):
            # It ends after it starts.
            return True
        first = local_date(self.starts_at.astimezone(UTC) - _DOORS_OPEN, zone)
        ends = [end.astimezone(UTC) - timedelta.resolution for end in (self.ends_at, until) if end is not None]
        return first <= on <= local_date(max(ends), zone)


def evolve(session: Session, entry: Entry) -> Session:
    """One live fact further."""
    version = entry.version
    match entry.fact:
        case SessionScheduled() as fact:
            return replace(
                session,
                version=version,
                cohort_id=fact.cohort_id,
                kind=fact.kind,
                modality=fact.modality,
                topic=fact.topic,
                room=fact.room,
                starts_at=fact.starts_at,
                ends_at=fact.ends_at,
                scheduled_version=version,
                plans=(*session.plans, Plan(starts_at=fact.starts_at, version=version)),
            )
        case SessionRescheduled(starts_at=starts_at, ends_at=ends_at):
            return replace(
                session,
                version=version,
                starts_at=starts_at,
                ends_at=ends_at,
                scheduled_version=version,
                plans=(*session.plans, Plan(starts_at=starts_at, version=version)),
            )
        case SessionHeld() | SessionTimesCorrected() as fact:
            held = Held(started_at=fact.started_at, ended_at=fact.ended_at, staff=fact.staff, version=version)
            return replace(session, version=version, held=held)
        case StaffArrived() | StaffLeft():
            return replace(session, version=version, stays=room.evolve(session.stays, entry))
        case SessionCancelled(cause=cause):
            return replace(session, version=version, cancelled=cause, cancelled_version=version)
        case _:
            raise TypeError(f"Not a fact of a session: {type(entry.fact).__name__}")


# ---- rules


def judge(session: Session, entry: Entry, scene: Scene) -> None:
    """Planned once, then moved, cancelled or held; what was held is neither moved nor cancelled.

    Staff or a room planned twice at a time refuse nothing: who stands in for whom is settled later.
    """
    fact = entry.fact
    if isinstance(fact, SessionScheduled):
        if session.starts_at is not None:
            raise Refused("session.already-scheduled", "This session is planned: reschedule it instead.")
        _judge_order(fact.starts_at, fact.ends_at)
        if fact.cohort_id is not None and fact.kind in ONE_TO_ONE:
            raise Refused("session.one-to-one-with-cohort", "A one-to-one session has no cohort: leave it out.")
        if fact.cohort_id is not None:
            formed(scene.cohorts.get(fact.cohort_id))
            _judge_exists(fact.cohort_id, fact.starts_at, scene)
        return
    if session.starts_at is None:
        raise Refused("session.unknown", "There is no such session: schedule it first.")
    match fact:
        case SessionRescheduled(starts_at=starts_at, ends_at=ends_at):
            _judge_plan(session)
            _judge_order(starts_at, ends_at)
            _judge_exists(session.cohort_id, starts_at, scene)
        case SessionCancelled():
            _judge_plan(session)
        case SessionHeld():
            if session.held is not None:
                raise Refused("session.already-held", "This session is on record as held: correct its times instead.")
            _judge_held(session, fact)
        case SessionTimesCorrected():
            if session.held is None:
                raise Refused("session.not-held", "This session is not on record as held: record that first.")
            _judge_held(session, fact)
        case StaffArrived() | StaffLeft():
            _judge_takes_place(session)
            room.judge(session, fact, scene)
        case _:
            return


def judge_day(session: Session, fact: Any, scene: Scene) -> None:
    """What took place was on a day of the session, as it is planned when that is recorded.

    Asked of a new entry alone: of a session that comes to be planned for another day by a strike, what is on record
    stands.
    """
    match fact:
        case (
            SessionHeld(started_at=started_at, ended_at=ended_at, staff=staff)
            | SessionTimesCorrected(started_at=started_at, ended_at=ended_at, staff=staff)
        ):
            begun = [(started_at, None), *((presence["from"], ended_at) for presence in staff)]
        case StaffArrived(at=at):
            begun = [(at, None)]
        case _:
            return
    if not all(session.is_of_its_day(at, scene.zone, until=until) for at, until in begun):
        raise Refused("session.other-day", "That is not the day of this session: check the date, or move it first.")


def _judge_plan(session: Session) -> None:
    _judge_takes_place(session)
    if session.held is not None:
        raise Refused("session.was-held", "This session was held: it can't be moved or cancelled any more.")


def _judge_takes_place(session: Session) -> None:
    if session.cancelled is not None:
        raise Refused("session.cancelled", "This session was cancelled: strike the cancellation if that was wrong.")


def _judge_held(session: Session, fact: SessionHeld | SessionTimesCorrected) -> None:
    _judge_takes_place(session)
    _judge_order(fact.started_at, fact.ended_at)
    for presence in fact.staff:
        _judge_order(presence["from"], presence["to"])


def _judge_order(starts: datetime, ends: datetime) -> None:
    if ends <= starts:
        raise Refused("session.ends-before-it-starts", "The end can't come before the start: check both times.")
    if ends.astimezone(UTC) - starts.astimezone(UTC) > LONGEST:
        raise Refused("session.too-long", f"No session lasts more than {LONGEST_HOURS} hours: check both times.")


def _judge_exists(cohort_id: UUID | None, starts_at: datetime, scene: Scene) -> None:
    """Its last date is one of the cohort's."""
    cohort = None if cohort_id is None else scene.cohorts.get(cohort_id)
    if cohort is not None and cohort.closed_on is not None and local_date(starts_at, scene.zone) > cohort.closed_on:
        raise Refused("session.cohort-closed", "The cohort is closed by then: plan it without, or for another cohort.")
