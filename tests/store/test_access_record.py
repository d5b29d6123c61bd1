"""Who looked at one chart, out of many looks: the ones that name the patient and no other, found by their index."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.access import AccessDenied, AccessFact, ChartRead, SearchMade
from domain.record import Envelope, Person, Source
from store.access_record import _NAMING, looks_at
from store.accesses import access_ledger
from store.append import NewFact
from store.store import Store
from tests.conftest import Database

SITE = "lexington"
PATIENTS = [UUID(int=n << 64 | 0xABCDEF) for n in range(1, 30)]
NAMES = ("A. Counselor", '"patient_id":"x', 'Ö. "patient_ids":["', "\\", "名\u00e9", "'\\\"")
"""What people may be called: nothing that a name says is taken for a patient."""


def facts() -> Iterator[AccessFact]:
    chance = random.Random(11)
    for _ in range(150):
        some = tuple(chance.sample(PATIENTS, chance.choice((0, 1, 2, 20))))
        yield ChartRead(patient_id=chance.choice(PATIENTS), what="read_status", purpose="treatment", at_version=3)
        yield SearchMade(what="read_census", purpose="operations", patient_ids=some)
        yield AccessDenied(what="read_status", why="not permitted to this role for this purpose")


@pytest.fixture
def looked(store: Store) -> Store:
    """A site with looks of many at many, and another with looks at the same."""
    for ledger in (access_ledger(SITE), access_ledger("louisville")):
        new = []
        for version, fact in enumerate(facts(), start=1):
            by = Person(id=f"staff/{uuid4()}", name=NAMES[version % len(NAMES)], role="counselor", credential=None)
            envelope = Envelope(by=by, source=Source.API, correlation_id=uuid4())
            new.append(
                NewFact(
                    stream="access/7c3a1f60-7a0e-4f0c-9c55-2f3c4b8d9a10", version=version, envelope=envelope, fact=fact
                )
            )
        store.ledger(ledger).append(new)
    return store


def names(fact: AccessFact, patient_id: UUID) -> bool:
    match fact:
        case ChartRead():
            return fact.patient_id == patient_id
        case SearchMade():
            return patient_id in fact.patient_ids
        case _:
            return False


def test_the_looks_at_a_patient_are_those_that_name_them(looked: Store) -> None:
    everything = looked.ledger(access_ledger(SITE)).facts()
    for patient_id in [*PATIENTS, UUID(int=7)]:
        found = looks_at(looked, SITE, patient_id, after=0, upto=len(everything), limit=1000)
        assert [one.position for one in found] == [one.position for one in everything if names(one.fact, patient_id)]
    page = looks_at(looked, SITE, PATIENTS[0], after=20, upto=200, limit=5)
    whole = [one.position for one in everything if names(one.fact, PATIENTS[0])]
    assert [one.position for one in page] == [position for position in whole if 20 < position <= 200][:5]


def test_they_are_found_by_the_index_and_not_by_going_through_the_record(looked: Store, database: Database) -> None:
    given = {"ledger": access_ledger(SITE), "after": 0, "upto": 450, "patient": str(PATIENTS[0]), "limit": 10}
    with psycopg.connect(database.owner_url) as connection:
        # Of so few facts any way is short.
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {_NAMING}", given))
    assert "fact_chart_reads" in plan
    assert "fact_searches" in plan
    assert "fact_pkey" not in plan
