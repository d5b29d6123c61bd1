"""`/metrics`: lag and what was set aside, as Prometheus reads it. No sign-in, and nothing about anybody."""

from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.commands import Topic
from api.wiring import Wired
from projections.standing import Standing, standings
from store.errors import StoreError

router = APIRouter(tags=[Topic.OPERATIONS])

_LABELS: Final = ("ledger", "projection")


class _Standings(Collector):
    """`found`: None where the database can't be asked."""

    def __init__(self, found: list[Standing] | None) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        reached = self._found is not None
        yield GaugeMetricFamily("stepdown_database_up", "1 when the database answers, else 0.", value=int(reached))
        if self._found is None:
            return
        position = GaugeMetricFamily("stepdown_projection_position", "Position that the rows stand at.", labels=_LABELS)
        events = GaugeMetricFamily("stepdown_lag_facts", "Facts on record that the rows lack.", labels=_LABELS)
        seconds = GaugeMetricFamily("stepdown_lag_seconds", "Age of the oldest fact they lack.", labels=_LABELS)
        aside = GaugeMetricFamily("stepdown_set_aside_facts", "Facts that could not be digested.", labels=_LABELS)
        for one in self._found:
            place = (one.ledger, one.projection)
            position.add_metric(place, one.position)
            events.add_metric(place, one.events)
            seconds.add_metric(place, one.seconds)
            aside.add_metric(place, one.set_aside)
        yield from (position, events, seconds, aside)


@router.get(
    "/metrics",
    operation_id="read_metrics",
    summary="Lag and set-aside facts for each ledger and projection, for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def read_metrics(wiring: Wired) -> Response:
    """Answers without a database too: `stepdown_database_up` is 0 then."""
    try:
        found = standings(wiring.store)
    except StoreError:
        found = None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Standings(found))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
