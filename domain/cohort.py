"""A cohort: peers and their staff who meet by one weekly pattern for a whole program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from typing import TypeAlias
from uuid import UUID

from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.week import WEEKDAYS, weekday


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


CohortFact: TypeAlias = CohortFormed | EnteredInError


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
    patterns: tuple[Pattern, ...] = ()

    def pattern_on(self, on: date) -> Pattern | None:
        """The pattern of a date; before the first one, the first."""
        if not self.patterns:
            return None
        known = [p for p in self.patterns if p.effective_on <= on]
        return max(known, key=lambda p: (p.effective_on, p.version)) if known else self.patterns[0]

    def meets_on(self, on: date) -> bool:
        pattern = self.pattern_on(on)
        return pattern is not None and weekday(on) in pattern.weekdays


def evolve(cohort: Cohort, entry: Entry) -> Cohort:
    """One live fact further."""
    match entry.fact:
        case CohortFormed() as fact:
            pattern = Pattern(
                weekdays=fact.weekdays,
                starts=fact.starts,
                ends=fact.ends,
                effective_on=fact.on,
                version=entry.version,
            )
            return replace(
                cohort,
                version=entry.version,
                name=fact.name,
                program=fact.program,
                capacity=fact.capacity,
                formed_on=fact.on,
                patterns=(*cohort.patterns, pattern),
            )
        case _:
            raise TypeError(f"Not a fact of a cohort: {type(entry.fact).__name__}")


# ---- rules


def judge(cohort: Cohort, entry: Entry) -> None:
    """A cohort is formed once, with a weekly pattern that can be kept."""
    fact = entry.fact
    if not isinstance(fact, CohortFormed):
        if cohort.formed_on is None:
            raise Refused("cohort.unknown", "There is no such cohort at this facility: form it first.")
        return
    if cohort.formed_on is not None:
        raise Refused("cohort.already-formed", "This cohort has been formed.")
    if not fact.weekdays or any(day not in WEEKDAYS for day in fact.weekdays):
        raise Refused("cohort.weekdays", "Name at least one weekday, each as mon, tue, wed, thu, fri, sat or sun.")
    try:
        starts, ends = time.fromisoformat(fact.starts), time.fromisoformat(fact.ends)
    except ValueError:
        raise Refused("cohort.times", "Write local times as 18:00.") from None
    if ends <= starts:
        raise Refused("cohort.ends-before-it-starts", "A cohort's block can't end before it starts.")
    if fact.capacity < 1:
        raise Refused("cohort.capacity", "A cohort needs at least one seat.")
