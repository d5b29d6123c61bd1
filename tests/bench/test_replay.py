"""The three who are compared answer about 250 facts, no more and no fewer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import pytest

from bench.peer import PeerChart
from bench.replay import FACTS, chart_alone, floor, history, p50, peer, question
from bench.sample_site import Site, make_site
from domain.chart import Chart
from stepdown.embedded import Embedded
from tests.bench.given import small_lab


@pytest.fixture(scope="module")
def site(server: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with small_lab(server, tmp_path_factory.mktemp("lab")) as lab:
        yield make_site(lab, "bench_replay", runs=3)


def test_the_history_is_that_of_the_cut(site: Site) -> None:
    asked = question(site)
    assert len(site.charts[asked.patient_id]) > FACTS
    with site.opened(4) as store:
        found = history(store, asked)
        chart = cast(Chart, chart_alone(store, asked))
    facts = [json.loads(line) for line in found.lines]
    assert [fact["version"] for fact in facts] == list(range(1, FACTS + 1))
    assert facts[-1]["recorded_at"] == asked.known_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert found.status["patient_id"] == str(asked.patient_id)
    assert chart.version == FACTS


def test_floor_and_peer_read_as_much(site: Site) -> None:
    asked = question(site)
    with floor(site, asked) as select:
        rows = cast(list[tuple[int, str, int, str, object, bytes]], select())
    assert [row[2] for row in rows] == list(range(1, FACTS + 1))
    owner, _ = site.lab.make_database("bench_replay_peer")
    with peer(owner, seed=1) as get:
        assert len(cast(PeerChart, get()).sessions) == FACTS - 1


def test_the_one_in_the_middle_is_told_in_milliseconds() -> None:
    calls: list[int] = []
    assert p50(lambda: calls.append(1), 0.01) < 10
    assert len(calls) > 6
