"""Restoring a ledger: as it stands, into an empty one, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.chart.attendance import AttendanceCorrected
from domain.claims import Claim
from domain.files import LedgerRestored
from domain.record import EnteredInError, Recorded
from store.errors import ClaimTaken, LedgerBroken, LedgerNotEmpty, ShapeError, VersionConflict
from store.ledger import Head, Ledger
from store.store import Store
from tests.sample_program import sample
from tests.store.given import a_chart, holiday, new, registered, trigger
from tests.store.racing import race


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def closing(facts: int) -> LedgerRestored:
    return LedgerRestored(file_sha256="ab" * 32, facts=facts)


def test_a_restored_ledger_is_the_one_that_was_written_and_closes_with_a_fact(ledger: Ledger) -> None:
    last = new(f"import/{uuid4()}", 1, closing(len(sample())))
    head = ledger.restore(sample(), closing=last)
    assert head == ledger.head()
    facts = ledger.facts(limit=len(sample()) + 1)
    assert facts[:-1] == list(sample())
    assert facts[-1].fact == last.fact
    assert facts[-1].position == head.position == len(sample()) + 1
    assert facts[-1].recorded_at == head.recorded_at
    assert facts[-1].recorded_at > facts[-2].recorded_at


def test_life_goes_on_in_a_restored_ledger(ledger: Ledger) -> None:
    ledger.restore(sample())
    chart = ledger.streams("chart")[0]
    version = len(ledger.read([chart])[chart])
    assert ledger.append([trigger(chart, version + 1)]).position == len(sample()) + 1


def test_claims_are_made_anew_but_for_those_that_were_struck(ledger: Ledger) -> None:
    wrong, right, cohort = a_chart(), a_chart(), uuid4()
    at = sample()[0].recorded_at
    strike = new(wrong, 2, EnteredInError(target=1), reason="on the wrong chart")
    written = [registered(wrong, mrn="M-1"), strike, registered(right, mrn="m-1")]
    facts = [
        Recorded(
            ledger="lexington",
            position=position,
            stream=n.stream,
            version=n.version,
            recorded_at=at,
            envelope=n.envelope,
            fact=n.fact,
        )
        for position, n in enumerate(written, 1)
    ]
    ledger.restore(facts, claims=[Claim("seat", f"{cohort}/1", right)])
    assert ledger.holder("mrn", "M-1") == right
    assert ledger.holder("seat", f"{cohort}/1") == right
    with pytest.raises(ClaimTaken):
        ledger.append([registered(a_chart(), mrn="M-1")])


def test_a_ledger_that_holds_a_fact_is_not_restored_into(ledger: Ledger) -> None:
    ledger.append([holiday()])
    with pytest.raises(LedgerNotEmpty):
        ledger.restore(sample())
    assert ledger.head().position == 1


def test_of_two_restores_at_once_one_is_refused(ledger: Ledger) -> None:
    outcomes = race(2, lambda: ledger.restore(sample()[:500]))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Head", "LedgerNotEmpty"]
    assert ledger.head().position == 500


def _without(at: int) -> Callable[[list[Recorded]], list[Recorded]]:
    return lambda facts: facts[:at] + facts[at + 1 :]


def _changed(at: int, **fields: object) -> Callable[[list[Recorded]], list[Recorded]]:
    return lambda facts: [*facts[:at], replace(facts[at], **fields), *facts[at + 1 :]]  # type: ignore[arg-type]


def _aimed_at_itself(kind: type[Any]) -> Callable[[list[Recorded]], list[Recorded]]:
    """All of the program, whose first fact of the kind says so of itself."""
    facts = list(sample())
    at, one = next((at, one) for at, one in enumerate(facts) if isinstance(one.fact, kind))
    field = "target" if kind is EnteredInError else "corrects"
    broken = replace(one, fact=replace(one.fact, **{field: one.version}))
    return lambda _: [*facts[:at], broken, *facts[at + 1 :]]


BROKEN = {
    "a position is missing": (_without(100), LedgerBroken, "Position 101 is missing"),
    "the start is missing": (_without(0), LedgerBroken, "Position 1 is missing"),
    "a version is wrong": (_changed(100, version=77), LedgerBroken, "Position 101 isn't version"),
    "a time falls": (
        _changed(100, recorded_at=sample()[0].recorded_at - timedelta(days=1)),
        LedgerBroken,
        "Position 101 was recorded before",
    ),
    "a strike of what is to come": (
        _changed(199, fact=EnteredInError(target=900)),
        LedgerBroken,
        "Position 200 strikes or corrects what doesn't come before it",
    ),
    "a strike of itself": (
        _aimed_at_itself(EnteredInError),
        LedgerBroken,
        "strikes or corrects what doesn't come before it",
    ),
    "a correction of itself": (
        _aimed_at_itself(AttendanceCorrected),
        LedgerBroken,
        "strikes or corrects what doesn't come before it",
    ),
    "another ledger's": (_changed(100, ledger="other"), LedgerBroken, "Position 101 is of another ledger"),
    "a fact out of place": (_changed(0, stream=f"session/{uuid4()}"), ShapeError, "doesn't belong"),
}


@pytest.mark.parametrize(("harm", "error", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_one_bad_fact_and_nothing_is_written(
    ledger: Ledger, harm: Callable[[list[Recorded]], list[Recorded]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ledger.restore(harm(list(sample()[:200])))
    assert ledger.head() == Head(0, None)
    assert ledger.facts() == []
    ledger.restore(sample()[:200])
    assert ledger.head().position == 200


def test_two_charts_with_one_number_are_not_restored(ledger: Ledger) -> None:
    facts = list(sample())
    registrations = [at for at, fact in enumerate(facts) if type(fact.fact).__name__ == "PatientRegistered"][:2]
    first, second = (facts[at] for at in registrations)
    facts[registrations[1]] = replace(second, fact=replace(second.fact, mrn=first.fact.mrn))
    with pytest.raises(ClaimTaken):
        ledger.restore(facts)
    assert ledger.head() == Head(0, None)


def test_a_closing_fact_begins_its_stream(ledger: Ledger) -> None:
    with pytest.raises(VersionConflict):
        ledger.restore(sample()[:10], closing=new(f"import/{uuid4()}", 2, closing(10)))
    assert ledger.head() == Head(0, None)
