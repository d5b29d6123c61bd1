"""Refused lines, each with the rule and the reason, and the line as it was: to be put right and imported again."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import orjson

from domain.refused import Refused
from exchange.errors import FileUnwritable
from exchange.lines import Line
from exchange.whole_file import unwritable


class Rejects:
    """Counts refused lines, and writes them where somebody asked for them."""

    def __init__(self, file: IO[bytes] | None = None, path: Path = Path()) -> None:
        self._file = file
        self._path = path
        self.count = 0

    def refuse(self, line: Line, refusal: Refused) -> None:
        """One line of NDJSON: `line` (from 1), `rule`, `because`, `input`, the text of the line."""
        self.count += 1
        if self._file is None:
            return
        reject = {
            "line": line.number,
            "rule": refusal.rule,
            "because": refusal.because,
            "input": line.text.decode(errors="replace"),
        }
        with writable(self._path):
            self._file.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """What was refused so far outlives the process."""
        if self._file is not None:
            with writable(self._path):
                self._file.flush()


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """FileUnwritable for what the system says against writing a file there."""
    try:
        yield
    except OSError as error:
        raise FileUnwritable(unwritable(path, error)) from None


@contextmanager
def rejects_file(path: Path | None, sources: Sequence[Path]) -> Iterator[Rejects]:
    """The rejects of one import, in a new file that its owner alone can read; it is there also when none was refused.

    Written as lines are refused. FileUnwritable before anything was imported when it can't be made, is one of the
    `sources` themselves, or a link.
    """
    if path is None:
        yield Rejects()
        return
    if path.exists() and any(path.samefile(source) for source in sources):
        raise FileUnwritable(f"{path.name} is the file that is imported: name another one for the rejects.")
    with writable(path):
        file = _new_file(path)
    try:
        yield Rejects(file, path)
    finally:
        with writable(path):
            file.close()


def _new_file(path: Path) -> IO[bytes]:
    """A file in the place of a former one, whose readers don't get to see it; a device is written to as it is."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISCHR(mode):
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW), "wb")
    if not stat.S_ISREG(mode):
        raise FileUnwritable(f"{path.name} is no regular file: name another one for the rejects.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        Path(name).replace(path)
    except BaseException:
        os.close(handle)
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    return os.fdopen(handle, "wb")
