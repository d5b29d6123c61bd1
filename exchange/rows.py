"""Report rows as files: CSV, NDJSON, JSON, and the canonical form that is hashed.

Columns are the contract's, in its order. JSON forms add `missing`, what was looked for and not found, and
`figures`, those beside `value`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from domain.compliance.verdict import Row, Verdict
from domain.record import stream_kind, stream_uuid

COLUMNS: Final = (
    "rule",
    "subject",
    "subject_id",
    "period_start",
    "period_end",
    "verdict",
    "value",
    "of",
    "evidence",
)

_FORMULA: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""

_ONE_LINE: Final = str.maketrans("\t\r\n", "   ")


def record(row: Row) -> dict[str, Any]:
    """One row, JSON-ready, keys in column order; `evidence` as a list of `stream@version`."""
    return {
        "rule": row.rule,
        "subject": row.subject,
        "subject_id": row.subject_id,
        "period_start": row.period_start.isoformat(),
        "period_end": row.period_end.isoformat(),
        "verdict": row.verdict.value,
        "value": row.value,
        "of": row.of,
        "evidence": list(row.evidence),
    }


def row_of(given: Mapping[str, Any]) -> Row:
    """The row that `record` gave, without what it leaves out."""
    return Row(
        rule=given["rule"],
        subject=given["subject"],
        subject_id=given["subject_id"],
        period_start=date.fromisoformat(given["period_start"]),
        period_end=date.fromisoformat(given["period_end"]),
        verdict=Verdict(given["verdict"]),
        value=given["value"],
        of=given["of"],
        evidence=tuple(given["evidence"]),
    )


def full_record(row: Row) -> dict[str, Any]:
    """As `record`, with `missing` and `figures`."""
    return {**record(row), "missing": list(row.missing), "figures": dict(row.figures)}


def canonical(rows: Iterable[Row]) -> bytes:
    """The form that is hashed: a line a row, keys in column order, UTF-8, no spaces, a line feed after each row."""
    return b"".join(orjson.dumps(record(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def canonical_sha256(rows: Iterable[Row]) -> str:
    """In hexadecimal."""
    return sha256(canonical(rows)).hexdigest()


def as_ndjson(rows: Iterable[Row]) -> bytes:
    """A line a row, with `missing` and `figures`."""
    return b"".join(orjson.dumps(full_record(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def as_json(header: Mapping[str, Any], rows: Sequence[Row]) -> bytes:
    """One object: the header's fields and `rows`, with `missing` and `figures`."""
    return orjson.dumps({**header, "rows": [full_record(row) for row in rows]}, option=orjson.OPT_APPEND_NEWLINE)


def patients_of(rows: Iterable[Row]) -> set[UUID]:
    """Whose charts are shown: those that a row is about, or names as evidence of what a site did."""
    return patients_in(record(row) for row in rows)


def patients_in(records: Iterable[Mapping[str, Any]]) -> set[UUID]:
    """The same of rows as `record` gives them."""
    shown: set[UUID] = set()
    for row in records:
        if row["subject"] == "patient":
            shown.add(UUID(row["subject_id"]))
        else:
            named = {name.rpartition("@")[0] for name in row["evidence"]}
            shown |= {stream_uuid(stream) for stream in named if stream_kind(stream) == "chart"}
    return shown


def as_csv(rows: Iterable[Row]) -> bytes:
    """With a header line; `evidence` in one cell, its names separated by spaces."""
    return records_as_csv(record(row) for row in rows)


def records_as_csv(records: Iterable[Mapping[str, Any]]) -> bytes:
    """The same of rows as `record` gives them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in records:
        cells = {**row, "evidence": " ".join(row["evidence"])}
        writer.writerow([harmless(cell) for cell in cells.values()])
    return text.getvalue().encode()


def harmless(cell: str | int | None) -> str | int:
    """A cell of one line that no spreadsheet runs: text that begins like a formula gets an apostrophe before it."""
    if isinstance(cell, str):
        text = cell.translate(_ONE_LINE)
        return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
    return "" if cell is None else cell
