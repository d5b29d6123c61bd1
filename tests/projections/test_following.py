"""One follows, the others stand by; what is written shows soon, or the reader is told that it doesn't yet."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from domain.access import ChartRead
from projections import census, sessions, status
from projections.catalog import PROJECTIONS
from projections.cut import Behind
from projections.follower import Follower, lag, wait_for, wake
from store.store import Store
from tests.projections.tables import positions, query
from tests.projections.test_rows import CHART, ENROLLED, INQUIRED, PATIENT, REGISTERED
from tests.projections.test_set_aside import OPENED
from tests.store.given import holiday, new

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SOON = 10.0
"""Seconds that nothing here needs, on however slow a machine."""

# Those who hold the followers' lock, told from other advisory locks by its key.
LEADERS: LiteralString = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND objid = 1592590338 AND granted AND datname = current_database()
"""


@contextmanager
def following(store: Store, **how: Any) -> Iterator[threading.Event]:
    """A follower in a thread of its own, until the end or the event."""
    stop = threading.Event()
    thread = threading.Thread(target=Follower(store, **how).run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        wake(store)
        thread.join(SOON)
        assert not thread.is_alive()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def leaders(store: Store) -> set[int]:
    return {row[0] for row in query(store, "", LEADERS)}


def opened(store: Store, *facts: Any) -> int:
    """A site with one chart of these facts; answers the position of the last."""
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    return [ledger.append([new(CHART, n, fact)]) for n, fact in enumerate(facts, start=1)][-1].position


class TestTurns:
    def test_what_is_appended_shows_without_anybody_asking(self, store: Store) -> None:
        with following(store):
            position = opened(store, REGISTERED, INQUIRED)
            until(lambda: lag(store).events == 0 and positions(store, "lexington").get("status") == position)

    def test_one_follows_and_the_other_takes_over(self, store: Store) -> None:
        with following(store) as first:
            until(lambda: len(leaders(store)) == 1)
            leader = leaders(store)
            with following(store):
                assert wait_for(store, "lexington", opened(store, REGISTERED), SOON)
                # Several tries of the one who stands by.
                time.sleep(0.6)
                assert leaders(store) == leader
                first.set()
                until(lambda: leaders(store) not in (leader, set()))
                receipt = store.ledger("lexington").append([new(CHART, 2, INQUIRED)])
                assert wait_for(store, "lexington", receipt.position, SOON)

    def test_it_stops_soon_while_it_follows_or_stands_by(self, store: Store) -> None:
        with following(store), following(store):
            until(lambda: len(leaders(store)) == 1)
            began = time.monotonic()
        assert time.monotonic() - began < SOON
        until(lambda: not leaders(store))

    def test_a_connection_that_is_lost_is_made_again(self, store: Store, database: Any) -> None:
        with following(store):
            position = opened(store, REGISTERED)
            assert wait_for(store, "lexington", position, SOON)
            leader = leaders(store)
            with psycopg.connect(database.superuser_url) as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", [leader.pop()])
            receipt = store.ledger("lexington").append([new(CHART, 2, INQUIRED)])
            assert wait_for(store, "lexington", receipt.position, SOON)
            assert positions(store, "lexington") == dict.fromkeys([p.name for p in PROJECTIONS], receipt.position)

    def test_a_machine_without_a_socket_to_give_is_waited_for(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pair = socket.socketpair
        refused: list[None] = []

        def refuse_once() -> tuple[socket.socket, socket.socket]:
            if not refused:
                refused.append(None)
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return pair()

        monkeypatch.setattr(socket, "socketpair", refuse_once)
        with following(store):
            assert wait_for(store, "lexington", opened(store, REGISTERED), SOON)
        assert refused

    def test_catching_up_leaves_it_to_the_one_who_follows(self, store: Store) -> None:
        with following(store):
            until(lambda: len(leaders(store)) == 1)
            leader = leaders(store)
            opened(store, REGISTERED)
            Follower(store).catch_up()
            assert lag(store).events == 0
            assert leaders(store) == leader

    def test_a_connection_goes_back_to_the_pool_without_its_lock(self, store: Store) -> None:
        opened(store, REGISTERED)
        Follower(store).catch_up()
        assert not leaders(store)


class TestWaiting:
    def test_who_waits_wakes_the_follower(self, store: Store) -> None:
        """It would look by itself after a minute."""
        with following(store, poll_seconds=60):
            until(lambda: len(leaders(store)) == 1)
            assert wait_for(store, "lexington", opened(store, REGISTERED), SOON)

    def test_waiting_ends_when_nobody_follows(self, store: Store) -> None:
        position = opened(store, REGISTERED)
        assert not wait_for(store, "lexington", position, 0.05)
        assert not wait_for(store, "lexington", position, 0)

    def test_a_position_that_is_not_written_yet_is_waited_for(self, store: Store) -> None:
        position = opened(store, REGISTERED)
        with following(store):
            assert wait_for(store, "lexington", position, SOON)
            assert not wait_for(store, "lexington", position + 1, 0.05)

    def test_waiting_for_one_ledger_is_not_about_another(self, store: Store) -> None:
        position = opened(store, REGISTERED)
        with following(store):
            assert wait_for(store, "lexington", position, SOON)
            assert not wait_for(store, "louisville", 1, 0.05)


class TestLag:
    def test_an_empty_database_is_current(self, store: Store) -> None:
        assert lag(store).events == 0

    def test_it_counts_what_is_not_in_yet_and_for_how_long(self, store: Store) -> None:
        opened(store, REGISTERED, INQUIRED)
        time.sleep(0.05)
        behind = lag(store)
        assert behind.events == 3
        assert 0.05 < behind.seconds < SOON

    def test_ledgers_add_up(self, store: Store) -> None:
        opened(store, REGISTERED)
        store.ledger("louisville").append([holiday("facility/louisville")])
        assert lag(store).events == 3
        Follower(store).catch_up()
        assert lag(store).events == 0

    def test_access_ledgers_are_not_followed(self, store: Store) -> None:
        """Every read of a chart leaves a fact there: a follower would do nothing else."""
        read = ChartRead(patient_id=PATIENT, what="status", purpose="treatment", at_version=1)
        store.ledger("lexington.access").append([new(f"access/{uuid4()}", 1, read)])
        assert lag(store).events == 0
        Follower(store).catch_up()
        assert positions(store, "lexington.access") == {}


class TestBehind:
    """The read tables lack something for longer than two seconds: shortened here, so that nobody waits for it."""

    @pytest.fixture(autouse=True)
    def behind(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        opened(store, REGISTERED, INQUIRED)
        Follower(store).catch_up()
        store.ledger("lexington").append([new(CHART, 3, ENROLLED)])
        monkeypatch.setattr("projections.cut.SERVED_SECONDS", 0.02)
        time.sleep(0.05)

    def test_a_status_is_folded_from_the_ledger(self, store: Store) -> None:
        answer = status.answer(store, "lexington", PATIENT, now=NOW)
        assert answer is not None
        assert (answer.version, answer.document["position"]) == (3, 4)

    def test_lists_are_not_answered(self, store: Store) -> None:
        with pytest.raises(Behind, match="try again"):
            census.answer(store, "lexington", now=NOW)
        with pytest.raises(Behind, match="try again"):
            sessions.answer(store, "lexington", on=date(2026, 3, 2))

    def test_tables_at_different_positions_are_not_shown_together(
        self, store: Store, database: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As while one of them is made anew."""
        monkeypatch.setattr("projections.cut.SERVED_SECONDS", 600)
        with psycopg.connect(database.superuser_url) as connection:
            connection.execute("UPDATE projection.position SET position = 1 WHERE projection = 'attendance'")
        with pytest.raises(Behind):
            sessions.answer(store, "lexington", on=date(2026, 3, 2))
        answer = status.answer(store, "lexington", PATIENT, now=NOW)
        assert answer is not None
        assert answer.version == 3

    def test_a_past_census_does_not_need_them(self, store: Store) -> None:
        assert census.answer(store, "lexington", now=NOW, as_of=date(2026, 3, 1)).position == 4

    def test_they_are_answered_again_once_the_follower_has_come(self, store: Store) -> None:
        Follower(store).catch_up()
        assert census.answer(store, "lexington", now=NOW).position == 4


def test_what_is_not_long_behind_is_shown_with_the_cut_that_it_has(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.cut.SERVED_SECONDS", 600)
    opened(store, REGISTERED, INQUIRED)
    Follower(store).catch_up()
    at = store.ledger("lexington").head()
    store.ledger("lexington").append([new(CHART, 3, ENROLLED)])
    seen = census.answer(store, "lexington", now=NOW)
    assert (seen.position, seen.known_at) == (at.position, at.recorded_at)
    assert [row["state"] for row in seen.rows] == ["inquiry"]
    answer = status.answer(store, "lexington", PATIENT, now=NOW)
    assert answer is not None
    assert (answer.version, answer.document["position"]) == (2, 3)


def test_an_instant_in_the_future_counts_as_old(store: Store, database: Any) -> None:
    """A restored ledger may say that its facts are recorded later than it is now: that is no reason to show less."""
    opened(store, REGISTERED)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET recorded_at = recorded_at + interval '1 year'")
    assert lag(store).seconds > 1_000_000
    with pytest.raises(Behind):
        census.answer(store, "lexington", now=NOW)
