"""Tables as NDJSON: an object a row, keys in column order, UTF-8, a line feed after each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

import orjson

from exchange.export.columns import About, Type, Values


class NdjsonWriter:
    """Lists are arrays, what is empty is null, instants have the site's offset."""

    def __init__(self, out: IO[bytes], about: About) -> None:
        self._out = out
        self._names = about.layout.names
        self._zone = about.zone
        self._instants = [n for n, column in enumerate(about.layout.columns) if column.type is Type.INSTANT]

    def write(self, rows: Sequence[Values]) -> None:
        self._out.write(b"".join([self._line(row) for row in rows]))

    def close(self) -> None:
        """Nothing follows the last row."""

    def discard(self) -> None:
        """Nothing is left but what was written."""

    def _line(self, row: Values) -> bytes:
        values = dict(zip(self._names, row, strict=True))
        for n in self._instants:
            instant = row[n]
            if instant is not None:
                values[self._names[n]] = instant.astimezone(self._zone)  # type: ignore[union-attr]
        return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)
