"""`stepdown rebuild`: read tables made anew, or held against the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import orjson

from projections import rebuild as work
from projections.beside import chosen
from projections.catalog import PROJECTIONS
from projections.compare import Compared, Difference
from projections.projection import Projection
from stepdown.errors import Wrong
from stepdown.opening import Opened, opened, settings_at
from stepdown.progress import folding
from stepdown.terminal import answers, say, shown, write


def rebuild(names: Sequence[str], *, check: bool, data: Path | None, as_json: bool) -> None:
    """A line for each projection of each ledger, and one for each row that differed. With `check`, `Wrong` when one
    did."""
    wanted = _wanted(names)
    begun = monotonic()
    with opened(settings_at(data)) as use, folding() as told:
        if check:
            found = work.check(use.store, wanted, told=told)
        else:
            found = work.rebuild(use.store, _owner_of(use), wanted, told=told, reopen=use.reopen)
    if as_json:
        write(orjson.dumps([_document(one) for one in found], option=orjson.OPT_APPEND_NEWLINE))
    else:
        _tell(found, monotonic() - begun)
    differ = sum(len(one.differences) for one in found)
    if check and differ:
        many = "1 row is" if differ == 1 else f"{differ} rows are"
        raise Wrong(f"{many} not what the facts say: find out why. `stepdown rebuild` makes the tables anew.")
    if differ:
        many = "1 row was" if differ == 1 else f"{differ} rows were"
        say(f"{many} not what the facts say: find out why. The tables were replaced by right ones.")


def _wanted(names: Sequence[str]) -> list[Projection]:
    try:
        return chosen(names)
    except LookupError as error:
        known = ", ".join(projection.name for projection in PROJECTIONS)
        raise Wrong(f"There is no projection {shown(error.args[0])}: it is one of {known}.") from None


def _owner_of(use: Opened) -> str:
    if use.owner_url is None:
        raise Wrong("Set STEPDOWN_OWNER_URL to the owner of the database that STEPDOWN_DATABASE_URL names.")
    return use.owner_url


def _document(one: Compared) -> dict[str, object]:
    return {**asdict(one), "equal": not one.differences}


def _tell(found: Sequence[Compared], seconds: float) -> None:
    for one in found:
        said = "equal" if not one.differences else f"{len(one.differences)} differ"
        answers().print(
            f"{shown(one.ledger)} {one.projection} at {one.position}: {one.rows} rows, checksum {one.checksum}, {said}",
            soft_wrap=True,
        )
        for row in one.differences:
            answers().print(f"  {_row(row)}", soft_wrap=True)
    facts = sum({one.ledger: one.position for one in found}.values())
    answers().print(f"{facts:,} facts in {seconds:.1f} s, {facts / max(seconds, 0.001):,.0f} a second.")


def _row(row: Difference) -> str:
    key = " ".join(f"{name}={shown(value)}" for name, value in row.key.items())
    return f"{shown(row.ledger)} {row.projection} {key}: {row.what}"
