"""Files that leave the system: whole or not at all, for their owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from exchange.errors import FileUnwritable
from exchange.whole_file import whole_file


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


def test_a_place_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with (
        pytest.raises(FileUnwritable, match=r"^report\.csv can't be written \(No such file or directory\)\.$"),
        whole_file(tmp_path / "nowhere" / "report.csv") as file,
    ):
        file.write(b"rows")
