"""Preparing a database, and telling one that isn't prepared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from stepdown.embedded import Embedded
from store import migrate as module
from store.errors import SchemaMismatch, StoreError, Unavailable
from store.migrate import ROLES, check, known, migrate
from tests.conftest import APP_ROLE, Database


@pytest.fixture
def blank(server: Embedded, request: pytest.FixtureRequest) -> Database:
    """A database that nothing was done to."""
    name = f"blank_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return Database.on(server, name)


def test_a_database_is_prepared_once(blank: Database) -> None:
    names = ["0001-ledger", "0002-idempotency", "0003-destroyed-keys", "0004-kept-rows", "0005-looks"]
    assert migrate(blank.owner_url, APP_ROLE) == known() == names
    check(blank.app_url)
    assert migrate(blank.owner_url, APP_ROLE) == []


def test_what_is_noted_of_a_migration_names_neither_account_nor_machine(
    blank: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose account has no name, on a machine whose name server doesn't answer."""

    def unknown(*_: object) -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", unknown)
    monkeypatch.setattr("socket.getfqdn", unknown)
    migrate(blank.owner_url, APP_ROLE)
    with psycopg.connect(blank.owner_url) as connection:
        rows = connection.execute("SELECT migration_id, operation, username, hostname FROM _yoyo_log").fetchall()
    assert rows == [(name, "apply", "", "") for name in known()]


def test_a_database_that_is_not_prepared_says_so(blank: Database) -> None:
    with pytest.raises(SchemaMismatch, match="isn't prepared: run `stepdown migrate`"):
        check(blank.app_url)


def test_a_database_of_an_older_version_says_so(
    make_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make_database()
    monkeypatch.setattr(module, "known", lambda: [*known(), "9999-more"])
    with pytest.raises(SchemaMismatch, match="an older version: run `stepdown migrate`"):
        check(database.app_url)


def test_a_database_of_a_newer_version_says_so_and_is_left_alone(make_database: Callable[[], Database]) -> None:
    database = make_database()
    with psycopg.connect(database.owner_url) as connection:
        connection.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) VALUES ('x', '0999-y', now())"
        )
    for ask in (lambda: check(database.app_url), lambda: migrate(database.owner_url, APP_ROLE)):
        with pytest.raises(SchemaMismatch, match="a newer version: install that version, or a later one"):
            ask()


def test_an_old_postgres_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OLDEST_POSTGRES", 99)
    for ask in (lambda: check(database.app_url), lambda: migrate(database.owner_url, APP_ROLE)):
        with pytest.raises(SchemaMismatch, match="needs Postgres 99 or later: the server is Postgres 1"):
            ask()


def test_a_login_that_was_not_named_may_not_use_the_database(database: Database) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    stranger = database.app_url.replace(database.app_url.split("@")[0], "postgresql://stranger:stranger")
    with pytest.raises(SchemaMismatch, match="This login may not use the database"):
        check(stranger)
    migrate(database.owner_url, "stranger")
    check(stranger)


def test_a_database_out_of_reach_says_so_without_the_password(database: Database) -> None:
    wrong = database.app_url.replace(database.app_url.split(":")[2].split("@")[0], "not-the-password")
    nowhere = "postgresql://stepdown:hidden@localhost:1/stepdown"
    for url in (wrong, nowhere):
        with pytest.raises(Unavailable, match="can't be reached") as refusal:
            check(url)
        assert "password" not in str(refusal.value)
        assert "hidden" not in str(refusal.value)


def test_a_login_that_does_not_exist_is_an_error_of_one_sentence(database: Database) -> None:
    with pytest.raises(StoreError, match="SQLSTATE 42704"):
        migrate(database.owner_url, "nobody_by_that_name")


def test_a_migration_cut_off_before_it_was_noted_is_done_again(make_database: Callable[[], Database]) -> None:
    database = make_database()
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("DELETE FROM _yoyo_migration")
    with pytest.raises(SchemaMismatch, match="isn't prepared"):
        check(database.app_url)
    assert migrate(database.owner_url, APP_ROLE) == known()
    check(database.app_url)


def test_a_killed_migration_does_not_lock_out_the_next(make_database: Callable[[], Database]) -> None:
    database = make_database()
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("DELETE FROM _yoyo_migration")
        connection.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    assert migrate(database.owner_url, APP_ROLE) == known()


def test_databases_of_one_cluster_may_be_prepared_at_once(tmp_path: Path) -> None:
    """The roles are the cluster's: whoever comes first makes them."""
    names = ["one", "two", "three"]
    with Embedded.start(tmp_path / "data", durable=False) as server:
        with psycopg.connect(server.owner_url, autocommit=True) as connection:
            for name in names:
                connection.execute(f"CREATE DATABASE {name}".encode())
        databases = [Database.on(server, name) for name in names]
        with ThreadPoolExecutor(6) as threads:
            applied = list(threads.map(lambda d: migrate(d.owner_url, APP_ROLE), databases * 2))
        assert sorted(applied) == [[], [], [], *[known()] * 3]
        for database in databases:
            check(database.app_url)


def test_the_login_may_take_on_the_roles_and_has_none_of_their_rights(database: Database) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        rows = connection.execute(
            "SELECT pg_has_role(%(login)s, role, 'MEMBER'), pg_has_role(%(login)s, role, 'USAGE'),"
            " pg_has_role(%(login)s, role, 'MEMBER WITH ADMIN OPTION')"
            " FROM unnest(%(roles)s::text[]) AS role",
            {"login": APP_ROLE, "roles": list(ROLES)},
        ).fetchall()
    assert rows == [(True, False, False)] * len(ROLES)
