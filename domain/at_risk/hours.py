"""Can a patient still reach the hours of the week, and by which sessions?

A session that is not over counts against nobody: what it can still give is what it is planned for, from when the
patient is noted to have come, until they are noted to have left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from domain.at_risk.fewest import fewest
from domain.chart import Chart
from domain.chart.presence import Stay
from domain.compliance.hours import minutes_owed, qualifies
from domain.compliance.interval import Interval, between, minutes, overlap, union
from domain.compliance.patient_period import PatientPeriod, Visit, cohort_of_date, earns
from domain.compliance.rule_set import QualifyingDays, RuleSet, WeekMinutes
from domain.compliance.timetable import Slot, Timetable
from domain.session import Session

_ByDay: TypeAlias = Mapping[date, tuple[Interval, ...]]
_Measure: TypeAlias = Callable[[int], int]
"""What a rule counts, of the minutes of one program day: it adds up over days."""


class Reach(StrEnum):
    SAFE = "safe"
    """Reached."""
    CAN_REACH = "can_reach"
    CANNOT_REACH = "cannot_reach"
    PARTIAL = "partial"
    """Not active on every date on which the cohort meets: the week is not judged."""


class Because(StrEnum):
    """Why hours can't be reached, in the order in which it is tried."""

    UNRECORDED = "unrecorded"
    """They could, had the patient been in sessions that are over and have no record of them."""
    FACILITY_SHORTFALL = "facility_shortfall"
    """The site offers too little: whoever had attended everything would not reach them either."""
    EXCUSED = "excused"
    """They could, but for sessions missed with an excuse."""
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """A session and what of it counts, or would. `minutes` is what it adds to what the patient has of that day."""

    session: Session
    day: date
    interval: Interval
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What one rule asks of the week, counted in minutes (HRS-1) or in days (HRS-2): `value` so far, of `of`.

    `sessions` are the fewest that have to be attended in full, the next ones first; of a goal that can't be reached
    `short_by` says how much is lacking then, and `because` why.
    """

    rule: str
    value: int
    of: int
    reach: Reach
    sessions: tuple[Chance, ...] = ()
    short_by: int = 0
    because: Because | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """`minutes` so far; `ahead` the sessions that can still give some. `unrecorded` are over, and lack a record of the
    patient; `untimed` are recorded as attended, and lack the times at which they were held: as planned, they count."""

    minutes: int
    goals: tuple[Goal, ...]
    ahead: tuple[Chance, ...]
    unrecorded: tuple[Chance, ...]
    untimed: tuple[Chance, ...]


def hours_of(chart: Chart, week: PatientPeriod, planned: Timetable, rule_set: RuleSet) -> Hours | None:
    """None for who is active on no date of the week. `planned` holds the week's sessions whatever has happened yet."""
    if not week.is_active:
        return None
    had = _by_day((visit.slot.day, visit.credited) for visit in week.visits)
    untimed = _chances(had, _untimed(week))
    sure = _with(had, untimed)
    ahead = _chances(sure, _ahead(chart, week, planned))
    unrecorded = _chances(sure, [(v.slot, _whole(v.slot)) for v in week.visits if v.record is None])
    look = _Look(week=week, had=had, sure=sure, ahead=ahead, unrecorded=unrecorded)
    goals = []
    if (terms := rule_set.terms(WeekMinutes)) is not None:
        goals.append(_goal(look, terms.rule, minutes_owed(week, terms), lambda held: held))
    if (days := rule_set.terms(QualifyingDays)) is not None:
        owed = days.of_at_least_minutes
        goals.append(_goal(look, days.rule, days.at_least_days, lambda held: int(qualifies(held, owed))))
    return Hours(
        minutes=sum(week.earned.values()), goals=tuple(goals), ahead=ahead, unrecorded=unrecorded, untimed=untimed
    )


# ---- what a session can give


def _ahead(chart: Chart, week: PatientPeriod, planned: Timetable) -> Iterator[tuple[Slot, Interval | None]]:
    """The sessions not over: of the cohort of each active date, and those that the patient is noted to have come to.

    Individual sessions, and make-ups, are on record for a patient from the note at the door on."""
    slots = {
        slot.session.session_id: slot
        for day in week.active
        if (assigned := cohort_of_date(week.episodes, day)) is not None
        for slot in planned.of_cohort.get((assigned.cohort_id, day), ())
    }
    for session_id, stays in chart.presences.items():
        slot = planned.slots.get(session_id)
        if slot is not None and slot.day in week.period and _is_one_to_earn_in(chart, stays, slot.day):
            slots[session_id] = slot
    for session_id, slot in slots.items():
        if slot.day > week.as_of:
            yield slot, _planned(slot)
        elif not slot.over and session_id not in chart.attendances:
            yield slot, _still(slot, chart.presences.get(session_id, ()))


def _is_one_to_earn_in(chart: Chart, stays: tuple[Stay, ...], day: date) -> bool:
    return any(earns(chart.episodes.get(stay.episode_id), day) for stay in stays)


