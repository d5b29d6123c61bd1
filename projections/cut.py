"""The cut that an answer stands on: which facts are in it, and what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from projections.projection import Cursor, Projection
from store.errors import StoreError
from store.ledger import Ledger

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
# rows were made by another definition than ours has no row here.
_POSITIONS: Final[LiteralString] = """
SELECT made.projection IS NOT NULL, coalesce(done.position, 0), done.recorded_at,
       abs(extract(epoch FROM clock_timestamp() - missing.recorded_at))::float8
FROM unnest(%(projections)s::text[], %(definitions)s::text[]) AS wanted (projection, definition)
LEFT JOIN projection.definition made
    ON made.projection = wanted.projection AND made.sha256 = wanted.definition
LEFT JOIN projection.position done ON done.ledger = %(ledger)s AND done.projection = wanted.projection
LEFT JOIN fact missing ON missing.ledger = %(ledger)s AND missing.position = coalesce(done.position, 0) + 1
"""


def cut_of(cursor: Cursor, ledger: str, projections: Sequence[Projection]) -> Cut | None:
    """Where all of these projections are; None when their rows may not be shown.

    They may not when they lack something for too long, when they are at different positions (one is being made anew),
    or when they are those of another version of the program.
    """
    return cut_in(ask_positions(cursor, ledger, projections).fetchall())


def ask_positions(cursor: Cursor, ledger: str, projections: Sequence[Projection]) -> Cursor:
    """The first half of `cut_of`, for who sends more along before looking at the rows."""
    return cursor.execute(
        _POSITIONS,
        {
            "ledger": ledger,
            "projections": [projection.name for projection in projections],
            "definitions": [projection.definition for projection in projections],
        },
    )


def cut_in(rows: Sequence[tuple[Any, ...]]) -> Cut | None:
    """The second half."""
    cuts = {Cut(position, recorded_at) for _, position, recorded_at, _ in rows}
    fit = all(ours and (behind is None or behind <= SERVED_SECONDS) for ours, _, _, behind in rows)
    return cuts.pop() if fit and len(cuts) == 1 else None


def known(ledger: Ledger, known_at: datetime | None) -> Cut:
    """The cut of a question: the whole ledger without `known_at`, or with one later than its last fact."""
    head = ledger.head()
    if known_at is None or head.recorded_at is None or known_at >= head.recorded_at:
        return Cut(head.position, head.recorded_at)
    return Cut(ledger.cut(known_at).position, known_at)
