"""Charts of other ledgers in this database, as far as a fact names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from domain.chart import Chart, fold
from domain.chart.merging import ChartLinked
from domain.record import stream_name
from store.store import Store

Elsewhere: TypeAlias = Mapping[tuple[str, UUID], Chart]
"""Ledger and patient → the chart."""


def linked_in(store: Store, facts: Iterable[Any]) -> Elsewhere:
    """The charts that these facts link, where they are. A ledger that isn't on record is not asked."""
    links = {(fact.ledger, fact.patient_id) for fact in facts if isinstance(fact, ChartLinked)}
    if not links:
        return {}
    known = set(store.ledgers())
    found = {}
    for name, patient_id in links:
        stream = stream_name("chart", patient_id)
        entries = store.ledger(name).read([stream])[stream] if name in known else []
        if entries:
            found[name, patient_id] = fold(patient_id, entries)
    return found
