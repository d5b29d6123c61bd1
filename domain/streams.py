"""The state of a stream, whichever kind of it: folded from its start, or taken further by what came after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final, assert_never
from uuid import UUID

from domain import chart as charts
from domain import cohort as cohorts
from domain import facility as facilities
from domain import legal_hold
from domain import report as reports
from domain import session as sessions
from domain.chart import Chart
from domain.cohort import Cohort
from domain.facility import Facility
from domain.key_destruction import KeyDestroyed, joined
from domain.record import EnteredInError, Entry, stream_kind, stream_name, stream_uuid
from domain.report import Report
from domain.session import Session
from domain.site import fold_cohort, fold_facility, fold_report, fold_session

State = Facility | Cohort | Session | Chart | Report


def fold_stream(stream: str, entries: Sequence[Entry]) -> State:
    """The state of any stream that has one: facility, cohort, session, chart or report."""
    match stream_kind(stream):
        case "facility":
            return fold_facility(entries)
        case "cohort":
            return fold_cohort(stream_uuid(stream), entries)
        case "session":
            return fold_session(stream_uuid(stream), entries)
        case "chart":
            return charts.fold(stream_uuid(stream), entries)
        case "report":
            return fold_report(stream_uuid(stream), entries)
        case _:
            raise LookupError("Streams of this kind are not folded.")


def evolve(state: State, entry: Entry) -> State:
    """One standing fact further; a strike isn't one."""
    match state:
        case Cohort():
            return cohorts.evolve(state, entry)
        case Session():
            return sessions.evolve(state, entry)
        case Facility():
            return facilities.evolve(state, entry)
        case Chart():
            return charts.evolve(state, entry)
        case Report():
            return reports.evolve(state, entry)
        case _:
            assert_never(state)


def further(stream: str, state: State, entries: Sequence[Entry], added: int) -> State:
    """`state`, the fold of all but the last `added` entries, taken to the end of them: what folding them all gives."""
    if not added:
        return state
    if any(isinstance(entry.fact, EnteredInError) for entry in entries[-added:]):
        return fold_stream(stream, entries)
    if isinstance(state, Chart):
        return charts.further(state, entries[-added:])
    for entry in entries[-added:]:
        state = evolve(state, entry)
    return replace(state, version=entries[-1].version)


def named(fact: Any) -> set[str]:
    """The streams of the session, the cohort and the other chart that a fact names."""
    kind: Any = type(fact)
    return {stream_name(of, key) for name, of in _naming(kind) if (key := getattr(fact, name)) is not None}


def looked_at(fact: Any) -> set[str]:
    """The streams that a decision on this fact looks at besides its own and the facility's: those that it names, and
    for a fact of the site its charts. Once on record it isn't asked about them any more: nobody's decision should read
    them because the facility's facts name them."""
    charts = {stream_name("chart", getattr(fact, name)) for name in _CHARTS_NAMED.get(type(fact), ())}
    return named(fact) | charts


def looked_at_further(fact: Any, charts: Mapping[UUID, Chart]) -> set[str]:
    """The streams that a decision on this fact looks at because of the charts that it looks at: those that mergers join
    with the one whose key is to be destroyed. With more of `charts` there may be more of them."""
    if not isinstance(fact, KeyDestroyed):
        return set()
    return {stream_name("chart", key) for key in joined(fact.patient_id, charts)}


_CHARTS_NAMED: Final[Mapping[type[Any], tuple[str, ...]]] = {
    **dict.fromkeys((*legal_hold.FACTS, KeyDestroyed), ("patient_id",)),
}
"""Fact of the site → its fields that name charts."""


@cache
def _naming(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields of a kind of fact that name another stream, and which kind of stream that is."""
    return tuple((name, of) for name, of in _NAMING.items() if hasattr(kind, name))


_NAMING: Final = {"session_id": "session", "cohort_id": "cohort", "from_chart": "chart", "chart": "chart"}
