"""The follower: brings facts into the read tables, in batches, each exactly once.

One follows at a time in a database; the others wait for its lock. The lock, the rows and the position are of one
connection: who loses it has lost all three together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from select import POLLIN, poll
from socket import socket
from typing import Final, LiteralString

from projections.attendants import FOLLOWS_KEY, STANDS_BY_KEY, Turn
from projections.catalog import PROJECTIONS
from projections.digest import further
from projections.leftovers import empty_leftovers
from projections.nearby import drain, nearby
from projections.position import ACCESS, LISTEN, NAMES, Lag, lag, wait_for, wake
from projections.projection import AS_PROJECTOR, Projection
from store.database import Connection
from store.errors import SchemaMismatch, StoreError
from store.ledger import Ledger
from store.round_trip import BEGIN_READ, COMMIT, Sent, Statement, round_trip, rows_in, texts
from store.store import Store

__all__ = ["Follower", "Lag", "lag", "wait_for", "wake"]

log = logging.getLogger(__name__)

BATCH: Final = 2000
"""Facts that are folded and written in one transaction, at most."""

POLL_SECONDS: Final = 0.05
"""How long the follower sleeps when nobody wakes it and nothing has come for a while."""

_NAP_SECONDS: Final = 0.004
"""How long it sleeps right after there was something: more is likely to come. From there on it doubles."""

_STAND_BY_SECONDS: Final = 0.25
_PAUSE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.02

_TRY_LOCK: Final[LiteralString] = "SELECT pg_try_advisory_lock(%(key)s)"
_STAND_BY: Final[LiteralString] = "SELECT pg_advisory_lock_shared(%(key)s)"

_AS_PROJECTOR: Final = Statement.of("as_projector", AS_PROJECTOR)
# Every ledger that has more than some projections have taken in, and which those are: once for each position.
_TO_DO: Final = Statement.of(
    "to_do",
    """
SELECT head.ledger, head.position, coalesce(done.position, 0), array_agg(wanted.projection ORDER BY wanted.projection)
FROM ledger head
CROSS JOIN unnest($1::text[]) AS wanted (projection)
LEFT JOIN projection.position done ON done.ledger = head.ledger AND done.projection = wanted.projection
WHERE right(head.ledger, length($2::text)) <> $2::text AND head.position > coalesce(done.position, 0)
GROUP BY head.ledger, head.position, coalesce(done.position, 0)
ORDER BY head.ledger, coalesce(done.position, 0)
""",
)
_FOREIGN: Final = Statement.of(
    "foreign",
    """
SELECT count(*) FROM unnest($1::text[], $2::text[]) AS wanted (projection, definition)
WHERE NOT EXISTS (SELECT FROM projection.definition made
                  WHERE made.projection = wanted.projection AND made.sha256 = wanted.definition)
