"""Reading the access record of a site back: who looked at one chart."""

from __future__ import annotations

from typing import Final, LiteralString, cast
from uuid import UUID

from domain.access import ChartRead, SearchMade
from domain.record import Recorded
from store.accesses import access_ledger
from store.mapper import Row
from store.store import Store

# The record isn't encrypted, so that the database finds the id in it, by the indexes `fact_chart_reads` and
# `fact_searches`, whose expressions this has to repeat. Apart from the cut, since to a planner that knows nothing of
# what the record names the places in the ledger would look like the shorter way.
_NAMING: Final[LiteralString] = """
WITH naming AS MATERIALIZED (
    SELECT ledger, position, stream, version, type, recorded_at, body FROM fact
    WHERE type = 'ChartRead'
      AND substring(body FROM position('"patient_id":"'::bytea IN body) + 14 FOR 36) = convert_to(%(patient)s, 'UTF8')
    UNION ALL
    SELECT ledger, position, stream, version, type, recorded_at, body FROM fact
    WHERE type = 'SearchMade'
      AND string_to_array(
              split_part(
                  encode(substring(body FROM position('"patient_ids":["'::bytea IN body) + 16), 'escape'), '"]', 1
              ),
              '","'
          ) @> ARRAY[%(patient)s::text]
)
SELECT position, stream, version, type, recorded_at, body FROM naming
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s
ORDER BY position LIMIT %(limit)s
"""


def looks_at(store: Store, facility: str, patient_id: UUID, *, after: int, upto: int, limit: int) -> list[Recorded]:
    """`ChartRead` and `SearchMade` that name a patient, in order: those after one position of the access ledger up to
    another, at most `limit`. Raises Unreadable and Unavailable."""
    ledger = access_ledger(facility)
    given = {
        "ledger": ledger,
        "after": after,
        "upto": upto,
        "patient": str(patient_id),
        "limit": limit,
    }
    [rows] = store.database.select((_NAMING, given))
    found = store.ledger(ledger).opened(cast("list[Row]", rows))
    return [look for look in found if _names(look, patient_id)]


def _names(look: Recorded, patient_id: UUID) -> bool:
    fact: ChartRead | SearchMade = look.fact
    return fact.patient_id == patient_id if isinstance(fact, ChartRead) else patient_id in fact.patient_ids
