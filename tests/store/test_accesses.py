"""The access record under load: one append for many, a fact for each, and no one left without an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.access import ChartRead
from domain.record import Person
from store.accesses import Accesses, access_ledger
from store.append import NewFact, Receipt
from store.errors import StoreError, Unavailable
from store.ledger import Ledger
from store.store import Store
from tests.store.given import AMES

SITE = "lexington"
READERS = 24


class Appends:
    """Every append to an access ledger, by its size. The first of them waits until `all_here`."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.begun, self.all_here = Event(), Event()
        self.fails: list[StoreError] = []
        self.then_fails: list[StoreError] = []


@pytest.fixture
def appends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Appends]:
    seen = Appends()
    append = Ledger.append

    def noting(self: Ledger, facts: Sequence[NewFact], **given: Any) -> Receipt:
        seen.sizes.append(len(facts))
        seen.begun.set()
        assert seen.all_here.wait(10)
        if seen.fails:
            raise seen.fails.pop(0)
        receipt = append(self, facts, **given)
        if seen.then_fails:
            raise seen.then_fails.pop(0)
        return receipt

    monkeypatch.setattr(Ledger, "append", noting)
    yield seen
    seen.all_here.set()


def read(accesses: Accesses, patient_id: UUID, by: Person = AMES) -> None:
    accesses.read(SITE, by=by, patient_id=patient_id, what="read_status", purpose="treatment", at_version=1)


def on_record(store: Store) -> list[UUID]:
    facts = store.ledger(access_ledger(SITE)).facts()
    assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
    assert len({fact.envelope.correlation_id for fact in facts}) == len(facts)
    return [fact.fact.patient_id for fact in facts if isinstance(fact.fact, ChartRead)]


def begun(accesses: Accesses, appends: Appends, patients: Sequence[UUID]) -> list[Any]:
    """All of them, the first of which is being written already."""
    threads = ThreadPoolExecutor(len(patients))
    first = threads.submit(read, accesses, patients[0])
    assert appends.begun.wait(10)
    others = [
        accesses.begin_read(SITE, by=AMES, patient_id=patient, what="read_status", purpose="treatment", at_version=1)
        for patient in patients[1:]
    ]
    appends.all_here.set()
    return [first, *others]


def test_many_at_a_time_are_one_append_and_each_has_its_fact(store: Store, appends: Appends) -> None:
    patients = [uuid4() for _ in range(READERS)]
    for waiting in begun(Accesses(store), appends, patients):
        waiting.result(10)
    assert appends.sizes == [1, READERS - 1]
    assert on_record(store) == patients


def test_a_failed_append_is_told_to_everyone_in_it_and_the_next_goes_on(store: Store, appends: Appends) -> None:
    accesses = Accesses(store)
    appends.fails += [Unavailable("away"), Unavailable("away")]
    for waiting in begun(accesses, appends, [uuid4() for _ in range(READERS)]):
        with pytest.raises(Unavailable, match="away"):
            waiting.result(10)
    assert appends.sizes == [1, READERS - 1]
    patient = uuid4()
    read(accesses, patient)
    assert on_record(store) == [patient]


def test_after_an_answer_that_was_lost_the_stream_goes_on_where_it_is(store: Store, appends: Appends) -> None:
    accesses = Accesses(store)
    patients = [uuid4() for _ in range(READERS)]
    appends.then_fails += [Unavailable("broke off", recorded=None), Unavailable("broke off", recorded=None)]
    for waiting in begun(accesses, appends, patients):
        with pytest.raises(Unavailable, match="broke off"):
            waiting.result(10)
    # It isn't known here that they were recorded; the next finds out.
    read(accesses, patients[0])
    assert on_record(store) == [*patients, patients[0]]


def test_a_fact_that_cannot_be_written_is_refused_alone(store: Store, appends: Appends) -> None:
    accesses = Accesses(store)
    appends.all_here.set()
    patients = [uuid4(), uuid4()]
    nameless: Any = Person(AMES.id, object(), AMES.role, AMES.credential)  # type: ignore[arg-type]
    # As they would be found waiting together.
    answers = accesses._record(SITE, [(AMES, fact(patients[0])), (nameless, fact(uuid4())), (AMES, fact(patients[1]))])
    assert [answer is None for answer in answers] == [True, False, True]
    assert on_record(store) == patients


def fact(patient_id: UUID) -> ChartRead:
    return ChartRead(patient_id=patient_id, what="read_status", purpose="treatment", at_version=1)


def test_sites_do_not_wait_for_each_other(store: Store, appends: Appends) -> None:
    accesses = Accesses(store)
    held = accesses.begin_read(SITE, by=AMES, patient_id=uuid4(), what="x", purpose="treatment", at_version=1)
    assert appends.begun.wait(10)
    other = accesses.begin_read("louisville", by=AMES, patient_id=uuid4(), what="x", purpose="treatment", at_version=1)
    while len(appends.sizes) < 2:
        assert not held.done()
    appends.all_here.set()
    held.result(10)
    other.result(10)


def test_two_processes_write_streams_of_their_own(store: Store) -> None:
    patients = [uuid4(), uuid4()]
    for patient in patients:
        read(Accesses(store), patient)
    facts = store.ledger(access_ledger(SITE)).facts()
    assert [fact.version for fact in facts] == [1, 1]
    assert len({fact.stream for fact in facts}) == 2
