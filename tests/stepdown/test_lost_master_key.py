"""The key file is gone, or is another's: no command opens the database with a key that opens nothing in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.keys import FileKeyring
from tests.stepdown.command import PATIENT, SAMPLE, run, run_apart
from tests.stepdown.conftest import Program

COMMANDS = (
    ("serve", "--port", "0"),
    ("demo", "--port", "0"),
    ("follow",),
    ("export", "facts"),
    ("status", PATIENT),
    ("token", "--role", "counselor"),
    ("import", SAMPLE),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_makes_a_new_key_for_records_of_an_old_one(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    lost = tmp_path / "lost" / "master.key"
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(lost))
    options = ("--data", program.data) if command[0] == "demo" else ()
    run(*command, *options).refused(f"{lost} is missing", "restore the file from your backup", "STEPDOWN_MASTER_KEY")
    assert not lost.parent.exists()


def test_the_key_of_another_database_is_refused_at_once(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "master.key"
    FileKeyring(other)
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(other))
    run("serve", "--port", "0").refused("use the key file that it was made with")


def test_the_embedded_database_misses_its_key_and_works_again_when_it_is_restored(tmp_path: Path) -> None:
    run_apart("import", "--restore", SAMPLE, cwd=tmp_path).done()
    key, backup = tmp_path / ".stepdown/master.key", tmp_path / "backup"
    key.rename(backup)
    run_apart("export", "facts", cwd=tmp_path).refused("master.key is missing", "restore the file from your backup")
    assert not key.exists()
    backup.rename(key)
    assert len(run_apart("export", "facts", cwd=tmp_path).done().out.splitlines()) > 4000
