"""The options of `stepdown import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE…",
        help="Facts as NDJSON; patients, attendance or screenings as .csv. Plain or gzip.",
        show_default=False,
    ),
]
RejectsTo = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Gets each refused line with its reason, as NDJSON."),
]
Restore = Annotated[
    bool, typer.Option("--restore", help="Take positions, versions and times as they stand, into an empty ledger.")
]
Final_ = Annotated[
    bool, typer.Option("--final", help="No more is to come: admit who attended and has no admission in the files.")
]
TableOf = Annotated[
    str | None,
    typer.Option("--facility", metavar="CODE", help="The site of a .csv; needed unless exactly one is on record."),
]
LateReason = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why rows of a .csv are late that give no reason themselves."),
]
