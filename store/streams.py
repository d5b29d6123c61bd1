"""The rows of a ledger stream by stream: for who folds each stream whole, and needs no others for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, LiteralString, cast

from store.database import Database
from store.mapper import Row

# In the order in which they began: those of one time lie together on the disk.
_STREAMS: Final[LiteralString] = """
SELECT stream, count(*) FROM fact
WHERE ledger = %(ledger)s AND position <= %(upto)s
GROUP BY stream ORDER BY min(position)
"""
# As `Ledger.rows`: what is of a chart that was destroyed comes without its body. One stream after the other, by the
# index: for a list of a thousand the planner would weigh each of them, and take all facts of the ledger in the end.
_ROWS: Final[LiteralString] = """
SELECT told.position, wanted.stream, told.version, told.type, told.recorded_at, CASE WHEN wanted.stream NOT IN (
    SELECT gone.stream FROM chart_key gone
    WHERE gone.ledger = %(ledger)s AND gone.stream = ANY(%(streams)s) AND gone.wrapped IS NULL
) THEN told.body END
FROM unnest(%(streams)s::text[]) AS wanted (stream)
CROSS JOIN LATERAL (
    SELECT position, version, type, recorded_at, body FROM fact
    WHERE ledger = %(ledger)s AND stream = wanted.stream COLLATE "C" AND position <= %(upto)s
    ORDER BY version OFFSET 0
) AS told
"""


@dataclass(frozen=True, slots=True)
class Streams:
    """Those of one ledger, their facts up to a position."""

    database: Database
    ledger: str
    upto: int

    def lengths(self) -> list[tuple[str, int]]:
        """Each stream and how many of these facts it has, the one that began first in front."""
        [rows] = self.database.select((_STREAMS, self._given()))
        return [(row[0], row[1]) for row in rows]

    def rows(self, streams: Sequence[str]) -> list[Row]:
        """The facts of these streams as they are stored, one stream after the other, each in order."""
        [rows] = self.database.select((_ROWS, {**self._given(), "streams": list(streams)}))
        return cast("list[Row]", rows)

    def _given(self) -> dict[str, object]:
        return {"ledger": self.ledger, "upto": self.upto}
