"""The rows of a report as a table, for spreadsheets and for programs: the contract's columns, with their types.

CSV and JSON of a report are written by `exchange/rows.py`, which the canonical form goes by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.compliance.verdict import Row
from domain.report import ReportKind
from domain.week import Week
from exchange.cut import Knowledge, remarks
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table
from exchange.issued import IssuedReport
from exchange.manifest import Manifest, Taker
from exchange.reports import Report, ReportHeader
from exchange.rows import row_of

_COLUMNS: Final = (
    Column(name="rule", type=Type.TEXT, meaning="Such as `HRS-1`; domain/rule_sets/ and docs say what it asks."),
    Column(name="subject", type=Type.TEXT, meaning="`patient`, `cohort`, `session` or `facility`."),
    Column(name="subject_id", type=Type.TEXT, meaning="Its id; of a facility its code."),
    Column(name="period_start", type=Type.DATE, meaning="The first date of the period, included."),
    Column(name="period_end", type=Type.DATE, meaning="The last one, included."),
    Column(name="verdict", type=Type.TEXT, meaning="`met`, `not_met`, `pending` …"),
    Column(name="value", type=Type.INTEGER, meaning="The figure that was judged."),
    Column(name="of", type=Type.INTEGER, meaning="The threshold, or the divisor."),
    Column(
        name="evidence",
        type=Type.LIST,
        meaning="The facts behind figure and verdict, as `stream@version`.",
        between=" ",
    ),
)

_ON_PAPER: Final = frozenset({"pdf", "html"})
"""Made of more than the rows' columns."""


def table_of(report: Report, zone: ZoneInfo) -> Table:
    """The report as it was made, at its cut."""
    header = report.header
    return Table(
        layout=_layout(header.kind, header.sha256),
        asked=Asked(facility=header.facility, now=header.generated_at),
        knowledge=knowledge_of(header),
        as_of=header.as_of,
        zone=zone,
        pages=iter([[line(row) for row in report.rows]]),
        rule_set=header.rule_set,
        rule_set_version=header.rule_set_version,
        parameters=parameters_of(header),
    )


def table_of_issued(issued: IssuedReport, rows: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> Table:
    """An issued report as `table_of` gave it then: `rows` are those that were kept."""
    fact = issued.fact
    return Table(
        layout=_layout(fact.kind.value, fact.sha256),
        asked=Asked(facility=issued.facility, now=issued.entry.recorded_at),
        knowledge=_knowledge_of_issued(issued),
        as_of=fact.as_of,
        zone=zone,
        pages=iter([[line(row_of(row)) for row in rows]]),
        rule_set=fact.rule_set,
        rule_set_version=fact.rule_set_version,
        parameters=_parameters_of_issued(issued),
    )


def manifest_of(
    report: Report, format_: str, *, size_bytes: int, sha256: str, taker: Taker, zone: ZoneInfo
) -> Manifest:
    """Of a file of the report; `rows_sha256` is that of its canonical rows, whatever the format."""
    header = report.header
    return Manifest(
        what=header.kind,
        facility=header.facility,
        format=format_,
        taker=taker,
        knowledge=knowledge_of(header),
        rows=header.rows,
        size_bytes=size_bytes,
        sha256=sha256,
        as_of=header.as_of,
        zone=zone,
        rule_set=header.rule_set,
        rule_set_version=header.rule_set_version,
        columns=() if format_ in _ON_PAPER else _COLUMNS,
        parameters=parameters_of(header),
        further={"charts_destroyed": header.charts_destroyed, "rows_sha256": header.sha256},
        remarks=tuple(
            remarks(
                header.known_at,
                asked=header.asked_known_at,
                as_of=header.as_of,
                now=taker.at,
                zone=zone,
            )
        ),
    )


def manifest_of_issued(
    issued: IssuedReport, format_: str, *, size_bytes: int, sha256: str, taker: Taker, zone: ZoneInfo
) -> Manifest:
    """Of a file of an issued report, as of a report that was just made; and which one it is."""
    fact, told = issued.fact, issued.record()
    return Manifest(
        what=fact.kind.value,
        facility=issued.facility,
        format=format_,
        taker=taker,
        knowledge=_knowledge_of_issued(issued),
        rows=fact.rows,
        size_bytes=size_bytes,
        sha256=sha256,
        as_of=fact.as_of,
        zone=zone,
        rule_set=fact.rule_set,
        rule_set_version=fact.rule_set_version,
        columns=_COLUMNS,
        parameters=_parameters_of_issued(issued),
        further={"report_id": told["report_id"], "issued_at": told["issued_at"], "rows_sha256": fact.sha256},
    )


def line(row: Row) -> Values:
    return (
        row.rule,
        row.subject,
        row.subject_id,
        row.period_start,
        row.period_end,
        row.verdict.value,
        row.value,
        row.of,
        tuple(row.evidence),
    )


def knowledge_of(header: ReportHeader) -> Knowledge:
    return Knowledge(position=header.position, known_at=header.known_at, asked_known_at=header.asked_known_at)


def parameters_of(header: ReportHeader) -> dict[str, Any]:
    """The period, and the payer where there is one."""
    period: dict[str, Any] = {"week" if isinstance(header.period, Week) else "month": str(header.period)}
    return period | ({} if header.payer is None else {"payer": header.payer.value})


def _knowledge_of_issued(issued: IssuedReport) -> Knowledge:
    return Knowledge(position=issued.fact.at_position, known_at=issued.fact.known_at)


def _parameters_of_issued(issued: IssuedReport) -> dict[str, Any]:
    told = issued.record()
    return {name: told[name] for name in ("week", "month", "payer") if name in told}


def _layout(kind: str, sha256: str) -> Layout:
    period = "a week" if kind == ReportKind.WEEKLY else "a month"
    return Layout(
        kind=kind,
        title=f"{kind.capitalize()} report",
        says=f"One row a finding: what a rule says of one subject in {period}. People by id, no names. "
        f"SHA-256 of the canonical rows: {sha256}.",
        columns=_COLUMNS,
    )
