"""The application on a real store, and a site to tell its story with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from api.app import create_app
from api.tokens import Tokens
from api.wiring import Wiring
from domain.acts import ROLES, UNLISTED
from domain.record import Person, Recorded
from projections.follower import Follower
from store.accesses import Accesses
from store.desk import Desk
from store.store import Store
from tests.api.client import Client
from tests.api.program import Site

KEY = ECKey.generate_key("P-256")


def now() -> datetime:
    return datetime.now(UTC)


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


@pytest.fixture(scope="session")
def applications() -> list[FastAPI]:
    """The one that all tests share: making it takes longer than most of them."""
    return []


@pytest.fixture
def client(wiring: Wiring, applications: list[FastAPI]) -> Iterator[Client]:
    if not applications:
        applications.append(create_app(wiring))
    [application] = applications
    application.state.wiring = wiring
    with Client(application) as client:
        yield client


@pytest.fixture
def empty_site(client: Client, wiring: Wiring) -> Site:
    """Nothing on record yet."""
    return Site(client, wiring.tokens)


@dataclass(frozen=True)
class Opening:
    """A site that was opened: its people and its cohort, and what is on record since, by ledger."""

    people: dict[str, Person]
    cohort_id: str
    facts: dict[str, list[Recorded]]


@pytest.fixture(scope="session")
def openings() -> list[Opening]:
    """The one that was recorded over HTTP; from then on it is restored, which is quicker by far."""
    return []


@pytest.fixture
def site(empty_site: Site, store: Store, openings: list[Opening]) -> Site:
    """Open, with somebody on the staff list in each role, and a cohort."""
    if openings:
        [known] = openings
        # As if it had been opened just now: what the read tables have lacked for long is not shown.
        later = now() - max(facts[-1].recorded_at for facts in known.facts.values())
        for ledger, facts in known.facts.items():
            store.ledger(ledger).restore([replace(fact, recorded_at=fact.recorded_at + later) for fact in facts])
        empty_site.people, empty_site.cohort_id = dict(known.people), known.cohort_id
        return empty_site
    empty_site.open(*(role for role in ROLES if role not in UNLISTED))
    empty_site.cohort_id = empty_site.cohort()
    facts = {ledger: store.ledger(ledger).facts() for ledger in store.ledgers()}
    openings.append(Opening(dict(empty_site.people), empty_site.cohort_id, facts))
    return empty_site
