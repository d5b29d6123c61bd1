"""A chart whose key was destroyed: nobody opens it again, in no process, from no dump; nothing is lost by stealth."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from domain.key_destruction import KeyDestroyed
from stepdown.embedded import Embedded
from stepdown.embedded.binaries import find
from store.append import NewFact, Receipt
from store.errors import Destroyed, KeyringError, VersionConflict
from store.keys import FileKeyring
from store.ledger import Ledger
from store.migrate import migrate
from store.sealing import bound
from store.store import Store
from tests.conftest import APP_ROLE, Database
from tests.store.ending import SITE, destroy, ends, stored, wrapped
from tests.store.given import a_chart, holiday, registered, trigger
from tests.store.grouping import appending, together


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


@pytest.fixture
def other(database: Database, keyring: FileKeyring) -> Iterator[Store]:
    """Another process."""
    with Store(database.app_url, keyring) as opened:
        yield opened


def test_the_key_goes_in_the_transaction_of_the_fact(ledger: Ledger, database: Database) -> None:
    chart, stays = a_chart(), a_chart()
    ledger.append([registered(chart), trigger(chart, 2)])
    ledger.append([registered(stays, mrn="MRN-2")])
    before = stored(database, chart)
    with pytest.raises(VersionConflict):
        destroy(ledger, chart, at=1)
    assert None not in wrapped(database, chart)
    destroy(ledger, chart, at=2)
    assert wrapped(database, chart) == [None]
    assert None not in wrapped(database, stays)
    # What was sealed stays where it was, so that whatever is proved of it still is.
    assert stored(database, chart) == before
    assert [fact.position for fact in ledger.facts()] == [3, 4]
    assert [row[0] for row in ledger.rows()] == [1, 2, 3, 4]
    assert [row[5] is None for row in ledger.rows()] == [True, True, False, False]
    assert ledger.read([chart, stays])[chart] == []
    assert ledger.streams("chart") == [stays]
    assert ledger.destroyed() == {chart}


def test_whoever_ends_a_chart_has_read_it(ledger: Ledger) -> None:
    chart = a_chart()
    ledger.append([registered(chart)])
    with pytest.raises(ValueError, match="name its version"):
        ledger.append([ends(chart)])


def test_no_process_opens_it_again_whatever_it_has_at_hand(ledger: Ledger, other: Store) -> None:
    """Both had the key, the chart's state and its rows; neither was told."""
    chart = a_chart()
    ledger.append([registered(chart), trigger(chart, 2)])
    there, states = other.ledger("lexington"), other.states("lexington")
    assert states.view([chart]).streams[chart].version == 2
    sealed = there.seal(chart, "name", b"Ottoline")
    rows = there.rows()
    [old] = there.recorder.select_events(chart, lte=1)
    assert there.mapper.to_domain_event(old)
    destroy(ledger, chart, at=2)

    # Before it has heard of it: the database gives out nothing that could be opened.
    assert there.read([chart])[chart] == []
    assert [type(fact.fact) for fact in there.facts()] == [KeyDestroyed]
    assert there.opened(there.typed(["TriggerIdentified"], after=0, upto=99)) == []
    assert [row[5] for row in there.tail(0, 2)] == [None, None]
    with pytest.raises(Destroyed):
        there.mapper.to_domain_event(old)
    # Once it has heard of it, it has no key any more, nor any state.
    assert states.view([chart]).streams[chart].entries == ()
    with pytest.raises(Destroyed, match="was destroyed"):
        there.unseal(chart, "name", sealed)
    with pytest.raises(Destroyed):
        there.seal(chart, "name", b"Ottoline")
    assert there.opened(rows) == []


def test_states_forget_it_by_the_tail_and_when_they_begin_anew(ledger: Ledger, other: Store) -> None:
    charts = [a_chart(), a_chart()]
    for n, chart in enumerate(charts):
        ledger.append([registered(chart, mrn=f"MRN-{n}")])
    states, there = other.states("lexington"), other.ledger("lexington")
    assert [states.view(charts).streams[chart].version for chart in charts] == [1, 1]
    sealed = {chart: there.seal(chart, "name", b"Ottoline") for chart in charts}
    destroy(ledger, charts[0], at=1)
    view = states.view(charts)
    assert [view.streams[chart].version for chart in charts] == [0, 1]
    assert states.facts == 2
    with pytest.raises(Destroyed):
        there.unseal(charts[0], "name", sealed[charts[0]])
    destroy(ledger, charts[1], at=1, version=2)
    ledger.append([holiday(version=n) for n in range(3, 1100)])
    assert states.view(charts).streams[charts[1]].version == 0
    with pytest.raises(Destroyed):
        there.unseal(charts[1], "name", sealed[charts[1]])


def test_a_number_stays_taken(ledger: Ledger) -> None:
    chart = a_chart()
    ledger.append([registered(chart, mrn="QF-1")])
    destroy(ledger, chart, at=1)
    assert ledger.holder("mrn", "QF-1") == chart


def test_nothing_is_written_to_it_again(ledger: Ledger, other: Store, database: Database) -> None:
    """Nor by a process that has the key at hand and looks at nothing else; nor does it begin once more."""
    chart, another = a_chart(), a_chart()
    ledger.append([registered(chart)])
    there = other.ledger("lexington")
    there.read([chart])
    destroy(ledger, chart, at=1)
    head = ledger.head()
    for facts in ([trigger(chart, 2)], [registered(chart)], [registered(another, mrn="MRN-2"), trigger(chart, 2)]):
        for one in (ledger, there):
            with pytest.raises(VersionConflict):
                one.append(facts)
    assert ledger.head() == head
    assert len(stored(database, chart)) == 1
    ledger.append([registered(another, mrn="MRN-2")])


