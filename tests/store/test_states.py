"""What a process knows of a ledger: all at one position, never older than the question."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from time import sleep
from typing import Any

import orjson
import psycopg
import pytest

from domain.chart import Chart
from domain.record import EnteredInError, Recorded
from domain.streams import fold_stream
from store import states as module
from store import store as store_module
from store.errors import Unavailable, Unreadable
from store.ledger import Ledger
from store.lines import to_line
from store.states import States
from store.store import Store
from tests.conftest import Database
from tests.sample_program import sample
from tests.store.given import a_chart, a_session, attended, cohort, holiday, new, registered, trigger
from tests.store.racing import race


@pytest.fixture
def ledger(store: Store) -> Ledger:
    made = store.ledger("lexington")
    made.append([holiday()])
    return made


@pytest.fixture
def states(ledger: Ledger) -> States:
    return States(ledger)


def _mrn(states: States, chart: str) -> str | None:
    state = states.view([chart]).streams[chart].state
    assert isinstance(state, Chart)
    return state.identity.mrn


def test_streams_are_shown_as_they_are_folded_and_those_without_a_fact_too(ledger: Ledger, states: States) -> None:
    chart, nobody = a_chart(), a_chart()
    ledger.append([registered(chart), trigger(chart, 2)])
    view = states.view([chart, nobody])
    assert view.position == 3
    assert view.recorded_at == ledger.head().recorded_at
    assert [entry.version for entry in view.streams[chart].entries] == [1, 2]
    assert view.streams[chart].state == fold_stream(chart, ledger.read([chart])[chart])
    assert (view.streams[nobody].version, view.streams[nobody].state) == (0, fold_stream(nobody, []))


def test_an_empty_ledger_is_at_position_none(store: Store) -> None:
    view = States(store.ledger("nowhere")).view(["facility/nowhere"])
    assert (view.position, view.recorded_at, view.streams["facility/nowhere"].version) == (0, None, 0)


def test_what_was_written_since_is_seen_and_what_was_shown_before_stays(ledger: Ledger, states: States) -> None:
    chart = a_chart()
    ledger.append([registered(chart, mrn="1")])
    before = states.view([chart])
    ledger.append([trigger(chart, 2)])
    after = states.view([chart])
    assert [view.streams[chart].version for view in (before, after)] == [1, 2]
    assert [view.position for view in (before, after)] == [2, 3]
    assert after.streams[chart].state == fold_stream(chart, ledger.read([chart])[chart])


@pytest.mark.parametrize("apart", [1, 2, module.APART])
def test_a_stream_is_shown_as_it_was_at_any_position_before(
    ledger: Ledger, states: States, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    """Also after more has come; whichever was asked for last, and whatever was kept on the way."""
    monkeypatch.setattr(module, "APART", apart)
    chart = a_chart()
    ledger.append([registered(chart), trigger(chart, 2)])
    ledger.append([new(chart, 3, EnteredInError(target=1), reason="Wrong person.")])
    states.view([chart])
    for version in (4, 5):
        ledger.append([trigger(chart, version)])
        known = states.view([chart]).streams[chart]
        entries = ledger.read([chart])[chart]
        for position in (1, 2, 5, 3, 4, 2, 4, 6, 3, 1, 99):
            then = [entry for entry in entries if entry.position <= position]
            assert known.version_at(position) == len(then)
            assert known.state_at(position) == fold_stream(chart, then)


def test_charts_of_the_sample_are_shown_as_they_were_at_every_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APART", 7)
    charts: dict[str, list[Recorded]] = {}
    for fact in sample():
        if fact.stream.startswith("chart/"):
            charts.setdefault(fact.stream, []).append(fact)
    of_strikes = {name for name, facts in charts.items() if any(isinstance(f.fact, EnteredInError) for f in facts)}
    assert of_strikes
    for name in (*of_strikes, max(charts, key=lambda one: len(charts[one]))):
        known = module._known(name, charts[name])
        in_order = list(range(len(charts[name]) + 1))
        anyhow = Random(7).sample(in_order, len(in_order))
        for version in (*anyhow, *in_order, *in_order[::3]):
            position = charts[name][version - 1].position if version else 0
            assert known.state_at(position) == fold_stream(name, charts[name][:version]), (name, version)


def test_lines_are_those_of_the_facts_and_further_ones_as_they_come(ledger: Ledger, states: States) -> None:
    chart = a_chart()
    ledger.append([registered(chart), trigger(chart, 2)])
    before = states.view([chart]).streams[chart]
    assert before.lines(0, 1) == _lines(ledger, chart)[:1]
    ledger.append([trigger(chart, 3), trigger(chart, 4)])
    after = states.view([chart]).streams[chart]
    assert after.lines(1, 3) == _lines(ledger, chart)[1:3]
    assert after.lines(0, 4) == _lines(ledger, chart)
    # Whoever still has the view from before sees no more than was there.
    assert before.lines(0, before.version) == _lines(ledger, chart)[:2]


def _lines(ledger: Ledger, stream: str) -> tuple[bytes, ...]:
    return tuple(orjson.dumps(to_line(entry)) for entry in ledger.read([stream])[stream])


def test_streams_beside_a_view_are_not_asked_for_twice_and_a_view_of_another_ledger_is_no_reason(
    ledger: Ledger, database: Database
) -> None:
    counted: Any = _Counted(ledger)
    states, chart, session = States(counted), a_chart(), a_session()
    ledger.append([registered(chart)])
    view = states.view([chart])
    assert states.beside(view, [chart, session])[chart] is view.streams[chart]
    assert (counted.tails, counted.reads) == (0, [[chart], [session]])
    _set_back(database, 1)
    ledger.append([trigger(a_chart(), 1)])
    states.view([chart])
    ledger.append([trigger(chart := a_chart(), 1)])
    assert [entry.version for entry in states.beside(view, [chart])[chart].entries] == [1]


def _set_back(database: Database, position: int) -> None:
    """As after a failover to a standby that lacked what came after."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM fact WHERE position > %s", [position])
        connection.execute("UPDATE ledger SET position = %s", [position])


