"""`stepdown report … --issue`, `issued`, `read`, `delta` and `attest`: reports that stand for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from rich.console import Console

from api.permission import Read, recording
from domain.access import Purpose
from domain.month import Month
from domain.record import Source, stream_name
from domain.report import ReportAttested, ReportIssued
from domain.week import Week, local_date
from exchange import delta as deltas
from exchange import issued as reports
from exchange.export.report_rows import manifest_of_issued
from exchange.issuing import prepare
from exchange.manifest import Taker, write_manifest
from exchange.report_files import file_of_issued
from exchange.reports import Question, Report
from exchange.rows import patients_in, row_of
from exchange.whole_file import whole_file
from stepdown.asker import Asker, asker, facility_of
from stepdown.issued_tables import delta_tables, issued_text
from stepdown.opening import now, opened, settings_at
from stepdown.tables import report_table
from stepdown.terminal import answers, print_lines, say, write


def issued_now(asks: Asker, period: Week | Month, question: Question, purpose: Purpose) -> Report:
    """Issues the answer, and says under which id. What is shown then is what was issued. `purpose` is the report's, for
    which reports have to be theirs to read; that of the act is the asker's."""
    asks.may(recording(ReportIssued))
    replace(asks, purpose=purpose).may(Read.REPORT)
    issuing = prepare(
        asks.opened.store,
        asks.facility,
        period,
        report_id=uuid4(),
        now=now(),
        asked=question,
        requested_by=asks.person.id,
        purpose=purpose,
    )
    asks.opened.desk.record(
        asks.facility, issuing.stream, issuing.fact, by=asks.person, source=Source.API, kept=issuing.kept
    )
    say(f"Issued as {issuing.stream}.")
    return issuing.report


def issued(
    *,
    kind: str | None,
    week: Week | None,
    month: Month | None,
    limit: int,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Lists them. No patient is in it, so that it leaves nothing in the access record."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_issued_reports", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        found = reports.listing(
            use.store,
            asks.facility,
            kind=kind,
            week=None if week is None else str(week),
            month=None if month is None else str(month),
            limit=limit,
        )
        records = [report.record() for report in found.reports]
        if as_json:
            write(b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records))
        else:
            print_lines(issued_text(asks.facility, records, columns=answers().width))


def read(
    report_id: UUID,
    *,
    facility: str | None,
    format_: str,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    """As it was issued. Before that, the access ledger has whose charts are in it, and the file, which has its manifest
    beside it."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_issued_report", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        found = reports.find(use.store, asks.facility, report_id)
        canonical = reports.canonical_rows(use.store, found, now=now())
        rows = reports.rows_in(canonical)
        asks.saw(patients_in(rows))
        zone = facility_of(use, asks.facility).clock
        if format_ in ("table", "json"):
            text = _text(found.record(), rows, format_)
        else:
            text = file_of_issued(found, canonical, rows, format_, zone)
        if out is None:
            write(text)
            return
        digest = sha256(text).hexdigest()
        taker = Taker(by=asks.person.id, purpose=asks.purpose, at=now())
        manifest = manifest_of_issued(found, format_, size_bytes=len(text), sha256=digest, taker=taker, zone=zone)
        with whole_file(out) as file:
            file.write(text)
            write_manifest(manifest, out)
            asks.took(len(rows), digest)
        say(f"{out}: {len(rows)} rows.")


def _text(header: dict[str, Any], rows: list[dict[str, Any]], format_: str) -> bytes:
    if format_ == "json":
        return orjson.dumps({**header, "rows": rows}, option=orjson.OPT_APPEND_NEWLINE)
    page = StringIO()
    console = Console(file=page, width=160, markup=False, highlight=False, emoji=False)
    console.print(report_table(header, [row_of(row) for row in rows]))
    return page.getvalue().encode()


def delta(
    report_id: UUID,
    *,
    known_at: datetime | None,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    as_json: bool,
) -> None:
    """What has changed since. Before that, the access ledger has whose charts are in it."""
    with opened(settings_at(data)) as use:
        asks = asker(use, "read_report_delta", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        found = reports.find(use.store, asks.facility, report_id)
        changed = deltas.answer(
            use.store, found, now=now(), known_at=known_at, requested_by=asks.person.id, purpose=asks.purpose
        )
        asks.saw(changed.patients)
        asks.says(changed.report.header.known_at, asked=known_at, as_of=changed.report.header.as_of)
        told = changed.record(with_reasons=asks.is_permitted(Read.HISTORY))
        if as_json:
            write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
            return
        for table in delta_tables(told):
            answers().print(table)


def attest(
    report_id: UUID,
    *,
    on: date | None,
    reason: str | None,
    facility: str | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    with opened(settings_at(data)) as use:
        asks = asker(use, "attest_report", facility=facility, by=by, purpose=purpose)
        asks.may(recording(ReportAttested))
        found = reports.find(use.store, asks.facility, report_id)
        today = local_date(now(), facility_of(use, asks.facility).clock)
        stream = stream_name("report", found.report_id)
        fact = ReportAttested(on=on or today)
        receipt = use.desk.record(asks.facility, stream, fact, by=asks.person, source=Source.API, reason=reason)
        say(f"Attested as {receipt.stream}@{receipt.version}.")
