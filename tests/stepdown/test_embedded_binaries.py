"""Which Postgres programs are used, and what is said when none will do."""

import os
import signal
import sys
from pathlib import Path

import pytest

from stepdown.embedded import EmbeddedError, binaries
from stepdown.embedded.account import Account
from tests.stepdown.using import script

SOMEBODY_ELSE = Account(os.geteuid() + 1, os.getegid() + 1, drops=True)


def pretend(folder: Path, answer: str) -> Path:
    """A bin folder whose `postgres` says no more than its version."""
    folder.mkdir(parents=True)
    program = folder / "postgres"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    return folder


def test_a_named_folder_goes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = pretend(tmp_path / "bin", "postgres (PostgreSQL) 17.2 (Debian 17.2-1)")
    monkeypatch.setenv("STEPDOWN_PG_BIN", str(named))
    found = binaries.find()
    assert (found.bin, found.version, found.major) == (named, "17.2", 17)


def test_the_wheel_is_found_without_running_its_start_up_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEPDOWN_PG_BIN", raising=False)
    found = binaries.find()
    assert found.major == 18
    assert found.bin.parts[-3:] == (binaries.WHEEL, "pginstall18", "bin")
    assert binaries.WHEEL not in sys.modules


@pytest.mark.parametrize("version", ["14.9", "9.6.24"])
def test_an_old_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("STEPDOWN_PG_BIN", str(pretend(tmp_path / "bin", f"postgres (PostgreSQL) {version}")))
    with pytest.raises(EmbeddedError, match=f"holds Postgres {version}, and Stepdown needs 15 or later"):
        binaries.find()


def test_a_preview_of_a_coming_version_is_understood(tmp_path: Path) -> None:
    assert binaries.Binaries(pretend(tmp_path / "bin", "postgres (PostgreSQL) 19beta1")).major == 19


def test_a_program_that_does_not_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = pretend(tmp_path / "bin", "")
    (named / "postgres").write_text("#!/bin/sh\nexit 127\n")
    monkeypatch.setenv("STEPDOWN_PG_BIN", str(named))
    with pytest.raises(EmbeddedError, match="doesn't run on this machine; name another in STEPDOWN_PG_BIN"):
        binaries.find()


def test_a_named_folder_without_programs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPDOWN_PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match="there is no program `postgres`; correct it"):
        binaries.find()


def test_no_programs_at_all_are_refused_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "FINDERS", ())
    with pytest.raises(
        EmbeddedError, match=r"No programs of Postgres .* STEPDOWN_PG_BIN, or set STEPDOWN_DATABASE_URL"
    ):
        binaries.find()


def test_a_named_folder_out_of_the_accounts_reach_is_refused(tmp_path: Path) -> None:
    named = pretend(tmp_path / "home" / "bin", "postgres (PostgreSQL) 18.4")
    named.parent.chmod(0o700)
    with pytest.raises(EmbeddedError, match=f"can't reach {named}; name a folder that every account can read"):
        binaries.within_reach(binaries.Binaries(named), SOMEBODY_ELSE)


def test_an_account_that_drops_nothing_uses_the_programs_where_they_are(tmp_path: Path) -> None:
    named = binaries.Binaries(pretend(tmp_path / "home" / "bin", "postgres (PostgreSQL) 18.4"))
    named.bin.parent.chmod(0o700)
    assert binaries.within_reach(named, Account(os.geteuid(), os.getegid(), drops=False)) == named


# Copies programs for somebody else, and is killed when the first part of two is there.
CUT_OFF = """
import os, shutil, signal, sys
from pathlib import Path
from stepdown.embedded import binaries
from stepdown.embedded.account import Account
binaries.COPIES = Path(sys.argv[2])
whole = shutil.copytree
def first_part(*places):
    whole(*places)
    os.kill(os.getpid(), signal.SIGKILL)
shutil.copytree = first_part
found = binaries.Binaries(Path(sys.argv[1]) / "bin", Path(sys.argv[1]), (Path("bin"), Path("lib")))
binaries.within_reach(found, Account(os.geteuid() + 1, os.getegid() + 1, drops=True))
"""


def test_a_copy_that_was_cut_off_is_made_anew_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, copies = tmp_path / "home", tmp_path / "copies"
    pretend(home / "bin", "postgres (PostgreSQL) 18.4")
    (home / "lib").mkdir(mode=0o700)
    (home / "lib" / "part.so").write_text("a part")
    home.chmod(0o700)
    with script(CUT_OFF, home, copies) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert [left.name[:5] for left in copies.iterdir() if left.is_dir()] == [".new-"]

    monkeypatch.setattr(binaries, "COPIES", copies)
    found = binaries.Binaries(home / "bin", home, (Path("bin"), Path("lib")))
    copied = binaries.within_reach(found, SOMEBODY_ELSE)
    assert [left for left in copies.iterdir() if left.is_dir()] == [copied.root]
    assert copied.major == 18
    assert (copied.bin.parent / "lib" / "part.so").read_text() == "a part"


def test_programs_that_find_no_room_for_their_copy_are_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    pretend(home / "bin", "postgres (PostgreSQL) 18.4")
    home.chmod(0o700)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(binaries, "COPIES", tmp_path / "file" / "copies")
    found = binaries.Binaries(home / "bin", home, (Path("bin"),))
    with pytest.raises(EmbeddedError, match=r"some 80 MB, can't be copied to .*/copies \(.*\); make room there"):
        binaries.within_reach(found, SOMEBODY_ELSE)
