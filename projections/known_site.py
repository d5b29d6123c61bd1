"""A site as it was known at some position of its ledger, folded from the ledger: charts one page after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from domain.chart import Chart, fold
from domain.record import Recorded, stream_name, stream_uuid
from domain.session import Session
from domain.site import Site, fold_session
from projections.cut import Cut
from projections.paged_charts import PagedCharts
from projections.site import site_of
from store.ledger import Ledger

PAGE_STREAMS: Final = 2000
"""How many sessions are read at once."""


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A site whose charts are opened whenever they are looked at."""

    site: Site
    cut: Cut
    charts: PagedCharts
    destroyed: frozenset[UUID]
    """Who had facts by then, and was destroyed before or since."""

    @property
    def charts_destroyed(self) -> int:
        """How many charts are missing. To be asked for when all were looked at: one may be destroyed meanwhile."""
        return len(self.destroyed | self.charts.gone)


def known_site(ledger: Ledger, cut: Cut) -> KnownSite:
    """The site as its facts up to the cut tell it, without the charts that were destroyed since or before."""
    upto = cut.position
    sessions = {one.session_id: one for one in _sessions(ledger, upto) if one.starts_at is not None}
    return site_of_cut(ledger, cut, known_charts(ledger, upto), sessions)


def known_charts(ledger: Ledger, upto: int) -> PagedCharts:
    """All charts as they were at a position, without those that were destroyed since or before."""
    patients = [stream_uuid(stream) for stream in ledger.streams("chart", upto=upto)]
    return PagedCharts(patients, lambda page: _folded(ledger, page, upto))


def site_of_cut(ledger: Ledger, cut: Cut, charts: PagedCharts, sessions: Mapping[UUID, Session]) -> KnownSite:
    """The site with these charts and sessions, and all its cohorts."""
    upto = cut.position
    destroyed = frozenset(stream_uuid(stream) for stream in ledger.destroyed(upto=upto))
    cohorts = [stream_uuid(stream) for stream in ledger.streams("cohort", upto=upto)]
    site = replace(site_of(ledger, cohorts, upto=upto), charts=charts, sessions=sessions)
    return KnownSite(site, cut, charts, destroyed)


def _folded(ledger: Ledger, patients: Sequence[UUID], position: int) -> Iterator[Chart]:
    streams = ledger.read([stream_name("chart", patient_id) for patient_id in patients], upto=position)
    return (fold(stream_uuid(stream), entries) for stream, entries in streams.items() if entries)


def _sessions(ledger: Ledger, position: int) -> Iterator[Session]:
    for stream, entries in _read(ledger, ledger.streams("session", upto=position), position):
        yield fold_session(stream_uuid(stream), entries)


def _read(ledger: Ledger, streams: Sequence[str], position: int) -> Iterator[tuple[str, Iterable[Recorded]]]:
    for n in range(0, len(streams), PAGE_STREAMS):
        yield from ledger.read(streams[n : n + PAGE_STREAMS], upto=position).items()
