"""A report's rows as files, in every format that has one for programs: the same bytes from the command line and over
HTTP, of a report that was just made and of one that was issued."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo

from exchange.export.as_parquet import refuse_without_parquet
from exchange.export.files import FORMATS
from exchange.export.question import Table
from exchange.export.report_rows import table_of, table_of_issued
from exchange.export.taking import write_table
from exchange.issued import IssuedReport
from exchange.reports import Report
from exchange.rows import as_csv, as_ndjson, canonical, records_as_csv

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": FORMATS["csv"].media_type,
    "ndjson": FORMATS["ndjson"].media_type,
    "canonical": FORMATS["ndjson"].media_type,
    "xlsx": FORMATS["xlsx"].media_type,
    "parquet": FORMATS["parquet"].media_type,
}
"""By format. `ndjson` tells more of each row than `canonical`, which is what the report's hash is of."""


def ending(format_: str) -> str:
    """Of the name of such a file."""
    return "ndjson" if format_ == "canonical" else format_


def file_of(report: Report, format_: str, zone: ZoneInfo) -> bytes:
    """NotAsked for Parquet where it isn't installed."""
    match format_:
        case "csv":
            return as_csv(report.rows)
        case "ndjson":
            return as_ndjson(report.rows)
        case "canonical":
            return canonical(report.rows)
        case _:
            return _table_file(table_of(report, zone), format_)


def file_of_issued(
    issued: IssuedReport, rows: bytes, records: list[dict[str, Any]], format_: str, zone: ZoneInfo
) -> bytes:
    """As it was issued: `rows` are the canonical ones that were kept, `records` what they hold; `ndjson` is these
    bytes. NotAsked for Parquet where it isn't installed."""
    match format_:
        case "csv":
            return records_as_csv(records)
        case "ndjson" | "canonical":
            return rows
        case _:
            return _table_file(table_of_issued(issued, records, zone), format_)


def _table_file(table: Table, format_: str) -> bytes:
    if format_ == "parquet":
        refuse_without_parquet()
    made = BytesIO()
    write_table(table, {format_: made})
    return made.getvalue()
