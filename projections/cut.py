"""The cut that an answer stands on: which facts are in it, and what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import Any, Final, LiteralString, NamedTuple

from psycopg.pq.abc import PGresult

from projections.projection import Cursor, Projection
from store.database import Query
from store.errors import StoreError
from store.ledger import Ledger
from store.round_trip import Sent, Statement, as_bigint, as_instant, texts

SERVED_SECONDS: Final = 2.0
"""A projection that lacks what was recorded longer ago than this is not shown."""


class Behind(StoreError):
    """The read tables lack what was recorded more than two seconds ago, or are being made anew (503)."""

    def __init__(self) -> None:
        super().__init__("The lists are catching up with the record: nothing was lost, try again in a moment.")


@dataclass(frozen=True, slots=True)
class Cut:
    """The facts up to `position`, and the instant of which they say what was known. 0 and None: nothing on record."""

    position: int
    known_at: datetime | None


# The time is taken as a distance, so that a clock that went back doesn't make old gaps look new. A projection whose
# rows were made by another definition than ours has no row here. Once for cursors, once for `round_trip`.
_POSITIONS: Final[LiteralString] = """
SELECT made.projection IS NOT NULL, coalesce(done.position, 0), done.recorded_at,
       abs(extract(epoch FROM clock_timestamp() - missing.recorded_at))::float8
FROM unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
LEFT JOIN projection.definition made
    ON made.projection = wanted.projection AND made.sha256 = wanted.definition
LEFT JOIN projection.position done ON done.ledger = %(ledger)s AND done.projection = wanted.projection
LEFT JOIN fact missing ON missing.ledger = %(ledger)s AND missing.position = coalesce(done.position, 0) + 1
"""


_SENT_POSITIONS: Final = Statement.of(
    "positions",
    """
SELECT made.projection IS NOT NULL, coalesce(done.position, 0), done.recorded_at,
       abs(extract(epoch FROM clock_timestamp() - missing.recorded_at))::float8
FROM unnest($2::text[], $3::text[]) AS wanted (projection, definition)
LEFT JOIN projection.definition made
    ON made.projection = wanted.projection AND made.sha256 = wanted.definition
LEFT JOIN projection.position done ON done.ledger = ANY($1::text[]) AND done.projection = wanted.projection
LEFT JOIN fact missing ON missing.ledger = ANY($1::text[]) AND missing.position = coalesce(done.position, 0) + 1
""",
)
_SECONDS: Final = Struct("!d")


def cut_of(cursor: Cursor, ledger: str, projections: Sequence[Projection]) -> Cut | None:
    """Where all of these projections are; None when their rows may not be shown.

    They may not when they lack something for too long, when they are at different positions (one is being made anew),
    or when they are those of another version of the program.
    """
    query, given = positions_in(ledger, projections)
    return cut_in(cursor.execute(query, given).fetchall())


def positions_in(ledger: str, projections: Sequence[Projection]) -> Query:
    """What asks for the same along with other queries; `cut_in` takes its rows."""
    names, definitions = _named(projections)
    return _POSITIONS, {"ledger": ledger, "projections": names, "definitions": definitions}


def cut_in(rows: Sequence[tuple[Any, ...]]) -> Cut | None:
    """As `cut_of`."""
    return _cut_in([_Standing(*row) for row in rows])


def positions_of(ledger: str, projections: Sequence[Projection]) -> Sent:
    """What asks for the same by way of libpq; `cut_from` takes the result."""
    names, definitions = _named(projections)
    return _SENT_POSITIONS, [texts([ledger]), texts(names), texts(definitions)]


def cut_from(result: PGresult) -> Cut | None:
    """As `cut_of`."""
    rows = []
    for row in range(result.ntuples):
        ours, position, recorded_at, behind = (result.get_value(row, column) for column in range(4))
        rows.append(
            _Standing(
                ours == b"\x01",
                as_bigint(position or b""),
                None if recorded_at is None else as_instant(recorded_at),
                None if behind is None else _SECONDS.unpack(behind)[0],
            )
        )
    return _cut_in(rows)


class _Standing(NamedTuple):
    """Where a projection stands. `behind`: for how many seconds it has lacked something."""

    is_ours: bool
    position: int
    recorded_at: datetime | None
    behind: float | None


def _cut_in(rows: Sequence[_Standing]) -> Cut | None:
    cuts = {Cut(row.position, row.recorded_at) for row in rows}
    fit = all(row.is_ours and (row.behind is None or row.behind <= SERVED_SECONDS) for row in rows)
    return cuts.pop() if fit and len(cuts) == 1 else None


def _named(projections: Sequence[Projection]) -> tuple[list[str], list[str]]:
    return [projection.name for projection in projections], [projection.definition for projection in projections]


def known(ledger: Ledger, known_at: datetime | None) -> Cut:
    """The cut of a question: the whole ledger without `known_at`, or with one later than its last fact."""
    head = ledger.head()
    if known_at is None or head.recorded_at is None or known_at >= head.recorded_at:
        return Cut(head.position, head.recorded_at)
    return Cut(ledger.cut(known_at).position, known_at)
