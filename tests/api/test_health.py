"""Alive, and ready: what a supervisor of processes asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import sleep

import pytest

from api.app import create_app
from api.tokens import BeyondLoopback
from api.wiring import Wiring
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
