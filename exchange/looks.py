"""Who looked at a patient's chart, when, why, and at which version of it: what the access record of the site says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.access import ChartRead
from domain.record import Recorded, stream_name
from exchange.cut import utc_text
from store.access_record import looks_at
from store.accesses import access_ledger
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """`rows` are JSON-ready, the newest last; `next_after` is where the next page begins, None on the last one.

    `position` and `known_at` are of the access ledger, 0 and None where nobody has looked at anything by then.
    `version` is the chart's, as it is now.
    """

    rows: list[dict[str, Any]]
    next_after: int | None
    version: int
    position: int
    known_at: datetime | None


def answer(
    store: Store, facility: str, patient_id: UUID, *, known_at: datetime | None = None, after: int = 0, limit: int
) -> Looks | None:
    """A page of it; None when there is no such chart. `known_at` cuts, `after` is a position of the access ledger."""
    stream = stream_name("chart", patient_id)
    entries = store.ledger(facility).read([stream])[stream]
    if not entries:
        return None
    ledger = store.ledger(access_ledger(facility))
    last = ledger.head()
    upto, at = last.position, last.recorded_at
    if known_at is not None and at is not None and known_at < at:
        upto, at = ledger.cut(known_at).position, known_at.astimezone(UTC)
    found = looks_at(store, facility, patient_id, after=after, upto=upto, limit=limit + 1)
    shown = found[:limit]
    return Looks(
        rows=[_row(look) for look in shown],
        next_after=shown[-1].position if len(found) > limit else None,
        version=entries[-1].version,
        position=upto,
        known_at=at,
    )


def _row(look: Recorded) -> dict[str, Any]:
    by, fact = look.envelope.by, look.fact
    return {
        "event": look.name,
        "at": utc_text(look.recorded_at),
        "by": {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential},
        "what": fact.what,
        "purpose": fact.purpose,
        "at_version": fact.at_version if isinstance(fact, ChartRead) else None,
    }
