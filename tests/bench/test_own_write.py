"""What is counted as written and read is written and read."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bench.lab import Lab
from bench.own_write import Load, OwnWrites, PeerWrites, charts_of, following, steady_load
from bench.peer_projection import peer_projection
from bench.sample_site import FACILITY, Site, make_site
from projections.position import lag
from stepdown.embedded import Embedded
from tests.bench.given import small_lab


@pytest.fixture(scope="module")
def site(server: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with small_lab(server, tmp_path_factory.mktemp("lab")) as lab:
        yield make_site(lab, "bench_own_write")


def test_each_write_is_one_fact_that_the_status_then_shows(site: Site) -> None:
    with site.opened(8) as store, following(store):
        before = store.ledger(FACILITY).head().position
        ours = OwnWrites(store, charts_of(site)[:3])
        for _ in range(4):
            ours.once()
        assert store.ledger(FACILITY).head().position == before + 4
        assert [len(took) for took in ours.parts.values()] == [4, 4, 4]
        assert all(milliseconds > 0 for took in ours.parts.values() for milliseconds in took)


def test_every_fact_of_a_steady_load_is_seen_in_the_tables(site: Site) -> None:
    with site.opened(12) as store, following(store):
        before = store.ledger(FACILITY).head().position
        charts = charts_of(site)
        # They were written to before, so where they stand is asked for anew.
        streams = store.ledger(FACILITY).read([f"chart/{chart.patient_id}" for chart in charts])
        for chart in charts:
            chart.version = len(streams[f"chart/{chart.patient_id}"])
        load = steady_load(site, store, charts, 0.2)
        assert load.written == 60
        assert len(load.visible) == load.written
        assert store.ledger(FACILITY).head().position == before + load.written
        assert lag(store).events == 0


def test_the_peer_reads_the_row_of_what_it_wrote(lab: Lab) -> None:
    owner, _ = lab.make_database("bench_peer_projection")
    with peer_projection(owner) as runner:
        peer = PeerWrites(runner, seed=1)
        for _ in range(2):
            peer.once()
    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT sessions FROM peer_status").fetchall() == [(2,)]
        assert connection.execute("SELECT count(*) FROM bench_events").fetchall() == [(3,)]


def test_a_load_tells_its_rate_and_its_slowest() -> None:
    load = Load(written=100, seconds=0.5, visible=[float(n) for n in range(100, 0, -1)])
    assert (load.rate, load.percentile(0.5), load.percentile(0.99)) == (200.0, 51.0, 100.0)
