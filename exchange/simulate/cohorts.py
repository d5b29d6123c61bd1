"""Cohorts and their sessions: planned a week ahead, moved, cancelled, cut short by storms, held."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from domain import acts
from domain.cohort import CohortFormed
from domain.record import Person
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
    SessionTimesCorrected,
)
from exchange.simulate.names import TOPICS
from exchange.simulate.staff import BLOCKS, PATTERNS, PROGRAM, Staff, staff_id
from exchange.simulate.telling import Stream, Telling
from exchange.simulate.year import stormy

SEATS: Final = 12
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4}
_GROUPS: Final = (SessionKind.GROUP, SessionKind.REHABILITATION, SessionKind.SMART_RECOVERY, SessionKind.EXPRESSIVE)


@dataclass(slots=True, eq=False)
class Meeting:
    """One session. `cohort` is whose members come: None for aftercare, and for what one patient has alone. A make-up
    group is for a cohort, but not one of its sessions. `cut_short`: a storm ends it an hour before its time."""

    stream: Stream
    session_id: UUID
    kind: SessionKind
    starts_at: datetime
    ends_at: datetime
    lead: Person
    cohort: Cohort | None = None
    makes_up: bool = False
    cancelled: bool = False
    cut_short: bool = False

    @property
    def on(self) -> date:
        return self.starts_at.date()


@dataclass(slots=True, eq=False)
class Cohort:
    """`free` are seats that nobody holds by what is recorded up to this day."""

    cohort_id: UUID
    lead: Person
    assistant: Person
    hour: int
    weekdays: tuple[int, ...]
    free: int = SEATS
    members: list[Any] = field(default_factory=list)

    def give_back(self) -> None:
        """A seat is free."""
        self.free += 1


class Timetable:
    """All sessions of a site from this day on."""

    def __init__(self, telling: Telling, staff: Staff, cohorts: int, first: date, closed: dict[date, str]) -> None:
        self._telling = telling
        self._staff = staff
        self._closed = closed
        self._days: dict[date, list[Meeting]] = {}
        self.cohorts = [self._form(number, first - timedelta(weeks=2)) for number in range(cohorts)]

    def _form(self, number: int, on: date) -> Cohort:
        telling = self._telling
        hour, starts, ends = BLOCKS[number % len(BLOCKS)]
        pattern = PATTERNS[number // len(BLOCKS) % len(PATTERNS)]
        lead, assistant, cohort_id = self._staff.lead(), self._staff.assistant(), telling.uuid()
        formed = CohortFormed(
            name=f"Group {number + 1}",
            program=PROGRAM,
            weekdays=pattern,
            starts=starts,
            ends=ends,
            capacity=SEATS,
            on=on,
        )
        telling.tell(telling.at(on, 11, number % 60), telling.stream("cohort", cohort_id), lead, formed)
        return Cohort(cohort_id, lead, assistant, hour, tuple(_WEEKDAYS[name] for name in pattern))

    def of(self, on: date) -> list[Meeting]:
        """Those of a day that aren't cancelled."""
        return [meeting for meeting in self._days.get(on, ()) if not meeting.cancelled]

    def forget(self, on: date) -> None:
        self._days.pop(on, None)

    # ---- plans

    def plan(self, monday: date, at: datetime) -> None:
        """The week that begins with `monday`, recorded at `at`."""
        for number, cohort in enumerate(self.cohorts):
            recorded_at = at + timedelta(seconds=20 * number)
            days = [monday + _DAY * weekday for weekday in cohort.weekdays]
            family = days[-1] if (monday.toordinal() // 7 + number) % 2 == 0 else None
            week = {on: self._evening(cohort, on, family=on == family) for on in days}
            for on, meetings in week.items():
                for meeting in meetings:
                    self._schedule(meeting, recorded_at)
                if on in self._closed:
                    self._close(cohort, on, meetings, recorded_at + timedelta(minutes=30), taken=days)
            if not any(on in self._closed for on in week):
                self._move(week, recorded_at + timedelta(minutes=40))
        saturday = self._telling.at(monday + 5 * _DAY, 10)
        aftercare = self._meeting(SessionKind.AFTERCARE, saturday, 90, self.cohorts[0].lead)
        self._schedule(aftercare, at)

    def _evening(self, cohort: Cohort, on: date, *, family: bool) -> list[Meeting]:
        starts_at = self._telling.at(on, cohort.hour)
        if family:
            return [self._meeting(SessionKind.FAMILY, starts_at, 180, cohort.lead, cohort)]
        kind = self._telling.random.choice(_GROUPS)
        return [
            self._meeting(SessionKind.PSYCHOEDUCATION, starts_at, 60, cohort.lead, cohort),
            self._meeting(kind, starts_at + timedelta(hours=1), 120, cohort.lead, cohort),
        ]

    def _meeting(
        self, kind: SessionKind, starts_at: datetime, minutes: int, lead: Person, cohort: Cohort | None = None
    ) -> Meeting:
        session_id = self._telling.uuid()
        stream = self._telling.stream("session", session_id)
        return Meeting(stream, session_id, kind, starts_at, starts_at + timedelta(minutes=minutes), lead, cohort)

    def _schedule(self, meeting: Meeting, at: datetime, *, listed: bool = True) -> None:
        telling = self._telling
        alone = meeting.kind is SessionKind.INDIVIDUAL
        fact = SessionScheduled(
            kind=meeting.kind,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            modality=Modality.TELEHEALTH if telling.chance(0.04) else Modality.IN_PERSON,
            cohort_id=None if meeting.cohort is None or meeting.makes_up else meeting.cohort.cohort_id,
            topic=None if alone else telling.random.choice(TOPICS),
        )
        telling.tell(at, meeting.stream, meeting.lead, fact)
        if listed:
            self._days.setdefault(meeting.on, []).append(meeting)

    def alone(self, lead: Person, starts_at: datetime, at: datetime) -> Meeting:
        """Fifty minutes of one patient with one member of staff, agreed at `at`."""
        meeting = self._meeting(SessionKind.INDIVIDUAL, starts_at, 50, lead)
        self._schedule(meeting, at, listed=False)
        return meeting

    def _close(self, cohort: Cohort, on: date, meetings: list[Meeting], at: datetime, taken: list[date]) -> None:
        """A holiday: no session, and for every other one a make-up group on a day that is free."""
        for meeting in meetings:
            self._cancel(meeting, CancellationCause.HOLIDAY, at)
        other = self._free_day(on, taken)
        if other is not None and self._telling.chance(0.5):
            starts_at = self._telling.at(other, cohort.hour)
            made_up = self._meeting(SessionKind.GROUP, starts_at, 180, cohort.lead, cohort)
            made_up.makes_up = True
            self._schedule(made_up, at + timedelta(minutes=5))

    def _free_day(self, on: date, taken: list[date]) -> date | None:
        """A later working day of the same week on which the cohort doesn't meet."""
        later = (on + _DAY * n for n in range(1, 5 - on.weekday()))
        return next((day for day in later if day not in taken and day not in self._closed), None)

    def _move(self, week: dict[date, list[Meeting]], at: datetime) -> None:
        """One evening in fifty takes place on another day of its week, one in a week at most."""
        for on, meetings in week.items():
            other = self._free_day(on, list(week))
            if other is None or not self._telling.chance(0.02):
                continue
            for meeting in meetings:
                self._days[on].remove(meeting)
                meeting.starts_at = self._telling.at(other, meeting.starts_at.hour)
                meeting.ends_at = self._telling.at(other, meeting.ends_at.hour)
                fact = SessionRescheduled(starts_at=meeting.starts_at, ends_at=meeting.ends_at)
                self._telling.tell(at, meeting.stream, meeting.lead, fact)
                self._days.setdefault(other, []).append(meeting)
            return

    def _cancel(self, meeting: Meeting, cause: CancellationCause, at: datetime) -> None:
        meeting.cancelled = True
        self._telling.tell(at, meeting.stream, meeting.lead, SessionCancelled(cause=cause))

    # ---- the day

    def morning(self, on: date) -> None:
        """Storms, and staff that is missing. A storm in the evening sends everybody home at the end of an hour."""
        meetings = self.of(on)
        if not meetings:
            return
        storm = self._telling.chance(stormy(on))
        all_day = storm and self._telling.chance(0.5)
        for meeting in meetings if storm else ():
            if all_day or meeting.ends_at.hour < 18:
                self._cancel(meeting, CancellationCause.WEATHER, self._telling.at(on, 6, 45))
            else:
                meeting.cut_short = meeting.ends_at.hour == 21
        if not storm and self._telling.chance(0.01):
            cohort = meetings[0].cohort
            for meeting in meetings:
                if meeting.cohort is cohort and cohort is not None:
                    self._cancel(meeting, CancellationCause.FACILITY, self._telling.at(on, 7, 30))

    def hold(self, meeting: Meeting, present: int) -> tuple[datetime, datetime]:
        """When it began and ended, recorded by who led it a few minutes later."""
        random = self._telling.random
        started_at = meeting.starts_at
        ended_at = meeting.ends_at + timedelta(minutes=random.randrange(6) if _last(meeting) else 0)
        if meeting.cut_short:
            ended_at = meeting.ends_at - timedelta(hours=1)
        recorded_at = ended_at + timedelta(minutes=1, seconds=random.randrange(60))
        lead = self._staff.desk(acts.FAMILY_THERAPIST) if meeting.kind is SessionKind.FAMILY else meeting.lead
        staff = [_presence(lead, "lead", started_at, ended_at)]
        # One to six; now and then the second comes late.
        if present > 6 and meeting.cohort is not None:
            late = timedelta(minutes=20 if random.random() < 0.03 else 0)
            staff.append(_presence(meeting.cohort.assistant, "co_lead", started_at + late, ended_at))
        held = SessionHeld(started_at=started_at, ended_at=ended_at, staff=tuple(staff))
        self._telling.tell(recorded_at, meeting.stream, lead, held)
        if random.random() < 0.01:
            before = ended_at - timedelta(minutes=5)
            staff = [_presence(lead, "lead", started_at, before), *staff[1:]]
            corrected = SessionTimesCorrected(started_at=started_at, ended_at=before, staff=tuple(staff))
            self._telling.tell(
                recorded_at + timedelta(hours=13),
                meeting.stream,
                lead,
                corrected,
                reason="End taken from the door log.",
            )
        return started_at, ended_at


def _last(meeting: Meeting) -> bool:
    """Whether nothing follows it: what ends later would run into what is next."""
    return meeting.kind not in (SessionKind.PSYCHOEDUCATION, SessionKind.INDIVIDUAL)


def _presence(person: Person, role: str, since: datetime, until: datetime) -> Any:
    return {"staff_id": staff_id(person), "role": role, "from": since, "to": until}
