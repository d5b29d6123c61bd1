"""Elsewhere: which facts were recorded elsewhere before they came in here, and when. In the ledger that is sealed with
them, and an import may come in years later: the table finds them by the time that counts."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString

from domain.record import stream_name
from projections.cut import cut_of
from projections.definition import define
from projections.projection import Cursor, Facts, destroyed
from projections.read_table import ReadTable
from projections.reading import Found, snapshot
from store.ledger import Ledger
from store.store import Store

# ---- fold and table

_TABLE: Final = ReadTable("elsewhere", key={"position": "bigint"}, values={"recorded_at": "timestamptz"})

_FORGET: Final[LiteralString] = """
DELETE FROM projection.elsewhere
WHERE ledger = %(ledger)s AND position IN (
    SELECT position FROM fact WHERE ledger = %(ledger)s AND stream = ANY(%(streams)s))
"""


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """When each was recorded elsewhere, if it was; nothing of a chart whose key is gone."""
    rows = [(fact.position, at) for fact in facts if (at := fact.envelope.recorded_elsewhere_at) is not None]
    _TABLE.write(cursor, ledger.name, rows, new=facts.new)
    if gone := destroyed(facts):
        streams = [stream_name("chart", patient_id) for patient_id in gone]
        cursor.execute(_FORGET, {"ledger": ledger.name, "streams": streams})


PROJECTION: Final = define("elsewhere", apply, folds=("projections.elsewhere",), apart=True)


# ---- query

_IS_SET_ASIDE: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM projection.set_aside WHERE ledger = %(ledger)s AND projection = %(projection)s)
"""
_FOUND: Final[LiteralString] = """
SELECT position FROM projection.elsewhere
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s
  AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s) AND recorded_at < %(until)s
ORDER BY position LIMIT %(limit)s
"""


def recorded(
    store: Store,
    facility: str,
    *,
    since: datetime | None,
    until: datetime,
    after: int,
    upto: int,
    limit: int,
) -> Found:
    """The first facts behind a position, up to another, that were recorded elsewhere from `since` to before `until`.

    No further than `after` where the table can't be shown, or lacks a fact. Raises the errors of the store.
    """
    asked = {
        "ledger": facility,
        "projection": PROJECTION.name,
        "since": since,
        "until": until,
        "after": after,
        "limit": limit,
    }
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, (PROJECTION,))
        [[is_set_aside]] = cursor.execute(_IS_SET_ASIDE, asked).fetchall()
        if cut is None or cut.position <= after or is_set_aside:
            return Found.nothing(after)
        there = min(upto, cut.position)
        positions = [row[0] for row in cursor.execute(_FOUND, {**asked, "upto": there}).fetchall()]
    return Found.of(positions, there, limit)
