"""Where each projection stands, ledger by ledger, and what it has set aside: for those who run the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from projections.position import ACCESS, DEFINITIONS, NAMES
from projections.projection import AS_PROJECTOR
from store.store import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """One projection of one ledger. It holds the facts up to `position` and lacks `events` more, the oldest recorded
    `seconds` ago; all of them where its rows are those of another version. `set_aside`: how many of those up to there
    it could not digest."""

    ledger: str
    projection: str
    position: int
    events: int
    seconds: float
    set_aside: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """A fact that a projection could not digest. `reason` repeats nothing of it."""

    ledger: str
    projection: str
    position: int
    stream: str
    version: int
    type: str
    reason: str


_STANDINGS: Final[LiteralString] = """
SELECT head.ledger, wanted.projection, coalesce(done.position, 0),
       greatest(head.position - coalesce(done.position, 0), 0)::bigint,
       coalesce(abs(extract(epoch FROM clock_timestamp() - oldest.recorded_at)), 0)::float8,
       (SELECT count(*) FROM projection.set_aside aside
        WHERE aside.ledger = head.ledger AND aside.projection = wanted.projection)
FROM ledger head
CROSS JOIN unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
LEFT JOIN projection.definition made ON made.projection = wanted.projection AND made.sha256 = wanted.definition
LEFT JOIN projection.position done ON done.ledger = head.ledger AND done.projection = made.projection
LEFT JOIN fact oldest ON oldest.ledger = head.ledger AND oldest.position = coalesce(done.position, 0) + 1
WHERE right(head.ledger, length(%(access)s)) <> %(access)s
ORDER BY head.ledger, wanted.projection
"""
_SET_ASIDE: Final[LiteralString] = """
SELECT ledger, projection, position, stream, version, type, reason FROM projection.set_aside
ORDER BY ledger, position, projection
"""


def standings(store: Store) -> list[Standing]:
    """Of every ledger that has something to project, by ledger and projection. Raises the errors of the store."""
    asked = {"projections": NAMES, "definitions": DEFINITIONS, "access": ACCESS}
    [rows] = store.database.select((_STANDINGS, asked), role=AS_PROJECTOR)
    return [Standing(*row) for row in rows]


def set_aside(store: Store) -> list[SetAside]:
    """By ledger and position. Raises the errors of the store."""
    [rows] = store.database.select((_SET_ASIDE, {}), role=AS_PROJECTOR)
    return [SetAside(*row) for row in rows]
