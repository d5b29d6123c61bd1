"""`stepdown rebuild`: read tables made anew, or held against the facts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Final

import orjson

from projections import rebuild as work
from projections.beside import chosen
from projections.catalog import PROJECTIONS
from projections.compare import DIGESTIBLE, UNDIGESTED, Compared, Difference
from projections.projection import Projection
from projections.standing import set_aside
from stepdown.errors import Wrong
from stepdown.opening import Opened, opened, settings_at
from stepdown.progress import folding
from stepdown.terminal import answers, say, shown, write

Fact = tuple[str, int]
"""Ledger and position."""

_REPAIR: Final = (
    "see which in these lines or by `stepdown follow --status`, and bring the database back from its backup or install "
    "the version that knows it"
)


def rebuild(names: Sequence[str], *, check: bool, data: Path | None, as_json: bool) -> None:
    """A line for each projection of each ledger, and one for each row that differed. `Wrong` while there are facts that
    the tables can't hold; with `check`, when a row differs, too."""
    wanted = _wanted(names)
    begun = monotonic()
    with opened(settings_at(data)) as use, folding() as told:
        if check:
            found = work.check(use.store, wanted, told=told)
        else:
            found = work.rebuild(use.store, _owner_of(use), wanted, told=told, reopen=use.reopen)
        aside = {(one.ledger, one.position) for one in set_aside(use.store) if one.projection in _names(wanted)}
    if as_json:
        write(orjson.dumps([_document(one) for one in found], option=orjson.OPT_APPEND_NEWLINE))
    else:
        _tell(found, monotonic() - begun)
    if check:
        _judge(found, (aside - _facts(found, DIGESTIBLE)) | _facts(found, UNDIGESTED))
    else:
        _say_what_was(found, aside)


def _judge(found: Sequence[Compared], lacking: AbstractSet[Fact]) -> None:
    wrong = sum(row.what != UNDIGESTED for one in found for row in one.differences)
    said = f"{_many(wrong, 'row is', 'rows are')} not what the facts say: find out why." if wrong else ""
    if lacking:
        facts = f"{_many(len(lacking), 'fact', 'facts')} can't be digested, and a rebuild leaves that out: "
        raise Wrong(f"{said} {facts}{_REPAIR}.".lstrip())
    if wrong:
        raise Wrong(f"{said} `stepdown rebuild` makes the tables anew.")


def _say_what_was(found: Sequence[Compared], lacking: AbstractSet[Fact]) -> None:
    differed = sum(len(one.differences) for one in found)
    said = f"{_many(differed, 'row was', 'rows were')} not what the facts say: find out why." if differed else ""
    if lacking:
        made = f"The tables were made anew without {_many(len(lacking), 'fact', 'facts')} that can't be digested: "
        raise Wrong(f"{said} {made}{_REPAIR}, then run `stepdown follow --retry`.".lstrip())
    if differed:
        say(f"{said} The tables were replaced by right ones.")


def _facts(found: Sequence[Compared], what: str) -> set[Fact]:
    """Those of which the differences say so."""
    return {(row.ledger, int(row.key["position"])) for one in found for row in one.differences if row.what == what}


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _names(projections: Sequence[Projection]) -> list[str]:
    return [projection.name for projection in projections]


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
