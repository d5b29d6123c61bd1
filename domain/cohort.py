"""A cohort: peers and their staff who meet by one weekly pattern for a whole program."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from domain.record import EnteredInError, Entry
from domain.refused import Refused
from domain.week import WEEKDAYS, weekday

_LOCAL_TIME: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


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


def formed(cohort: Cohort | None) -> Cohort:
    """The cohort, or `Refused` where there is none at this facility, or none any more."""
    if cohort is None or cohort.formed_on is None:
        raise Refused("cohort.unknown", "There is no such cohort at this facility: form it first.")
    return cohort


def judge(cohort: Cohort, entry: Entry) -> None:
    """A cohort is formed once, with a weekly pattern that can be kept."""
    fact = entry.fact
    if not isinstance(fact, CohortFormed):
        formed(cohort)
        return
    if cohort.formed_on is not None:
        raise Refused("cohort.already-formed", "This cohort has been formed.")
    if not fact.weekdays or len(set(fact.weekdays)) < len(fact.weekdays) or not set(fact.weekdays) <= set(WEEKDAYS):
        raise Refused("cohort.weekdays", "Name each weekday once, at least one: mon, tue, wed, thu, fri, sat or sun.")
    if not (_LOCAL_TIME.fullmatch(fact.starts) and _LOCAL_TIME.fullmatch(fact.ends)):
        raise Refused("cohort.times", "Write local times as 18:00.")
    if fact.ends <= fact.starts:
        raise Refused("cohort.ends-before-it-starts", "A cohort's block can't end before it starts.")
    if fact.capacity < 1:
        raise Refused("cohort.capacity", "A cohort needs at least one seat.")
