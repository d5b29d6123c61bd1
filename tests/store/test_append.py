"""Appending: order, versions, what a decision rests on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event, Thread
from uuid import uuid4

import pytest

from domain.claims import Claim
from domain.record import Recorded
from store.errors import ClaimTaken, ShapeError, VersionConflict
from store.ledger import Ledger
from store.store import Store
from tests.store.given import a_chart, a_session, cohort, holiday, inquiry, new, registered, trigger
from tests.store.racing import race


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def test_the_first_fact_of_a_ledger_is_at_position_one(ledger: Ledger) -> None:
    receipt = ledger.append([holiday()])
    assert (receipt.ledger, receipt.stream, receipt.version, receipt.position, receipt.repeated) == (
        "lexington",
        "facility/lexington",
        1,
        1,
        False,
    )
    assert ledger.head().position == 1
    assert ledger.head().recorded_at == receipt.recorded_at


def test_facts_written_together_stand_together_at_one_instant(ledger: Ledger) -> None:
    chart, other = a_chart(), a_chart()
    receipt = ledger.append([trigger(chart, 1), trigger(other, 1), trigger(chart, 2)])
    facts = ledger.facts()
    assert [(fact.position, fact.stream, fact.version) for fact in facts] == [
        (1, chart, 1),
        (2, other, 1),
        (3, chart, 2),
    ]
    assert {fact.recorded_at for fact in facts} == {receipt.recorded_at}
    assert (receipt.stream, receipt.version, receipt.latest, receipt.position) == (chart, 1, 2, 3)


def test_each_transaction_is_recorded_later_than_the_one_before(ledger: Ledger) -> None:
    times = [ledger.append([holiday(version=version)]).recorded_at for version in range(1, 31)]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_recorded_time_rises_even_when_the_clock_falls_behind(ledger: Ledger) -> None:
    future = datetime.now(UTC) + timedelta(days=3650)
    first = holiday()
    ledger.restore(
        [
            Recorded(
                ledger="lexington",
                position=1,
                stream=first.stream,
                version=1,
                recorded_at=future,
                envelope=first.envelope,
                fact=first.fact,
            )
        ]
    )
    assert ledger.append([holiday(version=2)]).recorded_at == future + timedelta(microseconds=1)
    assert ledger.append([holiday(version=3)]).recorded_at == future + timedelta(microseconds=2)


def test_a_version_is_written_once(ledger: Ledger) -> None:
    chart = a_chart()
    ledger.append([trigger(chart, 1)])
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 1)])
    assert ledger.append([trigger(chart, 2)]).position == 2


def test_a_version_is_never_skipped(ledger: Ledger) -> None:
    chart = a_chart()
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 3)])
    ledger.append([trigger(chart, 1)])
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 3)])
    with pytest.raises(ValueError, match="without a hole"):
        ledger.append([trigger(chart, 2), trigger(chart, 4)])
    with pytest.raises(ValueError, match="at least one fact"):
        ledger.append([])


def test_an_append_is_refused_when_a_stream_that_was_only_read_has_moved(ledger: Ledger) -> None:
    chart, evening = a_chart(), f"cohort/{uuid4()}"
    ledger.append([cohort(evening)])
    ledger.append([trigger(chart, 1)], reads={evening: 1})
    ledger.append([holiday("facility/lexington", 1)], reads={evening: 1})
    ledger.append([trigger(chart, 2)], reads={evening: 1, "facility/lexington": 1})
    ledger.append([holiday("facility/lexington", 2)])
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 3)], reads={evening: 1, "facility/lexington": 1})
    assert ledger.append([trigger(chart, 3)], reads={"facility/lexington": 2}).position == 6


def test_an_append_may_rest_on_a_stream_that_does_not_exist(ledger: Ledger) -> None:
    chart, session = a_chart(), a_session()
    ledger.append([trigger(chart, 1)], reads={session: 0})
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 2)], reads={session: 1})


def test_reads_that_contradict_what_is_written_are_a_mistake_of_the_caller(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="without a hole"):
        ledger.append([holiday(version=1)], reads={"facility/lexington": 4})


def test_of_two_writers_of_one_version_exactly_one_wins(ledger: Ledger) -> None:
    chart = a_chart()
    for version in range(1, 16):
        outcomes = race(4, lambda v: ledger.append([trigger(chart, v)]), version)
        assert sorted(map(type, outcomes), key=str).count(VersionConflict) == 3
    assert [fact.version for fact in ledger.read([chart])[chart]] == list(range(1, 16))


def test_the_first_appends_to_a_ledger_may_race(store: Store) -> None:
    for number in range(10):
        outcomes = race(6, lambda to: to.append([trigger(a_chart(), 1)]), store.ledger(f"site-{number}"))
        assert sorted(outcome.position for outcome in outcomes) == [1, 2, 3, 4, 5, 6]


def test_positions_have_no_holes_and_a_reader_who_follows_never_sees_one(store: Store) -> None:
    """Eight writers, appends that fail between them, and a reader on the tail of the ledger."""
    ledger = store.ledger("lexington")
    taken = a_chart()
    ledger.append([registered(taken, mrn="TAKEN")])
    stop, seen, holes = Event(), [1], []

    def follow() -> None:
        last_round = False
        while not last_round:
            last_round = stop.is_set()
            for fact in ledger.facts(after=seen[-1]):
                if fact.position != seen[-1] + 1:
                    holes.append((seen[-1], fact.position))
                seen.append(fact.position)

    def write_much(number: int) -> int:
        chart, kept = a_chart(), 0
        for turn in range(25):
            ledger.append([trigger(chart, kept + 1), trigger(chart, kept + 2)])
            kept += 2
            if turn % 3 == 0:
                with pytest.raises(VersionConflict):
                    ledger.append([trigger(chart, 1)])
            if turn % 3 == 1:
                with pytest.raises(ClaimTaken):
                    ledger.append([registered(a_chart(), mrn="TAKEN")])
            if turn % 3 == 2:
                with pytest.raises(VersionConflict):
                    ledger.append([trigger(chart, kept + 1)], reads={taken: 7})
        return kept

    reader = Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(8) as writers:
        kept = sum(writers.map(write_much, range(8)))
    total = kept + 1
    stop.set()
    reader.join()
    assert holes == []
    assert seen == list(range(1, total + 1))
    facts = ledger.facts(limit=total + 1)
    assert [fact.position for fact in facts] == list(range(1, total + 1))
    assert all(earlier.recorded_at <= later.recorded_at for earlier, later in pairwise(facts))


def test_ledgers_do_not_know_each_other(store: Store) -> None:
    chart = a_chart()
    here, there = store.ledger("here"), store.ledger("there")
    here.append([registered(chart, mrn="MRN-7")])
    there.append([registered(chart, mrn="MRN-7")])
    assert here.head().position == there.head().position == 1
    assert store.ledgers() == ["here", "there"]


def test_a_fact_only_stands_in_a_stream_of_its_kind(ledger: Ledger) -> None:
    with pytest.raises(ShapeError, match="doesn't belong in a stream of this kind"):
        ledger.append([new(a_session(), 1, trigger(a_chart(), 1).fact)])
    with pytest.raises(ShapeError, match="a UUID in lower case"):
        ledger.append([trigger("chart/ONE", 1)])
    assert ledger.head().position == 0


class TestClaims:
    def test_a_number_is_one_patients(self, ledger: Ledger) -> None:
        chart = a_chart()
        ledger.append([registered(chart, mrn="mrn-9 ")])
        with pytest.raises(ClaimTaken) as refusal:
            ledger.append([registered(a_chart(), mrn="MRN-9")])
        assert refusal.value.kind == "mrn"
        assert "MRN-9" not in str(refusal.value)
        assert ledger.holder("mrn", "MRN-9") == chart
        assert ledger.holder("mrn", "MRN-10") is None
        assert ledger.head().position == 1

    def test_of_those_who_race_for_one_number_exactly_one_gets_it(self, ledger: Ledger) -> None:
        for number in range(10):
            outcomes = race(4, lambda n: ledger.append([registered(a_chart(), mrn=f"M{n}")]), number)
            assert [type(outcome) for outcome in outcomes].count(ClaimTaken) == 3
        assert ledger.head().position == 10

    def test_one_append_may_not_claim_the_same_for_two(self, ledger: Ledger) -> None:
        with pytest.raises(ClaimTaken):
            ledger.append([registered(a_chart()), registered(a_chart())])

    def test_a_stream_may_claim_again_what_it_holds(self, ledger: Ledger) -> None:
        chart = a_chart()
        ledger.append([registered(chart)])
        ledger.append([registered(chart, 2), registered(chart, 3)])
        assert ledger.holder("mrn", "MRN-1") == chart

    def test_a_claim_given_up_is_free_and_only_its_holder_gives_it_up(self, ledger: Ledger) -> None:
        first, second = a_chart(), a_chart()
        seat = "0e8f6f5e/1"
        ledger.append([trigger(first, 1)], claims=[Claim("seat", seat, first)])
        with pytest.raises(ClaimTaken):
            ledger.append(
                [trigger(second, 1)],
                claims=[Claim("seat", seat, second)],
                releases=[Claim("seat", seat, second)],
            )
        ledger.append([trigger(first, 2)], releases=[Claim("seat", seat, first)])
        ledger.append([trigger(second, 1)], claims=[Claim("seat", seat, second)])
        assert ledger.held("seat", [seat, "0e8f6f5e/2"]) == {seat: second}

    def test_an_episode_leads_to_its_chart(self, ledger: Ledger) -> None:
        chart, episode = a_chart(), uuid4()
        ledger.append([inquiry(chart, 1, episode)])
        assert ledger.holder("episode", str(episode)) == chart
        assert ledger.held("episode", []) == {}
