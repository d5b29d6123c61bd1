"""Facts are never changed, charts never lie in plain, and a ciphertext opens in its own place alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psycopg
import pytest
from eventsourcing.domain import DomainEventProtocol

from domain.record import Recorded
from stepdown.embedded import Embedded
from store.errors import Unreadable
from store.keys import FileKeyring
from store.ledger import Ledger
from store.mapper import FactMapper, Keyed
from store.migrate import ROLES, migrate
from store.sealing import ChartKey
from store.store import Store
from tests.conftest import APP_ROLE, Database
from tests.store.given import a_chart, holiday, new, registered, trigger

CHANGES = (
    "UPDATE fact SET type = 'HolidayDeclared'",
    "UPDATE fact SET body = '' WHERE false",
    "DELETE FROM fact",
    "DELETE FROM fact WHERE false",
    "TRUNCATE fact",
    "TRUNCATE fact CASCADE",
)


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def _refused(url: str, *statements: str) -> str:
    """The SQLSTATE with which the last of the statements fails; nothing is kept."""
    with psycopg.connect(url) as connection:
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        with pytest.raises(psycopg.Error) as refusal:
            connection.execute(statements[-1].encode())
        connection.rollback()
        return refusal.value.sqlstate or ""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_the_application_changes_a_fact(ledger: Ledger, database: Database, role: str, change: str) -> None:
    ledger.append([holiday()])
    assert _refused(database.app_url, f"SET LOCAL ROLE {role}", change) == "42501"
    assert ledger.head().position == len(ledger.facts()) == 1


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("login", ["owner_url", "superuser_url"])
def test_neither_owner_nor_superuser_changes_a_fact_by_accident(
    ledger: Ledger, database: Database, login: str, change: str
) -> None:
    ledger.append([holiday()])
    assert _refused(getattr(database, login), change) == "42501"
    assert len(ledger.facts()) == 1


def test_a_writer_moves_nothing_but_the_head_and_gives_back_nothing_but_claims(
    ledger: Ledger, database: Database
) -> None:
    ledger.append([registered(a_chart())])
    for statement in (
        "UPDATE ledger SET lookup_key = ''",
        "UPDATE ledger SET ledger = 'other'",
        "DELETE FROM ledger",
        "UPDATE chart_key SET wrapped = ''",
        "DELETE FROM chart_key",
        "UPDATE idempotency SET body = ''",
        "DELETE FROM idempotency",
        "UPDATE claim SET stream = ''",
        "TRUNCATE claim",
        "UPDATE kept_rows SET body = ''",
        "DELETE FROM kept_rows",
        "CREATE TABLE mine (id int)",
    ):
        assert _refused(database.app_url, "SET LOCAL ROLE stepdown_writer", statement) == "42501", statement


@pytest.mark.parametrize("role", ["stepdown_reader", "stepdown_projector"])
def test_readers_write_nothing(database: Database, role: str) -> None:
    for table in ("ledger", "fact", "chart_key", "idempotency", "claim", "kept_rows"):
        statement = f"INSERT INTO {table} SELECT * FROM {table}"  # noqa: S608 - table names of this test
        assert _refused(database.app_url, f"SET LOCAL ROLE {role}", statement) == "42501", table


def test_the_login_itself_may_do_nothing(database: Database) -> None:
    for table in ("ledger", "fact", "chart_key", "idempotency", "claim", "kept_rows"):
        statement = f"SELECT count(*) FROM {table}"  # noqa: S608 - table names of this test
        assert _refused(database.app_url, statement) == "42501", table


def test_no_file_of_the_database_holds_a_chart_in_plain(tmp_path: Path) -> None:
    """Written, read, stopped: neither tables nor write-ahead log nor the server's log hold what a chart says."""
    secrets = ["Quillfeather", "Ottoline", "555-0142-7788", "QF-778812", "fear-of-heights", "because-of-a-mistake"]
    data = tmp_path / "data"
    with Embedded.start(data, durable=False) as server:
        migrate(server.owner_url, APP_ROLE)
        with Store(server.app_url, FileKeyring(tmp_path / "master.key")) as store:
            ledger = store.ledger("lexington")
            chart = a_chart()
            ledger.append([registered(chart, mrn="QF-778812"), trigger(chart, 2, "fear-of-heights")])
            ledger.append([new(chart, 3, trigger(chart, 3).fact, reason="because-of-a-mistake")])
            ledger.append([holiday(name="Marmalade day")])
            sealed = ledger.seal(chart, "name", b"Ottoline Quillfeather")
            assert ledger.unseal(chart, "name", sealed) == b"Ottoline Quillfeather"
            assert ledger.read([chart])[chart][0].fact.family_name == "Quillfeather"
            assert ledger.holder("mrn", "QF-778812") == chart
            with psycopg.connect(server.superuser_url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
    files = [path for path in data.rglob("*") if path.is_file()]
    found = {text for path in files for text in [*secrets, "Marmalade day"] if text.encode() in path.read_bytes()}
    # What isn't a chart's is found: the search looks in the right place.
    assert found == {"Marmalade day"}
    walls = [path for path in files if path.parent.name == "pg_wal"]
    assert any(b"Marmalade day" in path.read_bytes() for path in walls)


MOVES = {
    "to another version": "UPDATE fact SET version = CASE version WHEN 1 THEN 12 ELSE 11 END WHERE stream = %(one)s",
    "to another stream": "UPDATE fact f SET body = o.body FROM fact o"
    " WHERE f.stream = %(one)s AND o.stream = %(two)s AND f.version = o.version",
    "to another ledger": "UPDATE fact f SET body = o.body FROM fact o"
    " WHERE f.stream = %(one)s AND f.ledger = 'lexington' AND o.stream = %(one)s AND o.ledger = 'other'"
    " AND f.version = o.version",
    "to another type": "UPDATE fact SET type = 'SelfHelpReported' WHERE stream = %(one)s",
    "with a bit turned": "UPDATE fact SET body = set_bit(body, 200, 1 - get_bit(body, 200)) WHERE stream = %(one)s",
    "cut off": "UPDATE fact SET body = substring(body for 20) WHERE stream = %(one)s",
    "in plain": "UPDATE fact SET body = '{}' WHERE stream = %(one)s",
    "under another chart's key": "UPDATE chart_key k SET wrapped = o.wrapped FROM chart_key o"
    " WHERE k.stream = %(one)s AND o.stream = %(two)s",
    "with a bit of its key turned": "UPDATE chart_key SET wrapped = set_bit(wrapped, 200, 1 - get_bit(wrapped, 200))"
    " WHERE stream = %(one)s",
    "with little left of its key": "UPDATE chart_key SET wrapped = substring(wrapped for 5) WHERE stream = %(one)s",
    "without its key": "DELETE FROM chart_key WHERE stream = %(one)s",
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_what_was_moved_or_altered_does_not_open(
    database: Database, keyring: FileKeyring, store: Store, move: str
) -> None:
    one, two = a_chart(), a_chart()
    for name in ("lexington", "other"):
        store.ledger(name).append([trigger(one, 1), trigger(one, 2), trigger(two, 1), trigger(two, 2)])
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(move.encode(), {"one": one, "two": two}).rowcount > 0
    # Another process, which has no key at hand.
    with Store(database.app_url, keyring) as fresh:
        ledger = fresh.ledger("lexington")
        for reading in (lambda: ledger.read([one]), ledger.facts):
            with pytest.raises(Unreadable) as broken:
                reading()
            assert "payday" not in str(broken.value)
        assert len(ledger.read([two])[two]) == 2


@pytest.mark.parametrize("damage", [name for name in MOVES if "key" in name])
def test_a_chart_whose_key_is_no_good_takes_no_further_fact_and_says_why(
    database: Database, keyring: FileKeyring, store: Store, damage: str
) -> None:
    """To decide again, as after a conflict, would not help."""
    one, two = a_chart(), a_chart()
    store.ledger("lexington").append([trigger(one, 1), trigger(two, 1)])
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(MOVES[damage].encode(), {"one": one, "two": two})
    with Store(database.app_url, keyring) as fresh:
        ledger = fresh.ledger("lexington")
        with pytest.raises(Unreadable, match="restore the database from its backup"):
            ledger.append([trigger(one, 2)])
        assert ledger.append([trigger(two, 2)]).version == 2


def test_even_under_the_same_key_a_fact_opens_in_its_own_place_alone(store: Store) -> None:
    one, two = a_chart(), a_chart()
    key = ChartKey(b"k" * 32)
    here, there = (FactMapper(name, store.ledger(name)._keys) for name in ("here", "there"))
    stored = here.to_stored_event(cast("DomainEventProtocol[str]", Keyed(trigger(one, 1), key)))
    now = datetime.now(UTC)

    def read(mapper: FactMapper, stream: str, version: int) -> list[Recorded]:
        return mapper.recorded([(1, stream, version, stored.topic, now, stored.state)], {one: key, two: key})

    assert read(here, one, 1)[0].fact == trigger(one, 1).fact
    for mapper, stream, version in ((there, one, 1), (here, two, 1), (here, one, 2)):
        with pytest.raises(Unreadable, match="doesn't open in its place"):
            read(mapper, stream, version)


def test_the_error_of_an_altered_fact_names_it(ledger: Ledger, database: Database) -> None:
    chart = a_chart()
    ledger.append([trigger(chart, 1), trigger(chart, 2)])
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE fact SET version = 3 WHERE version = 2")
    with pytest.raises(Unreadable, match=f"{chart}@3 in ledger lexington doesn't open in its place"):
        ledger.read([chart])


def test_a_sealed_column_opens_for_its_chart_and_purpose_alone(ledger: Ledger) -> None:
    one, two = a_chart(), a_chart()
    ledger.append([trigger(one, 1), trigger(two, 1)])
    ledger.prepare([one, two])
    sealed = ledger.seal(one, "name", b"Ottoline")
    assert ledger.unseal(one, "name", sealed) == b"Ottoline"
    for stream, what in ((two, "name"), (one, "phone")):
        with pytest.raises(Unreadable, match="rebuild the projection"):
            ledger.unseal(stream, what, sealed)
    with pytest.raises(Unreadable, match="has no key"):
        ledger.seal(a_chart(), "name", b"Ottoline")


def test_a_keyed_hash_is_equal_for_equal_values_of_one_ledger(store: Store) -> None:
    here, there = store.ledger("here"), store.ledger("there")
    assert here.keyed_hash("name", "quillfeather") is None
    for ledger in (here, there):
        ledger.append([trigger(a_chart(), 1)])
    hashed = here.keyed_hash("name", "quillfeather")
    assert hashed is not None
    assert len(hashed) == 16
    assert hashed == here.keyed_hash("name", "quillfeather")
    others = {here.keyed_hash("name", "quill"), here.keyed_hash("mrn", "quillfeather")}
    assert hashed not in others | {there.keyed_hash("name", "quillfeather")}
