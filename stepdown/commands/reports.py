"""`stepdown report weekly` and `monthly`: the rows of a period, for people, for spreadsheets, for programs."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console

from api.permission import Read
from domain.access import Purpose
from domain.month import Month
from domain.week import Week
from exchange import reports
from exchange.export.report_rows import manifest_of
from exchange.manifest import Taker, write_manifest
from exchange.paper.document import Form
from exchange.report_files import file_of
from exchange.reports import Question, Report
from exchange.rows import as_json, patients_of
from exchange.whole_file import whole_file
from stepdown.asker import Asker, asker, facility_of
from stepdown.commands.issued import issued_now
from stepdown.commands.papers import report_for_people
from stepdown.opening import now, opened, settings_at
from stepdown.tables import report_table
from stepdown.terminal import answers, say, write


def report(
    period: Week | Month,
    question: Question,
    *,
    facility: str | None,
    format_: str,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
    issue: bool = False,
    issue_for: str | None = None,
) -> None:
    """Shows or writes the report. Before that, the access ledger has whose charts were looked at, and the file; and, to
    be issued, the record has it. `issue_for` is what it is issued for, where that is not `purpose`, for which it is
    asked and recorded."""
    what = "read_weekly_report" if isinstance(period, Week) else "read_monthly_report"
    with opened(settings_at(data)) as use:
        asks = asker(use, what, facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        if issue:
            found = issued_now(asks, period, question, Purpose(issue_for or purpose))
        else:
            asked = replace(question, requested_by=asks.person.id, purpose=asks.purpose)
            found = reports.answer(use.store, asks.facility, period, now=now(), asked=asked)
        asks.saw(patients_of(found.rows))
        asks.says(found.header.known_at, asked=question.known_at, as_of=found.header.as_of)
        if format_ in list(Form):
            report_for_people(found, Form(format_), out, asks)
        elif out is not None:
            _write_file(found, format_, out, asks)
        elif format_ == "table":
            answers().print(report_table(found.header.record(), found.rows))
        else:
            write(_bytes(found, format_, _zone(asks)))


def _write_file(found: Report, format_: str, out: Path, asks: Asker) -> None:
    """A file leaves the system: on record before it takes its name, and with its manifest beside it."""
    zone = _zone(asks)
    text = _bytes(found, format_, zone)
    digest = sha256(text).hexdigest()
    taker = Taker(by=asks.person.id, purpose=asks.purpose, at=now())
    with whole_file(out) as file:
        file.write(text)
        write_manifest(manifest_of(found, format_, size_bytes=len(text), sha256=digest, taker=taker, zone=zone), out)
        asks.took(len(found.rows), digest)
    say(f"{out}: {len(found.rows)} rows.")


def _zone(asks: Asker) -> ZoneInfo:
    return facility_of(asks.opened, asks.facility).clock


def _bytes(found: Report, format_: str, zone: ZoneInfo) -> bytes:
    match format_:
        case "json":
            return as_json(found.header.record(), found.rows)
        case "table":
            page = StringIO()
            Console(file=page, width=160, markup=False, highlight=False, emoji=False).print(
                report_table(found.header.record(), found.rows)
            )
            return page.getvalue().encode()
        case _:
            return file_of(found, format_, zone)
