"""A Postgres of one's own: backed up by a login that may do nothing else, restored into a data directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from projections.prepare import prepare
from stepdown.embedded import Embedded
from stepdown.embedded.account import account_for
from stepdown.embedded.binaries import find, within_reach
from stepdown.embedded.socket_folder import PORT
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store
from tests.stepdown.command import run
from tests.store.given import a_chart, registered, trigger

LOGIN = "stepdown_backup"
PASSWORD = "for tests"
CREATE = (
    f"CREATE ROLE {LOGIN} LOGIN REPLICATION PASSWORD '{PASSWORD}'",
    f"GRANT CONNECT ON DATABASE stepdown TO {LOGIN}",
    f"GRANT stepdown_reader TO {LOGIN}",
)


@dataclass(frozen=True)
class Production:
    """A server, the master key of its application, and the URL of the login for backups."""

    server: Embedded
    key: Path
    backup_url: str

    def superuser(self, *statements: str) -> None:
        with psycopg.connect(self.server.superuser_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    place = tmp_path_factory.mktemp("production")
    with Embedded.start(place / "server", durable=False) as server:
        migrate(server.owner_url, "stepdown")
        prepare(server.owner_url, "stepdown")
        key = place / "app" / "master.key"
        with Store(server.app_url, FileKeyring(key)) as store:
            for number in range(5):
                chart = a_chart()
                store.ledger("lexington").append([registered(chart, mrn=f"SYN-{number}"), trigger(chart, 2)])
        where = urlsplit(server.app_url)
        url = where._replace(netloc=f"{LOGIN}:{quote(PASSWORD)}@").geturl()
        made = Production(server, key, url)
        made.superuser(*CREATE)
        yield made


@pytest.fixture(autouse=True)
def told(production: Production, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", production.server.app_url)
    monkeypatch.setenv("STEPDOWN_BACKUP_URL", production.backup_url)
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(production.key))
    monkeypatch.setenv("STEPDOWN_DATA", str(tmp_path / "data"))


@contextmanager
def running(directory: Path, socket: Path) -> Iterator[None]:
    """The restored server, started as an operator would."""
    account = account_for(directory)
    programs = within_reach(find(), account)
    socket.mkdir()
    account.give(socket)
    with account.way_to(directory) as (way, inherit), account.way_to(socket) as (door, more):
        control = [programs.program("pg_ctl"), "-D", way, "-w", "-l", f"{way}/log"]
        options = f"-c listen_addresses= -c unix_socket_directories={door}"
        log, inherited = socket.parent / "said", (*inherit, *more)
        assert account.run([*control, "-o", options, "start"], log=log, inherit=inherited), log.read_text()
        try:
            yield
        finally:
            assert account.run([*control, "-m", "fast", "stop"], log=log, inherit=inherited), log.read_text()


def test_what_was_backed_up_by_its_login_is_served_from_another_data_directory(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "safe" / "master.key"
    taken = run("backup", tmp_path / "backup", "--keys", keys, "--json").done()
    assert taken.document["of"] == "external"
    assert not any(PASSWORD.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    restored = run("restore", tmp_path / "backup", "--to", tmp_path / "directory", "--keys", keys).done()
    assert "lexington: positions 1 to 10 without a hole" in restored.text
    assert "5 of 5 charts opened" in restored.text
    assert restored.err == ""
    facts = run("export", "facts").done().out
    with running(tmp_path / "directory", tmp_path / "socket"):
        where = urlsplit(production.server.app_url)
        query = f"host={quote(str(tmp_path / 'socket'), safe='')}&port={PORT}"
        monkeypatch.setenv("STEPDOWN_DATABASE_URL", where._replace(query=query).geturl())
        assert run("export", "facts").done().out == facts
    run("restore", tmp_path / "backup", "--to", tmp_path / "directory").refused("is there already", "a new folder")
    run("restore", tmp_path / "backup").refused("restore it with --to")


def test_what_was_restored_waits_for_no_standby_and_follows_nothing_that_its_former_server_was_told(
    production: Production, tmp_path: Path
) -> None:
    """None of it is in effect there (it would be after the next reload): the file is copied as it stands."""
    told = {
        "synchronous_standby_names": "ANY 1 (a, b)",
        "primary_conninfo": "host=nowhere.invalid",
        "primary_slot_name": "a",
        "recovery_target": "immediate",
        "recovery_target_action": "shutdown",
        "recovery_min_apply_delay": "1h",
        "restore_command": "false",
        "archive_mode": "on",
        "archive_command": "false",
        "external_pid_file": str(tmp_path / "pid"),
        "work_mem": "5MB",
    }
    production.superuser(*(f"ALTER SYSTEM SET {name} = '{value}'" for name, value in told.items()))
    try:
        run("backup", tmp_path / "backup").done()
    finally:
        production.superuser(*(f"ALTER SYSTEM RESET {name}" for name in told))
    assert "recovery_target" in (tmp_path / "backup/database/postgresql.auto.conf").read_text()
    directory, socket = tmp_path / "directory", tmp_path / "socket"
    restored = run("restore", tmp_path / "backup", "--to", directory, "--keys", production.key).done()
    assert "positions 1 to 10 without a hole" in restored.text
    assert not (tmp_path / "pid").exists()
    kept = (directory / "postgresql.auto.conf").read_text().splitlines()
    assert {line.split()[0] for line in kept if not line.startswith("#")} & told.keys() == {
        "work_mem",
        "external_pid_file",
    }
    with running(directory, socket):
        where = urlsplit(production.server.app_url)
        url = where._replace(query=f"host={quote(str(socket), safe='')}&port={PORT}").geturl()
        with Store(url, FileKeyring(production.key)) as store:
            chart = a_chart()
            store.ledger("lexington").append([registered(chart, mrn="SYN-RESTORED"), trigger(chart, 2)])


def test_a_machine_without_the_key_backs_up_as_well(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEPDOWN_MASTER_KEY_FILE")
    taken = run("backup", tmp_path / "backup", "--json").done()
    assert taken.document["key"] is None
    assert "which isn't here" in taken.err
    assert not (tmp_path / "data").exists()
    run("backup", tmp_path / "second", "--keys", tmp_path / "key").refused("There is no master key")


@pytest.mark.parametrize(
    ("without", "again", "words"),
    [
        (f"ALTER ROLE {LOGIN} NOREPLICATION", f"ALTER ROLE {LOGIN} REPLICATION", "ALTER ROLE … REPLICATION"),
        (f"REVOKE stepdown_reader FROM {LOGIN}", f"GRANT stepdown_reader TO {LOGIN}", "GRANT stepdown_reader"),
        (f"ALTER ROLE {LOGIN} NOLOGIN", f"ALTER ROLE {LOGIN} LOGIN", "can't be reached"),
    ],
    ids=["replication", "reader", "login"],
)
def test_a_login_that_may_not_is_told_what_it_lacks(
    production: Production, tmp_path: Path, without: str, again: str, words: str
) -> None:
    production.superuser(without)
    try:
        run("backup", tmp_path / "backup").refused(words)
    finally:
        production.superuser(again)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_lets_nobody_replicate_is_to_be_told_otherwise(production: Production, tmp_path: Path) -> None:
    cluster = production.key.parents[1] / "server/postgres/cluster"
    before = (cluster / "pg_hba.conf").read_text()
    assert "replication" in before
    (cluster / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    production.superuser("SELECT pg_reload_conf()")
    try:
        run("backup", tmp_path / "backup").refused("lets nobody in for replication", "pg_hba.conf")
    finally:
        (cluster / "pg_hba.conf").write_text(before)
        production.superuser("SELECT pg_reload_conf()")


def test_data_that_a_base_backup_would_scatter_are_refused(production: Production, tmp_path: Path) -> None:
    with psycopg.connect(production.server.superuser_url, autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE elsewhere LOCATION ''")
    try:
        run("backup", tmp_path / "backup").refused("tablespaces", "pgBackRest")
    finally:
        production.superuser("DROP TABLESPACE elsewhere")


def test_a_database_that_is_named_without_a_login_for_backups_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPDOWN_BACKUP_URL", "")
    run("backup", tmp_path / "backup").refused("Set STEPDOWN_BACKUP_URL")
    monkeypatch.setenv("STEPDOWN_BACKUP_URL", "postgresql://localhost:1/stepdown")
    run("backup", tmp_path / "backup").refused("STEPDOWN_BACKUP_URL names no login")
    monkeypatch.setenv("STEPDOWN_BACKUP_URL", f"postgresql://{LOGIN}:{PASSWORD}@localhost:1/stepdown".replace(" ", "+"))
    run("backup", tmp_path / "backup").refused("can't be reached")
    run("backup", tmp_path / "backup", "--archive", tmp_path / "a").refused("archives by its own settings")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("sslpassword=hidden", "has an sslpassword"),
        ("host=one,two", "names several hosts"),
        ("hostaddr=127.0.0.1,127.0.0.2", "names several hosts"),
        ("port=5432,5433", "names several hosts"),
    ],
)
def test_a_url_that_tells_a_secret_or_means_several_servers_is_refused(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, words: str
) -> None:
    monkeypatch.setenv("STEPDOWN_BACKUP_URL", f"{production.backup_url}&{more}")
    refused = run("backup", tmp_path / "backup")
    refused.refused("STEPDOWN_BACKUP_URL", words)
    assert "hidden" not in refused.err
    assert list(tmp_path.iterdir()) == []
