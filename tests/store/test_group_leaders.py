"""Leaders of a group: how long they wait, and what becomes of the others when they die or leave."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from store import group as module
from store.append import AppendRequest, Command, Receipt
from store.database import Connection
from store.errors import Unavailable
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, holiday, trigger
from tests.store.grouping import appending, blocked, held, together, until
from tests.store.racing import race


def test_an_outage_is_waited_for_once_and_not_by_each_of_a_group(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    write = module.write

    def failing(connection: Connection, requests: list[AppendRequest]) -> None:
        tried.append(len(requests))
        if len(requests) > 1:
            raise psycopg.DataError
        if len(tried) == 5:
            raise psycopg.OperationalError
        write(connection, requests)

    monkeypatch.setattr(module, "write", failing)
    outcomes = together(store, database, [appending(store, trigger(a_chart(), 1)) for _ in range(4)])
    assert [type(outcome) for outcome in outcomes] == [Receipt, Unavailable, Unavailable, Unavailable]
    assert [outcome.recorded for outcome in outcomes[1:]] == [False, False, False]
    assert tried == [1, 1, 4, 1, 1]


class _Struck(BaseException):
    """Not an error that anybody handles."""


def test_when_a_leader_dies_the_others_of_its_group_are_told_and_the_next_are_written(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = module.write
    struck = threading.Event()

    def dying(connection: Connection, requests: list[AppendRequest]) -> None:
        if len(requests) > 1 and not struck.is_set():
            struck.set()
            raise _Struck
        write(connection, requests)

    monkeypatch.setattr(module, "write", dying)
    monkeypatch.setattr(module, "LARGEST", 3)
    outcomes = together(store, database, [appending(store, trigger(a_chart(), 1)) for _ in range(5)])
    assert [type(outcome) for outcome in outcomes] == [_Struck, Unavailable, Unavailable, Receipt, Receipt]
    assert outcomes[1].recorded is None
    assert store.ledger("lexington").append([trigger(a_chart(), 1)]).position == 5


def test_when_the_connection_breaks_nobody_of_the_group_knows_and_sending_again_settles_it(
    store: Store, database: Database
) -> None:
    store.ledger("lexington").append([trigger(a_chart(), 1)])
    charts = [a_chart() for _ in range(4)]
    commands = [Command("staff|POST", chart, b"{}") for chart in charts]
    calls = [
        appending(store, trigger(chart, 1), command=command) for chart, command in zip(charts, commands, strict=True)
    ]
    with ThreadPoolExecutor(4) as threads:
        with held(database, "lexington"):
            waiting = [threads.submit(call) for call in calls]
            until(lambda: blocked(database) and store.waiting == 3)
            _end_writers(database)
            until(lambda: sum(one.done() for one in waiting) == 1 and blocked(database))
            _end_writers(database)
            outcomes = [one.exception() for one in waiting]
        assert [type(outcome) for outcome in outcomes] == [Unavailable] * 4
    receipts = [call() for call in calls]
    assert sorted(receipt.position for receipt in receipts) == [2, 3, 4, 5]


def _end_writers(database: Database) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = 'stepdown' AND wait_event_type = 'Lock'"
        )


def test_a_caller_who_is_interrupted_while_waiting_is_not_written_for(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Ctrl-C: the lead passes it by, and who comes after it is written."""
    gone = a_chart()
    wait = module._Waiting.wait

    def interrupted(self: module._Waiting) -> None:
        if self.request.events[0].originator_id == gone:
            until(lambda: store.waiting == 3)
            raise KeyboardInterrupt
        wait(self)

    monkeypatch.setattr(module._Waiting, "wait", interrupted)
    ledger = store.ledger("lexington")
    ledger.append([trigger(a_chart(), 1)])
    with ThreadPoolExecutor(4) as threads:
        with held(database, "lexington"):
            first = threads.submit(ledger.append, [trigger(a_chart(), 1)])
            until(lambda: blocked(database))
            calls = []
            for n, chart in enumerate((gone, a_chart(), a_chart()), start=1):
                calls.append(threads.submit(ledger.append, [trigger(chart, 1)]))
                until(lambda n=n: store.waiting >= n or calls[0].done())  # type: ignore[misc]
            assert isinstance(calls[0].exception(), KeyboardInterrupt)
        assert [one.result().position for one in (first, *calls[1:])] == [2, 3, 4]
    assert ledger.read([gone])[gone] == []


