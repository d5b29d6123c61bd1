"""One reading of a file of lines, gzip or plain, to its end: what can't be read whole isn't taken in at all.

A file is known by the SHA-256 of its bytes as they lie on the disk, so that anybody can check it with `sha256sum`.
"""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

from exchange.errors import FileUnreadable

LINE_BYTES: Final = 1 << 20
"""A fact is a few hundred bytes; a longer line than this (1 MiB) is not one, and is not kept in memory."""

_GZIP: Final = b"\x1f\x8b"
_BLOCK_BYTES: Final = 1 << 18
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Source(Protocol):
    """Bytes, a line at a time."""

    def readline(self, size: int = ..., /) -> bytes: ...


class Line(NamedTuple):
    """`number` counts from 1; `text` without its line end, cut off at `LINE_BYTES` when it is `too_long`."""

    number: int
    text: bytes
    too_long: bool = False


class LineFile:
    """Iterate once. `bytes_read` of `size` says how far it is; `sha256` is that of the whole file, after the end."""

    how = "save it as UTF-8"
    """What to do about one that isn't."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = self._size()
        self.bytes_read = 0
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Line]:
        """Every line that isn't blank. FileUnreadable for what is cut off, no UTF-8, or can't be opened."""
        for line in self.physical():
            number, text, too_long = line
            text = text.rstrip(b"\r\n")
            if text and not text.isspace():
                yield Line(number, text, too_long)

    def physical(self) -> Iterator[Line]:
        """Every line, blank ones too, with its line end."""
        try:
            with self.path.open("rb", buffering=0) as file:
                source = io.BufferedReader(_Counted(file, self), _BLOCK_BYTES)
                packed = source.peek(2)[:2] == _GZIP
                yield from self._numbered(gzip.GzipFile(fileobj=source) if packed else source)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise FileUnreadable(
                f"{self.path.name} is cut off or damaged (gzip): nothing was recorded; get it anew."
            ) from None
        except OSError as error:
            raise self._closed(error) from None

    def _numbered(self, source: Source) -> Iterator[Line]:
        number = 0
        while text := source.readline(LINE_BYTES + 1):
            number += 1
            too_long = len(text) > LINE_BYTES
            if too_long:
                text = text[:LINE_BYTES]
                _skip_rest(source)
            if number == 1:
                text = text.removeprefix(_BYTE_ORDER_MARK)
            self._check(text, number, too_long)
            yield Line(number, text, too_long)

    def _check(self, text: bytes, number: int, too_long: bool) -> None:
        try:
            text.decode()
        except UnicodeDecodeError as error:
            if too_long and error.start > len(text) - 4:
                return  # It was cut within a character.
            raise FileUnreadable(
                f"{self.path.name} isn't UTF-8 (line {number}): nothing was recorded; {self.how}."
            ) from None

    def note(self, block: bytes | memoryview) -> None:
        self.bytes_read += len(block)
        self._digest.update(block)

    def _size(self) -> int:
        try:
            found = self.path.stat()
        except OSError as error:
            raise self._closed(error) from None
        if not stat.S_ISREG(found.st_mode):
            raise FileUnreadable(f"{self.path.name} is no regular file: it is read twice, so save it to one first.")
        return found.st_size

    def _closed(self, error: OSError) -> FileUnreadable:
        return FileUnreadable(f"{self.path.name} can't be read ({error.strerror or 'input error'}).")


def _skip_rest(source: Source) -> None:
    while (rest := source.readline(_BLOCK_BYTES)) and not rest.endswith(b"\n"):
        continue


class _Counted(io.RawIOBase):
    """Passes bytes through, and tells the file of them."""

    def __init__(self, file: IO[bytes], told: LineFile) -> None:
        super().__init__()
        self._file = file
        self._told = told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        block = self._file.read(len(view))
        view[: len(block)] = block
        self._told.note(block)
        return len(block)
