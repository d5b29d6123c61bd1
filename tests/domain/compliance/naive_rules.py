"""HRS-1, HRS-2, ATT-1, RAT-1 and FAM-1 a second time, naively, from what `naive` reads: seconds, and plain loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import UUID

from domain.week import Week
from tests.domain.compliance.naive import (
    Care,
    Known,
    Person,
    Sitting,
    active_dates,
    countable,
    credited,
    dates,
    enrolled_in,
    expected,
    in_treatment,
    interval,
    presence,
    program_day,
    scheduled_dates,
    seconds,
    sittings_of,
)

Line = tuple[str, UUID, date, date, str, int, int]
"""Rule, subject, first and last date, verdict, value, of."""

ByDay = dict[date, set[int]]


# ---- HRS-1, HRS-2, ATT-1


def hours(known: Known, week: Week) -> Iterator[Line]:
    """ "Weekly: HRS-1, HRS-2 … for each patient with an episode that is enrolled on a date of the week." """
    for person in known.people:
        episodes = [care for care in person.care.values() if enrolled_in(care, week.monday, week.sunday)]
        if episodes:
            yield from hours_of(known, person, episodes, week)


def hours_of(known: Known, person: Person, episodes: list[Care], week: Week) -> Iterator[Line]:
    """ "Two episodes in a week give one row; a date is active if either is." """
    active = {on for care in episodes for on in active_dates(care, week.sunday)}
    earned: ByDay = {}
    excused: ByDay = {}
    for sitting in sittings_of(known, week.monday, week.sunday):
        if countable(sitting):
            add(earned, program_day(known, sitting), credited(known, person, sitting))
            add(excused, program_day(known, sitting), missed_with_an_excuse(known, person, sitting))
    offered: ByDay = {}
    for sitting in expected(known, person, episodes, active, week.monday, week.sunday):
        add(offered, program_day(known, sitting), interval(sitting))
    kept = active_on(active, scheduled_dates(known, episodes, week.monday, week.sunday), week.monday, week.sunday)
    for rule, figure, owed in (("HRS-1", week_minutes, 540), ("HRS-2", qualifying_days, 3)):
        found = verdict(
            known,
            week.sunday,
            kept,
            figure(earned) >= owed,
            figure(together(earned, offered)) >= owed,
            figure(together(earned, excused)) >= owed,
        )
        yield rule, person.patient_id, week.monday, week.sunday, found, figure(earned), owed
    asked_for = expected(known, person, episodes, active, week.monday, week.sunday)
    attended, found = shown(known, person, asked_for, kept, week)
    yield "ATT-1", person.patient_id, week.monday, week.sunday, found, attended, len(asked_for)


def shown(known: Known, person: Person, asked_for: list[Sitting], kept: str, week: Week) -> tuple[int, str]:
    """ "Recorded as attended ÷ expected sessions; excused absences stay in the divisor, reported apart; no record = not
    attended. Week: after `pending`, nothing expected `not_applicable`, all attended `met`, all others excused
    `not_met_excused`, else `not_met`." """
    attended = excused = 0
    for sitting in asked_for:
        record = person.records.get(sitting.session_id)
        attended += record is not None and record.outcome.value == "attended"
        excused += record is not None and record.outcome.value == "absent_excused"
    before = verdict(known, week.sunday, kept, met=False, if_all_offered=True, if_not_excused=False)
    if before != "not_met":
        return attended, before
    if not asked_for:
        return attended, "not_applicable"
    if attended == len(asked_for):
        return attended, "met"
    return attended, "not_met_excused" if attended + excused == len(asked_for) else "not_met"


def add(days: ByDay, on: date, more: set[int]) -> None:
    days[on] = days.get(on, set()) | more


def together(one: ByDay, other: ByDay) -> ByDay:
    both = dict(one)
    for on, more in other.items():
        add(both, on, more)
    return both


