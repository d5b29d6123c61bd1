"""When the database goes away: one sentence that is true, and back again without a restart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from stepdown.embedded import Embedded
from store import database as module
from store.append import Command
from store.errors import StoreError, Unavailable
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store
from tests.conftest import APP_ROLE, Database
from tests.store.given import a_chart, registered, trigger


def test_a_store_outlives_a_restart_of_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.2)
    server = Embedded.start(tmp_path / "data", durable=False)
    migrate(server.owner_url, APP_ROLE)
    with Store(server.app_url, FileKeyring(tmp_path / "master.key")) as store:
        ledger = store.ledger("lexington")
        chart = a_chart()
        ledger.append([trigger(chart, 1)])
        server.stop()
        for call in (ledger.head, lambda: ledger.append([trigger(chart, 2)]), store.ledgers):
            with pytest.raises(Unavailable, match="nothing was recorded and nothing is lost, try again") as refusal:
                call()
            assert refusal.value.recorded is False
        with Embedded.start(tmp_path / "data", durable=False):
            _eventually(lambda: ledger.append([trigger(chart, 2)]))
            assert ledger.head().position == 2


def _eventually(call: Callable[[], object]) -> None:
    deadline = monotonic() + 20
    while True:
        try:
            call()
        except Unavailable:
            if monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return


def test_a_connection_lost_while_idle_is_not_noticed(store: Store, database: Database) -> None:
    ledger = store.ledger("lexington")
    ledger.append([trigger(a_chart(), 1)])
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        for _ in range(5):
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s", [APP_ROLE]
            )
            ledger.append([trigger(a_chart(), 1)])
    assert ledger.head().position == 6


def test_a_connection_lost_while_writing_leaves_it_open_what_was_recorded(store: Store, database: Database) -> None:
    """The writer waits for the head row; its connection is ended there. The same command again is safe."""
    ledger = store.ledger("lexington")
    chart = a_chart()
    ledger.append([trigger(chart, 1)])
    command = Command("staff/6f1c|POST", "key-1", b"{}")
    with psycopg.connect(database.superuser_url) as holder, ThreadPoolExecutor(1) as thread:
        holder.execute("SELECT FROM ledger FOR UPDATE")
        writing = thread.submit(ledger.append, [trigger(chart, 2)], command=command)
        with psycopg.connect(database.superuser_url, autocommit=True) as watcher:
            waiting = "SELECT pid FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"
            while not (pids := watcher.execute(waiting, [APP_ROLE]).fetchall()):
                sleep(0.01)
            watcher.execute("SELECT pg_terminate_backend(%s)", pids[0])
        with pytest.raises(Unavailable, match="with the same idempotency key again") as refusal:
            writing.result()
        assert refusal.value.recorded is None
    assert ledger.append([trigger(chart, 2)], command=command).position == 2


def test_who_waits_too_long_for_a_connection_is_told_to_try_again(
    database: Database, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    with Store(database.app_url, keyring, pool_size=1) as store:
        store.ledger("lexington").append([trigger(a_chart(), 1)])
        with store._database.connection(), pytest.raises(Unavailable, match="try again"):
            store.ledger("lexington").head()
        assert store.ledger("lexington").head().position == 1


def test_a_store_that_was_closed_says_so(database: Database, keyring: FileKeyring) -> None:
    store = Store(database.app_url, keyring)
    store.open()
    store.close()
    with pytest.raises(Unavailable):
        store.ledgers()


def test_a_store_cannot_be_opened_on_nothing(keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.3)
    with pytest.raises(Unavailable, match="can't be reached"):
        Store("postgresql://stepdown:hidden@localhost:1/stepdown", keyring).open()


def test_an_error_of_the_database_repeats_nothing_that_was_sent(
    server: Embedded, database: Database, keyring: FileKeyring
) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE claim RENAME TO claim_elsewhere")
        try:
            with Store(database.app_url, keyring) as store, pytest.raises(StoreError) as refusal:
                store.ledger("lexington").append([registered(a_chart(), mrn="QF-778812")])
        finally:
            connection.execute("ALTER TABLE claim_elsewhere RENAME TO claim")
    assert str(refusal.value).startswith("The database refused a statement (SQLSTATE 42P01)")
    assert refusal.value.__suppress_context__
    with Store(database.app_url, keyring) as store:
        assert store.ledger("lexington").head().position == 0
