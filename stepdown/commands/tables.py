"""`stepdown follow --status` and `--retry`: how far the read tables are, and what they could not take in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import orjson
from rich import box
from rich.table import Table

from projections.attendants import Attendants, attendants
from projections.position import NAMES
from projections.retry import retry as take_up_again
from projections.standing import SetAside, Standing, set_aside, standings
from stepdown.errors import Wrong
from stepdown.opening import opened, settings_at
from stepdown.terminal import answers, shown, write


def show_standing(data: Path | None, *, as_json: bool) -> None:
    """A line for each ledger and projection, one on who follows, then one for each fact that was set aside."""
    with opened(settings_at(data)) as use:
        stand, aside, here = standings(use.store), set_aside(use.store), attendants(use.store)
    if as_json:
        document = {
            **asdict(here),
            "projections": [asdict(one) for one in stand],
            "set_aside": [asdict(one) for one in aside],
        }
        write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        return
    answers().print(_standings(stand))
    print(_attended(here))
    if aside:
        answers().print(_set_aside(aside))


def retry(data: Path | None, *, as_json: bool) -> None:
    """`Wrong` when something is still set aside: its cause isn't repaired."""
    with opened(settings_at(data)) as use:
        done = take_up_again(use.store)
    if as_json:
        document = {"digested": [asdict(one) for one in done.digested], "left": [asdict(one) for one in done.left]}
        write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
    else:
        print(f"Taken up again: {_facts(done.digested)}.")
        if done.left:
            answers().print(_set_aside(done.left))
    if done.left:
        raise Wrong(f"Still set aside: {_facts(done.left)}. Repair the cause that is named, then try again.")


def _facts(asides: Sequence[SetAside]) -> str:
    count = len({(one.ledger, one.position) for one in asides})
    return f"{count} fact{'' if count == 1 else 's'}"


def _attended(here: Attendants) -> str:
    waiting = {0: "nobody stands", 1: "one more stands"}.get(here.standing_by, f"{here.standing_by} more stand")
    followed = "A process follows" if here.followed else "Nobody follows: start `stepdown serve` or `stepdown follow`"
    return f"{followed}; {waiting} by."


def _standings(found: Sequence[Standing]) -> Table:
    table = Table(title="Projections", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("ledger")
    table.add_column("projection")
    for name in ("position", "facts behind", "seconds behind", "set aside"):
        table.add_column(name, justify="right")
    for one in found:
        style = "bold red" if one.set_aside else None
        figures = (str(one.position), str(one.events), f"{one.seconds:.1f}", str(one.set_aside))
        table.add_row(shown(one.ledger), one.projection, *figures, style=style)
    return table


def _set_aside(found: Sequence[SetAside]) -> Table:
    """A row for each fact, and for each reason where projections had several."""
    table = Table(title="Set aside", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("ledger", "position", "projections", "fact", "reason"):
        table.add_column(name, justify="right" if name == "position" else "left", overflow="fold")
    facts: dict[SetAside, list[str]] = {}
    for one in found:
        facts.setdefault(replace(one, projection=""), []).append(one.projection)
    for one, lacking in facts.items():
        fact = f"{one.type} {one.stream}@{one.version}"
        projections = "all" if set(lacking) >= set(NAMES) else ", ".join(lacking)
        table.add_row(shown(one.ledger), str(one.position), projections, shown(fact), shown(one.reason))
    return table
