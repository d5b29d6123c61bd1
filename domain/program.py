"""What a site offers: a program with its blocks, weekly patterns, weeks and payers, from a date on.

Landmark: three blocks in Lexington, evenings in Louisville; Mon/Tue/Thu or Mon/Wed/Thu; 7 to 9 weeks; commercial
insurance and self-pay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.refused import Refused
from domain.week import WEEKDAYS

_LOCAL_TIME: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")


class Payer(StrEnum):
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOffered:
    """`blocks` are local times such as `09:00-12:00`, `patterns` lists of weekdays `mon` … `sun`; `weeks_min` and
    `weeks_max` are weeks of the program, both included; `level_of_care` is an ASAM code such as `2.1`."""

    program: str
    level_of_care: str
    blocks: tuple[str, ...]
    patterns: tuple[tuple[str, ...], ...]
    weeks_min: int
    weeks_max: int
    payers: tuple[Payer, ...]
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What may be chosen without a reason from `effective_on` on. `version` is the fact that says so."""

    program: str
    blocks: frozenset[str]
    patterns: frozenset[frozenset[str]]
    weeks_min: int
    weeks_max: int
    payers: frozenset[Payer]
    effective_on: date
    version: int

    def missed_by_cohort(self, weekdays: Iterable[str], starts: str, ends: str) -> Iterator[str]:
        """What of a cohort's block and pattern is not offered, in words."""
        if f"{starts}-{ends}" not in self.blocks:
            yield "block"
        if frozenset(weekdays) not in self.patterns:
            yield "weekly pattern"

    def missed_by_enrollment(self, planned_weeks: int, payer: Payer) -> Iterator[str]:
        """What of an enrollment's terms is not offered, in words."""
        if not self.weeks_min <= planned_weeks <= self.weeks_max:
            yield "number of weeks"
        if payer not in self.payers:
            yield "payer"


def offer_of(fact: ProgramOffered, version: int) -> Offer:
    return Offer(
        program=fact.program,
        blocks=frozenset(fact.blocks),
        patterns=frozenset(frozenset(pattern) for pattern in fact.patterns),
        weeks_min=fact.weeks_min,
        weeks_max=fact.weeks_max,
        payers=frozenset(fact.payers),
        effective_on=fact.effective_on,
        version=version,
    )


def in_force(offers: Iterable[Offer], program: str, on: date) -> Offer | None:
    """The offer of a program on a date: the latest effective one, the later recorded of two on one date. None where
    none is on record by then: nothing is outside of it."""
    known = [offer for offer in offers if offer.program == program and offer.effective_on <= on]
    return max(known, key=lambda offer: (offer.effective_on, offer.version), default=None)


# ---- rules


def is_local_time(text: str) -> bool:
    """Whether it is written as `18:00`."""
    return _LOCAL_TIME.fullmatch(text) is not None


def are_weekdays(named: tuple[str, ...]) -> bool:
    """Whether it names at least one weekday, each once."""
    return bool(named) and len(set(named)) == len(named) and set(named) <= set(WEEKDAYS)


def judge(fact: ProgramOffered) -> None:
    """An offer has something to choose from, and nothing in it that nobody could choose."""
    if not fact.blocks or not all(map(_is_block, fact.blocks)):
        raise Refused("program.blocks", "Name at least one block, as 18:00-21:00, with its end after its start.")
    if not fact.patterns or not all(map(are_weekdays, fact.patterns)):
        raise Refused("program.patterns", "Name at least one weekly pattern, in each every weekday once: mon … sun.")
    if not 1 <= fact.weeks_min <= fact.weeks_max:
        raise Refused("program.weeks", "Offer at least one week, and no fewer at most than at least.")
    if not fact.payers:
        raise Refused("program.payers", "Name at least one payer.")


def _is_block(block: str) -> bool:
    starts, dash, ends = block.partition("-")
    return bool(dash) and is_local_time(starts) and is_local_time(ends) and starts < ends


def judge_within(missed: Iterable[str], reason: str | None) -> None:
    """Refused without a reason where something is not offered; `missed` says what, in words."""
    what = next(iter(missed), None)
    if what is not None and not (reason or "").strip():
        raise Refused("program.outside", f"This {what} is not offered in the program: choose one that is, or say why.")
