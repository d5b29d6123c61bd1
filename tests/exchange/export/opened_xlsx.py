"""A spreadsheet read back as the archive of XML that it is: cells with their types, nothing guessed."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree import ElementTree

_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets have no offsets


@dataclass(frozen=True)
class Cell:
    """`type` is the attribute `t` (`inlineStr`, `b`), None of numbers; `form` the number format of its style."""

    type: str | None
    text: str
    form: str | None

    @property
    def moment(self) -> datetime:
        """The date-time that a number stands for."""
        return (_EPOCH + timedelta(seconds=round(float(self.text) * 86_400))).replace(microsecond=0)


class Opened:
    def __init__(self, file: bytes) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(file))
        book = self._xml("xl/workbook.xml")
        self.sheets = [str(sheet.get("name")) for sheet in book.findall("m:sheets/m:sheet", _NS)]
        styles = self._xml("xl/styles.xml")
        forms = {one.get("numFmtId"): one.get("formatCode") for one in styles.findall("m:numFmts/m:numFmt", _NS)}
        self._forms = [forms.get(one.get("numFmtId")) for one in styles.findall("m:cellXfs/m:xf", _NS)]

    def _xml(self, name: str) -> ElementTree.Element:
        return ElementTree.fromstring(self.archive.read(name))

    def sheet(self, number: int) -> ElementTree.Element:
        """From 1, in the order of the tabs."""
        return self._xml(f"xl/worksheets/sheet{number}.xml")

    def rows(self, number: int) -> list[dict[str, Cell]]:
        """By the letters of their columns; empty cells are not there."""
        return [
            {self._column(cell): self._cell(cell) for cell in row.findall("m:c", _NS)}
            for row in self.sheet(number).findall("m:sheetData/m:row", _NS)
        ]

    def _cell(self, cell: ElementTree.Element) -> Cell:
        assert cell.find("m:f", _NS) is None, "A formula."
        text = "".join(cell.itertext())
        return Cell(cell.get("t"), text, self._forms[int(cell.get("s", "0"))])

    @staticmethod
    def _column(cell: ElementTree.Element) -> str:
        return str(cell.get("r")).rstrip("0123456789")
