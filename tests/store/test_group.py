"""Group commit: appends of one process that wait at the same time go out in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from time import sleep
from typing import Any

import psycopg
import pytest

from domain.claims import Claim
from store import append as append_module
from store import group as module
from store.append import AppendRequest, Command, Receipt
from store.database import Connection
from store.errors import ClaimTaken, KeyReused, StoreError, Unavailable, VersionConflict
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, a_session, holiday, registered, trigger
from tests.store.racing import race

Call = Callable[[], Receipt]


@contextmanager
def held(database: Database, ledger: str) -> Iterator[None]:
    """Nobody can write to the ledger meanwhile: who comes first waits for its head, the others for them."""
    with psycopg.connect(database.superuser_url) as holder:
        holder.execute("SELECT FROM ledger WHERE ledger = %s FOR UPDATE", [ledger])
        yield


def together(store: Store, database: Database, calls: list[Call], *, ledger: str = "lexington") -> list[Any]:
    """What calls answer that go out in one group, in this order: an append of another chart goes before them alone."""
    store.ledger(ledger).append([trigger(a_chart(), 1)])
    with ThreadPoolExecutor(len(calls) + 1) as threads:
        with held(database, ledger):
            first = threads.submit(store.ledger(ledger).append, [trigger(a_chart(), 1)])
            _until(lambda: _blocked(database))
            waiting: list[Future[Receipt]] = []
            for call in calls:
                waiting.append(threads.submit(call))
                _until(lambda: store.waiting == len(waiting))
        first.result()
        return [one.exception() or one.result() for one in waiting]


def _blocked(database: Database) -> bool:
    with psycopg.connect(database.superuser_url) as watcher:
        row = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    return row is not None and row[0] > 0


def _until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        sleep(0.005)
    raise AssertionError("It should have come to that by now.")


def appending(store: Store, *facts: Any, ledger: str = "lexington", **given: Any) -> Call:
    return lambda: store.ledger(ledger).append(list(facts), **given)


def test_what_waits_together_is_recorded_at_one_instant_each_at_its_own_position(
    store: Store, database: Database
) -> None:
    charts = [a_chart() for _ in range(5)]
    receipts = together(store, database, [appending(store, trigger(c, 1), trigger(c, 2)) for c in charts])
    assert [receipt.position for receipt in receipts] == [4, 6, 8, 10, 12]
    assert [(receipt.stream, receipt.version, receipt.latest) for receipt in receipts] == [(c, 1, 2) for c in charts]
    assert len({receipt.recorded_at for receipt in receipts}) == 1
    facts = store.ledger("lexington").facts(after=2)
    assert [(fact.stream, fact.version) for fact in facts] == [(c, v) for c in charts for v in (1, 2)]


def test_ledgers_are_written_together_too_each_in_its_own_order(store: Store, database: Database) -> None:
    for site in ("albany", "troy"):
        store.ledger(site).append([holiday(f"facility/{site}")])
    calls = [
        appending(store, holiday(f"facility/{site}", version), ledger=site)
        for version in (2, 3)
        for site in ("troy", "albany")
    ]
    receipts = together(store, database, calls)
    assert [(receipt.ledger, receipt.position) for receipt in receipts] == [
        ("troy", 2),
        ("albany", 2),
        ("troy", 3),
        ("albany", 3),
    ]


def test_the_same_key_twice_in_a_group_counts_once(store: Store, database: Database) -> None:
    chart, command = a_chart(), Command("staff|POST", "key-1", b"{}")
    calls = [appending(store, trigger(chart, 1), command=command) for _ in range(4)]
    first, *others = together(store, database, calls)
    assert not first.repeated
    for receipt in others:
        assert receipt.repeated
        assert (receipt.position, receipt.recorded_at, receipt.stream, receipt.version, receipt.latest) == (
            first.position,
            first.recorded_at,
            first.stream,
            first.version,
            first.latest,
        )
    assert len(store.ledger("lexington").read([chart])[chart]) == 1


def test_the_same_key_with_another_request_is_refused_in_a_group_too(store: Store, database: Database) -> None:
    chart, other = a_chart(), a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(chart, 1), command=Command("staff|POST", "key-1", b"{}")),
            appending(store, trigger(other, 1), command=Command("staff|POST", "key-1", b'{"other": 1}')),
        ],
    )
    assert isinstance(outcomes[0], Receipt)
    assert isinstance(outcomes[1], KeyReused)


def test_of_two_in_a_group_who_decided_on_the_same_version_the_first_wins(store: Store, database: Database) -> None:
    chart, other = a_chart(), a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(chart, 1)),
            appending(store, trigger(chart, 1)),
            appending(store, trigger(other, 1), reads={chart: 0}),
            appending(store, trigger(other, 1), reads={chart: 1}),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, VersionConflict, VersionConflict, Receipt]


def test_one_may_follow_in_a_group_on_what_another_writes(store: Store, database: Database) -> None:
    chart = a_chart()
    store.ledger("lexington").append([trigger(chart, 1)])
    outcomes = together(store, database, [appending(store, trigger(chart, v)) for v in (2, 3, 4)])
    assert [outcome.version for outcome in outcomes] == [2, 3, 4]
    assert len({outcome.recorded_at for outcome in outcomes}) == 1


def test_a_claim_goes_to_the_first_of_a_group(store: Store, database: Database) -> None:
    charts = [a_chart() for _ in range(3)]
    outcomes = together(
        store,
        database,
        [appending(store, registered(chart, mrn=mrn)) for chart, mrn in zip(charts, ("7", "7", "8"), strict=True)],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, ClaimTaken, Receipt]


def test_a_claim_that_one_of_a_group_gives_up_may_be_taken_by_the_next(store: Store, database: Database) -> None:
    leaver, comer = a_chart(), a_chart()
    ledger = store.ledger("lexington")
    ledger.append([trigger(leaver, 1)], claims=[Claim("seat", "evening/1", leaver)])
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(leaver, 2), releases=[Claim("seat", "evening/1", leaver)]),
            appending(store, trigger(comer, 1), claims=[Claim("seat", "evening/1", comer)]),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt]
    assert ledger.holder("seat", "evening/1") == comer


@pytest.mark.parametrize("conflicts", [1, 2])
def test_a_conflict_from_outside_falls_back_on_that_one_alone(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch, conflicts: int
) -> None:
    """What a group writes is counted: one try that fails, one of all the others, and one for each that conflicts."""
    session, charts = a_session(), [a_chart() for _ in range(6)]
    chart, command = a_chart(), Command("staff|POST", "key-0", b"{}")
    ledger = store.ledger("lexington")
    ledger.append([trigger(chart, 1)], command=command)
    stale = [
        appending(store, trigger(a_chart(), 1), reads={session: 3}),
        appending(store, trigger(a_chart(), 1), command=command),
    ]
    sizes: list[int] = []
    write = module.write

    def counted(connection: Connection, requests: list[AppendRequest]) -> None:
        sizes.append(len(requests))
        write(connection, requests)

    monkeypatch.setattr(module, "write", counted)
    calls = [appending(store, trigger(c, 1)) for c in charts]
    outcomes = together(store, database, [*calls[:3], *stale[:conflicts], *calls[3:]])
    lost = outcomes[3 : 3 + conflicts]
    assert all(isinstance(outcome, Receipt) for outcome in (*outcomes[:3], *outcomes[3 + conflicts :]))
    assert isinstance(lost[0], VersionConflict)
    assert all(isinstance(outcome, Receipt) and outcome.repeated for outcome in lost[1:])
    assert sizes == [1, 1, 6 + conflicts, 6, *[1] * conflicts]
    assert ledger.head().position == 3 + 6


def test_what_the_database_refuses_of_one_is_no_harm_to_the_others(store: Store, database: Database) -> None:
    """The name of a stream that a text of Postgres can't hold: nothing checks it before."""
    ledger, chart = store.ledger("lexington"), a_chart()
    ledger.append([trigger(chart, 1)])
    [event] = ledger.recorder.select_events(chart)

    def bad() -> Any:
        request = AppendRequest(ledger="lexington", reads={"chart/\0": 0})
        return ledger.recorder.insert_events([replace(event, originator_id=a_chart())], request=request)

    outcomes = together(
        store, database, [appending(store, trigger(a_chart(), 1)), bad, appending(store, trigger(a_chart(), 1))]
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, StoreError, Receipt]


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
            _until(lambda: _blocked(database) and store.waiting == 3)
            _end_writers(database)
            _until(lambda: sum(one.done() for one in waiting) == 1 and _blocked(database))
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
            _until(lambda: store.waiting == 3)
            raise KeyboardInterrupt
        wait(self)

    monkeypatch.setattr(module._Waiting, "wait", interrupted)
    ledger = store.ledger("lexington")
    ledger.append([trigger(a_chart(), 1)])
    with ThreadPoolExecutor(4) as threads:
        with held(database, "lexington"):
            first = threads.submit(ledger.append, [trigger(a_chart(), 1)])
            _until(lambda: _blocked(database))
            calls = []
            for n, chart in enumerate((gone, a_chart(), a_chart()), start=1):
                calls.append(threads.submit(ledger.append, [trigger(chart, 1)]))
                _until(lambda n=n: store.waiting >= n or calls[0].done())  # type: ignore[misc]
            assert isinstance(calls[0].exception(), KeyboardInterrupt)
        assert [one.result().position for one in (first, *calls[1:])] == [2, 3, 4]
    assert ledger.read([gone])[gone] == []


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
        _until(lambda: store.waiting == 1)
        others = [threads.submit(ledger.append, [trigger(a_chart(), 1)]) for _ in range(3)]
        assert isinstance(first.exception(timeout=20), KeyboardInterrupt)
        assert sorted(other.result(timeout=20).position for other in others) == [2, 3, 4]
    assert ledger.read([gone])[gone] == []
    assert ledger.append([trigger(a_chart(), 1)]).position == 5


