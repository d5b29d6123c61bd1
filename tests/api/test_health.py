"""Alive, and ready: what a supervisor of processes asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.tokens import BeyondLoopback
from api.wiring import Wiring
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.api.client import Client
from tests.api.program import Site


def test_the_process_is_alive_whatever_the_database_does(client: Client) -> None:
    response = client.send("GET", "/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_it_is_not_ready_while_the_read_tables_lag(site: Site) -> None:
    sleep(2.1)
    response = site.client.send("GET", "/readyz")
    assert response.status_code == 503
    assert (response.json()["database"], response.json()["projections"]) == ("ok", "behind")
    assert response.json()["lag"]["events"] > 5
    assert response.json()["lag"]["seconds"] > 2


def test_lists_are_not_shown_while_the_read_tables_lag(site: Site) -> None:
    sleep(2.1)
    for path in ("census", "sessions"):
        response = site.ask("counselor", f"/facilities/{site.code}/{path}")
        assert (response.status_code, response.json()["status"]) == (503, 503)
    # A status never waits for them: it is folded from the ledger.
    assert site.told("counselor", f"/patients/{site.patient()}/status")["position"] > 0


@pytest.fixture
def away(wiring: Wiring, keyring: FileKeyring) -> Iterator[Client]:
    """On a database that is not there."""
    nowhere = Store("postgresql://stepdown@127.0.0.1:1/stepdown?connect_timeout=1", keyring, pool_size=1)
    try:
        with Client(create_app(replace(wiring, store=nowhere))) as client:
            yield client
    finally:
        nowhere.close()


def test_it_is_not_ready_without_a_database(away: Client) -> None:
    response = away.send("GET", "/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "database": "unreachable",
        "projections": "unknown",
        "lag": None,
    }
    assert away.send("GET", "/healthz").status_code == 200


def test_development_tokens_are_not_served_to_others(wiring: Wiring) -> None:
    with pytest.raises(BeyondLoopback, match="this machine alone"):
        create_app(replace(wiring, host="0.0.0.0"))


def metrics(client: Client) -> dict[str, float]:
    """As Prometheus reads them: `name{label,…}` and the value."""
    response = client.send("GET", "/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return {
        ",".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_metrics_tell_the_lag_of_each_projection_of_a_site(site: Site, store: Store) -> None:
    sleep(0.1)
    told = metrics(site.client)
    assert told["stepdown_database_up"] == 1
    for projection in PROJECTIONS:
        assert told[f"stepdown_lag_facts,{site.code},{projection.name}"] > 5
        assert told[f"stepdown_lag_seconds,{site.code},{projection.name}"] >= 0.1
        assert told[f"stepdown_projection_position,{site.code},{projection.name}"] == 0
    Follower(store).catch_up()
    told = metrics(site.client)
    head = store.ledger(site.code).head().position
    for projection in PROJECTIONS:
        assert told[f"stepdown_lag_facts,{site.code},{projection.name}"] == 0
        assert told[f"stepdown_lag_seconds,{site.code},{projection.name}"] == 0
        assert told[f"stepdown_projection_position,{site.code},{projection.name}"] == head


def test_metrics_without_a_database_say_so(away: Client) -> None:
    assert metrics(away) == {"stepdown_database_up": 0}


def test_an_operator_sees_a_poisonous_fact_within_seconds(site: Site, store: Store, database: Any) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET type = 'OfALaterVersion' WHERE position = 1 AND ledger = %s", [site.code])
    stop = Event()
    follower = Thread(target=Follower(store).run, args=(stop,))
    follower.start()
    try:
        until = monotonic() + 2
        while (ready := site.client.send("GET", "/readyz")).json()["lag"]["set_aside"] != 1:
            assert monotonic() < until
            sleep(0.02)
        assert ready.status_code in (200, 503)
        told = metrics(site.client)
        assert all(told[f"stepdown_set_aside_facts,{site.code},{projection.name}"] >= 1 for projection in PROJECTIONS)
    finally:
        stop.set()
        follower.join()
