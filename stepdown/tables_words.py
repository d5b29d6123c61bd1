"""The words of `stepdown follow` and `stepdown rebuild`."""

from __future__ import annotations

from typing import Annotated

import typer

from stepdown.options import AsJson, Data


def follow(
    status: Annotated[
        bool, typer.Option("--status", help="Only show how far each projection is, and what was set aside and why.")
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Only take up again what was set aside, once its cause is repaired.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Keep the projections current, as a process of its own. Stands by while another one does."""
    if status and retry:
        raise typer.BadParameter("it contradicts --status.", param_hint="--retry")
    if as_json and not (status or retry):
        raise typer.BadParameter("it takes --status or --retry.", param_hint="--json")
    if status or retry:
        from stepdown.commands import tables

        tables.show_standing(data, as_json=as_json) if status else tables.retry(data, as_json=as_json)
        return
    from stepdown.commands import database

    database.follow(data)


def rebuild(
    projections: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROJECTION]...", help="Those alone, by name; else all.", show_default=False),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only compare the live tables with the facts, and name each row that differs."),
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make the read tables anew beside the live ones, compare, and swap them in while people work.

    A database named from outside needs STEPDOWN_OWNER_URL for it; --check doesn't.
    """
    from stepdown.commands import rebuilding as work

    work.rebuild(projections or [], check=check, data=data, as_json=as_json)
