"""`stepdown late`: words and options. What it does is in `stepdown/commands/late.py`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from stepdown.export_options import FromOn, ToOn
from stepdown.options import AsJson, By, Data, Facility, KnownAt, Purpose


def late(
    facility: Facility = None,
    from_on: FromOn = None,
    to_on: ToOn = None,
    per: Annotated[
        Literal["kind", "person", "week"],
        typer.Option("--per", help="What is counted together: type of fact, who recorded it, week of recording."),
    ] = "kind",
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show how late entries are recorded: of those recorded between two dates, per kind, person or week."""
    if from_on is not None and to_on is not None and from_on > to_on:
        raise typer.BadParameter("the last date comes before the first.", param_hint="--to")
    from stepdown.commands import late as work

    work.show(
        facility=facility,
        from_on=from_on,
        to_on=to_on,
        per=per,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )
