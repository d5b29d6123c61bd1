"""The options of `stepdown export`, and what the arguments alone show to be wrong."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from stepdown.options import read_date
from stepdown.teds_options import Before

if TYPE_CHECKING:
    from stepdown.commands.exports import Wanted

FORMATS: Final = ("ndjson", "csv", "xlsx", "parquet")

_BINARY: Final = frozenset({"xlsx", "parquet"})


def read_formats(text: str) -> tuple[str, ...]:
    """`csv` or `csv,xlsx`."""
    found = tuple(dict.fromkeys(text.split(",")))
    if unknown := [name for name in found if name not in FORMATS]:
        raise typer.BadParameter(f"There is no format {unknown[0]!r}: take some of {', '.join(FORMATS)}.")
    return found


ExportKind = Annotated[
    Literal["facts", "attendance", "screenings", "step-downs", "census", "teds-a", "teds-d"],
    typer.Argument(
        metavar="WHAT",
        help="facts, attendance, screenings, step-downs, census; teds-a, teds-d: admissions and discharges for the "
        "state's data set.",
        show_default=False,
    ),
]
ExportFormats = Annotated[
    Any,
    typer.Option(
        "--format",
        metavar="FORMATS",
        parser=read_formats,
        help="ndjson, csv, xlsx, parquet; several with commas between them. Else ndjson of facts, csv of tables.",
        show_default=False,
    ),
]
FromOn = Annotated[
    Any,
    typer.Option(
        "--from",
        metavar="DATE",
        parser=read_date,
        help="On this date or later: program day, admission, discharge, or recording of facts.",
    ),
]
ToOn = Annotated[Any, typer.Option("--to", metavar="DATE", parser=read_date, help="On this date or earlier.")]


def wanted(
    kind: str,
    formats: tuple[str, ...] | None,
    *,
    from_on: date | None,
    to_on: date | None,
    as_of: date | None,
    known_at: datetime | None,
    out: Path | None,
    facility: str | None,
    before: Before,
) -> Wanted:
    """BadParameter names the option."""
    from stepdown.commands.exports import Wanted

    chosen = formats or (("ndjson",) if kind == "facts" else ("csv",))
    if kind == "facts" and as_of is not None:
        hint = "facts are chosen by when they were recorded: use --from and --to, or --known-at."
        raise typer.BadParameter(hint, param_hint="--as-of")
    if kind == "census" and (from_on is not None or to_on is not None):
        hint = "a census is of one date: use --as-of."
        raise typer.BadParameter(hint, param_hint="--from" if from_on is not None else "--to")
    if from_on is not None and to_on is not None and from_on > to_on:
        raise typer.BadParameter("it comes before --from.", param_hint="--to")
    if out is None and (len(chosen) > 1 or _BINARY.intersection(chosen)):
        raise typer.BadParameter("name the file to write: that is nothing for a terminal.", param_hint="--out")
    before.check(kind)
    return Wanted(
        kind=kind,
        formats=chosen,
        facility=facility,
        from_on=from_on,
        to_on=to_on,
        as_of=as_of,
        known_at=known_at,
        out=out,
        before=before,
    )
