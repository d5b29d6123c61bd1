"""A table as a file holds it: a header, then rows, each with the number of the line on which it starts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from domain.refused import Refused
from exchange.csv_header import Header, read_header, separator
from exchange.errors import FileUnreadable
from exchange.fact_line import MALFORMED
from exchange.lines import Line, LineFile

_NAMES: Final = (".csv", ".tsv")
_UNCLOSED: Final = ("field larger", "unexpected end")


def is_table(path: Path) -> bool:
    """Whether the file's name says that it is a table: .csv or .tsv, gzip too."""
    return path.name.lower().removesuffix(".gz").endswith(_NAMES)


class Row(NamedTuple):
    """`line` is the row as it stands, by the number of its first line; `cells` by column; or the `fault`."""

    line: Line
    cells: dict[str, str]
    fault: Refused | None = None


class TableFile(LineFile):
    """Iterate `rows` once; `header` is there from the first row on, or once all was read."""

    how = "save it as UTF-8 (in a spreadsheet: as type CSV UTF-8)"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.header: Header | None = None
        self._taken: list[Line] = []

    def rows(self) -> Iterator[Row]:
        """Every row but empty ones. FileUnreadable for what is no table, ColumnsUnknown for what is another one."""
        lines = self.physical()
        first = next((line for line in lines if line.text.strip()), None)
        if first is None:
            raise FileUnreadable(f"{self.path.name} is empty: name its columns in the first line.")
        texts = self._texts(_with(first, lines))
        reader = csv.reader(texts, delimiter=separator(first.text.decode()), strict=True)
        try:
            self.header = read_header(self.path.name, next(reader))
        except csv.Error:
            raise FileUnreadable(f"{self.path.name} has a header that is no CSV: check its quotes.") from None
        while True:
            self._taken.clear()
            fault = None
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = [], self._fault(error)
            if fault is not None or any(cell.strip() for cell in cells):
                yield self._row(self.header, cells, fault)

    def _texts(self, lines: Iterable[Line]) -> Iterator[str]:
        for line in lines:
            if line.too_long or b"\0" in line.text:
                raise FileUnreadable(f"{self.path.name} is no table of text (line {line.number}): {self.how}.")
            self._taken.append(line)
            yield line.text.decode()

    def _fault(self, error: csv.Error) -> Refused:
        if str(error).startswith(_UNCLOSED):
            raise FileUnreadable(
                f"{self.path.name} has a quoted cell that isn't closed, in the row of line {self._taken[0].number}: "
                "nothing was recorded; put its quotes right."
            )
        return Refused(MALFORMED, "The quotes of this row aren't those of CSV: check them.")

    def _row(self, header: Header, cells: Sequence[str], fault: Refused | None) -> Row:
        text = b"".join(line.text for line in self._taken).rstrip(b"\r\n")
        line = Line(self._taken[0].number, text)
        named: dict[str, str] = {}
        for n, cell in enumerate(cells):
            name = header.columns[n] if n < len(header.columns) else None
            if name is not None:
                named[name] = cell.replace("\r\n", "\n").strip()
            elif cell.strip() and fault is None:
                fault = Refused(MALFORMED, "A cell stands under no column: quote text that has the separator in it.")
        return Row(line, named, fault)


def _with(first: Line, rest: Iterable[Line]) -> Iterator[Line]:
    yield first
    yield from rest
