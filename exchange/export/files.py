"""The formats that tables leave in: how each is called, what a browser is told, who writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final, Protocol

from exchange.export.as_csv import CsvWriter
from exchange.export.as_ndjson import NdjsonWriter
from exchange.export.as_parquet import ParquetWriter
from exchange.export.columns import About, Values


class Writer(Protocol):
    """Takes rows page by page. Either `close`, and the file is whole; or, after a failure, `discard`."""

    def write(self, rows: Sequence[Values]) -> None: ...

    def close(self) -> None: ...

    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """`begin` opens a writer on a seekable file."""

    media_type: str
    begin: Callable[[IO[bytes], About], Writer]


def _xlsx(out: IO[bytes], about: About) -> Writer:
    # Not before it is wanted: a tenth of a second for every process that starts.
    from exchange.export.as_xlsx import XlsxWriter

    return XlsxWriter(out, about)


FORMATS: Final[Mapping[str, Format]] = {
    "ndjson": Format("application/x-ndjson", NdjsonWriter),
    "csv": Format("text/csv; charset=utf-8", CsvWriter),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "parquet": Format("application/vnd.apache.parquet", ParquetWriter),
}
"""By the word of `--format`, which is the ending of the file's name too."""
