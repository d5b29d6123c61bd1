"""Lists of a site that are presented from charts: which charts, the read tables say; past ones from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.facility import Facility
from domain.record import stream_kind
from projections import status
from projections.cut import Behind, Cut, cut_of, known
from projections.known_site import known_charts
from projections.projection import Projection
from projections.reading import snapshot
from projections.site import is_past, site_at, site_of
from store.database import Query
from store.ledger import Ledger
from store.store import Store

Named = Callable[[ZoneInfo], Query]
"""What asks a read table for the patients whose charts may matter to the list; more of them do no harm."""

Present = Callable[[Iterable[Chart], Facility], list[dict[str, Any]]]
"""The list itself: the same whether charts that don't matter are among them or not."""

_SET_ASIDE: Final[LiteralString] = """
SELECT DISTINCT position, stream FROM projection.set_aside
WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)
ORDER BY position
"""

_FOLDED_KINDS: Final = frozenset({"chart", "facility"})
"""The streams that a list is folded from where the ledger is asked."""


@dataclass(frozen=True, slots=True)
class SiteList:
    """JSON-ready rows of one patient each, of `as_of`, and the cut of the ledger that they stand on."""

    rows: list[dict[str, Any]]
    as_of: date
    position: int
    known_at: datetime | None

    @property
    def patients(self) -> list[UUID]:
        """Whose charts are shown."""
        return sorted({UUID(row["patient_id"]) for row in self.rows})


def site_list(
    store: Store,
    facility: str,
    projection: Projection,
    named: Named,
    present: Present,
    *,
    now: datetime,
    as_of: date,
    known_at: datetime | None,
) -> SiteList:
    """From the read tables, unless something past is asked for, or a fact is missing in them; else from the ledger.

    Raises `Behind` where the tables lack what was recorded more than two seconds ago, Unreadable where they lack a fact
    that doesn't open, without folding the site first, and the other errors of the store.
    """
    ledger = store.ledger(facility)
    if known_at is None and not is_past(as_of, now):
        found = _from_tables(store, ledger, projection, named, present, as_of)
        if found is not None:
            return found
    cut = known(ledger, known_at)
    site = site_of(ledger, upto=cut.position).facility
    rows = present(known_charts(ledger, cut.position).values(), site) if site.zone is not None else []
    return SiteList(rows, as_of, cut.position, cut.known_at)


def _from_tables(
    store: Store, ledger: Ledger, projection: Projection, named: Named, present: Present, as_of: date
) -> SiteList | None:
    needed = (projection, status.PROJECTION)
    zone = site_at(store, ledger.name, (), upto=ledger.head().position).facility.zone
    if zone is None:
        return None
    query, given = named(zone)
    with snapshot(store, ledger.name) as cursor:
        cut: Cut | None = cut_of(cursor, ledger.name, needed)
        if cut is None:
            raise Behind
        aside = {"ledger": ledger.name, "projections": [each.name for each in needed]}
        lacking = cursor.execute(_SET_ASIDE, aside).fetchall()
        if not lacking:
            patients = [row[0] for row in cursor.execute(query, given).fetchall()]
            charts = status.sealed_charts(cursor, ledger.name, patients)
    if lacking:
        # Those that don't open fail here as they would in the ledger's answer, after all that it folds before them.
        ledger.opened(ledger.at([position for position, stream in lacking if stream_kind(stream) in _FOLDED_KINDS]))
        return None
    site = site_at(store, ledger.name, (), upto=cut.position).facility
    rows = present(status.those_left(ledger, charts), site)
    return SiteList(rows, as_of, cut.position, cut.known_at)
