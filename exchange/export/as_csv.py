"""Tables as CSV: a header line, UTF-8, line feeds, nothing in it that a spreadsheet would run.

A page of rows is written column by column: whatever is done to a value is done to all of a column at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

from exchange.export.columns import About, Column, Type, Values
from exchange.export.local_texts import LocalTexts, written
from exchange.rows import harmless

_BOOLEANS: Final = {True: "true", False: "false", None: ""}


class CsvWriter:
    """Text that begins like a formula gets an apostrophe before it, and is of one line. Empty cells are None."""

    def __init__(self, out: IO[bytes], about: About) -> None:
        self._out = out
        self._cells = [_cells_of(column, about.zone) for column in about.layout.columns]
        out.write((",".join(map(quoted, about.layout.names)) + "\n").encode())

    def write(self, rows: Sequence[Values]) -> None:
        if not rows:
            return
        columns = [cells(values) for cells, values in zip(self._cells, zip(*rows, strict=True), strict=True)]
        lines = map(",".join, zip(*columns, strict=True))
        self._out.write(("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        """Nothing follows the last row."""

    def discard(self) -> None:
        """Nothing is left but what was written."""


@lru_cache(maxsize=20_000)
def quoted(text: str | None) -> str:
    """A cell of text. The same few words stand in most of them."""
    if text is None:
        return ""
    cell = str(harmless(text))
    if "," in cell or '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


Cells = Callable[[Sequence[Any]], Iterable[str]]


def _cells_of(column: Column, zone: ZoneInfo) -> Cells:
    match column.type:
        case Type.UUID:
            return lambda values: ["" if value is None else value for value in values]
        case Type.TEXT:
            return lambda values: map(quoted, values)
        case Type.LIST:
            return lambda values: [_joined(value, column.between) for value in values]
        case Type.BOOLEAN:
            return lambda values: [_BOOLEANS[value] for value in values]
        case Type.INTEGER | Type.MINUTES:
            return lambda values: ["" if value is None else str(value) for value in values]
        case Type.DATE:
            return written
        case Type.INSTANT:
            return LocalTexts(zone).of


def _joined(members: tuple[str, ...] | None, between: str) -> str:
    return "" if members is None else quoted(between.join(members))
