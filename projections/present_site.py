"""A site as it is known now, from the read tables: what reports and lists about a period look at.

The charts that can matter to the period are there, and some others may be; each is opened when it is looked at, a page
at a time, and not kept. Of whom a report says nothing the site may hold or lack: the rows come out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from enum import Enum
from typing import Any, Final, LiteralString
from uuid import UUID

from domain.chart import Chart
from domain.compliance.period import Period
from projections import status
from projections.attendance import PROJECTION as ATTENDANCE
from projections.attendants import attendants
from projections.cut import Cut, cut_of
from projections.known_site import KnownSite, site_of_cut
from projections.paged_charts import PagedCharts
from projections.position import wait_for
from projections.reading import snapshot
from projections.sessions import PROJECTION as SESSIONS
from projections.sessions import planned_in, sessions_in
from projections.site import A_DAY, midnights
from projections.status import PROJECTION as STATUS
from projections.status import SealedChart
from store.ledger import Ledger
from store.store import Store

WAIT_SECONDS: Final = 0.5
"""How long the tables are waited for, to come to what was on record when they were asked."""

_ASIDE: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM projection.set_aside WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s))
"""
# By their own dates, or since they attended what took place in the period; and whoever they were merged into.
_CHARTS: Final[LiteralString] = """
WITH RECURSIVE wanted (patient_id, merged) AS (
    SELECT patient_id, merged FROM projection.status
    WHERE ledger = %(ledger)s AND since <= %(last)s AND (until IS NULL OR until >= %(ended)s)
    UNION
    SELECT chart.patient_id, chart.merged FROM projection.status chart
    WHERE chart.ledger = %(ledger)s AND chart.patient_id IN (
        SELECT record.patient_id FROM projection.attendance record
        JOIN projection.sessions session ON session.ledger = %(ledger)s AND session.session_id = record.session_id
        WHERE record.ledger = %(ledger)s AND session.starts_at >= %(from)s AND session.starts_at < %(to)s)
    UNION
    SELECT next.patient_id, next.merged FROM wanted
    JOIN projection.status next ON next.ledger = %(ledger)s AND next.patient_id = wanted.merged
)
SELECT chart.patient_id, chart.version, chart.chart
FROM projection.status chart
WHERE chart.ledger = %(ledger)s AND chart.patient_id IN (SELECT patient_id FROM wanted) AND NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = %(ledger)s AND gone.stream = 'chart/' || chart.patient_id AND gone.wrapped IS NULL)
"""

_FOLDED: Final = (STATUS, SESSIONS, ATTENDANCE)


def present_site(
    store: Store, facility: str, *, looked_at: Period, as_of: date, position: int, exactly: bool = False
) -> KnownSite | None:
    """The site with the charts and sessions that matter on the dates `looked_at`, and all its cohorts.

    `position`: what it has to hold at least; `exactly`: and nothing after it. None where the ledger is to be asked: the
    tables haven't come so far, and nobody follows or it takes half a second, are those of another version, or a fact of
    the site was set aside. Raises the errors of the store.
    """
    found = _looked_up(store, facility, looked_at, as_of, position, exactly)
    if found is _NotYet.ON_ITS_WAY and attendants(store).followed and wait_for(store, facility, position, WAIT_SECONDS):
        found = _looked_up(store, facility, looked_at, as_of, position, exactly)
    if not isinstance(found, _Found):
        return None
    ledger = store.ledger(facility)
    return site_of_cut(ledger, found.cut, _sealed(ledger, found.charts), sessions_in(found.sessions))


def _sealed(ledger: Ledger, rows: Iterable[SealedChart]) -> PagedCharts:
    sealed = {row[0]: row for row in rows}

    def open_page(patients: Sequence[UUID]) -> Iterator[Chart]:
        return status.those_left(ledger, [sealed[patient_id] for patient_id in patients])

    return PagedCharts(sealed, open_page)


@dataclass(frozen=True, slots=True)
class _Found:
    cut: Cut
    charts: Sequence[SealedChart]
    sessions: Sequence[Sequence[Any]]


class _NotYet(Enum):
    """The tables may be shown, and have not come so far."""

    ON_ITS_WAY = "on its way"


def _looked_up(
    store: Store, facility: str, looked_at: Period, as_of: date, position: int, exactly: bool
) -> _Found | _NotYet | None:
    since, until = midnights(looked_at.first - A_DAY, looked_at.last + A_DAY, UTC)
    asked = {
        "ledger": facility,
        "last": looked_at.last,
        "ended": min(looked_at.first, as_of),
        "from": since,
        "to": until,
        "projections": [projection.name for projection in _FOLDED],
    }
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, _FOLDED)
        [[is_set_aside]] = cursor.execute(_ASIDE, asked).fetchall()
        if cut is None or cut.known_at is None or is_set_aside:
            return None
        if cut.position < position:
            return _NotYet.ON_ITS_WAY
        if exactly and cut.position != position:
            return None
        query, given = planned_in(facility, since=since, until=until)
        sessions = cursor.execute(query, given).fetchall()
        charts = cursor.execute(_CHARTS, asked).fetchall()
    return _Found(cut, charts, sessions)
