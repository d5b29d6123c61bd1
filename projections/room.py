"""The sheet of a session, from the ledger itself: who checks people in sees what was noted a moment ago.

Which charts belong on it, the session and its cohort don't know. They are looked for among the facts that may name
them; what was looked through once is kept, so that each further look is at what is new alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

from domain.chart import Chart
from domain.facility import Facility
from domain.record import stream_name
from domain.resting import naming
from domain.session import Session
from domain.sheet import sheet
from domain.week import local_date
from projections.cut import Cut, known
from store.looking import NamingCharts
from store.rule_sets import shipped
from store.states import View
from store.store import Store

KEPT: Final = 1000
"""Sessions and cohorts of which a process keeps the charts that name them: ids alone."""


class _Naming:
    """Of one store. Thread-safe."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[object, NamingCharts]] = OrderedDict()
        self._turn = Lock()

    def upto(self, store: Store, ledger: str, view: View, stream: str) -> set[str]:
        """The charts with a fact that names this session or cohort, at the position of the view."""
        entries = view.streams[stream].entries
        if not entries:
            return set()
        with self._turn:
            since, charts = self._known.pop((ledger, stream), (None, None))
            if charts is None or since is not view.since:
                charts = NamingCharts(store.ledger(ledger), stream, naming(stream), entries[0].position)
            self._known[ledger, stream] = view.since, charts
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return set(charts.upto(view.position))


_OF: Final[WeakKeyDictionary[Store, _Naming]] = WeakKeyDictionary()
_TURN: Final = Lock()


def _naming_of(store: Store) -> _Naming:
    with _TURN:
        return _OF.setdefault(store, _Naming())


@dataclass(frozen=True, slots=True)
class Sheet:
    """`document` is JSON-ready (`domain.sheet.sheet`), at `version` of the session and that position of the ledger.

    `today`: whether the session begins or ends today at the site.
    """

    document: dict[str, Any]
    patient_ids: list[UUID]
    version: int
    today: bool
    position: int
    known_at: datetime | None


def answer(
    store: Store, facility: str, session_id: UUID, *, now: datetime, known_at: datetime | None = None
) -> Sheet | None:
    """None where there is no such session, or was none then: as is known now, or was at `known_at`. Raises the errors
    of the store."""
    stream, site = stream_name("session", session_id), stream_name("facility", facility)
    states, charts = store.states(facility), _naming_of(store)
    streams = {stream, site}
    while True:
        view = states.view(streams)
        cut = Cut(view.position, view.recorded_at) if known_at is None else known(store.ledger(facility), known_at)
        if cut.position > view.position:
            continue  # It went on between the two looks.
        session, place = (view.streams[name].state_at(cut.position) for name in (stream, site))
        if not isinstance(session, Session) or session.starts_at is None or not isinstance(place, Facility):
            return None
        about = [stream, *([] if session.cohort_id is None else [stream_name("cohort", session.cohort_id)])]
        found = {chart for name in about for chart in charts.upto(store, facility, view, name)}
        if found <= streams:
            break
        streams |= found
    charted = (view.streams[name] for name in found if view.streams[name].version_at(cut.position))
    those = [state for chart in charted if isinstance(state := chart.state_at(cut.position), Chart)]
    document = sheet(session, those, place, shipped())
    return Sheet(
        document=document,
        patient_ids=[UUID(row["patient_id"]) for row in document["patients"]],
        version=view.streams[stream].version_at(cut.position),
        today=local_date(now, place.clock) in _days(session, place),
        position=cut.position,
        known_at=cut.known_at,
    )


def _days(session: Session, facility: Facility) -> set[date]:
    return {local_date(at, facility.clock) for at in (session.starts_at, session.ends_at) if at is not None}
