"""A batch of facts goes into the tables together with the position, or not at all; what can't go in is set aside.

A batch that fails is tried again in halves, each projection for itself, down to the one fact that one projection can't
digest. Its place in the tables is then left as it was before that fact; the rest goes on. What can't even be read is
set aside by every projection, whatever facts its fold looks at: nobody can say what it would have told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import msgspec
import psycopg

from domain.record import Recorded
from projections.projection import AS_PROJECTOR, Facts, Projection
from store.database import Connection
from store.errors import SchemaMismatch, ShapeError, Unreadable
from store.ledger import Ledger
from store.mapper import Row

log = logging.getLogger(__name__)

UNREADABLE: Final = (Unreadable, ShapeError, msgspec.MsgspecError)
"""A stored fact that doesn't open, or isn't of a shape that this version knows."""

DOES_NOT_OPEN: Final = "The stored fact doesn't open, or isn't of a shape that is known."
"""Why it is set aside: by every projection, then."""

_INDIGESTIBLE: Final = (
    *UNREADABLE,
    psycopg.DataError,
    psycopg.IntegrityError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a fact may cause in a fold or in the table it goes to. Whatever else goes wrong is no fact's fault: a lost
connection, a table that isn't there."""

# Only from where the batch began, and only where the table is still our own.
_ADVANCE: Final[LiteralString] = """
INSERT INTO projection.position AS done (ledger, projection, position, recorded_at)
SELECT %(ledger)s, wanted.projection, %(position)s, %(recorded_at)s
FROM unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
JOIN projection.definition made ON made.projection = wanted.projection AND made.sha256 = wanted.definition
ON CONFLICT (ledger, projection) DO UPDATE SET position = excluded.position, recorded_at = excluded.recorded_at
WHERE done.position = %(before)s
RETURNING projection
"""
_SET_ASIDE: Final[LiteralString] = """
INSERT INTO projection.set_aside (ledger, projection, position, stream, version, type, reason)
SELECT fact.ledger, unnest(%(projections)s::text[]), fact.position, fact.stream, fact.version, fact.type, %(reason)s
FROM fact WHERE fact.ledger = %(ledger)s AND fact.position = ANY(%(positions)s)
"""
# Whoever takes up again what was set aside, or puts other tables in the place of these, waits for the batch or lets it
# wait: what is read from here on is what was there when the batch is committed.
_HOLD: Final[LiteralString] = """
SELECT FROM projection.position WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s)
ORDER BY projection FOR UPDATE
"""
_RECORDED_AT: Final[LiteralString] = (
    "SELECT recorded_at FROM fact WHERE ledger = %(ledger)s AND position = %(position)s"
)


class NotInOneGo(Exception):
    """Nothing of the batch was written: it is to be digested as any other, in tables that have their keys."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The facts that can be read after position `before`, up to `upto`, the last one then, recorded at that instant:
    those of charts that were destroyed are passed by. `unreadable`: where among them stands what can't be read.
    `new` as `Facts` says."""

    facts: Sequence[Recorded]
    before: int
    upto: int
    recorded_at: datetime
    unreadable: tuple[int, ...] = ()
    new: bool = False

    def parts(self, first: int) -> tuple[Batch, Batch]:
        """The batch up to its n-th fact, and the rest."""
        last = self.facts[first - 1]
        until = tuple(position for position in self.unreadable if position < last.position)
        return (
            Batch(self.facts[:first], self.before, last.position, last.recorded_at, until),
            Batch(self.facts[first:], last.position, self.upto, self.recorded_at, self.unreadable[len(until) :]),
        )