@pytest.mark.parametrize("woken", [False, True], ids=["while it is written for", "as it is woken"])
def test_a_caller_who_is_interrupted_still_wakes_those_who_come_after_it(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch, woken: bool
) -> None:
    """Each of a group wakes the next one: whoever leaves early is passed over, nobody sleeps on."""
    gone, left = a_chart(), []
    wait, write = module._Waiting.wait, module.write

    def interrupted(self: module._Waiting) -> None:
        if self.request.events[0].originator_id != gone:
            wait(self)
            return
        left.append(self)
        if woken:
            wait(self)
        else:
            until(lambda: store.waiting == 0)
        raise KeyboardInterrupt

    def slow(connection: Connection, requests: list[AppendRequest]) -> None:
        until(lambda: woken or len(requests) == 1 or left[0]._left)
        write(connection, requests)

    monkeypatch.setattr(module._Waiting, "wait", interrupted)
    monkeypatch.setattr(module, "write", slow)
    charts = [a_chart(), a_chart(), gone, a_chart(), a_chart(), a_chart(), a_chart()]
    calls = [appending(store, trigger(chart, 1)) for chart in charts]
    outcomes = together(store, database, calls)
    assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt, KeyboardInterrupt, *[Receipt] * 4]
    # It was on its way by then, as whoever breaks off has to reckon with.
    assert len(store.ledger("lexington").read([gone])[gone]) == 1


def test_who_writes_alone_waits_for_nobody_and_many_wait_a_little(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader lingers for as many as came with the last groups, and not when it was alone before."""
    lingered: list[float] = []
    wait = threading.Condition.wait

    def counted(self: threading.Condition, timeout: float | None = None) -> bool:
        if self is store._group._filled:
            lingered.append(timeout or 0.0)
        return wait(self, timeout)

    monkeypatch.setattr(threading.Condition, "wait", counted)
    ledger = store.ledger("lexington")
    for _ in range(5):
        ledger.append([trigger(a_chart(), 1)])
    assert lingered == []
    race(8, lambda: [ledger.append([trigger(a_chart(), 1)]) for _ in range(10)])
    for _ in range(10):
        ledger.append([trigger(a_chart(), 1)])
    assert lingered
    assert max(lingered) <= module.LINGER
    lingered.clear()
    ledger.append([trigger(a_chart(), 1)])
    assert lingered == []


def test_many_writers_share_transactions(store: Store, database: Database) -> None:
    ledger = store.ledger("lexington")
    ledger.append([holiday()])
    outcomes = race(12, lambda: [ledger.append([trigger(a_chart(), 1)]).position for _ in range(20)])
    assert sorted(position for positions in outcomes for position in positions) == list(range(2, 242))
    with psycopg.connect(database.superuser_url) as connection:
        row = connection.execute("SELECT count(DISTINCT recorded_at) FROM fact").fetchone()
    assert row is not None
    assert row[0] < 120


def test_a_leader_interrupted_while_it_lingers_leaves_the_lead_to_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, ledger = store._group, store.ledger("lexington")
    ledger.append([trigger(a_chart(), 1)])
    linger, struck = module.GroupCommit._linger, threading.Event()

    def interrupted(self: module.GroupCommit) -> None:
        if not struck.is_set():
            struck.set()
            # Others come while it lingers: one of them has to lead after it.
            self._filled.wait_for(lambda: len(self._queue) == 4, timeout=10)
            raise KeyboardInterrupt
        linger(self)

    monkeypatch.setattr(group, "_expected", 4)
    monkeypatch.setattr(module.GroupCommit, "_linger", interrupted)
    gone = a_chart()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(ledger.append, [trigger(gone, 1)])
        until(lambda: store.waiting == 1)
        others = [threads.submit(ledger.append, [trigger(a_chart(), 1)]) for _ in range(3)]
        assert isinstance(first.exception(timeout=20), KeyboardInterrupt)
        assert sorted(other.result(timeout=20).position for other in others) == [2, 3, 4]
    assert ledger.read([gone])[gone] == []
    assert ledger.append([trigger(a_chart(), 1)]).position == 5


def test_statements_that_the_server_forgot_are_prepared_again(store: Store) -> None:
    """psycopg makes it forget all of them when a block of a transaction is rolled back."""
    ledger = store.ledger("lexington")
    for _ in range(8):
        ledger.append([trigger(a_chart(), 1)])
        with store.database.connection() as connection:
            connection.execute("DEALLOCATE ALL", prepare=False)
    assert ledger.append([trigger(a_chart(), 1)]).position == 9
    assert len(ledger.tail(0, 100)) == 9