def _still(slot: Slot, stays: tuple[Stay, ...]) -> Interval | None:
    """From when the patient first came, until they left, where they did and have not come back."""
    whole = _whole(slot)
    came = [stay.arrived_at for stay in stays if stay.arrived_at is not None]
    if whole is None or not came:
        return whole
    left = stays[-1].left_at
    there = between(min(came), whole.end if left is None else left)
    return None if there is None else overlap(there, whole)


def _untimed(week: PatientPeriod) -> Iterator[tuple[Slot, Interval | None]]:
    for visit in week.visits:
        if visit.slot.interval is None and visit.earns and (there := _presence(visit)) is not None:
            planned = _planned(visit.slot)
            yield visit.slot, None if planned is None else overlap(there, planned)


def _presence(visit: Visit) -> Interval | None:
    record = visit.record
    if record is None or not record.attended or record.arrived_at is None or record.left_at is None:
        return None
    return between(record.arrived_at, record.left_at)


def _planned(slot: Slot) -> Interval | None:
    starts_at, ends_at = slot.session.starts_at, slot.session.ends_at
    return None if starts_at is None or ends_at is None else between(starts_at, ends_at)


def _whole(slot: Slot) -> Interval | None:
    """As held; as planned where it is not, or not yet, on record as held."""
    return slot.interval or _planned(slot)


# ---- minutes of days


def _by_day(dated: Iterable[tuple[date, Interval | None]]) -> _ByDay:
    found: dict[date, tuple[Interval, ...]] = {}
    for day, interval in dated:
        if interval is not None:
            found[day] = (*found.get(day, ()), interval)
    return found


def _with(days: _ByDay, chances: Iterable[Chance]) -> _ByDay:
    found = dict(days)
    for chance in chances:
        found[chance.day] = (*found.get(chance.day, ()), chance.interval)
    return found


def _chances(had: _ByDay, slots: Iterable[tuple[Slot, Interval | None]]) -> tuple[Chance, ...]:
    """By scheduled start; those that would add nothing at all are none."""
    found = []
    for slot, interval in slots:
        of_day = had.get(slot.day, ())
        if interval is not None and union((*of_day, interval)) != union(of_day):
            more = minutes((*of_day, interval)) - minutes(of_day)
            found.append(Chance(session=slot.session, day=slot.day, interval=interval, minutes=more))
    return tuple(sorted(found, key=_place))


def _place(chance: Chance) -> tuple[Interval, UUID]:
    return chance.interval, chance.session.session_id


# ---- goals


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """`had` is what was credited, `sure` with it what will be once the times held are on record."""

    week: PatientPeriod
    had: _ByDay
    sure: _ByDay
    ahead: tuple[Chance, ...]
    unrecorded: tuple[Chance, ...]


def _goal(look: _Look, rule: str, of: int, counted: _Measure) -> Goal:
    def reached(days: _ByDay) -> int:
        return sum(counted(minutes(intervals)) for intervals in days.values())

    value, most = reached(look.had), reached(_with(look.sure, look.ahead))
    if not look.week.is_full:
        return Goal(rule=rule, value=value, of=of, reach=Reach.PARTIAL)
    if value >= of:
        return Goal(rule=rule, value=value, of=of, reach=Reach.SAFE)
    if most < of:
        because = _because(look, lambda days: reached(days) >= of)
        return Goal(rule=rule, value=value, of=of, reach=Reach.CANNOT_REACH, short_by=of - most, because=because)
    fewest = _fewest(look, of, counted)
    return Goal(rule=rule, value=value, of=of, reach=Reach.CAN_REACH, sessions=fewest)


def _fewest(look: _Look, of: int, counted: _Measure) -> tuple[Chance, ...]:
    """The fewest sessions that have to be attended. All of them suffice."""
    places: dict[date, tuple[int, ...]] = {}
    for place, chance in enumerate(look.ahead):
        places[chance.day] = (*places.get(chance.day, ()), place)

    def worth(day: date, chosen: tuple[int, ...]) -> int:
        return counted(minutes((*look.sure.get(day, ()), *(look.ahead[place].interval for place in chosen))))

    elsewhere = sum(counted(minutes(intervals)) for day, intervals in look.sure.items() if day not in places)
    return tuple(look.ahead[place] for place in fewest(places, worth, of - elsewhere))


def _because(look: _Look, suffices: Callable[[_ByDay], bool]) -> Because:
    visits, to_come = look.week.visits, _with(look.sure, look.ahead)
    if suffices(_with(to_come, look.unrecorded)):
        return Because.UNRECORDED
    offered = _by_day((v.slot.day, v.if_offered) for v in visits)
    if not suffices(_joined(to_come, offered)):
        return Because.FACILITY_SHORTFALL
    if suffices(_joined(to_come, _by_day((v.slot.day, v.if_excused_came) for v in visits))):
        return Because.EXCUSED
    return Because.MISSED


def _joined(one: _ByDay, other: _ByDay) -> _ByDay:
    return {day: (*one.get(day, ()), *other.get(day, ())) for day in {*one, *other}}
