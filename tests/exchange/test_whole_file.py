"""Files that leave the system: whole or not at all, for their owner alone."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import pytest

from exchange.errors import FileUnwritable
from exchange.whole_file import unwritable, whole_file


def test_a_file_is_there_once_it_is_whole_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    with whole_file(path) as file:
        file.write(b"rows")
        assert not path.exists()
    assert path.read_bytes() == b"rows"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_what_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(b"former")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/at all/report.csv", "report.csv can't be written: there is no folder nowhere/at all. Make it first"),
        ("taken/report.csv", "report.csv can't be written: taken is a file, no folder. Name a folder."),
        ("taken/in/report.csv", "report.csv can't be written: there is no folder taken/in. Make it first"),
    ],
)
def test_a_folder_that_is_not_there_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").write_text("a file")
    with pytest.raises(FileUnwritable, match=f"^{re.escape(said)}"), whole_file(Path(place)) as file:
        file.write(b"rows")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
@pytest.mark.parametrize(("place", "folder"), [("out/report.csv", "the folder out"), ("report.csv", "this folder")])
def test_a_folder_that_lets_nobody_write_is_named_too(number: int, place: str, folder: str) -> None:
    said = unwritable(Path(place), OSError(number, os.strerror(number)))
    assert said.startswith(f"report.csv can't be written: {folder} lets you write no files. Name another")


def test_what_the_system_says_otherwise_is_told_as_it_is() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert unwritable(Path("out/report.csv"), full) == "report.csv can't be written (No space left on device)."
