"""The weekly and the monthly report of a site, for today or for any `as_of` and `known_at`: folded from the ledger,
judged by rules.

The same facts at the same cut give the same rows and the same hash, whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from domain.compliance.monthly import MONTHLY, assess_month
from domain.compliance.period import Period
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row
from domain.compliance.weekly import OF_PATIENTS, WEEKLY, assess_week, looked_at
from domain.facility import Facility
from domain.month import Month
from domain.program import Payer
from domain.site import Site
from domain.week import Week
from exchange.cut import Cut, take_cut, utc_text
from exchange.errors import NotAsked
from exchange.keeping import keeping
from exchange.rows import canonical_sha256
from projections.cut import Cut as KnownCut
from projections.known_site import KnownSite, known_site
from projections.present_site import present_site
from store.ledger import Ledger
from store.rule_sets import shipped
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is asked with, beside its period: `rule_set` instead of the adopted one, in a version of it where
    that is named too; `payer` for the rows of that payer's episodes, by the rule set adopted for it; both cuts; who
    asks, and for which purpose."""

    rule_set: str | None = None
    rule_set_version: str | None = None
    payer: Payer | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    requested_by: str | None = None
    purpose: str | None = None


ASKED_NOTHING: Final = Question()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """What a report says of itself. `sha256` is that of the canonical rows, `rows` their number.

    `rules` are those of the rule set that a report of this kind has rows for. `asked_known_at` is there when a time
    after the last committed fact was asked for, and answered as that fact's. `charts_destroyed` had facts by then and
    were destroyed, before or since: no row is about them.
    """

    facility: str
    period: Week | Month
    payer: Payer | None
    rule_set: str
    rule_set_version: str
    rules: tuple[str, ...]
    as_of: date
    known_at: datetime
    asked_known_at: datetime | None
    position: int
    generated_at: datetime
    rows: int
    sha256: str
    requested_by: str | None
    purpose: str | None
    charts_destroyed: int = 0

    @property
    def kind(self) -> str:
        return "weekly" if isinstance(self.period, Week) else "monthly"

    def record(self) -> dict[str, Any]:
        """JSON-ready, in this order; the week under `week`, the month under `month`."""
        asked = self.asked_known_at
        return {
            "report": self.kind,
            "facility": self.facility,
            "week" if isinstance(self.period, Week) else "month": str(self.period),
            **({} if self.payer is None else {"payer": self.payer.value}),
            "rule_set": self.rule_set,
            "rule_set_version": self.rule_set_version,
            "rules": list(self.rules),
            "as_of": self.as_of.isoformat(),
            "known_at": utc_text(self.known_at),
            **({} if asked is None else {"asked_known_at": utc_text(asked)}),
            "position": self.position,
            "generated_at": utc_text(self.generated_at),
            "row_count": self.rows,
            "charts_destroyed": self.charts_destroyed,
            "sha256": self.sha256,
            "requested_by": self.requested_by,
            "purpose": self.purpose,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    header: ReportHeader
    rows: tuple[Row, ...]


def answer(
    store: Store, facility: str, period: Week | Month, *, now: datetime, asked: Question = ASKED_NOTHING
) -> Report:
    """The report of a week or a month. `now` is the asker's clock: it dates the report and says what day it is at the
    site.

    Without a rule set asked for, that adopted by the period's last date, else landmark-iop. NotAsked for an unknown
    rule set, or a payer without one, NotOnRecord for a site that was not open at the cut.
    """
    cut = take_cut(store.ledger(facility), known_at=asked.known_at, as_of=asked.as_of, now=now)
    rules = applying(cut.facility, _last(period), asked)
    found, cut = site_of(store, facility, period, [rules], cut, known_at=asked.known_at)
    with keeping() as keep:
        keep()
        rows = _rows(found.site, period, rules, cut, asked.payer)
    header = replace(_header(facility, period, rules, cut, rows, now, asked), charts_destroyed=found.charts_destroyed)
    return Report(header=header, rows=tuple(rows))


def site_of(
    store: Store,
    facility: str,
    period: Week | Month,
    rule_sets: Sequence[RuleSet],
    cut: Cut,
    *,
    known_at: datetime | None,
) -> tuple[KnownSite, Cut]:
    """What a report by these rule sets looks at, and the cut that it stands on: without a `known_at` that was asked
    for, that may be the one of a fact recorded meanwhile.

    From the read tables, where they are there and nothing past is asked for; else from the ledger. The rows are the
    same. `as_of` cuts by what is dated, not by what is known: the tables serve any.
    """
    knowledge = cut.knowledge
    found = present_site(
        store,
        facility,
        looked_at=_looked_at(period, rule_sets),
        as_of=cut.as_of,
        position=knowledge.position,
        # After the head too: what is recorded between the cut and the tables may be later than what was asked for.
        exactly=known_at is not None,
    )
    # A rule set that was adopted meanwhile may look at other dates.
    if found is None or found.cut.known_at is None or found.site.facility.adoptions != cut.facility.adoptions:
        return known_site(store.ledger(facility), KnownCut(knowledge.position, knowledge.known_at)), cut
    stands = replace(knowledge, position=found.cut.position, known_at=found.cut.known_at.astimezone(UTC))
    return found, replace(cut, knowledge=stands, facility=found.site.facility)


def _looked_at(period: Week | Month, rule_sets: Sequence[RuleSet]) -> Period:
    if isinstance(period, Month):
        return Period.of_month(period)
    return min((looked_at(period, rules) for rules in rule_sets), key=lambda dates: dates.first)


def applying(facility: Facility, period_end: date, asked: Question) -> RuleSet:
    """The rule set that answers a question. NotAsked where there is none."""
    try:
        return shipped().applying(
            facility, period_end, asked=asked.rule_set, version=asked.rule_set_version, payer=asked.payer
        )
    except ValueError as error:
        raise NotAsked(str(error)) from None


def site_at(ledger: Ledger, position: int) -> Site:
    """The site as its first `position` facts tell it, without the charts that were destroyed since or before.

    All of its charts are at hand; who looks at each once asks for a `known_site`.
    """
    site = known_site(ledger, KnownCut(position, None)).site
    return replace(site, charts=dict(site.charts.items()))


def _last(period: Week | Month) -> date:
    return period.sunday if isinstance(period, Week) else period.last


def _rows(site: Site, period: Week | Month, rules: RuleSet, cut: Cut, payer: Payer | None) -> list[Row]:
    as_of, known_at = cut.as_of, cut.knowledge.known_at
    if isinstance(period, Week):
        return assess_week(site, period, rule_set=rules, as_of=as_of, known_at=known_at, payer=payer)
    return assess_month(site, period, rule_set=rules, as_of=as_of, known_at=known_at, payer=payer)


def _header(
    facility: str, period: Week | Month, rules: RuleSet, cut: Cut, rows: list[Row], now: datetime, asked: Question
) -> ReportHeader:
    shown = frozenset(MONTHLY) if isinstance(period, Month) else OF_PATIENTS if asked.payer else frozenset(WEEKLY)
    return ReportHeader(
        facility=facility,
        period=period,
        payer=asked.payer,
        rule_set=rules.name,
        rule_set_version=rules.version,
        rules=tuple(terms.rule for terms in rules.rules if type(terms) in shown),
        as_of=cut.as_of,
        known_at=cut.knowledge.known_at,
        asked_known_at=cut.knowledge.asked_known_at,
        position=cut.knowledge.position,
        generated_at=now,
        rows=len(rows),
        sha256=canonical_sha256(rows),
        requested_by=asked.requested_by,
        purpose=asked.purpose,
    )
