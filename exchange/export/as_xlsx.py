"""Tables as XLSX: typed cells, a frozen header with a filter, and a sheet that says what this is.

The same rows give the same bytes: the document's date is fixed, and the parts of the archive all have one date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from exchange.export.columns import About, Column, Type, Values

SHEET_ROWS: Final = 1_048_576
"""So many a sheet has room for, the header's among them; what is more goes on in another sheet."""

CELL_CHARACTERS: Final = 32_767
"""So many a cell has room for."""

_CUT_OFF: Final = " … (cut off: a cell holds no more)"
_CREATED: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a document's date has no offset
_WIDTHS: Final[Mapping[Type, int]] = {
    Type.UUID: 38,
    Type.TEXT: 18,
    Type.INTEGER: 12,
    Type.MINUTES: 12,
    Type.BOOLEAN: 10,
    Type.DATE: 12,
    Type.INSTANT: 25,
    Type.LIST: 40,
}


class XlsxWriter:
    """One row at a time is in memory; what was written waits in temporary files until `close`.

    Instants are date-times on the site's clock, each shown with the name that its zone has at that time.
    """

    def __init__(self, out: IO[bytes], about: About, *, sheet_rows: int = SHEET_ROWS) -> None:
        self._folder = TemporaryDirectory(prefix="stepdown-")
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_numbers": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self._about = about
        self._book = Workbook(out, options)
        self._book.use_zip64()
        self._book.set_properties({"title": about.layout.title, "created": _CREATED})
        self._header = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        # A format has a number by the order of its making: one for each name of the zone, made when it is met.
        self._instant = cache(self._instant_format)
        self._sheet_rows = sheet_rows
        self._sheets = 0
        self._rows = 0
        self._next = 0
        self._begin_sheet()

    def write(self, rows: Sequence[Values]) -> None:
        for row in rows:
            if self._next == self._sheet_rows:
                self._end_sheet()
                self._begin_sheet()
            for number, (column, value) in enumerate(zip(self._about.layout.columns, row, strict=True)):
                if value is not None:
                    self._cell(number, column, value)
            self._next += 1
            self._rows += 1

    def close(self) -> None:
        """Puts the file together. Nothing of it is written before."""
        self._end_sheet()
        self._say_what_it_is()
        try:
            self._book.close()
        except FileCreateError as error:
            # It holds what went wrong with the disk.
            raise error.args[0] from None
        self._folder.cleanup()

    def discard(self) -> None:
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._folder.cleanup()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = self._about.layout.title[:25]
        self._sheet = self._book.add_worksheet(name if self._sheets == 1 else f"{name} ({self._sheets})")
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._about.layout.columns):
            self._sheet.set_column(number, number, max(_WIDTHS[column.type], len(column.name) + 4))
            self._sheet.write_string(0, number, column.name, self._header)
        self._next = 1

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._next - 1, len(self._about.layout.columns) - 1)

    def _cell(self, number: int, column: Column, value: Any) -> None:
        sheet, row = self._sheet, self._next
        match column.type:
            case Type.UUID | Type.TEXT:
                sheet.write_string(row, number, _fitting(value))
            case Type.LIST:
                sheet.write_string(row, number, _fitting(column.between.join(value)))
            case Type.INTEGER | Type.MINUTES:
                sheet.write_number(row, number, value)
            case Type.BOOLEAN:
                sheet.write_boolean(row, number, value)
            case Type.DATE:
                sheet.write_datetime(row, number, value, self._date)
            case Type.INSTANT:
                local = value.astimezone(self._about.zone)
                sheet.write_datetime(row, number, local.replace(tzinfo=None), self._instant(local.tzname()))

    def _instant_format(self, zone_name: str) -> Any:
        return self._book.add_format({"num_format": f'yyyy-mm-dd hh:mm:ss "{zone_name}"'})

    def _say_what_it_is(self) -> None:
        about, layout = self._about, self._about.layout
        sheet = self._book.add_worksheet("About")
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 14)
        sheet.set_column(2, 2, 100, self._wrapped)
        lines = [
            (layout.title, "", layout.says),
            *((name, "", value) for name, value in about.facts),
            ("rows", "", f"{self._rows}"),
            ("time zone", "", f"{about.zone.key}: date-times are on its clock, each with the name it has then"),
            ("", "", ""),
            ("column", "type", "meaning"),
            *((column.name, column.type.value, column.meaning) for column in layout.columns),
        ]
        for number, cells in enumerate(lines):
            style = self._header if number == 0 or cells[0] == "column" else self._wrapped
            for place, cell in enumerate(cells):
                sheet.write_string(number, place, _fitting(cell), style)


def _fitting(text: str) -> str:
    """Text that a cell has room for; XlsxWriter would leave a longer one out."""
    if _length(text) <= CELL_CHARACTERS:
        return text
    return _shortened(text, CELL_CHARACTERS - len(_CUT_OFF)) + _CUT_OFF


def _length(text: str) -> int:
    """As a spreadsheet counts: in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shortened(text: str, characters: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[: 2 * characters].decode("utf-16-le", "ignore")
