"""The options that several commands share, and how what was typed is read.

What the arguments alone show to be wrong ends with exit code 2; what only the record can show, with 1.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from domain.month import Month
from domain.week import EARLIEST_YEAR, LATEST_YEAR, Week, can_be_meant


def read_date(text: str) -> date:
    """`2026-04-17`, nothing shorter and nothing longer."""
    try:
        if len(text) != 10:
            raise ValueError(text)
        on = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("There is no such date: write year, month and day, like 2026-04-17.") from None
    _meant(on)
    return on


def _meant(on: date) -> None:
    if not can_be_meant(on):
        raise typer.BadParameter(f"No such date can be meant: it is of no year from {EARLIEST_YEAR} to {LATEST_YEAR}.")


def read_instant(text: str) -> datetime:
    """`2026-04-20T12:00:00Z`: a time that doesn't say its offset could be any of two dozen."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("Not a time: write date, time and offset, like 2026-04-20T12:00:00Z.") from None
    if instant.utcoffset() is None:
        raise typer.BadParameter("The time needs its offset: write it like 2026-04-20T12:00:00Z or …-04:00.")
    _meant(instant)
    return instant


def read_week(text: str) -> Week:
    """`2026-W10`."""
    try:
        return Week.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_month(text: str) -> Month:
    """`2026-03`."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_staff(text: str) -> UUID:
    """A staff id, as facts have it; `staff/<id>` is understood too."""
    try:
        return UUID(text.removeprefix("staff/"))
    except ValueError:
        raise typer.BadParameter("Name the person by the UUID that the staff list has, the staff_id.") from None


def read_report(text: str) -> UUID:
    """A report's id; `report/<id>` is understood too."""
    try:
        return UUID(text.removeprefix("report/"))
    except ValueError:
        raise typer.BadParameter("Name the report by its UUID, the report_id.") from None


def read_session(text: str) -> UUID:
    """The UUID of a session; as in its stream, `session/<id>`, it is understood too."""
    try:
        return UUID(text.removeprefix("session/"))
    except ValueError:
        raise typer.BadParameter("Name the session by its UUID, the session_id.") from None


def no_terminal(format_: str, out: Path | None) -> None:
    """A PDF goes into a file or a pipe."""
    if format_ == "pdf" and out is None and sys.stdout.isatty():
        raise typer.BadParameter("a PDF is nothing for a terminal: name the file.", param_hint="--out")


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Folder of the embedded Postgres and of the keys: STEPDOWN_DATA, else .stepdown.",
        show_default=False,
    ),
]
DemoData = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of the demo's own Postgres and keys.")]
Facility = Annotated[
    str | None,
    typer.Option("--facility", metavar="CODE", help="The program site; needed where more than one is on record."),
]
By = Annotated[
    UUID | None,
    typer.Option(
        "--by",
        metavar="STAFF",
        parser=read_staff,
        help="Who asks: a staff_id of the site. Else the operator, by the name of this account.",
    ),
]
Purpose = Annotated[
    Literal["treatment", "operations", "payment", "audit", "research"],
    typer.Option("--purpose", help="What the reading is for; it goes on record."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs instead of tables for people.")]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", metavar="DATE", parser=read_date, help="What was true by the end of this date. Else today."
    ),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(
        "--known-at",
        metavar="INSTANT",
        parser=read_instant,
        help="What was on record at this instant, with offset. Else everything.",
    ),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
PaperFormat = Annotated[Literal["pdf", "html"], typer.Option("--format", help="Both are documents for people.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write there, when whole, instead of to the terminal.", dir_okay=False),
]
