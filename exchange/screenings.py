"""A patient's screenings at a date, as they were known at an instant. From the ledger, as a history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from domain.chart import Chart
from domain.facility import Facility
from domain.record import stream_name
from domain.screening_list import screenings
from exchange.cut import Cut, cut_at, knowledge
from store.ledger import Head
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenings:
    """`document` as `domain.screening_list` makes it; `version` is the chart's at the cut."""

    document: dict[str, Any]
    version: int
    cut: Cut


def answer(
    store: Store,
    facility: str,
    patient_id: UUID,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Screenings | None:
    """None when there was no such chart at the cut; NotOnRecord for a site that was not open then."""
    site, stream = stream_name("facility", facility), stream_name("chart", patient_id)
    view = store.states(facility).view([site, stream])
    known = knowledge(store.ledger(facility), known_at, last=Head(view.position, view.recorded_at))
    at_site = cast(Facility, view.streams[site].state_at(known.position))
    cut = cut_at(known, at_site, known_at=known_at, as_of=as_of, now=now)
    chart = view.streams[stream]
    version = chart.version_at(known.position)
    if version == 0:
        return None
    document = screenings(
        cast(Chart, chart.state_at(known.position)),
        chart.entries[:version],
        zone=cut.facility.clock,
        holidays=cut.facility.holidays,
        as_of=cut.as_of,
    )
    return Screenings(document=document, version=version, cut=cut)
