"""`stepdown blast-radius`: words and options. What it does is in `stepdown/commands/blast_radius.py`."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from stepdown.options import AsJson, By, Data, Facility, Purpose

_EVENT: Final = re.compile(r"((?:facility|cohort|session|chart|report)/[A-Za-z0-9_-]{1,63})@([1-9][0-9]{0,8})")


def blast_radius(
    event: Annotated[
        str, typer.Argument(metavar="STREAM@VERSION", help="The fact, such as chart/…@12.", show_default=False)
    ],
    facility: Facility = None,
    data: Data = None,
    by: By = None,
    purpose: Purpose = "operations",
    as_json: AsJson = False,
) -> None:
    """Show which reports, decisions, looks and files relied on a fact until it was corrected or struck."""
    named = _EVENT.fullmatch(event)
    if named is None:
        raise typer.BadParameter("name the fact as stream@version, like chart/<patient_id>@12.", param_hint="EVENT")
    from stepdown.commands import blast_radius as work

    work.show(named[1], int(named[2]), facility=facility, data=data, by=by, purpose=purpose, as_json=as_json)
