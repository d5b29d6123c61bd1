"""How far the projections have come, over all ledgers; waiting until they have come far enough."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from projections.catalog import PROJECTIONS
from projections.nearby import nearby
from projections.projection import AS_PROJECTOR
from store.accesses import access_ledger
from store.store import Store

ACCESS: Final = access_ledger("")
"""What the names of access ledgers end in: there is nothing in them to project."""

LISTEN: Final[LiteralString] = "LISTEN stepdown_facts"
_WAKE: Final[LiteralString] = "NOTIFY stepdown_facts"

NAMES: Final = [projection.name for projection in PROJECTIONS]
DEFINITIONS: Final = [projection.definition for projection in PROJECTIONS]


@dataclass(frozen=True, slots=True)
class Lag:
    """`events`: how many facts the projection furthest behind lacks, over all ledgers; one whose rows are those of
    another version lacks all. `seconds`: how long ago the oldest of them was recorded. `set_aside`: how many facts some
    projection could not digest."""

    events: int
    seconds: float
    set_aside: int


_LAG: Final[LiteralString] = """
SELECT coalesce(sum(missing.events), 0)::bigint, coalesce(max(missing.seconds), 0)::float8,
       (SELECT count(DISTINCT (ledger, position)) FROM projection.set_aside)
FROM (
    SELECT max(head.position - coalesce(done.position, 0)) AS events,
           max(abs(extract(epoch FROM clock_timestamp() - oldest.recorded_at))) AS seconds
    FROM ledger head
    CROSS JOIN unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
    LEFT JOIN projection.definition made
        ON made.projection = wanted.projection AND made.sha256 = wanted.definition
    LEFT JOIN projection.position done ON done.ledger = head.ledger AND done.projection = made.projection
    LEFT JOIN fact oldest ON oldest.ledger = head.ledger AND oldest.position = coalesce(done.position, 0) + 1
    WHERE right(head.ledger, length(%(access)s)) <> %(access)s
    GROUP BY head.ledger
) AS missing
"""

_REACHED: Final[LiteralString] = """
SELECT count(*) FROM projection.position
WHERE ledger = %(ledger)s AND projection = ANY(%(projections)s) AND position >= %(position)s
"""

_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.02
_NEARBY_PAUSE_SECONDS: Final = 0.05
"""It tells by itself when it is there."""


def lag(store: Store) -> Lag:
    """What is recorded and not yet in the read tables. Raises the errors of the store."""
    asked = {"projections": NAMES, "definitions": DEFINITIONS, "access": ACCESS}
    [[row]] = store.database.select((_LAG, asked), role=AS_PROJECTOR)
    return Lag(*row)


def wake(store: Store) -> None:
    """Tells the follower, in whichever process it runs, that there is something new.

    After the commit and on a connection of its own: within a transaction it would make all commits of the cluster
    wait for each other. Nobody has to call it; the follower looks by itself every few hundredths of a second.
    """
    with store.database.connection() as connection:
        connection.execute(_WAKE)


def hint(store: Store) -> None:
    """For whoever has just written: wakes the follower where it is a thread of this process, at no cost."""
    nearby(store).wake()


def wait_for(store: Store, ledger: str, position: int, timeout_seconds: float) -> bool:
    """Whether every projection has come to that position in time: reading one's own write (`at_least`)."""
    near = nearby(store)
    if near.has(ledger, position):
        return True
    # It may well be at work while the tables are looked at.
    is_here = near.wake()
    asked = {"ledger": ledger, "projections": NAMES, "position": position}
    if _reached(store, asked):
        return True
    if not is_here:
        wake(store)
    until = time.monotonic() + timeout_seconds
    pause = _NEARBY_PAUSE_SECONDS if is_here else _FIRST_PAUSE_SECONDS
    while (left := until - time.monotonic()) > 0:
        if near.wait(ledger, position, min(pause, left)) or _reached(store, asked):
            return True
        pause = min(pause * 1.25, _LONGEST_PAUSE_SECONDS)
    return False


def _reached(store: Store, asked: dict[str, Any]) -> bool:
    [[row]] = store.database.select((_REACHED, asked), role=AS_PROJECTOR)
    return bool(row[0] == len(NAMES))
