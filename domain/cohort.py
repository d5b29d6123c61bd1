"""A cohort: peers and their staff who meet by one weekly pattern for a whole program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from domain.program import are_weekdays, is_local_time, judge_within
from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.week import weekday

if TYPE_CHECKING:
    from domain.facility import Facility


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortFormed:
    """`weekdays` are `mon` … `sun`; `starts` and `ends` local times `18:00`; `capacity` is in seats."""

    name: str
    program: str
    weekdays: tuple[str, ...]
    starts: str
    ends: str
    capacity: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortScheduleChanged:
    """The weekly pattern from `effective_on` on; fields as in the forming."""

    weekdays: tuple[str, ...]
    starts: str
    ends: str
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortClosed:
    """`on` is the last date on which the cohort exists. Who is in it then stays, and is flagged."""

    on: date


CohortFact: TypeAlias = CohortFormed | CohortScheduleChanged | CohortClosed | EnteredInError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The weekly pattern from `effective_on` on."""

    weekdays: tuple[str, ...]
    starts: str
    ends: str
    effective_on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    cohort_id: UUID
    version: int = 0
    name: str | None = None
    program: str | None = None
    capacity: int = 0
    formed_on: date | None = None
    closed_on: date | None = None
    formed_version: int | None = None
    closed_version: int | None = None
    patterns: tuple[Pattern, ...] = ()

    def pattern_on(self, on: date) -> Pattern | None:
        """The pattern of a date; before the first one, the first by date, whichever was recorded first."""
        if len(self.patterns) < 2:
            return self.patterns[0] if self.patterns else None
        in_order = sorted(self.patterns, key=lambda p: (p.effective_on, p.version))
        known = [p for p in in_order if p.effective_on <= on]
        return known[-1] if known else in_order[0]

    def meets_on(self, on: date) -> bool:
        pattern = self.pattern_on(on)
        return pattern is not None and weekday(on) in pattern.weekdays

    def closed_by(self, on: date) -> bool:
        """Whether nobody can join it on a date any more: from its last date on."""
        return self.closed_on is not None and self.closed_on <= on


def evolve(cohort: Cohort, entry: Entry) -> Cohort:
    """One live fact further."""
    match entry.fact:
        case CohortFormed() as fact:
            return replace(
                cohort,
                version=entry.version,
                name=fact.name,
                program=fact.program,
                capacity=fact.capacity,
                formed_on=fact.on,
                formed_version=entry.version,
                patterns=(*cohort.patterns, _pattern(fact, fact.on, entry.version)),
            )
        case CohortScheduleChanged(effective_on=effective_on) as fact:
            pattern = _pattern(fact, effective_on, entry.version)
            return replace(cohort, version=entry.version, patterns=(*cohort.patterns, pattern))
        case CohortClosed(on=on):
            return replace(cohort, version=entry.version, closed_on=on, closed_version=entry.version)
        case _:
            raise TypeError(f"Not a fact of a cohort: {type(entry.fact).__name__}")


def _pattern(fact: CohortFormed | CohortScheduleChanged, effective_on: date, version: int) -> Pattern:
    return Pattern(
        weekdays=fact.weekdays, starts=fact.starts, ends=fact.ends, effective_on=effective_on, version=version
    )


def outside_program(cohort: Cohort, facility: Facility, on: date) -> Iterator[str]:
    """What of the cohort's pattern of a date is not part of the program as offered on it, in words."""
    pattern = cohort.pattern_on(on)
    offer = None if cohort.program is None else facility.offered(cohort.program, on)
    if pattern is not None and offer is not None:
        yield from offer.missed_by_cohort(pattern.weekdays, pattern.starts, pattern.ends)


# ---- rules


def formed(cohort: Cohort | None) -> Cohort:
    """The cohort, or `Refused` where there is none at this facility, or none any more."""
    if cohort is None or cohort.formed_on is None:
        raise Refused("cohort.unknown", "There is no such cohort at this facility: form it first.")
    return cohort


def open_to_join(cohort: Cohort | None, on: date) -> Cohort:
    """The cohort, or `Refused` where nobody can join it on that date."""
    known = formed(cohort)
    if known.closed_by(on):
        raise Refused("cohort.closed", f"This cohort closed on {known.closed_on}: choose another, or an earlier date.")
    return known


def judge(cohort: Cohort, entry: Entry, facility: Facility) -> None:
    """A cohort is formed once and closed once, with weekly patterns that can be kept; what is not of the program
    offered needs a reason."""
    fact = entry.fact
    if isinstance(fact, CohortFormed):
        if cohort.formed_on is not None:
            raise Refused("cohort.already-formed", "This cohort has been formed.")
        if fact.capacity < 1:
            raise Refused("cohort.capacity", "A cohort needs at least one seat.")
        _judge_pattern(cohort, entry, facility, fact.on)
        return
    formed(cohort)
    match fact:
        case CohortScheduleChanged(effective_on=effective_on):
            _judge_after_forming(cohort, effective_on)
            if cohort.closed_on is not None and effective_on > cohort.closed_on:
                raise Refused("cohort.change-after-closing", "The cohort is closed by then: nothing changes any more.")
            _judge_pattern(cohort, entry, facility, effective_on)
        case CohortClosed(on=on):
            if cohort.closed_on is not None:
                raise Refused("cohort.already-closed", "This cohort is closed: strike that if its date is wrong.")
            _judge_after_forming(cohort, on)
        case _:
            return


def _judge_after_forming(cohort: Cohort, on: date) -> None:
    if cohort.formed_on is not None and on < cohort.formed_on:
        raise Refused("cohort.before-forming", "The cohort did not exist by then: check the date.")


def _judge_pattern(cohort: Cohort, entry: Entry, facility: Facility, on: date) -> None:
    fact = entry.fact
    if not are_weekdays(fact.weekdays):
        raise Refused("cohort.weekdays", "Name each weekday once, at least one: mon, tue, wed, thu, fri, sat or sun.")
    if not (is_local_time(fact.starts) and is_local_time(fact.ends)):
        raise Refused("cohort.times", "Write local times as 18:00.")
    if fact.ends <= fact.starts:
        raise Refused("cohort.ends-before-it-starts", "A cohort's block can't end before it starts.")
    judge_within(outside_program(evolve(cohort, entry), facility, on), entry.envelope.reason)
