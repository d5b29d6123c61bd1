"""The accounting of disclosures that a patient may ask for: to whom what was told, by whom, why and on which basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.chart import fold
from domain.chart.disclosure import Accounting, accounted, period
from domain.record import stream_name
from exchange.cut import Knowledge, take_cut
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """`rows` are JSON-ready, the oldest first; the dates of the period are both included. `version` is the chart's."""

    from_on: date
    to_on: date
    rows: list[dict[str, Any]]
    version: int
    knowledge: Knowledge


def answer(
    store: Store,
    facility: str,
    patient_id: UUID,
    basis: Accounting,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Accounted | None:
    """The accounting that ends on `as_of`; None when there was no such chart at the cut.

    Read from the ledger. Disclosures have the date of their recording. NotOnRecord for a site that was not open.
    """
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=as_of, now=now)
    stream = stream_name("chart", patient_id)
    entries = ledger.read([stream], upto=cut.knowledge.position)[stream]
    if not entries:
        return None
    chart, zone = fold(patient_id, entries), cut.facility.clock
    rows = []
    for row in accounted(chart.consents, chart.disclosures, basis, as_of=cut.as_of, zone=zone):
        made = entries[row.pop("version") - 1]
        by = made.envelope.by
        person = {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential}
        rows.append({"event": made.name, **row, "by": person})
    first, last = period(basis, cut.as_of)
    return Accounted(from_on=first, to_on=last, rows=rows, version=entries[-1].version, knowledge=cut.knowledge)