def week_minutes(days: ByDay) -> int:
    """ "Week minutes: sum of the day minutes." "Day minutes: floor(seconds in the **union** of the day's credited
    intervals of that patient, in countable sessions, ÷ 60). Never rounded up, never counted twice." """
    return sum(len(of_the_day) // 60 for of_the_day in days.values())


def qualifying_days(days: ByDay) -> int:
    """ "At least 3 days with day minutes ≥ 180." """
    return sum(len(of_the_day) // 60 >= 180 for of_the_day in days.values())


def missed_with_an_excuse(known: Known, person: Person, sitting: Sitting) -> set[int]:
    """ "Every held session missed with an excuse", as it would be credited."""
    record = person.records.get(sitting.session_id)
    if record is None or record.outcome.value != "absent_excused":
        return set()
    return interval(sitting) if in_treatment(known, person, record, sitting) else set()


# ---- verdicts


def active_on(active: set[date], scheduled: list[date], first: date, last: date) -> str:
    """ "Full week, full window: active on every scheduled date, and there is at least one." """
    if not any(on in active for on in dates(first, last)):
        return "never"
    return "full" if scheduled and all(on in active for on in scheduled) else "partly"


def verdict(known: Known, last: date, kept: str, met: bool, if_all_offered: bool, if_not_excused: bool) -> str:
    """ "`not_applicable` (active on no date of the period) → `partial` (active on some, but no full week or window) →
    `met` → `pending` (`as_of` before the last date of the period) → `facility_shortfall` (had the patient attended
    every expected session that was *held* in full, the rule would still fail) → `not_met_excused` (it would be met if
    every held session missed with an excuse had been attended in full) → `not_met`." """
    tried: list[tuple[bool, str]] = [
        (kept == "never", "not_applicable"),
        (kept != "full", "partial"),
        (met, "met"),
        (known.as_of < last, "pending"),
        (not if_all_offered, "facility_shortfall"),
        (if_not_excused, "not_met_excused"),
    ]
    for holds, name in tried:
        if holds:
            return name
    return "not_met"


# ---- RAT-1


def ratio(known: Known, week: Week) -> Iterator[Line]:
    """ "RAT-1 for each session held (period: its program day)." "Every held session of any kind." "Any violation,
    however short: `not_met`." "Violation minutes (floor)." """
    for sitting in sittings_of(known, week.monday, week.sunday):
        if sitting.held is None:
            continue
        on = program_day(known, sitting)
        wrong = violation_seconds(known, sitting)
        found = "not_met" if wrong else "met"
        yield "RAT-1", sitting.session_id, on, on, found, wrong // 60, 0


def violation_seconds(known: Known, sitting: Sitting) -> int:
    """ "Patients present ≤ 6 x qualified staff present, at every instant of the session interval; family members
    don't count, aftercare attendees do. … Each person counts once; staff from-to within the interval." """
    patients = []
    for person in known.people:
        record = person.records.get(sitting.session_id)
        if record is not None:
            patients.append(presence(record))
    staff: dict[UUID, set[int]] = {}
    for stay in sitting.held.staff:
        if qualified(known, stay["staff_id"], program_day(known, sitting)):
            there = seconds(stay["from"], stay["to"])
            staff[stay["staff_id"]] = staff.get(stay["staff_id"], set()) | there
    wrong = 0
    for second in interval(sitting):
        present = sum(second in there for there in patients)
        looking_after = sum(second in there for there in staff.values())
        if present > 6 * looking_after:
            wrong += 1
    return wrong


def qualified(known: Known, staff_id: UUID, on: date) -> bool:
    """ "Any credential valid on the program day (`valid_to` and the end date are its last)." """
    for line in known.staff:
        if type(line).__name__ != "StaffCredentialed" or line.staff_id != staff_id or line.credential is None:
            continue
        last = line.valid_to or date.max
        for end in known.staff:
            ends = type(end).__name__ == "CredentialEnded" and end.staff_id == staff_id
            if ends and end.credential == line.credential and line.valid_from <= end.on < last:
                last = end.on
        if line.valid_from <= on <= last:
            return True
    return False


# ---- FAM-1


def family(known: Known, week: Week) -> Iterator[Line]:
    """ "In each consecutive 14-day window counted from the admission date that begins by the discharge date." "FAM-1
    for each window begun by `as_of` that ends in the week." """
    for person in known.people:
        for care in person.care.values():
            first = care.admitted_on
            while first is not None and first <= min(known.as_of, care.ended_on or date.max):
                last = first + timedelta(days=13)
                if week.monday <= last <= week.sunday:
                    yield family_of(known, of_that_episode(person, care), care, first, last)
                first += timedelta(days=14)


def of_that_episode(person: Person, care: Care) -> Person:
    """ "Facts of that episode only." """
    records = {key: record for key, record in person.records.items() if record.episode_id == care.episode_id}
    return Person(person.patient_id, {care.episode_id: care}, records)


def family_of(known: Known, person: Person, care: Care, first: date, last: date) -> Line:
    """ "≥ 1 family session with ≥ 180 min credited in that session and ≥ 1 family member present … (facts of that
    episode only); exemptions on record that cover every date of it give `not_applicable`." """
    active = active_dates(care, last)
    kept = active_on(active, scheduled_dates(known, [care], first, last), first, last)
    if exempt_throughout(care, first, last):
        kept = "never"

    def of_three_hours(sitting: Sitting, earned: Callable[[Sitting], set[int]]) -> bool:
        return sitting.kind.value == "family" and len(earned(sitting)) // 60 >= 180

    sessions = 0
    excused = False
    for sitting in sittings_of(known, first, last):
        record = person.records.get(sitting.session_id)
        with_family = record is not None and (record.family_members or 0) >= 1
        if with_family and of_three_hours(sitting, lambda it: credited(known, person, it)):
            sessions += 1
        if of_three_hours(sitting, lambda it: missed_with_an_excuse(known, person, it)):
            excused = True
    offered = offered_family(known, person, care, active, first, last)
    found = verdict(known, last, kept, sessions >= 1, offered, sessions >= 1 or excused)
    return "FAM-1", person.patient_id, first, last, found, sessions, 1


def offered_family(known: Known, person: Person, care: Care, active: set[date], first: date, last: date) -> bool:
    """ "Offered: an expected family session held ≥ 180 min." """
    for sitting in expected(known, person, [care], active, first, last):
        if sitting.kind.value == "family" and len(interval(sitting)) // 60 >= 180:
            return True
    return False


def exempt_throughout(care: Care, first: date, last: date) -> bool:
    """ "Exemptions on record that cover every date of it." """
    for on in dates(first, last):
        if not any(from_on <= on and (to_on is None or on <= to_on) for from_on, to_on in care.exempt):
            return False
    return True
