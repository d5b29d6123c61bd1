"""What if a period were judged by another rule set, or by other thresholds: beside the adopted one, at any cut.

It touches nothing: both answers are made from the same facts, and neither is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.compliance.monthly import MONTHLY
from domain.compliance.rule_set import RuleSet
from domain.compliance.thresholds import Change, Threshold, read_threshold, with_thresholds
from domain.compliance.verdict import Row, Verdict
from domain.compliance.weekly import OF_PATIENTS, WEEKLY
from domain.compliance.what_if import Pair, verdicts, what_if
from domain.month import Month
from domain.week import Week
from exchange.cut import Cut, take_cut, utc_text
from exchange.errors import NotAsked
from exchange.reports import Question, applying, site_of
from store.rule_sets import shipped
from store.store import Store

MOST_THRESHOLDS: Final = 50
"""More than all rules have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """`pairs` are all of them; `changed` those that differ in verdict, value or what it is measured against."""

    facility: str
    period: Week | Month
    asked: Question
    adopted: RuleSet
    other: RuleSet
    changes: tuple[Change, ...]
    cut: Cut
    generated_at: datetime
    pairs: tuple[Pair, ...]

    @property
    def changed(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.changed)

    def record(self, *, all_rows: bool) -> dict[str, Any]:
        """JSON-ready: what was compared at which cut, how many verdicts of each kind a rule has under either, and the
        rows that changed, or all."""
        known, weekly = self.cut.knowledge, isinstance(self.period, Week)
        asked = known.asked_known_at
        return {
            "what_if": "weekly" if weekly else "monthly",
            "facility": self.facility,
            "week" if weekly else "month": str(self.period),
            **({} if self.asked.payer is None else {"payer": self.asked.payer.value}),
            "adopted": self._named(self.adopted),
            "other": {**self._named(self.other), "changes": [_change(change) for change in self.changes]},
            "as_of": self.cut.as_of.isoformat(),
            "known_at": utc_text(known.known_at),
            **({} if asked is None else {"asked_known_at": utc_text(asked)}),
            "position": known.position,
            "generated_at": utc_text(self.generated_at),
            "requested_by": self.asked.requested_by,
            "purpose": self.asked.purpose,
            "row_count": len(self.pairs),
            "changed_count": len(self.changed),
            "verdicts": _counts(self.pairs),
            "rows": [_pair(pair) for pair in self.shown(all_rows=all_rows)],
        }

    def shown(self, *, all_rows: bool) -> tuple[Pair, ...]:
        return self.pairs if all_rows else self.changed

    def rows(self, *, all_rows: bool) -> list[Row]:
        """The rows of both sides that are shown."""
        return [row for pair in self.shown(all_rows=all_rows) for row in (pair.adopted, pair.other) if row is not None]

    def _named(self, rule_set: RuleSet) -> dict[str, Any]:
        kinds = MONTHLY if isinstance(self.period, Month) else OF_PATIENTS if self.asked.payer else WEEKLY
        return {
            "rule_set": rule_set.name,
            "rule_set_version": rule_set.version,
            "rules": [terms.rule for terms in rule_set.rules if type(terms) in kinds],
        }


def answer(
    store: Store, facility: str, period: Week | Month, *, now: datetime, asked: Question, thresholds: Sequence[str] = ()
) -> WhatIf:
    """The period by the adopted rule set, and by the one that `asked` names (`name` or `name@version`), with these
    thresholds (`HRS-1.at_least_minutes=480`) instead of its own; without a name the adopted one is changed.

    NotAsked where that names nothing, or what there is not; NotOnRecord for a site that was not open at the cut.
    """
    read = _thresholds(thresholds)
    if asked.rule_set is None and not read:
        raise NotAsked("Name another rule set, or a threshold like HRS-1.at_least_minutes=480: nothing would differ.")
    cut = take_cut(store.ledger(facility), known_at=asked.known_at, as_of=asked.as_of, now=now)
    last = period.sunday if isinstance(period, Week) else period.last
    adopted = applying(cut.facility, last, Question(payer=asked.payer))
    try:
        named = adopted if asked.rule_set is None else _named(asked.rule_set, period)
        other, changes = with_thresholds(named, read)
    except ValueError as error:
        raise NotAsked(str(error)) from None
    found, cut = site_of(store, facility, period, [adopted, other], cut, known_at=asked.known_at)
    pairs = what_if(
        found.site,
        period,
        adopted=adopted,
        other=other,
        as_of=cut.as_of,
        known_at=cut.knowledge.known_at,
        payer=asked.payer,
    )
    return WhatIf(
        facility=facility,
        period=period,
        asked=asked,
        adopted=adopted,
        other=other,
        changes=changes,
        cut=cut,
        generated_at=now,
        pairs=tuple(pairs),
    )


def _thresholds(written: Sequence[str]) -> list[Threshold]:
    if len(written) > MOST_THRESHOLDS:
        raise NotAsked(f"Change at most {MOST_THRESHOLDS} thresholds at once.")
    try:
        return [read_threshold(text) for text in written]
    except ValueError as error:
        raise NotAsked(str(error)) from None


def _named(text: str, period: Week | Month) -> RuleSet:
    name, at, version = text.partition("@")
    last = period.sunday if isinstance(period, Week) else period.last
    return shipped().named(name, last, version if at else None)


def _change(change: Change) -> dict[str, Any]:
    return {"rule": change.rule, "threshold": change.name, "before": change.before, "after": change.after}


def _counts(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "adopted": _in_order(adopted), "other": _in_order(other)}
        for rule, (adopted, other) in verdicts(pairs).items()
    ]


def _in_order(counts: Mapping[Verdict, int]) -> dict[str, int]:
    return {verdict.value: counts[verdict] for verdict in Verdict if counts.get(verdict)}


def _pair(pair: Pair) -> dict[str, Any]:
    row = pair.row
    return {
        "rule": row.rule,
        "subject": row.subject,
        "subject_id": row.subject_id,
        "period_start": row.period_start.isoformat(),
        "period_end": row.period_end.isoformat(),
        "changed": pair.changed,
        "adopted": _side(pair.adopted),
        "other": _side(pair.other),
    }


def _side(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else {"verdict": row.verdict.value, "value": row.value, "of": row.of}
