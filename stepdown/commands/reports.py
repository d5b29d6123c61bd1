"""`stepdown report weekly`: the rows of a week, for people, for spreadsheets, for programs."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from uuid import UUID

from rich.console import Console

from api.permission import Read
from domain.week import Week
from exchange import weekly as weeks
from exchange.rows import as_csv, as_json
from exchange.weekly import WeeklyReport
from exchange.whole_file import whole_file
from stepdown.asker import Asker, asker
from stepdown.opening import now, opened
from stepdown.settings import read_settings
from stepdown.tables import report_table
from stepdown.terminal import answers, say, say_known, write


def weekly(
    week: Week,
    *,
    facility: str | None,
    rule_set: str | None,
    as_of: date | None,
    known_at: datetime | None,
    format_: str,
    out: Path | None,
    data: Path | None,
    by: UUID | None,
    purpose: str,
) -> None:
    """Shows or writes the report. Before that, the access ledger has whose charts were looked at, and the file."""
    with opened(read_settings(data)) as use:
        asks = asker(use, "read_weekly_report", facility=facility, by=by, purpose=purpose)
        asks.may(Read.REPORT)
        report = weeks.answer(
            use.store,
            asks.facility,
            week,
            now=now(),
            rule_set=rule_set,
            as_of=as_of,
            known_at=known_at,
            requested_by=asks.person.id,
            purpose=asks.purpose,
        )
        asks.saw({UUID(row.subject_id) for row in report.rows if row.subject == "patient"})
        say_known(known_at, report.header.known_at)
        if out is not None:
            _write_file(report, format_, out, asks)
        elif format_ == "table":
            answers().print(report_table(report.header.record(), report.rows))
        else:
            write(_bytes(report, format_))


def _write_file(report: WeeklyReport, format_: str, out: Path, asks: Asker) -> None:
    """A file leaves the system: on record before it takes its name."""
    text = _bytes(report, format_)
    with whole_file(out) as file:
        file.write(text)
        asks.took(len(report.rows), sha256(text).hexdigest())
    say(f"{out}: {len(report.rows)} rows.")


def _bytes(report: WeeklyReport, format_: str) -> bytes:
    match format_:
        case "csv":
            return as_csv(report.rows)
        case "json":
            return as_json(report.header.record(), report.rows)
        case _:
            page = StringIO()
            Console(file=page, width=160, markup=False, highlight=False, emoji=False).print(
                report_table(report.header.record(), report.rows)
            )
            return page.getvalue().encode()
