"""The words of `stepdown simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stepdown.options import AsJson


def simulate(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FILE",
            dir_okay=False,
            help="NDJSON, packed where the name ends in .gz. Of several facilities each has a file beside it.",
            show_default=False,
        ),
    ],
    facilities: Annotated[int, typer.Option("--facilities", min=1, max=1000, metavar="N")] = 1,
    patients: Annotated[
        int, typer.Option("--patients", min=1, max=1_000_000, metavar="N", help="Who call, at each facility.")
    ] = 42,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=1040, metavar="N", help="Up to 2026-05-10.")] = 12,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Write synthetic lives of programs, for an import or a restore; says how near they come to published figures."""
    from stepdown.commands import simulate as work

    work.simulate(out, facilities=facilities, patients=patients, weeks=weeks, seed=seed, as_json=as_json)
