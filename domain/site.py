"""All that is known of one program site at one cut through its ledger: what reports and queries look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from domain import chart as charts
from domain import cohort as cohorts
from domain import facility as facilities
from domain import report as reports
from domain import session as sessions
from domain.chart import Chart
from domain.cohort import Cohort
from domain.facility import Facility
from domain.record import Entry, standing, stream_kind, stream_uuid
from domain.report import Report
from domain.session import Session

S = TypeVar("S", Cohort, Session, Report)


def fold(start: S, evolve: Callable[[S, Entry], S], entries: Iterable[Entry]) -> S:
    """What the standing entries of a stream add up to, at the version of its last entry."""
    known = list(entries)
    state = start
    for entry in standing(known):
        state = evolve(state, entry)
    return replace(state, version=known[-1].version) if known else state


def fold_facility(entries: Iterable[Entry]) -> Facility:
    known = list(entries)
    facility = facilities.fold(standing(known))
    return replace(facility, version=known[-1].version) if known else facility


def fold_cohort(cohort_id: UUID, entries: Iterable[Entry]) -> Cohort:
    return fold(Cohort(cohort_id=cohort_id), cohorts.evolve, entries)


def fold_session(session_id: UUID, entries: Iterable[Entry]) -> Session:
    return fold(Session(session_id=session_id), sessions.evolve, entries)


def fold_report(report_id: UUID, entries: Iterable[Entry]) -> Report:
    return fold(Report(report_id=report_id), reports.evolve, entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Folded states by id. Sessions whose scheduling was struck have no `starts_at` and are left out."""

    facility: Facility = field(default_factory=Facility)
    cohorts: Mapping[UUID, Cohort] = field(default_factory=dict)
    sessions: Mapping[UUID, Session] = field(default_factory=dict)
    charts: Mapping[UUID, Chart] = field(default_factory=dict)


def fold_site(streams: Mapping[str, Iterable[Entry]]) -> Site:
    """A site from the entries of its streams, by stream name. Other kinds of streams are passed by."""
    facility = Facility()
    known_cohorts: dict[UUID, Cohort] = {}
    known_sessions: dict[UUID, Session] = {}
    known_charts: dict[UUID, Chart] = {}
    for stream, entries in streams.items():
        match stream_kind(stream):
            case "facility":
                facility = fold_facility(entries)
            case "cohort":
                key = stream_uuid(stream)
                known_cohorts[key] = fold_cohort(key, entries)
            case "session":
                key = stream_uuid(stream)
                session = fold_session(key, entries)
                if session.starts_at is not None:
                    known_sessions[key] = session
            case "chart":
                key = stream_uuid(stream)
                known_charts[key] = charts.fold(key, entries)
            case _:
                continue
    return Site(facility=facility, cohorts=known_cohorts, sessions=known_sessions, charts=known_charts)