def digest(
    db: Connection, projections: Sequence[Projection], ledger: Ledger, batch: Batch, *, noted: bool = True
) -> None:
    """Brings these projections, which are right before the batch, behind it. Not `noted`: the batch isn't all that came
    between two positions, and whoever has the rest of it as well moves them.

    NotInOneGo for a `new` batch with a fact that can't be digested: to find it, the tables need their keys."""
    facts = Facts(batch.facts)
    facts.new = batch.new
    try:
        # Statements that nobody waits for go along with the next one that is waited for; but for what is copied.
        with nullcontext() if batch.new else db.pipeline(), db.transaction():
            hold(db, projections, ledger.name)
            for projection in projections if facts else ():
                # A cursor each: what one has not looked at is not what the next one asked for.
                projection.apply(db.cursor(binary=True), ledger, facts)
            _finish(db, projections, ledger, batch, noted=noted)
    except _INDIGESTIBLE as error:
        if batch.new:
            raise NotInOneGo from None
        if len(projections) > 1:
            for projection in projections:
                digest(db, [projection], ledger, batch, noted=noted)
        elif len(facts) > 1:
            for part in batch.parts(len(facts) // 2):
                digest(db, projections, ledger, part, noted=noted)
        else:
            upto, rest = batch.parts(1)
            with db.transaction():
                hold(db, projections, ledger.name)
                _set_aside(db, projections, ledger, [upto.upto], _reason(error))
                _finish(db, projections, ledger, upto, noted=noted)
            _tell(projections, ledger, upto.unreadable, DOES_NOT_OPEN)
            _tell(projections, ledger, [upto.upto], _reason(error))
            if rest.before < rest.upto:
                digest(db, projections, ledger, rest, noted=noted)
    else:
        _tell(projections, ledger, batch.unreadable, DOES_NOT_OPEN)


def further(
    db: Connection, projections: Sequence[Projection], ledger: Ledger, position: int, upto: int, limit: int
) -> int:
    """Brings these projections, which are at `position`, on by a batch of at most so many facts, not beyond `upto`.
    Answers where they are then. There is a fact to read."""
    rows = ledger.rows(after=position, upto=upto, limit=limit)
    facts, unreadable = opened(ledger, rows)
    last = rows[-1]
    digest(db, projections, ledger, Batch(facts, position, last[0], last[4], unreadable))
    return last[0]


def opened(ledger: Ledger, rows: Sequence[Row]) -> tuple[list[Recorded], tuple[int, ...]]:
    """These rows as facts, and the positions of those that can't be read, in order."""
    try:
        return ledger.opened(rows), ()
    except UNREADABLE:
        ledger.prepare(row[1] for row in rows)
    facts: list[Recorded] = []
    unreadable = []
    # Of a destroyed chart, whose facts come without a body, the key would be asked for each time.
    for row in (row for row in rows if row[5] is not None):
        try:
            facts += ledger.opened([row])
        except UNREADABLE:
            unreadable.append(row[0])
    return facts, tuple(sorted(unreadable))


def arrive(db: Connection, projections: Sequence[Projection], ledger: Ledger, position: int) -> None:
    """These projections, which had nothing of the ledger, hold it up to that position: so it was folded apart."""
    with db.transaction():
        hold(db, projections, ledger.name)
        [[recorded_at]] = db.execute(_RECORDED_AT, {"ledger": ledger.name, "position": position}).fetchall()
        _advance(db, projections, ledger.name, 0, position, recorded_at)


def hold(db: Connection, projections: Sequence[Projection], ledger: str) -> None:
    """The first statements of a transaction that writes rows of these projections: nobody else does meanwhile."""
    # The commit waits for the disk, as an append's does: without (synchronous_commit = off) a crash of the server takes
    # from the read tables what readers have seen there, and have waited for.
    db.execute(AS_PROJECTOR)
    db.execute(_HOLD, {"ledger": ledger, "projections": [projection.name for projection in projections]})


def _advance(
    db: Connection, projections: Sequence[Projection], ledger: str, before: int, position: int, recorded_at: datetime
) -> None:
    advanced = db.execute(
        _ADVANCE,
        {
            "ledger": ledger,
            "projections": [projection.name for projection in projections],
            "definitions": [projection.definition for projection in projections],
            "before": before,
            "position": position,
            "recorded_at": recorded_at,
        },
    )
    if len(advanced.fetchall()) != len(projections):
        raise SchemaMismatch("The read tables were made anew, or somebody else follows: nothing was written twice.")


def _finish(db: Connection, projections: Sequence[Projection], ledger: Ledger, batch: Batch, *, noted: bool) -> None:
    """The last statements of the transaction that brings them behind the batch."""
    if batch.unreadable:
        _set_aside(db, projections, ledger, batch.unreadable, DOES_NOT_OPEN)
    if noted:
        _advance(db, projections, ledger.name, batch.before, batch.upto, batch.recorded_at)


def _set_aside(
    db: Connection, projections: Sequence[Projection], ledger: Ledger, positions: Sequence[int], reason: str
) -> None:
    names = [projection.name for projection in projections]
    given = {"ledger": ledger.name, "projections": names, "positions": list(positions), "reason": reason}
    db.execute(_SET_ASIDE, given)


def _tell(projections: Sequence[Projection], ledger: Ledger, positions: Sequence[int], reason: str) -> None:
    names = ", ".join(projection.name for projection in projections)
    for position in positions:
        log.error("Position %d of %s was set aside by %s: %s", position, ledger.name, names, reason)


def _reason(error: BaseException) -> str:
    """Why, without anything that the fact holds: an error's own message may quote it."""
    if isinstance(error, psycopg.Error):
        return f"The database refused the row (SQLSTATE {error.sqlstate})."
    if isinstance(error, UNREADABLE):
        return "What this rests on doesn't open, or isn't of a shape that is known."
    where = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        where = f"{trace.tb_frame.f_globals.get('__name__')}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"It could not be folded ({type(error).__name__} in {where})."
