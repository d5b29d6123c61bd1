"""Answers are counted as they came, and each of ours is on record."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from time import sleep
from uuid import uuid4

import psycopg
import pytest

from bench.http_clients import Order, Outcome, ask
from bench.lab import Lab
from bench.own_write import charts_of
from bench.sample_site import FACILITY, Site, make_site
from bench.status_http import (
    FACTS_A_SECOND,
    Asked,
    chart_reads,
    coming_in,
    counselor_token,
    fill_floor,
    read,
    serving,
    serving_floor,
)
from stepdown.embedded import Embedded
from store.accesses import access_ledger
from tests.bench.given import small_lab


@pytest.fixture(scope="module")
def site(server: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with small_lab(server, tmp_path_factory.mktemp("lab")) as lab:
        yield make_site(lab, "bench_status")


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with serving(site, 1) as address:
        yield address


def test_as_many_answers_as_facts_in_the_access_ledger(site: Site, address: str) -> None:
    token = counselor_token(site)
    paths = [f"/v1/patients/{patient}/status" for patient in site.charts]
    before = chart_reads(site)
    outcome = ask(Order(address, token, paths, clients=3, run_in=0.1, seconds=0.3))
    assert set(outcome.answers) == {"200"}
    assert chart_reads(site) - before == outcome.answers["200"] >= len(outcome.latencies) > 0
    assert outcome.wrong == 0
    with psycopg.connect(site.owner) as connection:
        [[others]] = connection.execute(
            "SELECT count(*) FROM fact WHERE ledger = %s AND type <> 'ChartRead'", [access_ledger(FACILITY)]
        ).fetchall()
    assert others == 0


def test_facts_come_in_meanwhile_and_the_answers_tell_of_them(site: Site, address: str) -> None:
    token = counselor_token(site)
    chart = charts_of(site)[0]
    path = f"/v1/patients/{chart.patient_id}/status"
    before = read(address, path, token)
    with coming_in(site, cycle([chart])):
        sleep(3 / FACTS_A_SECOND)
    with site.opened(2) as store:
        head = store.ledger(FACILITY).head().position
        assert head > len(site.facts)
    after = read(address, f"{path}?at_least={FACILITY}:{head}", token)
    assert before != after
    assert f'"position":{head}'.encode() in after


def test_who_is_not_let_in_is_not_measured(site: Site, address: str) -> None:
    paths = [f"/v1/patients/{patient}/status" for patient in site.charts]
    with pytest.raises(SystemExit, match="'401'"):
        Asked(site.lab, address, "nobody", paths)


def test_the_floor_answers_the_bytes_that_it_was_given(lab: Lab) -> None:
    documents = {f"/v1/patients/{each}/status": f'{{"patient_id":"{each}"}}'.encode() for each in (uuid4(), uuid4())}
    other = f"/v1/patients/{uuid4()}/status"
    owner, app = lab.make_database("bench_status_floor")
    with serving_floor(owner, app, 2) as floor:
        fill_floor(owner, {**documents, other: b'{"patient_id":"of somebody else"}'})
        assert {path: read(floor, path, "") for path in documents} == documents
        right = ask(Order(floor, "", list(documents), clients=4, run_in=0.0, seconds=0.2))
        assert (right.wrong, set(right.answers)) == (0, {"200"})
        wrong = ask(Order(floor, "", [*documents, other], clients=4, run_in=0.0, seconds=0.2))
        assert 0 < wrong.wrong < wrong.answers["200"]
        # One that the floor doesn't have.
        missing = ask(Order(floor, "", [f"/v1/patients/{uuid4()}/status"], clients=1, run_in=0.0, seconds=0.1))
        assert set(missing.answers) == {"404"}


def test_an_outcome_tells_its_rate_and_its_slowest() -> None:
    outcome = Outcome({"200": 220}, 0, [float(n) for n in range(200)], seconds=2.0, cpu=0.1)
    assert (outcome.rate, outcome.percentile(0.5), outcome.percentile(0.99)) == (100.0, 100.0, 198.0)
