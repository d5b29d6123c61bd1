"""Databases that aren't as they should be: told from outside, embedded, of another version, out of reach."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from stepdown.embedded import Embedded
from stepdown.settings import Settings
from store.migrate import migrate as prepare_ledgers
from tests.conftest import Database
from tests.stepdown.command import postgres_runs, run, run_apart, serving
from tests.stepdown.conftest import Program


@pytest.fixture
def bare(server: Embedded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """A database named from outside that nobody has prepared."""
    name = f"bare_{uuid4().hex}"
    with psycopg.connect(server.owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = Database.on(server, name)
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", database.app_url)
    monkeypatch.setenv("STEPDOWN_DATA", str(tmp_path))
    return database


def test_an_unprepared_database_is_refused_until_its_owner_has_migrated_it(
    bare: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (["serve", "--port", "0"], ["follow"], ["status", "SYN-1"], ["import", "facts.ndjson"]):
        run(*command).refused("isn't prepared", "stepdown migrate")
    run("migrate").refused("STEPDOWN_OWNER_URL")
    monkeypatch.setenv("STEPDOWN_OWNER_URL", bare.owner_url)
    done = run("migrate").done().text
    assert "migration 0001-ledger" in done
    assert "read tables of status" in done
    assert "was prepared for this version before" in run("migrate").done().text
    run("status", "SYN-1").refused("No facility is on record yet")


def test_a_database_with_ledgers_and_without_read_tables_is_refused(bare: Database) -> None:
    prepare_ledgers(bare.owner_url, "stepdown")
    for command in (["serve", "--port", "0"], ["follow"], ["status", "SYN-1"]):
        run(*command).refused("stepdown migrate")


def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    empty_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(empty_program.database.owner_url) as connection:
        connection.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " VALUES ('x', '9999-later', now())"
        )
    monkeypatch.setenv("STEPDOWN_OWNER_URL", empty_program.database.owner_url)
    for command in (["serve", "--port", "0"], ["status", "SYN-1"], ["migrate"]):
        run(*command).refused("newer version")


def test_a_database_of_an_older_version_is_refused_with_what_to_do(empty_program: Program) -> None:
    with psycopg.connect(empty_program.database.owner_url) as connection:
        connection.execute(
            "DELETE FROM _yoyo_migration WHERE migration_id = (SELECT max(migration_id) FROM _yoyo_migration)"
        )
    run("serve", "--port", "0").refused("stepdown migrate")


@pytest.mark.parametrize("command", [["status", "SYN-1"], ["serve", "--port", "0"], ["migrate"]])
def test_a_database_out_of_reach_is_refused_without_its_password(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "postgresql://stepdown:open-sesame@127.0.0.1:1/stepdown"
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", url)
    monkeypatch.setenv("STEPDOWN_OWNER_URL", url)
    monkeypatch.setenv("STEPDOWN_DATA", str(tmp_path))
    answer = run(*command)
    answer.refused("can't be reached")
    assert "sesame" not in answer.err


@pytest.mark.parametrize(
    "url", ["open-sesame", "postgresql://host:open-sesame/x", "postgresql://127.0.0.1/open-sesame"]
)
def test_what_is_no_database_url_is_refused_without_repeating_it(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", url)
    monkeypatch.setenv("STEPDOWN_DATA", str(tmp_path))
    answer = run("status", "SYN-1")
    answer.refused("STEPDOWN_DATABASE_URL", "postgresql://login:password@host/database")
    assert "sesame" not in answer.err


def test_a_setting_that_does_not_fit_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPDOWN_POOL_SIZE", "many")
    answer = run("status", "SYN-1")
    answer.refused("STEPDOWN_POOL_SIZE")
    assert "many" not in answer.err


def test_settings_print_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", "postgresql://stepdown:open-sesame@host/stepdown")
    assert "sesame" not in repr(Settings())


def test_the_keys_of_another_program_open_nothing(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEPDOWN_DATA", str(tmp_path / "another"))
    run("status", "SYN-LEX-00022").refused("master key")


def test_the_embedded_database_is_made_at_first_use_and_ends_with_the_command(tmp_path: Path) -> None:
    assert "Prepared: migration 0001-ledger" in run_apart("migrate", cwd=tmp_path).done().text
    run_apart("token", "--role", "counselor", cwd=tmp_path).refused("No facility is on record yet")
    assert (tmp_path / ".stepdown" / "master.key").exists()
    assert not postgres_runs(tmp_path / ".stepdown")
    assert "before" in run_apart("migrate", cwd=tmp_path).done().text
    # Two at once share it; told to end, the last one stops it.
    with serving("follow", cwd=tmp_path) as follower:
        follower.is_at_work("Following")
        assert run_apart("status", "SYN-1", cwd=tmp_path).code == 1
        assert postgres_runs(tmp_path / ".stepdown")
        assert follower.ends_by(signal.SIGINT) == 0
    assert "Traceback" not in follower.err
    assert not postgres_runs(tmp_path / ".stepdown")


def test_a_data_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    for command in (["migrate"], ["serve", "--port", "0"], ["demo", "--port", "0"]):
        run(*command, "--data", tmp_path / "taken" / "data").refused(str(tmp_path / "taken"), "write permission")


@contextmanager
def without_permission() -> Iterator[None]:
    """Root may write anywhere: meanwhile this is somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_data_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    # Once before, for what is imported on the way: another account may not be let into its folders.
    run("migrate", "--data", "/dev/null/data").refused("write permission")
    with without_permission():
        answer = run("migrate", "--data", closed / "data")
    answer.refused("Permission denied", "write permission")
    assert list(closed.iterdir()) == []


READING = (
    ("status", "SYN-1"),
    ("census",),
    ("report", "weekly", "--week", "2026-W10"),
    ("export", "facts"),
    ("follow", "--status"),
    ("follow",),
    ("rebuild", "--check"),
    ("token", "--role", "counselor"),
)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_begins_no_record_makes_no_folder(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A mistyped one would get a database, passwords and a master key, and the answer that nothing is on record."""
    monkeypatch.delenv("STEPDOWN_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    run(*words, "--data", "typo/").refused("There is no record in the folder typo:", "`stepdown serve`, `import`")
    assert list(tmp_path.iterdir()) == []
