"""Synthetic lives as files: a site each, as its ledger would be exported, ready for an import or a restore."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import orjson

from domain.record import Recorded
from exchange.simulate.measuring import Tally
from exchange.simulate.site import Program, lives
from exchange.whole_file import whole_file
from store.lines import to_line

_LINES: Final = 2_000
"""Written at once, and told of as progress."""

Progress = Callable[[int], object]
"""Told how many facts were written so far."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file. `sha256` is that of the lines, before they are packed."""

    ledger: str
    path: Path
    facts: int
    sha256: str


def paths(out: Path, programs: Sequence[Program]) -> list[Path]:
    """Where each site goes: the only one to `out`, several to files beside it that have their codes in their names."""
    if len(programs) == 1:
        return [out]
    name, dot, ending = out.name.partition(".")
    return [out.with_name(f"{name}-{program.ledger}{dot}{ending}") for program in programs]


def write(programs: Sequence[Program], out: Path, tally: Tally, progress: Progress) -> list[Written]:
    """Each site's file, whole or not at all; packed where the name ends in `.gz`. FileUnwritable where one can't be."""
    written = []
    done = 0
    for program, path in zip(programs, paths(out, programs), strict=True):
        digest = sha256()
        facts = 0
        with whole_file(path) as whole, _packed(path, whole) as file:
            for lines in _pages(lives(program, tally)):
                page = b"".join(lines)
                digest.update(page)
                file.write(page)
                facts += len(lines)
                progress(done + facts)
        done += facts
        written.append(Written(program.ledger, path, facts, digest.hexdigest()))
    return written


def line_of(recorded: Recorded) -> bytes:
    """A fact as a line of NDJSON."""
    return orjson.dumps(to_line(recorded), option=orjson.OPT_APPEND_NEWLINE)


def _pages(facts: Iterable[Recorded]) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    for recorded in facts:
        page.append(line_of(recorded))
        if len(page) == _LINES:
            yield page
            page = []
    if page:
        yield page


@contextmanager
def _packed(path: Path, file: IO[bytes]) -> Iterator[IO[bytes] | Any]:
    """With neither name nor time in it, so that the same lives are the same bytes."""
    if path.suffix != ".gz":
        yield file
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=4, mtime=0) as packed:
        yield packed
