"""Refused lines, each with the rule and the reason, and the line as it was: to be put right and imported again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from domain.refused import Refused
from exchange.errors import FileUnwritable
from exchange.lines import Line


class Rejects:
    """Counts refused lines, and writes them where somebody asked for them."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file
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
        self._file.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """What was refused so far outlives the process."""
        if self._file is not None:
            self._file.flush()


@contextmanager
def rejects_file(path: Path | None) -> Iterator[Rejects]:
    """The rejects of one import, in a new file that its owner alone can read; it is there also when none was refused.

    Written as lines are refused. FileUnwritable before anything was imported when it can't be made.
    """
    if path is None:
        yield Rejects()
        return
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise FileUnwritable(f"{path.name} can't be written ({error.strerror or 'output error'}).") from None
    with file:
        yield Rejects(file)