def test_a_strike_takes_a_state_back(ledger: Ledger, states: States) -> None:
    chart = a_chart()
    ledger.append([registered(chart, mrn="1"), trigger(chart, 2)])
    assert _mrn(states, chart) == "1"
    ledger.append([new(chart, 3, EnteredInError(target=1), reason="Wrong person."), trigger(chart, 4)])
    assert _mrn(states, chart) is None
    known = states.view([chart]).streams[chart]
    assert known.state == fold_stream(chart, ledger.read([chart])[chart])


def test_the_sessions_and_cohorts_that_a_chart_names_come_with_it(ledger: Ledger, states: States) -> None:
    evening, session, chart = "cohort/11111111-1111-4111-8111-111111111111", a_session(), a_chart()
    ledger.append([cohort(evening)])
    ledger.append([registered(chart)])
    assert states.view([chart]).streams.keys() == {chart}
    ledger.append([attended(chart, 2, session)])
    assert states.view([chart]).streams.keys() == {chart, session}


class _Counted:
    """A ledger whose reads are counted, and held up or made to fail on demand."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.tails = 0
        self.reads: list[Sequence[str]] = []
        self.go_on = Event()
        self.go_on.set()
        self.fails = False

    def tail(self, after: int, limit: int) -> Any:
        self.tails += 1
        self.go_on.wait(10)
        if self.fails:
            raise Unavailable("Try again.")
        return self._ledger.tail(after, limit)

    def read(self, streams: Sequence[str], **given: Any) -> dict[str, list[Recorded]]:
        self.reads.append(list(streams))
        return self._ledger.read(streams, **given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def test_a_stream_is_read_once_and_its_tail_only_after(ledger: Ledger) -> None:
    counted: Any = _Counted(ledger)
    states, chart = States(counted), a_chart()
    ledger.append([registered(chart)])
    for version in range(2, 6):
        states.view([chart])
        ledger.append([trigger(chart, version)])
    assert states.view([chart]).streams[chart].version == 5
    assert counted.reads == [[chart]]
    assert counted.tails == 4


def test_those_who_ask_at_the_same_time_share_one_reading(ledger: Ledger) -> None:
    counted: Any = _Counted(ledger)
    states, chart = States(counted), a_chart()
    ledger.append([registered(chart)])
    states.view([chart])
    counted.go_on.clear()
    counted.tails = 0
    asked = Event()

    def ask() -> int:
        if asked.is_set():
            return states.view([chart]).position
        asked.set()
        counted.go_on.set()
        return states.view([chart]).position

    positions = race(12, ask)
    assert set(positions) == {2}
    assert counted.tails < 12


def test_a_reading_that_failed_serves_nobody(ledger: Ledger) -> None:
    counted: Any = _Counted(ledger)
    states, chart = States(counted), a_chart()
    ledger.append([registered(chart)])
    states.view([chart])
    ledger.append([trigger(chart, 2)])
    counted.fails = True
    outcomes = race(4, lambda: states.view([chart]))
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 4
    counted.fails = False
    assert states.view([chart]).streams[chart].version == 2


def test_what_is_kept_is_bounded_and_the_longest_unused_goes(ledger: Ledger) -> None:
    counted: Any = _Counted(ledger)
    states = States(counted, kept=4)
    first, second, third = a_chart(), a_chart(), a_chart()
    for chart in (first, second, third):
        ledger.append([registered(chart, mrn=chart), trigger(chart, 2)])
    for chart in (first, second, first, third, first, second):
        assert states.view([chart]).streams[chart].version == 2
    assert counted.reads == [[first], [second], [third], [second]]


def test_after_many_facts_of_others_all_is_read_anew(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAIL", 5)
    counted: Any = _Counted(ledger)
    states, chart = States(counted), a_chart()
    ledger.append([registered(chart)])
    states.view([chart])
    for _ in range(2):
        ledger.append([trigger(a_chart(), 1), trigger(a_chart(), 1), trigger(a_chart(), 1)])
    ledger.append([trigger(chart, 2)])
    view = states.view([chart])
    assert (view.position, view.streams[chart].version) == (9, 2)
    assert counted.reads == [[chart], [chart]]


def test_a_fact_that_does_not_open_is_told_to_who_asks_for_its_stream_and_to_nobody_else(
    ledger: Ledger, states: States, database: Database
) -> None:
    chart, other = a_chart(), a_chart()
    ledger.append([registered(chart, mrn="1"), registered(other, mrn="2")])
    states.view([chart, other])
    ledger.append([trigger(chart, 2), trigger(other, 2)])
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET body = body || 'x'::bytea WHERE stream = %s AND version = 2", [chart])
    assert states.view([other]).streams[other].version == 2
    for _ in range(2):
        with pytest.raises(Unreadable):
            states.view([chart])
    assert states.view([other]).streams[other].version == 2


def test_a_reading_that_breaks_off_half_way_leaves_nothing_half_known(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: Any = _Counted(ledger)
    states, first, second = States(counted), a_chart(), a_chart()
    ledger.append([registered(first, mrn="1"), registered(second, mrn="2")])
    states.view([first, second])
    ledger.append([trigger(first, 2), trigger(second, 2)])
    opened: list[str] = []

    def breaking(rows: Any) -> Any:
        opened.append(rows[0][1])
        if len(opened) == 2:
            raise Unavailable("Try again.")
        return ledger.opened(rows)

    monkeypatch.setattr(counted, "opened", breaking, raising=False)
    with pytest.raises(Unavailable):
        states.view([first, second])
    assert opened == [first, second]
    view = states.view([first, second])
    for chart in (first, second):
        assert [entry.version for entry in view.streams[chart].entries] == [1, 2]
        assert ledger.append([trigger(chart, 3)], reads={chart: view.streams[chart].version}).version == 3


def test_a_ledger_that_was_set_back_is_known_anew(ledger: Ledger, states: States, database: Database) -> None:
    """As after a failover to a standby that lacked the last facts: others stand in their place."""
    chart = a_chart()
    ledger.append([registered(chart, mrn="1")])
    ledger.append([trigger(chart, 2, "lost")])
    assert len(states.view([chart]).streams[chart].lines(0, 2)) == 2
    _set_back(database, 2)
    assert [entry.version for entry in states.view([chart]).streams[chart].entries] == [1]
    ledger.append([trigger(chart, 2, "in its place")])
    ledger.append([trigger(chart, 3)])
    assert [entry.version for entry in states.view([chart]).streams[chart].entries] == [1, 2, 3]
    _set_back(database, 3)
    ledger.append([trigger(chart, 3, "in its place")])
    known = states.view([chart]).streams[chart]
    assert [e.fact.text for e in known.entries[1:]] == ["in its place"] * 2
    assert known.lines(0, 3) == _lines(ledger, chart)
    assert known.state_at(3) == fold_stream(chart, known.entries[:2])


def test_an_outage_is_waited_for_once_by_all_who_asked_meanwhile(ledger: Ledger) -> None:
    counted: Any = _Counted(ledger)
    states, chart = States(counted), a_chart()
    ledger.append([registered(chart)])
    states.view([chart])
    counted.go_on.clear()
    counted.fails, counted.tails = True, 0
    with ThreadPoolExecutor(6) as threads:
        asking = [threads.submit(states.view, [chart]) for _ in range(6)]
        while counted.tails == 0 or states._turn.locked() is False:
            sleep(0.001)
        sleep(0.05)
        counted.go_on.set()
        assert [type(one.exception()) for one in asking] == [Unavailable] * 6
    assert counted.tails < 6
    counted.fails = False
    assert states.view([chart]).position == 2


def test_of_many_ledgers_the_one_unused_for_longest_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "KEPT_FACTS", 4)
    for site in ("albany", "troy", "utica"):
        store.ledger(site).append([holiday(f"facility/{site}")])
        store.ledger(site).append([holiday(f"facility/{site}", 2)])
    for site in ("albany", "troy", "utica", "albany"):
        assert store.states(site).view([f"facility/{site}"]).position == 2
    assert [store.states(site).facts for site in ("utica", "albany")] == [2, 2]
    assert store.states("troy").facts == 0
