"""What is left of a fact whose chart was destroyed: where it stands, of which kind it is, when it was recorded.

It goes into files as a line of its own, so that positions and versions stay whole, and comes back out of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from domain.record import Recorded
from store.codec import LEDGER_NAME, check_place
from store.errors import ShapeError
from store.ledger_keys import is_sealed
from store.lines import stamp, to_line
from store.mapper import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Hollow:
    """In plain, as the ledger itself has it. `type` is the stored name."""

    ledger: str
    position: int
    stream: str
    version: int
    type: str
    recorded_at: datetime

    @property
    def name(self) -> str:
        return f"{self.stream}@{self.version}"


_FIELDS: Final = frozenset({"ledger", "position", "stream", "version", "type", "recorded_at"})
_WRONG: Final = "A line without its fact is of a chart that was destroyed: give it as exported."


def is_hollow(line: Mapping[str, Any]) -> bool:
    """Whether the values of a line are those of a hollow fact: the plain fields, all of them and no others."""
    return line.keys() == _FIELDS


def from_hollow_line(line: Mapping[str, Any]) -> Hollow:
    """Strict; ShapeError when it can't be one."""
    try:
        hollow = msgspec.convert(line, Hollow)
    except msgspec.ValidationError:
        raise ShapeError(_WRONG) from None
    if hollow.version < 1 or hollow.position < 1 or hollow.recorded_at.utcoffset() is None:
        raise ShapeError(_WRONG)
    if not LEDGER_NAME.fullmatch(hollow.ledger) or not is_sealed(hollow.stream):
        raise ShapeError(_WRONG)
    check_place(hollow.stream, hollow.type)
    return hollow


def to_hollow_line(ledger: str, row: Row) -> dict[str, Any]:
    position, stream, version, name, recorded_at, _ = row
    plain = {"ledger": ledger, "position": position, "stream": stream, "version": version, "type": name}
    return {**plain, "recorded_at": stamp(recorded_at.astimezone(UTC))}


def to_lines(ledger: str, rows: Sequence[Row], opened: Sequence[Recorded]) -> Iterator[dict[str, Any]]:
    """The line of each row: of those that were opened the whole event, of the others what is left of it."""
    facts = {fact.position: fact for fact in opened}
    for row in rows:
        fact = facts.get(row[0])
        yield to_hollow_line(ledger, row) if fact is None else to_line(fact)
