"""What if the same period were judged by another rule set: the findings of both, side by side. Nothing is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from typing import TypeAlias

from domain.compliance.monthly import assess_month
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row, Verdict
from domain.compliance.weekly import assess_week
from domain.month import Month
from domain.site import Site
from domain.week import Week

_Subject: TypeAlias = tuple[str, str, str, date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One subject and period under both rule sets; None where one of them has no row for it, never both. `comparable`:
    both have the rule."""

    adopted: Row | None
    other: Row | None
    comparable: bool = True

    @property
    def row(self) -> Row:
        """Either, for what both have in common: rule, subject and period."""
        if (row := self.adopted or self.other) is None:
            raise LookupError("A pair has a row under one rule set at least.")
        return row

    @property
    def changed(self) -> bool:
        """Whether verdict, value or what it is measured against differ. A rule that a set leaves out says nothing."""
        return self.comparable and _said(self.adopted) != _said(self.other)


def what_if(
    site: Site,
    period: Week | Month,
    *,
    adopted: RuleSet,
    other: RuleSet,
    as_of: date,
    known_at: datetime,
    payer: str | None = None,
) -> list[Pair]:
    """The rows of the period's report by either rule set, in pairs, sorted as a report is."""
    one, another = (
        _assess(site, period, rule_set, as_of=as_of, known_at=known_at, payer=payer) for rule_set in (adopted, other)
    )
    both = {terms.rule for terms in adopted.rules} & {terms.rule for terms in other.rules}
    return [replace(pair, comparable=pair.row.rule in both) for pair in paired(one, another)]


def paired(adopted: Iterable[Row], other: Iterable[Row]) -> list[Pair]:
    """Rows of one rule, subject and period side by side; where there are several, in their order."""
    by_subject: dict[_Subject, tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((adopted, other)):
        for row in rows:
            by_subject.setdefault(_subject(row), ([], []))[side].append(row)
    pairs = [Pair(adopted=one, other=another) for both in by_subject.values() for one, another in zip_longest(*both)]
    return sorted(pairs, key=lambda pair: (pair.row.place, pair.row.period_end))


def verdicts(pairs: Iterable[Pair]) -> Mapping[str, tuple[Mapping[Verdict, int], Mapping[Verdict, int]]]:
    """How many of each verdict a rule has: under the adopted rule set, and under the other."""
    found: dict[str, tuple[Counter[Verdict], Counter[Verdict]]] = {}
    for pair in pairs:
        counts = found.setdefault(pair.row.rule, (Counter(), Counter()))
        for row, count in zip((pair.adopted, pair.other), counts, strict=True):
            if row is not None:
                count[row.verdict] += 1
    return found


def _assess(
    site: Site, period: Week | Month, rule_set: RuleSet, *, as_of: date, known_at: datetime, payer: str | None
) -> list[Row]:
    if isinstance(period, Week):
        return assess_week(site, period, rule_set=rule_set, as_of=as_of, known_at=known_at, payer=payer)
    return assess_month(site, period, rule_set=rule_set, as_of=as_of, known_at=known_at, payer=payer)


def _subject(row: Row) -> _Subject:
    return row.rule, row.subject, row.subject_id, row.period_start, row.period_end


def _said(row: Row | None) -> tuple[Verdict, int, int] | None:
    return None if row is None else (row.verdict, row.value, row.of)
