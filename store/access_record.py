"""Reading the access record of a site back: who looked at one chart."""

from __future__ import annotations

from typing import Final, LiteralString, cast
from uuid import UUID

from domain.access import ChartRead, SearchMade
from domain.record import Recorded
from store.accesses import access_ledger
from store.mapper import Row
from store.store import Store

# The record isn't encrypted, so that the database finds the id in it. What else may hold it is left out afterwards.
_MENTIONING: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, body FROM fact
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s AND type = ANY(%(types)s)
  AND position(%(patient)s::bytea IN body) > 0
ORDER BY position LIMIT %(limit)s
"""

_LOOKS: Final = [ChartRead.__name__, SearchMade.__name__]


def looks_at(store: Store, facility: str, patient_id: UUID, *, after: int, upto: int, limit: int) -> list[Recorded]:
    """`ChartRead` and `SearchMade` that name a patient, in order: those after one position of the access ledger up to
    another, at most `limit`. Raises Unreadable and Unavailable."""
    ledger = access_ledger(facility)
    given = {
        "ledger": ledger,
        "after": after,
        "upto": upto,
        "types": _LOOKS,
        "patient": str(patient_id).encode(),
        "limit": limit,
    }
    [rows] = store.database.select((_MENTIONING, given))
    found = store.ledger(ledger).opened(cast("list[Row]", rows))
    return [look for look in found if _names(look, patient_id)]


def _names(look: Recorded, patient_id: UUID) -> bool:
    fact: ChartRead | SearchMade = look.fact
    return fact.patient_id == patient_id if isinstance(fact, ChartRead) else patient_id in fact.patient_ids