def test_of_two_in_a_group_who_read_a_stream_at_different_versions_one_is_wrong(
    store: Store, database: Database
) -> None:
    session = "facility/lexington"
    store.ledger("lexington").append([holiday(session)])
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(a_chart(), 1), reads={session: 1}),
            appending(store, trigger(a_chart(), 1), reads={session: 0}),
            appending(store, trigger(a_chart(), 1), reads={session: 1}),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, VersionConflict, Receipt]


def test_a_repeated_command_gets_its_first_answer_whoever_stands_before_it_in_a_group(
    store: Store, database: Database
) -> None:
    ledger, chart, command = store.ledger("lexington"), a_chart(), Command("staff|POST", "key-1", b"{}")
    ledger.append([holiday()])
    first = ledger.append([registered(chart, mrn="7")], command=command)
    ledger.append([trigger(chart, 2)], releases=[Claim("mrn", "7", chart)])
    taker = a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, registered(taker, mrn="7")),
            appending(store, trigger(chart, 3)),
            appending(store, registered(chart, mrn="7"), command=command),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 3
    assert outcomes[2] == replace(first, repeated=True)


def test_who_knew_a_stream_later_is_not_stopped_by_who_knew_it_earlier(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, facility, charts = store.ledger("lexington"), "facility/lexington", [a_chart() for _ in range(4)]
    ledger.append([holiday(facility)])
    before = ledger.head().position
    ledger.append([holiday(facility, 2)])
    after = ledger.head().position
    sizes: list[int] = []
    write = module.write

    def counted(connection: Connection, requests: list[AppendRequest]) -> None:
        sizes.append(len(requests))
        write(connection, requests)

    monkeypatch.setattr(module, "write", counted)
    early = appending(store, trigger(charts[0], 1), reads={charts[0]: 0}, seen=before)
    late = [appending(store, trigger(c, 1), reads={c: 0, facility: 2}, seen=after) for c in charts[1:]]
    outcomes = together(store, database, [early, *late])
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 4
    assert sizes == [1, 1, 4]


def test_a_decision_on_what_has_a_fact_since_is_not_stored(store: Store, database: Database) -> None:
    ledger, facility, chart = store.ledger("lexington"), "facility/lexington", a_chart()
    ledger.append([holiday(facility)])
    known = ledger.head().position
    ledger.append([holiday(facility, 2)])
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 1)], reads={facility: 1}, seen=known)
    ledger.append([trigger(chart, 1)], reads={facility: 2}, seen=known + 1)
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 3)], reads={chart: 2}, seen=ledger.head().position)


def test_a_decision_on_what_was_known_long_ago_is_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append_module, "LONG_SINCE", 3)
    ledger = store.ledger("lexington")
    ledger.append([holiday()])
    for _ in range(2):
        ledger.append([trigger(a_chart(), 1)])
    ledger.append([trigger(a_chart(), 1)], reads={"facility/lexington": 1}, seen=1)
    with pytest.raises(VersionConflict):
        ledger.append([trigger(a_chart(), 1)], reads={"facility/lexington": 1}, seen=1)


def test_statements_that_the_server_forgot_are_prepared_again(store: Store) -> None:
    """psycopg makes it forget all of them when a block of a transaction is rolled back."""
    ledger = store.ledger("lexington")
    for _ in range(8):
        ledger.append([trigger(a_chart(), 1)])
        with store.database.connection() as connection:
            connection.execute("DEALLOCATE ALL", prepare=False)
    assert ledger.append([trigger(a_chart(), 1)]).position == 9
    assert len(ledger.tail(0, 100)) == 9
