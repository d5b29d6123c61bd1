"""Reading a file to its end: gzip or plain, whole or not at all."""

from __future__ import annotations

import gzip
import os
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.errors import FileUnreadable
from exchange.lines import LINE_BYTES, LineFile


def texts(path: Path) -> list[tuple[int, bytes]]:
    return [(line.number, line.text) for line in LineFile(path)]


def test_a_plain_file_gives_its_lines_by_number_and_blank_ones_are_passed_by(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b'{"a":1}\n\n  \n{"b":2}')
    assert texts(path) == [(1, b'{"a":1}'), (4, b'{"b":2}')]


def test_gzip_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "packed.ndjson"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert texts(path) == [(1, b"one"), (2, b"two")]


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "joined.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert texts(path) == [(1, b"one"), (2, b"two")]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "windows"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert texts(path) == [(1, b"one"), (2, b"two")]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert texts(tmp_path / "empty") == []


@pytest.mark.parametrize("packed", [False, True])
def test_the_hash_is_that_of_the_file_on_the_disk(tmp_path: Path, packed: bool) -> None:
    text = b"one\n" * 1000
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(text) if packed else text)
    file = LineFile(path)
    assert len(list(file)) == 1000
    assert file.sha256 == sha256(path.read_bytes()).hexdigest()
    assert file.bytes_read == file.size == path.stat().st_size


@pytest.mark.parametrize("kept", [3, 12, 0.5, -9, -1])
def test_a_gzip_that_is_cut_off_anywhere_is_unreadable(tmp_path: Path, kept: float) -> None:
    packed = gzip.compress(os.urandom(100_000).hex().encode())
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: int(len(packed) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(FileUnreadable, match=r"^cut\.gz is cut off or damaged \(gzip\)"):
        texts(path)


def test_a_gzip_with_a_flipped_bit_is_unreadable(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(10_000).hex().encode()))
    packed[len(packed) // 2] ^= 1
    (tmp_path / "bad.gz").write_bytes(packed)
    with pytest.raises(FileUnreadable, match="damaged"):
        texts(tmp_path / "bad.gz")


def test_what_is_not_utf_8_is_unreadable_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes('{"a":1}\n{"name":"Zoë"}\n'.encode("latin-1"))
    with pytest.raises(FileUnreadable, match=r"latin isn't UTF-8 \(line 2\)"):
        texts(path)


def test_a_line_too_long_for_a_fact_is_cut_and_the_next_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes("é".encode() * LINE_BYTES + b"\nnext\n")
    long, following = LineFile(path)
    assert long.too_long
    assert len(long.text) == LINE_BYTES
    assert (following.number, following.text, following.too_long) == (2, b"next", False)


def test_a_folder_or_pipe_is_no_file_to_import(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileUnreadable, match="no regular file"):
            LineFile(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"^missing can't be read \(No such file or directory\)\.$"):
        LineFile(tmp_path / "missing")
