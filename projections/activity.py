"""Activity: who did what. In the ledger people are sealed with what they recorded; the table finds a person's facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from projections.definition import define
from projections.found import Found, found
from projections.projection import Cursor, Facts, destroyed
from projections.read_table import ReadTable
from store.ledger import Ledger
from store.store import Store

# ---- fold and table

_TABLE: Final = ReadTable("activity", key={"person": "text", "position": "bigint"}, values={})


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """Who recorded each; nothing of a chart whose key is gone."""
    rows = [(fact.envelope.by.id, fact.position) for fact in facts]
    _TABLE.write(cursor, ledger.name, rows, new=facts.new)
    _TABLE.forget_facts(cursor, ledger.name, destroyed(facts))


PROJECTION: Final = define("activity", apply, folds=("projections.activity",), apart=True)


# ---- query

_FOUND: Final[LiteralString] = """
SELECT fact.position FROM projection.activity done
JOIN fact ON fact.ledger = %(ledger)s AND fact.position = done.position
WHERE done.ledger = %(ledger)s AND done.person = %(person)s
  AND done.position > %(after)s AND done.position <= %(upto)s
  AND (%(types)s::text[] IS NULL OR fact.type = ANY(%(types)s))
UNION ALL
SELECT position FROM projection.set_aside
WHERE ledger = %(ledger)s AND projection = %(projection)s AND position > %(after)s AND position <= %(upto)s
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
ORDER BY position LIMIT %(limit)s
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
    """The first of a person's facts behind a position, up to another, and those of which nobody knows; of these stored
    names, where some are given. Raises the errors of the store.
    """
    asked = {"person": person, "types": None if types is None else list(types)}
    return found(store, facility, PROJECTION, _FOUND, asked, after=after, upto=upto, limit=limit)
