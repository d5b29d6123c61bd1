"""Streams folded apart from each other: the quickest way to fill tables that nobody reads yet.

By position, the facts of a chart come a few at a time, and its row is read, opened, sealed and written each time.
Stream by stream they come all at once, and it is written once. The folds are the same: to them it is a batch like any
other, of facts in order, that happens to hold whole streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from domain.record import Recorded
from projections.digest import UNREADABLE, Batch, digest, set_unreadable_aside
from projections.projection import Projection
from store.database import Connection
from store.ledger import Ledger
from store.mapper import Row

_BY_POSITION: Final = attrgetter("position")


@dataclass(frozen=True, slots=True)
class Task:
    """Streams of a ledger that are folded at a time, up to a position; so many `facts` of them are looked at."""

    ledger: str
    upto: int
    streams: tuple[str, ...]
    facts: int


def looked_at(projections: Sequence[Projection]) -> tuple[str, ...] | None:
    """The stored names of the facts that any of these looks at; None: of all."""
    names: set[str] = set()
    for projection in projections:
        if projection.facts is None:
            return None
        names |= set(projection.facts)
    return tuple(sorted(names))


def tasks_of(projections: Sequence[Projection], ledger: Ledger, upto: int, batch: int) -> Iterator[Task]:
    """Every stream once, those that began first in front; as many at a time as have about so many facts together."""
    streams: list[str] = []
    facts = 0
    for stream, length in ledger.apart(upto, looked_at(projections)).lengths():
        if streams and facts + length > batch:
            yield Task(ledger.name, upto, tuple(streams), facts)
            streams, facts = [], 0
        streams.append(stream)
        facts += length
    if streams:
        yield Task(ledger.name, upto, tuple(streams), facts)


def fold_apart(db: Connection, projections: Sequence[Projection], ledger: Ledger, task: Task) -> None:
    """Brings the rows of these streams from nothing to where they are at the task's position. The positions of the
    projections stay: they are there once all streams are."""
    rows = ledger.apart(task.upto, looked_at(projections)).rows(task.streams)
    try:
        facts = ledger.opened(rows)
    except UNREADABLE:
        facts = list(_readable(db, projections, ledger, rows))
    if facts:
        facts.sort(key=_BY_POSITION)
        last = facts[-1]
        digest(db, projections, ledger, Batch(facts, 0, last.position, last.recorded_at), noted=False)


def _readable(
    db: Connection, projections: Sequence[Projection], ledger: Ledger, rows: Sequence[Row]
) -> Iterator[Recorded]:
    """Each by itself; those that can't be read are set aside."""
    for row in rows:
        try:
            yield from ledger.opened([row])
        except UNREADABLE:
            set_unreadable_aside(db, projections, ledger, row[0], before=None)