def test_what_is_written_at_the_same_time_is_there_first_or_not_at_all(store: Store, database: Database) -> None:
    """Fifty rounds: whoever writes looks at the chart alone, whoever destroys at its version. Both can't win."""
    ledger, site = store.ledger("lexington"), 0
    with Store(database.app_url, store._keyring) as elsewhere, ThreadPoolExecutor(2) as threads:
        there = elsewhere.ledger("lexington")
        for n in range(50):
            chart = a_chart()
            ledger.append([registered(chart, mrn=f"MRN-{n}")])
            there.read([chart])
            start = Barrier(2)

            def write(chart: str = chart, start: Barrier = start, n: int = n) -> bool:
                start.wait()
                # In the same process they may meet in one group, else in the database.
                return wins((ledger, there)[n % 2], [trigger(chart, 2)], {})

            def end(chart: str = chart, start: Barrier = start, site: int = site) -> bool:
                start.wait()
                return wins(ledger, [ends(chart, site + 1)], {chart: 1, SITE: site})

            wrote, ended = (call.result() for call in [threads.submit(write), threads.submit(end)])
            assert wrote != ended, n
            assert len(stored(database, chart)) == (2 if wrote else 1)
            assert wrapped(database, chart).count(None) == (0 if wrote else 1)
            assert [fact.version for fact in ledger.read([chart])[chart]] == ([1, 2] if wrote else [])
            site += ended


def wins(ledger: Ledger, facts: list[NewFact], reads: dict[str, int]) -> bool:
    try:
        ledger.append(facts, reads=reads)
    except VersionConflict:
        return False
    return True


def test_in_one_group_whoever_comes_after_the_end_is_told(store: Store, database: Database) -> None:
    """The two would go out in one transaction, in which the key is still there when the check is made."""
    ledger = store.ledger("lexington")
    chart = a_chart()
    ledger.append([registered(chart)])
    calls = [appending(store, ends(chart), reads={chart: 1, SITE: 0}), appending(store, trigger(chart, 2))]
    ended, wrote = together(store, database, calls)
    assert isinstance(ended, Receipt)
    assert isinstance(wrote, VersionConflict)
    assert len(stored(database, chart)) == 1


def test_a_writer_empties_a_key_and_does_nothing_else_to_one(ledger: Ledger, database: Database) -> None:
    chart, gone = a_chart(), a_chart()
    ledger.append([registered(chart)])
    ledger.append([registered(gone, mrn="MRN-2")])
    destroy(ledger, gone, at=1)
    for statement in (
        "UPDATE chart_key SET wrapped = 'x'",
        "UPDATE chart_key SET wrapped = wrapped",
        "UPDATE chart_key SET stream = 'chart/x'",
        "UPDATE chart_key SET ledger = 'x', wrapped = NULL",
        "UPDATE chart_key SET wrapped = 'x' WHERE wrapped IS NULL",
        "DELETE FROM chart_key WHERE wrapped IS NULL",
        "DELETE FROM chart_key",
        "TRUNCATE chart_key",
    ):
        for url, role in (
            (database.app_url, "SET LOCAL ROLE stepdown_writer"),
            (database.owner_url, "SELECT"),
            (database.superuser_url, "SELECT"),
        ):
            with psycopg.connect(url) as connection:
                connection.execute(role.encode())
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())
                connection.rollback()
    for role in ("stepdown_reader", "stepdown_projector"):
        with psycopg.connect(database.app_url) as connection:
            connection.execute(f"SET LOCAL ROLE {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("UPDATE chart_key SET wrapped = NULL")
            connection.rollback()
    assert wrapped(database, gone) == [None]


def test_neither_a_dump_nor_the_files_hold_a_way_to_open_it(tmp_path: Path) -> None:
    """Whoever has all that is in the database, and the master key: tried with every run of bytes in the dump."""
    with Embedded.start(tmp_path / "data", durable=False) as server:
        migrate(server.owner_url, APP_ROLE)
        keyring = FileKeyring(tmp_path / "master.key")
        with Store(server.app_url, keyring) as store:
            ledger = store.ledger("lexington")
            chart, stays = a_chart(), a_chart()
            ledger.append([registered(chart), trigger(chart, 2)])
            ledger.append([registered(stays, mrn="MRN-2")])
            with psycopg.connect(server.superuser_url) as connection:
                keys = dict(connection.execute("SELECT stream, wrapped FROM chart_key").fetchall())
            destroy(ledger, chart, at=2)
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            dumped = _dump(server.superuser_url)
            # As docs/operate.md says: what a page held before is in its unused part until the table is written anew.
            connection.execute("VACUUM FULL chart_key")
            connection.execute("CHECKPOINT")
    assert keys[stays].hex() in dumped
    assert keys[chart].hex() not in dumped
    for line in dumped.splitlines():
        for value in line.split("\t"):
            blob = _bytes(value)
            if len(blob) >= 60:
                with pytest.raises(KeyringError):
                    keyring.unwrap(blob, bound("chart", "lexington", chart))
    tables = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.parent.name != "pg_wal"]
    found = {stream for path in tables for stream in keys if keys[stream] in path.read_bytes()}
    assert found == {stays}


def _dump(url: str) -> str:
    program = find().program("pg_dump")
    return subprocess.run([program, "--data-only", url], capture_output=True, check=True, text=True).stdout


def _bytes(value: str) -> bytes:
    try:
        return bytes.fromhex(value.removeprefix("\\\\x"))
    except ValueError:
        return b""
