"""Activity: who did what. In the ledger people are sealed with what they recorded; the table finds a person's facts."""

from __future__ import annotations

from collections.abc import Sequence
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

_TABLE: Final = ReadTable("activity", key={"person": "text", "position": "bigint"}, values={})

_FORGET: Final[LiteralString] = """
DELETE FROM projection.activity
WHERE ledger = %(ledger)s AND position IN (
    SELECT position FROM fact WHERE ledger = %(ledger)s AND stream = ANY(%(streams)s))
"""


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """Who recorded each; nothing of a chart whose key is gone."""
    rows = [(fact.envelope.by.id, fact.position) for fact in facts]
    _TABLE.write(cursor, ledger.name, rows, new=facts.new)
    if gone := destroyed(facts):
        streams = [stream_name("chart", patient_id) for patient_id in gone]
        cursor.execute(_FORGET, {"ledger": ledger.name, "streams": streams})


PROJECTION: Final = define("activity", apply, folds=("projections.activity",), apart=True)


# ---- query

_IS_SET_ASIDE: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM projection.set_aside WHERE ledger = %(ledger)s AND projection = %(projection)s)
"""
_FOUND: Final[LiteralString] = """
SELECT fact.position FROM projection.activity done
JOIN fact ON fact.ledger = %(ledger)s AND fact.position = done.position
WHERE done.ledger = %(ledger)s AND done.person = %(person)s
  AND done.position > %(after)s AND done.position <= %(upto)s
  AND (%(types)s::text[] IS NULL OR fact.type = ANY(%(types)s))
ORDER BY done.position LIMIT %(limit)s
"""


def positions_of(
    store: Store,
    facility: str,
    person: str,
    *,
    types: Sequence[str] | None,
    after: int,
    upto: int,
    limit: int,
) -> Found:
    """The first of a person's facts behind a position, up to another; of these stored names, where some are
    given. Raises the errors of the store.
    """
    asked = {
        "ledger": facility,
        "projection": PROJECTION.name,
        "person": person,
        "types": None if types is None else list(types),
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
