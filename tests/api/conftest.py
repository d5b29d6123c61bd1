"""The application on a real store, and a site to tell its story with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event, Thread

import psycopg
import pytest
from joserfc.jwk import ECKey
from psycopg import sql

from api.app import create_app
from api.tokens import Tokens
from api.wiring import Wiring
from projections.follower import Follower
from projections.prepare import prepare
from store.accesses import Accesses
from store.desk import Desk
from store.store import Store
from tests.api.client import Client
from tests.api.program import Site
from tests.conftest import APP_ROLE, Database

KEY = ECKey.generate_key("P-256")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def api_database(make_database: Callable[[], Database]) -> Database:
    """One that has read tables."""
    made = make_database()
    prepare(made.owner_url, APP_ROLE)
    return made


@pytest.fixture
def database(api_database: Database) -> Database:
    """Without a fact, and without a row in a read table."""
    api_database.empty()
    with psycopg.connect(api_database.superuser_url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'projection' AND tablename <> 'definition'"
        ).fetchall()
        for (table,) in rows:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("projection", table)))
    return api_database


@pytest.fixture
def follower(store: Store) -> Iterator[None]:
    """The read tables follow the record for the length of a test."""
    stop = Event()
    thread = Thread(target=Follower(store).run, args=[stop])
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def wiring(store: Store) -> Wiring:
    return Wiring(store=store, desk=Desk(store, now), accesses=Accesses(store), tokens=Tokens(KEY, now), clock=now)


@pytest.fixture
def client(wiring: Wiring) -> Iterator[Client]:
    with Client(create_app(wiring)) as client:
        yield client


@pytest.fixture
def empty_site(client: Client, wiring: Wiring) -> Site:
    """Nothing on record yet."""
    return Site(client, wiring.tokens)


@pytest.fixture
def site(empty_site: Site) -> Site:
    """Open, with those who treat patients credentialed, and a cohort."""
    empty_site.open("counselor", "supervisor", "admissions", "medical_director", "front_desk", "therapist", "nurse")
    empty_site.cohort_id = empty_site.cohort()
    return empty_site
