"""Streams folded apart from each other: the quickest way to fill tables that nobody reads yet.

By position, the facts of a chart come a few at a time, and its row is read, opened, sealed and written each time.
Stream by stream they come all at once, and it is written once. The folds are the same: to them it is a batch of facts
in order that happens to hold whole streams, and is told to be new: they need not take away what isn't there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Final

from projections.digest import Batch, NotInOneGo, digest, opened
from projections.projection import Projection
from store.database import Connection
from store.ledger import Ledger

_BY_POSITION: Final = attrgetter("position")


@dataclass(frozen=True, slots=True)
class Task:
    """Streams of a ledger that are folded at a time, up to a position; they have so many `facts`."""

    ledger: str
    upto: int
    streams: tuple[str, ...]
    facts: int


Done = tuple[Task, bool]
"""A task that was worked on, and whether its rows are written."""


def tasks_of(ledger: Ledger, upto: int, batch: int) -> Iterator[Task]:
    """Every stream once, those that began first in front; as many at a time as have about so many facts together."""
    streams: list[str] = []
    facts = 0
    for stream, length in ledger.apart(upto).lengths():
        if streams and facts + length > batch:
            yield Task(ledger.name, upto, tuple(streams), facts)
            streams, facts = [], 0
        streams.append(stream)
        facts += length
    if streams:
        yield Task(ledger.name, upto, tuple(streams), facts)


def fold_apart(
    db: Connection, projections: Sequence[Projection], ledger: Ledger, task: Task, *, keyed: bool = False
) -> bool:
    """Brings the rows of these streams from nothing to where they are at the task's position. The positions of the
    projections stay: they are there once all streams are.

    Unless the tables are `keyed`, no fact of it is set aside that was read: where one can't be digested, nothing is
    written, and it answers False.
    """
    rows = ledger.apart(task.upto).rows(task.streams)
    facts, unreadable = opened(ledger, rows)
    if facts or unreadable:
        facts.sort(key=_BY_POSITION)
        last = max(rows, key=itemgetter(0))
        try:
            digest(db, projections, ledger, Batch(facts, 0, last[0], last[4], unreadable, not keyed), noted=False)
        except NotInOneGo:
            return False
    return True
