"""Sessions, cohorts, what is offered, and who is on the staff list."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from domain.cohort import CohortClosed, CohortScheduleChanged
from domain.facility import HolidayDeclared
from domain.program import Payer, ProgramOffered
from domain.record import EnteredInError
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
    SessionTimesCorrected,
    StaffPresence,
)
from domain.staff import CredentialEnded
from tests.domain import cast
from tests.domain.model.machine import SMALL, Machine, ago, pick, who, why
from tests.domain.model.rules_of_care import NEW_SESSIONS, SESSIONS
from tests.domain.model.site import FACILITY, session

KINDS = [SessionKind.GROUP] * 3 + [
    SessionKind.INDIVIDUAL,
    SessionKind.AFTERCARE,
    SessionKind.CRISIS,
    SessionKind.FAMILY,
]
PATTERNS = (("mon", "tue", "thu"), ("mon", "wed", "fri"), ("sat",))


def evening(on: date, hour: int = 18) -> datetime:
    return datetime.combine(on, time(hour), cast.ZONE).astimezone(cast.local("2026-01-01 00:00").tzinfo)


class Sessions(Machine):
    def stream_of(self, n: int) -> tuple[str, Any]:
        key = SESSIONS[n % len(SESSIONS)]
        return f"session/{key}", session(self.record, key)

    @rule(n=pick, kind=st.sampled_from(KINDS), days=ago, hours=st.sampled_from([3, 3, 3, 2, -1, 30]), by=who)
    def schedule(self, n: int, kind: SessionKind, days: int, hours: int, by: Any) -> None:
        begins = evening(self.day(days), {8: 0, 9: 23}.get(n % 10, 9 + n % 9))
        one_to_one = kind in (SessionKind.INDIVIDUAL, SessionKind.CRISIS)
        fact = SessionScheduled(
            cohort_id=None if one_to_one and n % 6 else self.cohort_id(n),
            kind=kind,
            starts_at=begins,
            ends_at=begins + timedelta(hours=hours),
            modality=Modality.IN_PERSON,
        )
        self.say(f"session/{(cast.MONDAY if n == 59 else NEW_SESSIONS[n % 3])}", fact, by=by)

    @rule(n=pick, days=st.integers(-6, 6), by=who, why=why)
    def move(self, n: int, days: int, by: Any, why: str | None) -> None:
        stream, there = self.stream_of(n)
        begins = (there["starts_at"] if there else self.now) + timedelta(days=days)
        ends = begins + timedelta(hours=3 if n < 55 else -1)
        self.say(stream, SessionRescheduled(starts_at=begins, ends_at=ends), by=by, why=why)

    @rule(n=pick, by=who, why=why)
    def cancel(self, n: int, by: Any, why: str | None) -> None:
        self.say(self.stream_of(n)[0], SessionCancelled(cause=CancellationCause.OTHER), by=by, why=why)

    @rule(
        n=pick,
        late=st.sampled_from([0, 0, 15, -15, 240, -90]),
        off=st.sampled_from([0, 0, 0, 0, 0, 0, 1, -1]),
        by=who,
        why=why,
    )
    @precondition(lambda machine: machine.now > cast.local("2026-03-01 21:00"))
    def hold_session(self, n: int, late: int, off: int, by: Any, why: str | None) -> None:
        """Seldom on another day than planned."""
        stream, there = self.stream_of(n)
        begins = (there["starts_at"] if there else self.now - timedelta(hours=3)) + timedelta(days=off)
        ends = (there["ends_at"] if there else self.now) - timedelta(minutes=late) + timedelta(days=off)
        kind = SessionTimesCorrected if there and there["held"] and n % 4 else SessionHeld
        staff_id = cast.staff_uuid(cast.COUNSELOR) if n % 9 else cast.BEN
        presence: StaffPresence = {"staff_id": staff_id, "role": "lead", "from": begins, "to": max(begins, ends)}
        self.say(stream, kind(started_at=begins, ended_at=ends, staff=(presence,)), by=by, why=why)

    @rule(n=pick, back=st.integers(0, 2), by=who, why=why)
    def strike_of_session(self, n: int, back: int, by: Any, why: str | None) -> None:
        stream, _ = self.stream_of(n)
        lines = self.record.get(stream, [])
        if lines:
            aim = lines[max(len(lines) - 1 - back, 0)]
            self.say(stream, EnteredInError(target=aim.version), by=by, why=why)


class Site(Machine):
    @rule(capacity=st.sampled_from([1, 1, 0]), pattern=st.sampled_from(PATTERNS), by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def form_cohort(self, capacity: int, pattern: Any, by: Any, why: str | None) -> None:
        on = cast.day("2026-02-01")
        self.say(
            f"cohort/{SMALL}", cast.formed(name="Small", capacity=capacity, weekdays=pattern, on=on), by=by, why=why
        )

    @rule(n=pick, days=ago, pattern=st.sampled_from(PATTERNS), by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def change_schedule(self, n: int, days: int, pattern: Any, by: Any, why: str | None) -> None:
        fact = CohortScheduleChanged(weekdays=pattern, starts="18:00", ends="21:00", effective_on=self.day(days))
        self.say(f"cohort/{self.cohort_id(n)}", fact, by=by, why=why)

    @rule(n=st.integers(4, 7), days=ago, by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def close_cohort(self, n: int, days: int, by: Any, why: str | None) -> None:
        self.say(f"cohort/{self.cohort_id(n)}", CohortClosed(on=self.day(days)), by=by, why=why)

    @rule(n=pick, back=st.integers(0, 2), by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def strike_of_cohort(self, n: int, back: int, by: Any, why: str | None) -> None:
        stream = f"cohort/{self.cohort_id(n)}"
        lines = self.record.get(stream, [])
        if lines:
            self.say(stream, EnteredInError(target=lines[max(len(lines) - 1 - back, 0)].version), by=by, why=why)

    @rule(weeks=st.sampled_from([(7, 9), (7, 12)]), both=st.booleans(), days=ago, by=who)
    @precondition(lambda machine: machine.bold)
    def offer(self, weeks: tuple[int, int], both: bool, days: int, by: Any) -> None:
        fact = ProgramOffered(
            program="iop",
            level_of_care="2.1",
            blocks=("09:00-12:00", "18:00-21:00"),
            patterns=PATTERNS[:2],
            weeks_min=weeks[0],
            weeks_max=weeks[1],
            payers=tuple(Payer) if both else (Payer.COMMERCIAL,),
            effective_on=self.day(days),
        )
        self.say(FACILITY, fact, by=by)

    @rule(days=st.integers(-3, 3), by=who, why=why)
    @precondition(lambda machine: machine.bold)
    def declare(self, days: int, by: Any, why: str | None) -> None:
        self.say(FACILITY, HolidayDeclared(on=self.day(days), name="A holiday"), by=by, why=why)

    @rule(person=st.sampled_from([cast.THERAPIST, cast.SUPERVISOR, cast.NURSE]), days=ago, by=who, why=why)
    @precondition(lambda machine: machine.turn % 16 == 15)
    def end_credential(self, person: Any, days: int, by: Any, why: str | None) -> None:
        fact = CredentialEnded(
            staff_id=cast.staff_uuid(person), credential=person.credential, on=self.day(days), reason="lapsed"
        )
        self.say(FACILITY, fact, by=by, why=why)
