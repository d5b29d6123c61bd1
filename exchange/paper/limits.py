"""How much a document takes: what it is made of lies in memory whole, and nobody turns hundreds of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.paper.document import Form, Section, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`rows` of a report in tables, `patients` in pictures and in the table of their figures."""

    rows: int
    patients: int


LIMITS: Final[Mapping[Form, Limit]] = {
    Form.PDF: Limit(rows=3_000, patients=500),
    Form.HTML: Limit(rows=30_000, patients=5_000),
}
"""Made at its limits a PDF takes half a gigabyte, a page a third of that."""


def rows_elsewhere(rows: int, sha256: str, limit: Limit) -> Section:
    """In place of the tables of more rows than the document takes."""
    text = (
        f"The {rows:,} rows, more than the {limit.rows:,} that this document takes, stand in the same report as "
        f"CSV, XLSX or NDJSON, with SHA-256 {sha256} of the canonical rows."
    )
    return Section(title="Every row", blocks=(Words(text=text),))


def patients_elsewhere(patients: int, limit: Limit) -> Words:
    """Before pictures that don't show every patient."""
    return Words(
        text=f"Of {patients:,} patients the pictures and the table of their figures show the first {limit.patients:,} "
        "by id; the rows have them all."
    )
