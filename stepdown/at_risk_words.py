"""`stepdown at-risk`: words and options. What it does is in `stepdown/commands/at_risk.py`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stepdown.options import AsJson, AsOf, By, Data, Facility, KnownAt, Purpose, read_week


def at_risk(
    facility: Facility = None,
    week: Annotated[
        Any, typer.Option("--week", metavar="WEEK", parser=read_week, help="Like 2026-W10. Else that of --as-of.")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show who can still reach the hours of the week, by which sessions, and what is due of whom."""
    from stepdown.commands import at_risk as work

    work.show(
        facility=facility,
        week=week,
        as_of=as_of,
        known_at=known_at,
        data=data,
        by=by,
        purpose=purpose,
        as_json=as_json,
    )
