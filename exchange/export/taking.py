"""A table goes into files: in as many formats as are wanted, all at one cut, in one pass, in flat memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO

from exchange.cut import remarks
from exchange.export.columns import About
from exchange.export.files import FORMATS, Writer
from exchange.export.question import Table
from exchange.manifest import Manifest, Taker


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its rows, its bytes, and their SHA-256 in hexadecimal."""

    rows: int
    size_bytes: int
    sha256: str


def write_table(table: Table, files: Mapping[str, IO[bytes]]) -> dict[str, Written]:
    """Writes the table into new files, by format, that can be read as well. NotAsked for a format that isn't
    installed; after a failure they are to be thrown away."""
    rows = {name: table.lines(file) for name, file in files.items() if name == "ndjson" and table.lines is not None}
    others = {name: file for name, file in files.items() if name not in rows}
    if others:
        count = _write_rows(table, others)
        rows |= dict.fromkeys(others, count)
    return {name: _written(file, rows[name]) for name, file in files.items()}


def manifest_of(table: Table, format_: str, written: Written, taker: Taker) -> Manifest:
    """Of one of its files, once the table has been read."""
    return Manifest(
        what=table.layout.kind,
        facility=table.asked.facility,
        format=format_,
        taker=taker,
        knowledge=table.knowledge,
        rows=written.rows,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        as_of=table.as_of,
        zone=table.zone,
        rule_set=table.rule_set,
        rule_set_version=table.rule_set_version,
        columns=() if format_ == "ndjson" and table.lines is not None else table.layout.columns,
        parameters=table.parameters,
        further=table.further(),
        remarks=tuple(
            remarks(
                table.knowledge.known_at,
                asked=table.asked.known_at,
                as_of=table.as_of,
                now=taker.at,
                zone=table.zone,
            )
        ),
    )


def _write_rows(table: Table, files: Mapping[str, IO[bytes]]) -> int:
    rows = 0
    about = table.about
    with ExitStack() as unfinished:
        writers = [_begun(name, file, about, unfinished) for name, file in files.items()]
        for page in table.pages:
            for writer in writers:
                writer.write(page)
            rows += len(page)
        for writer in writers:
            writer.close()
        unfinished.pop_all()
    return rows


def _begun(name: str, file: IO[bytes], about: About, unfinished: ExitStack) -> Writer:
    writer = FORMATS[name].begin(file, about)
    unfinished.callback(writer.discard)
    return writer


def _written(file: IO[bytes], rows: int) -> Written:
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]
    return Written(rows, size_bytes, digest.hexdigest())