""",
)


class Follower:
    """`batch`: facts in one transaction, at most. Takes one connection of the store's pool for as long as it runs.
    `told` hears whose turn it is, each time that changes."""

    def __init__(
        self,
        store: Store,
        *,
        batch: int = BATCH,
        poll_seconds: float = POLL_SECONDS,
        told: Callable[[Turn], None] = lambda turn: None,
    ) -> None:
        self._store = store
        self._told = told
        self._turn: Turn | None = None
        self._batch = batch
        self._poll_seconds = poll_seconds

    def run(self, stop: threading.Event) -> None:
        """Follows until asked to stop. When the database is lost, or not prepared for this version, or the machine has
        no socket to give, it waits and tries again."""
        while not stop.is_set():
            try:
                with self._store.database.connection() as db:
                    if self._stand_by(db, stop):
                        self._follow(db, stop)
            except (StoreError, OSError) as error:
                log.warning("The follower can't go on and tries again: %s", error)
                stop.wait(_PAUSE_SECONDS)

    def catch_up(self) -> None:
        """Returns when the read tables hold what is on record now, written here or by the one who follows.

        Raises the errors of the store, `SchemaMismatch` where the tables are those of another version.
        """
        goal = {ledger: head for ledger, head, _, _ in self._to_do()}
        with self._store.database.connection() as db:
            while self._is_short_of(goal):
                if not self._take_lock(db):
                    time.sleep(_LOOK_SECONDS)
                    continue
                try:
                    while self._is_short_of(goal):
                        self._round(db, threading.Event())
                finally:
                    _leave(db)

    def _stand_by(self, db: Connection, stop: threading.Event) -> bool:
        """Waits for the lock; False when asked to stop before."""
        if not self._take_lock(db):
            self._tell(Turn.STANDS_BY)
            try:
                # Nobody waits for that one: it says who stands by.
                db.execute(_STAND_BY, {"key": STANDS_BY_KEY})
                while not self._take_lock(db):
                    if stop.wait(_STAND_BY_SECONDS):
                        return False
            finally:
                if not db.closed:
                    db.execute("SELECT pg_advisory_unlock_shared(%(key)s)", {"key": STANDS_BY_KEY})
        self._tell(Turn.FOLLOWS)
        return True

    def _tell(self, turn: Turn) -> None:
        if turn is not self._turn:
            self._turn = turn
            self._told(turn)

    def _take_lock(self, db: Connection) -> bool:
        row = db.execute(_TRY_LOCK, {"key": FOLLOWS_KEY}).fetchone()
        return row is not None and bool(row[0])

    def _follow(self, db: Connection, stop: threading.Event) -> None:
        try:
            empty_leftovers(db)
            with nearby(self._store).following() as ear:
                db.execute(LISTEN)
                nap = self._poll_seconds
                while not stop.is_set():
                    if self._round(db, stop):
                        nap = _NAP_SECONDS
                    else:
                        # Woken or not, it looks again; what comes in meanwhile is found then too.
                        _sleep(db, ear, min(nap, self._poll_seconds))
                        nap *= 2
        finally:
            _leave(db)

    def _to_do(self) -> list[tuple[str, int, int, list[str]]]:
        """Ledger, its head, a position before it, and the projections that are there. `SchemaMismatch` where a table
        is that of another version."""
        names = texts(NAMES)
        sent: list[Sent] = [
            (BEGIN_READ, ()),
            (_AS_PROJECTOR, ()),
            (_FOREIGN, [names, texts([projection.definition for projection in PROJECTIONS])]),
            (_TO_DO, [names, ACCESS.encode()]),
            (COMMIT, ()),
        ]
        with self._store.database.connection() as connection:
            _, _, foreign, to_do, _ = round_trip(connection, sent)
            [(others,)], rows = rows_in(connection, foreign), rows_in(connection, to_do)
        self._refuse_others(others)
        return [(ledger, head, position, found) for ledger, head, position, found in rows]

    def _refuse_others(self, tables: int) -> None:
        if tables:
            raise SchemaMismatch("The read tables are those of another version: run `stepdown migrate`.")

    def _is_short_of(self, goal: Mapping[str, int]) -> bool:
        return any(position < goal.get(ledger, 0) for ledger, _, position, _ in self._to_do())

    def _round(self, db: Connection, stop: threading.Event) -> bool:
        """One batch of every ledger that has more; False when none has."""
        to_do = self._to_do()
        for ledger, head, position, names in to_do:
            if stop.is_set():
                break
            projections = [projection for projection in PROJECTIONS if projection.name in names]
            self._further(db, self._store.ledger(ledger), projections, position, head)
        return bool(to_do)

    def _further(
        self, db: Connection, ledger: Ledger, projections: Sequence[Projection], position: int, head: int
    ) -> None:
        come = further(db, projections, ledger, position, head, self._batch)
        if len(projections) == len(PROJECTIONS):
            nearby(self._store).came(ledger.name, come)


def _sleep(db: Connection, ear: socket, seconds: float) -> None:
    """Until somebody calls, from this process or another."""
    calls = poll()
    calls.register(db.fileno(), POLLIN)
    calls.register(ear.fileno(), POLLIN)
    calls.poll(seconds * 1000)
    drain(ear)
    for _ in db.notifies(timeout=0):
        pass


def _leave(db: Connection) -> None:
    """The connection goes back to the pool without lock and ear. A broken one has neither any more."""
    if not db.closed:
        db.execute("UNLISTEN *")
        db.execute("SELECT pg_advisory_unlock_all()")
