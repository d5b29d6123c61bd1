"""The weekly report of a site, for today or for any `as_of` and `known_at`: folded from the ledger, judged by rules.

The same facts at the same cut give the same rows and the same hash, whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.compliance.rule_set import RuleSet
from domain.compliance.rule_sets import applying
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.record import Recorded
from domain.site import Site, fold_site
from domain.week import Week
from exchange.cut import Cut, take_cut, utc_text
from exchange.errors import NotAsked
from exchange.rows import canonical_sha256
from store.ledger import Ledger
from store.store import Store

WEEKLY_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "landmark-iop": (
        "HRS-1",
        "HRS-2",
        "HRS-3",
        "HRS-4",
        "ATT-1",
        "IND-1",
        "FAM-1",
        "SCR-1",
        "RAT-1",
        "DUR-1",
        "INT-1",
        "STP-1",
    ),
    "asam-2.1": ("HRS-1", "HRS-4"),
    "teds-iop": ("HRS-2",),
    "az-s9480": ("HRS-1", "HRS-2"),
}
"""Rule set → the rules that its description gives weekly rows to, computed yet or not: a report says what it lacks."""

PAGE_FACTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """What a report says of itself. `sha256` is that of the canonical rows, `rows` their number.

    `rules_not_computed` are those of the rule set that this version has no rows for. `asked_known_at` is there when a
    time after the last committed fact was asked for, and answered as that fact's.
    """

    kind: str
    facility: str
    period: str
    rule_set: str
    rule_set_version: str
    rules: tuple[str, ...]
    rules_not_computed: tuple[str, ...]
    as_of: date
    known_at: datetime
    asked_known_at: datetime | None
    position: int
    generated_at: datetime
    rows: int
    sha256: str
    requested_by: str | None
    purpose: str | None

    def record(self) -> dict[str, Any]:
        """JSON-ready, in this order; the week under `week`."""
        asked = self.asked_known_at
        return {
            "report": self.kind,
            "facility": self.facility,
            "week": self.period,
            "rule_set": self.rule_set,
            "rule_set_version": self.rule_set_version,
            "rules": list(self.rules),
            "rules_not_computed": list(self.rules_not_computed),
            "as_of": self.as_of.isoformat(),
            "known_at": utc_text(self.known_at),
            **({} if asked is None else {"asked_known_at": utc_text(asked)}),
            "position": self.position,
            "generated_at": utc_text(self.generated_at),
            "row_count": self.rows,
            "sha256": self.sha256,
            "requested_by": self.requested_by,
            "purpose": self.purpose,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReport:
    header: ReportHeader
    rows: tuple[Row, ...]


def answer(
    store: Store,
    facility: str,
    week: Week,
    *,
    now: datetime,
    rule_set: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
    requested_by: str | None = None,
    purpose: str | None = None,
) -> WeeklyReport:
    """The report of a week. `now` is the asker's clock: it dates the report and says what day it is at the site.

    Without `rule_set`, that adopted by the week's Sunday, else landmark-iop. NotAsked for an unknown rule set,
    NotOnRecord for a site that was not open at the cut.
    """
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=as_of, now=now)
    try:
        rules = applying(cut.facility, week.sunday, rule_set)
    except ValueError as error:
        raise NotAsked(str(error)) from None
    site = site_at(ledger, cut.knowledge.position)
    rows = assess_week(site, week, rule_set=rules, as_of=cut.as_of, known_at=cut.knowledge.known_at)
    header = _header(facility, week, rules, cut, rows, now, requested_by, purpose)
    return WeeklyReport(header=header, rows=tuple(rows))


def site_at(ledger: Ledger, position: int) -> Site:
    """The site as its first `position` facts tell it."""
    streams: dict[str, list[Recorded]] = {}
    after = 0
    while after < position:
        page = ledger.facts(after=after, upto=position, limit=PAGE_FACTS)
        for fact in page:
            streams.setdefault(fact.stream, []).append(fact)
        after = page[-1].position
    return fold_site(streams)


def _header(
    facility: str,
    week: Week,
    rules: RuleSet,
    cut: Cut,
    rows: list[Row],
    now: datetime,
    requested_by: str | None,
    purpose: str | None,
) -> ReportHeader:
    computed = tuple(terms.rule for terms in rules.rules)
    described = WEEKLY_RULES.get(rules.name, computed)
    return ReportHeader(
        kind="weekly",
        facility=facility,
        period=str(week),
        rule_set=rules.name,
        rule_set_version=rules.version,
        rules=computed,
        rules_not_computed=tuple(rule for rule in described if rule not in computed),
        as_of=cut.as_of,
        known_at=cut.knowledge.known_at,
        asked_known_at=cut.knowledge.asked_known_at,
        position=cut.knowledge.position,
        generated_at=now,
        rows=len(rows),
        sha256=canonical_sha256(rows),
        requested_by=requested_by,
        purpose=purpose,
    )
