"""Whole histories of a small site around one week, drawn at random, as a ledger may hold them.

Life goes on by date: whoever is held, tapers, steps up or leaves does so in an order that judging allows. Attendance is
recorded as it comes, also on dates on which nobody would be let in: a restored ledger may hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from domain.chart.after import AftercareStarted
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, FamilyExemptionGranted, Outcome
from domain.chart.enrollment import Admitted, CohortAssigned, Enrolled, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, NotAdmitted
from domain.chart.exit import Discharged, DischargeReason
from domain.chart.step_down import StepDownRecommended, StepDownTookEffect
from domain.chart.step_up import StepUpDecided
from domain.program import Payer
from domain.session import (
    SessionKind,
)
from domain.week import Week
from tests.domain.compliance.telling import (
    GROUPS,
    MINUTES,
    ONE_TO_ONE,
    STARTS,
    Sat,
    Teller,
    at,
    cohorts,
    session,
    slipped,
    staff,
)
from tests.domain.program import LATER, ZONE, Patient, Program

T = TypeVar("T")


@dataclass
class History:
    """A site, and the report that is asked for."""

    program: Program
    week: Week
    as_of: date
    known_at: datetime

    def __str__(self) -> str:
        """The facts, a line each, for whoever looks for what differs."""
        lines = [f"{self.week} as of {self.as_of} known at {self.known_at.isoformat()}"]
        for stream, entries in self.program.streams.items():
            lines += [f"{stream}@{e.version} {e.recorded_at.isoformat()} {e.fact}" for e in entries]
        return "\n".join(lines)


# ---- a life


@dataclass
class Stretch:
    """An episode as told: who attends in which from when to when."""

    episode_id: UUID
    first: date
    last: date


def life(teller: Teller, patient: Patient, known_cohorts: list[UUID], enrolled_on: date) -> list[Stretch]:
    """One episode, or two, the second begun after the discharge from the first."""
    first = episode(teller, patient, known_cohorts, enrolled_on)
    stretches = [first]
    if first.last < date.max and teller.now_and_then(5):
        again = first.last + timedelta(days=teller.up_to(3))
        stretches.append(episode(teller, patient, known_cohorts, again))
    return stretches


def episode(teller: Teller, patient: Patient, known_cohorts: list[UUID], enrolled_on: date) -> Stretch:
    key, stream = teller.program.new_id(), patient.stream
    patient.episode_id = key
    contact = datetime.combine(enrolled_on, time(8), tzinfo=ZONE)
    teller.records(stream, InquiryReceived(episode_id=key, first_contact_at=contact, referral_source="self"))
    enrolled = Enrolled(
        episode_id=key,
        program="iop",
        level_of_care="2.1",
        cohort_id=teller.one_of(known_cohorts),
        planned_weeks=8,
        payer=Payer.COMMERCIAL,
        primary_clinician_id=UUID(int=1),
        on=enrolled_on,
    )
    teller.records(stream, enrolled, at(enrolled_on, "09:00"))
    plans(teller, stream, key, enrolled_on, known_cohorts)
    if teller.now_and_then(1, 20):
        gone = enrolled_on + timedelta(days=teller.up_to(9))
        if teller.now_and_then(5) and teller.tells(
            stream, NotAdmitted(episode_id=key, on=gone, cause="Never came."), gone
        ):
            return Stretch(key, enrolled_on, gone)
        return Stretch(key, enrolled_on, date.max)
    admitted_on = enrolled_on + timedelta(days=teller.up_to(3))
    admitted = Admitted(episode_id=key, on=admitted_on, session_id=UUID(int=0))
    teller.records(stream, admitted, at(admitted_on, "21:00"))
    return Stretch(key, enrolled_on, course(teller, stream, key, admitted_on))


def plans(teller: Teller, stream: str, key: UUID, enrolled_on: date, known_cohorts: list[UUID]) -> None:
    """Cohorts to come, and exemptions from family sessions, some of them struck again."""
    for _ in range(teller.up_to(2) if teller.now_and_then(5) else 0):
        effective_on = max(enrolled_on, teller.day(-2, 7))
        assigned = CohortAssigned(episode_id=key, cohort_id=teller.one_of(known_cohorts), effective_on=effective_on)
        teller.tells(stream, assigned, enrolled_on)
    for _ in range(teller.up_to(2) if teller.now_and_then(2) else 0):
        from_on = teller.day(-20, 3)
        to_on = from_on + timedelta(days=teller.up_to(30)) if teller.now_and_then(6) else None
        exempt = FamilyExemptionGranted(episode_id=key, from_on=from_on, to_on=to_on, cause="No family near.")
        teller.tells(stream, exempt, enrolled_on)


def course(teller: Teller, stream: str, key: UUID, admitted_on: date) -> date:
    """Holds, steps down and up, discharge, in the order of their dates; the date of the discharge, or the last."""
    on, tapering = max(admitted_on, teller.day(-8, -1)), False
    if not teller.now_and_then(6):
        return date.max
    for _ in range(1 + teller.up_to(3)):
        on += timedelta(days=1 + teller.up_to(4))
        step = teller.one_of(("hold", "discharge", "up" if tapering else "down", "up" if tapering else "down"))
        if step == "hold":
            on, over = held(teller, stream, key, on)
            if not over:
                on += timedelta(days=1 + teller.up_to(4))
                return on if teller.now_and_then(5) and leaves(teller, stream, key, on) else date.max
        elif step == "down":
            tapering = tapers(teller, stream, key, on) or tapering
        elif step == "up":
            if teller.tells(stream, StepUpDecided(episode_id=key, to_level="2.1", on=on), on):
                tapering = False
        elif leaves(teller, stream, key, on):
            return on
    return date.max


def held(teller: Teller, stream: str, key: UUID, on: date) -> tuple[date, bool]:
    """On hold from a date on: its last date, and whether it has one."""
    if not teller.tells(stream, HoldStarted(episode_id=key, on=on, cause="hospital"), on):
        return on, True
    if teller.now_and_then(2):
        return on, False
    last = on + timedelta(days=teller.up_to(4))
    return last, teller.tells(stream, HoldEnded(episode_id=key, on=last), last)


def tapers(teller: Teller, stream: str, key: UUID, on: date) -> bool:
    step_down_id = teller.program.new_id()
    recommended = StepDownRecommended(
        episode_id=key,
        step_down_id=step_down_id,
        to_level="1.0",
        weekly_minutes=180,
        effective_on=on,
        criteria=("stable",),
        on=on - timedelta(days=1),
    )
    teller.records(stream, recommended, at(on - timedelta(days=1), "12:00"))
    return teller.tells(stream, StepDownTookEffect(episode_id=key, step_down_id=step_down_id, on=on), on)


def leaves(teller: Teller, stream: str, key: UUID, on: date) -> bool:
    reason = teller.one_of((DischargeReason.DROPPED_OUT, DischargeReason.COMPLETED))
    last_service_on = on - timedelta(days=teller.up_to(2))
    gone = Discharged(episode_id=key, on=on, last_service_on=last_service_on, reason=reason)
    if not teller.tells(stream, gone, on):
        return False
    if reason is DischargeReason.COMPLETED and teller.now_and_then(5):
        teller.records(stream, AftercareStarted(episode_id=key, on=on), at(on, "20:00"))
    return True


# ---- attendance


def record(teller: Teller, sat: Sat, key: UUID, made: Callable[..., T]) -> T:
    """Attended, in full as a rule, or absent."""
    outcome = teller.one_of((*(Outcome.ATTENDED,) * 9, Outcome.ABSENT_EXCUSED, Outcome.ABSENT_EXCUSED, *Outcome))
    fields: dict[str, Any] = {"episode_id": key, "session_id": sat.session_id, "method": "roster", "outcome": outcome}
    if outcome is Outcome.ATTENDED:
        first, last = sat.held or (sat.starts_at, sat.ends_at)
        if teller.now_and_then(3):
            first, last = slipped(teller, first, last)
        fields |= {"arrived_at": first, "left_at": last}
        if sat.kind is SessionKind.FAMILY:
            fields["family_members"] = teller.one_of((1, 2, 0, None))
    return made(**fields)


def attends(teller: Teller, stream: str, sat: Sat, key: UUID) -> None:
    """One record, perhaps corrected, the correction corrected, the last of them struck, the whole entered anew."""
    when = sat.ends_at
    version = teller.records(stream, record(teller, sat, key, AttendanceRecorded), when)
    versions = [version]
    while teller.now_and_then(1, 6):
        anew: Any = record(teller, sat, key, lambda **fields: AttendanceCorrected(corrects=versions[-1], **fields))
        versions.append(teller.records(stream, anew, when))
    while versions and teller.now_and_then(1, 6):
        teller.strikes(stream, versions.pop(), when)
    if not versions and teller.now_and_then(5):
        teller.records(stream, record(teller, sat, key, AttendanceRecorded), when)


def of_the_day(stretches: list[Stretch], on: date) -> UUID:
    """The episode of a date; the one before it where there is none."""
    begun = [s for s in stretches if s.first <= on] or stretches[:1]
    return begun[-1].episode_id


# ---- whole histories


def asked(teller: Teller, sat: list[Sat]) -> tuple[date, datetime]:
    """As of when, and known when: mostly everything, now and then cut."""
    as_of = teller.week.sunday
    if teller.now_and_then(4):
        as_of = teller.monday + timedelta(days=teller.one_of((3, 4, 5, 3, 4, 5, 0, 1, 2, -1, 9)))
    if not teller.now_and_then(4):
        return as_of, LATER
    if sat and teller.now_and_then(5):
        one = teller.one_of(sat)
        ended = one.held[1] if one.held else one.ends_at
        return as_of, ended + timedelta(seconds=teller.one_of((0, 90, 600)))
    return as_of, at(teller.day(0, 12), teller.one_of(STARTS))


def lives(teller: Teller, sat: list[Sat], known: list[UUID], enrolled: Sequence[int]) -> History:
    """One patient, or two, enrolled so many days from Monday, with their records in these sessions."""
    for _ in range(1 + teller.up_to(1)):
        patient = Patient(teller.program, teller.program.new_id())
        patient.registered(date(1990, 5, 1))
        stretches = life(teller, patient, known, teller.monday + timedelta(days=teller.one_of(enrolled)))
        for one in sat:
            if not teller.now_and_then(2):
                on = one.starts_at.astimezone(ZONE).date()
                guest = teller.now_and_then(1)
                key = stretches[0].episode_id if guest else of_the_day(stretches, on)
                attends(teller, patient.stream, one, key)
    as_of, known_at = asked(teller, sat)
    return History(teller.program, teller.week, as_of, known_at)


@st.composite
def weeks_of_care(draw: st.DrawFn) -> History:
    """A week with sessions of two cohorts and others, and some before and after it."""
    teller = Teller(draw)
    known = cohorts(teller)
    evenings = [teller.monday + timedelta(days=n) for n in (0, 1, 3)]
    sat = [session(teller, on, "18:00", 180, SessionKind.GROUP, known[0], []) for on in evenings]
    for _ in range(teller.up_to(5)):
        one_to_one = teller.now_and_then(4)
        kind = teller.one_of(ONE_TO_ONE if one_to_one else GROUPS)
        # Live facts refuse a cohort for one-to-one kinds; a ledger restored from elsewhere may hold one.
        cohort_id = None if one_to_one and not teller.now_and_then(2) else teller.one_of((*known, *known, None))
        on = teller.day(0, 6) if not teller.now_and_then(3) else teller.day(-3, 7)
        sat.append(session(teller, on, teller.one_of(STARTS), teller.one_of(MINUTES), kind, cohort_id, []))
    return lives(teller, sat, known, range(-20, 3))


@st.composite
def fortnights(draw: st.DrawFn) -> History:
    """Two weeks or three with a family session now and then, mostly of three hours."""
    teller = Teller(draw)
    known = cohorts(teller)
    sat = []
    for _ in range(1 + teller.up_to(3)):
        kind = teller.one_of((*(SessionKind.FAMILY,) * 5, *SessionKind))
        cohort_id = None if kind in ONE_TO_ONE else teller.one_of((known[0], *known, None))
        minutes = teller.one_of((180, 180, 180, 200, 179, 240, 120))
        sat.append(session(teller, teller.day(-14, 7), teller.one_of(STARTS), minutes, kind, cohort_id, []))
    return lives(teller, sat, known, (*range(-13, -6), *range(-15, -3), *range(-27, -20)))


@st.composite
def full_rooms(draw: st.DrawFn) -> History:
    """One session, or two, with staff that comes and goes, and up to fifteen people, some of them guests."""
    teller = Teller(draw)
    people = staff(teller)
    known = cohorts(teller)
    sat = []
    for _ in range(1 + teller.up_to(1)):
        kind = teller.one_of((*SessionKind,))
        minutes = teller.one_of((20, 5, 1, 60))
        cohort_id = None if kind in ONE_TO_ONE else teller.one_of((*known, None))
        sat.append(session(teller, teller.day(-1, 7), teller.one_of(STARTS), minutes, kind, cohort_id, people))
    for _ in range(teller.up_to(15)):
        patient = Patient(teller.program, teller.program.new_id())
        patient.registered(date(1990, 5, 1))
        patient.enrolled(known[0], teller.monday - timedelta(days=20))
        for one in sat:
            if not teller.now_and_then(2):
                attends(teller, patient.stream, one, patient.episode_id)
    as_of, known_at = asked(teller, sat)
    return History(teller.program, teller.week, as_of, known_at)
