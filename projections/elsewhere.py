"""Elsewhere: which facts were recorded elsewhere before they came in here, and when. In the ledger that is sealed with
them, and an import may come in years later: the table finds them by the time that counts."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString

from projections.definition import define
from projections.found import Found, found
from projections.projection import Cursor, Facts, destroyed
from projections.read_table import ReadTable
from store.ledger import Ledger
from store.store import Store

# ---- fold and table

_TABLE: Final = ReadTable("elsewhere", key={"position": "bigint"}, values={"recorded_at": "timestamptz"})


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """When each was recorded elsewhere, if it was; nothing of a chart whose key is gone."""
    rows = [(fact.position, at) for fact in facts if (at := fact.envelope.recorded_elsewhere_at) is not None]
    _TABLE.write(cursor, ledger.name, rows, new=facts.new)
    _TABLE.forget_facts(cursor, ledger.name, destroyed(facts))


PROJECTION: Final = define("elsewhere", apply, folds=("projections.elsewhere",), apart=True)


# ---- query

_FOUND: Final[LiteralString] = """
SELECT position FROM projection.elsewhere
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s
  AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s) AND recorded_at < %(until)s
UNION ALL
SELECT position FROM projection.set_aside
WHERE ledger = %(ledger)s AND projection = %(projection)s AND position > %(after)s AND position <= %(upto)s
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
    """The first facts behind a position, up to another, that were recorded elsewhere from `since` to before `until`,
    and those of which nobody knows. Raises the errors of the store.
    """
    asked = {"since": since, "until": until}
    return found(store, facility, PROJECTION, _FOUND, asked, after=after, upto=upto, limit=limit)
