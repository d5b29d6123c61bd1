"""What a rule may answer, the order in which the answers are tried, and the row that carries one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache


class Verdict(StrEnum):
    NOT_APPLICABLE = "not_applicable"
    PARTIAL = "partial"
    MET = "met"
    PENDING = "pending"
    FACILITY_SHORTFALL = "facility_shortfall"
    NOT_MET_EXCUSED = "not_met_excused"
    NOT_MET = "not_met"


def first_true(*, active: bool, full: bool, met: bool, over: bool, offered: bool, excused: bool) -> Verdict:
    """The first verdict, in the order of the rules, whose condition holds.

    `active`: on some date of the period; `full`: on every scheduled one. `over`: the period's last date has come.
    `offered`: the rule would be met, had every expected session that was held been attended in full. `excused`: it
    would be, had those missed with an excuse.
    """
    if not active:
        return Verdict.NOT_APPLICABLE
    if not full:
        return Verdict.PARTIAL
    if met:
        return Verdict.MET
    if not over:
        return Verdict.PENDING
    if not offered:
        return Verdict.FACILITY_SHORTFALL
    return Verdict.NOT_MET_EXCUSED if excused else Verdict.NOT_MET


Figures = tuple[tuple[str, int], ...]
"""Names and numbers, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One finding of a report. `value` and `of` are counted in what the rule counts (minutes, days, sessions).

    `subject_id` is a UUID or a facility code, both dates are included. `evidence` names the live facts from which
    figure and verdict were computed, as `stream@version`; `missing` says what was looked for and not found; `figures`
    are those beside `value`.
    """

    rule: str
    subject: str
    subject_id: str
    period_start: date
    period_end: date
    verdict: Verdict
    value: int
    of: int
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    figures: Figures = ()

    @property
    def place(self) -> tuple[str, str, date]:
        """Reports are sorted by it."""
        return self.rule, self.subject_id, self.period_start


def cited(names: Iterable[str]) -> tuple[str, ...]:
    """Names of facts, each once, by stream and then by version."""
    return tuple(sorted(set(names), key=_place))


# The rules about one period cite the same facts again and again.
@lru_cache(maxsize=10_000)
def _place(name: str) -> tuple[str, int]:
    stream, _, version = name.rpartition("@")
    return stream, int(version)
