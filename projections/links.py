"""The charts that a person has at other sites, as far as this site has linked them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart, fold
from domain.record import stream_name
from domain.site import fold_facility
from projections.cut import known
from store.ledger import Ledger
from store.store import Store


@dataclass(frozen=True, slots=True)
class Linked:
    """A chart at another site, and the zone of that site. Whoever was told of it has read it there."""

    ledger: str
    chart: Chart
    zone: ZoneInfo


def linked_charts(store: Store, chart: Chart, known_at: datetime | None) -> tuple[Linked, ...]:
    """The charts that a live link of this one names, as of now without `known_at`.

    One that was merged since is followed to the chart that stays. What its ledger doesn't hold is left out.
    """
    found = []
    for link in chart.links:
        ledger = store.ledger(link.ledger)
        upto = known(ledger, known_at).position
        stream = stream_name("facility", link.ledger)
        zone = fold_facility(ledger.read([stream], upto=upto)[stream]).zone
        other = chart_that_stays(ledger, link.patient_id, upto=upto)
        if zone is not None and other is not None:
            found.append(Linked(link.ledger, other, zone))
    return tuple(found)


def chart_that_stays(ledger: Ledger, patient_id: UUID, *, upto: int) -> Chart | None:
    """The chart, or the one that it was merged into, and so on; None where there is none."""
    while True:
        stream = stream_name("chart", patient_id)
        entries = ledger.read([stream], upto=upto)[stream]
        if not entries:
            return None
        chart = fold(patient_id, entries)
        if chart.merged_into is None:
            return chart
        patient_id = chart.merged_into.chart
