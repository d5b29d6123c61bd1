"""What has changed since a report was issued: exactly the rows that are not the same, and exactly the facts that made
them so, whichever kind of fact that is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.merging import ChartsMerged, MergedInto
from domain.facility import RuleSetAdopted
from domain.month import Month
from domain.program import Payer
from domain.record import EnteredInError, Person, stream_uuid
from domain.session import Modality, SessionHeld, SessionKind, SessionRescheduled, SessionScheduled
from domain.week import Week
from exchange import delta, reports
from exchange.delta import Delta
from exchange.learned import least
from exchange.reports import Question
from store.store import Store
from tests.exchange.reporting import REGISTRAR, W10, append, assert_exact, issue, now, recorded, with_officer
from tests.exchange.test_issued import CHART, COUNSELOR, MONDAY_MORNING
from tests.sample_program import example, sample

SUPERVISOR = Person(f"staff/{UUID(int=0xC3)}", "S. Upervisor", "supervisor", "LCSW")
EPISODE = UUID("bdba9b22-e7ab-5c35-9f0b-9e3da8a8765f")
COHORT = UUID("93e15d42-d757-5ab2-9933-fbbd707a309a")


@pytest.fixture
def site(store: Store) -> Store:
    """Worked example 15, and a compliance officer."""
    store.ledger("lexington").restore(example("15"))
    with_officer(store)
    return store


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OF_THE_SAMPLE = {
    "2026-W09": (at("2026-02-24 17:00"), at("2026-02-25 17:00")),
    "2026-W10": (at("2026-03-03 17:00"), at("2026-03-04 17:00")),
    "2026-W14": (at("2026-04-03 16:00"), None),
    "2026-W16": (at("2026-04-20 12:00"), None),
}
"""Week → when it was reported, and when it is asked again: a day later in the midst of it, or when all is known."""


def asked(store: Store, report: Any, **cut: Any) -> Delta:
    return delta.answer(store, report, now=now(), **cut)


def types(changed: Delta) -> set[str]:
    return {fact["type"] for fact in changed.facts.values()}


def test_example_15_a_correction_makes_the_week_met(site: Store) -> None:
    report = issue(site, W10, known_at=MONDAY_MORNING)
    changed = asked(site, report, known_at=datetime(2026, 3, 11, 15, tzinfo=UTC))
    assert_exact(site, changed, W10)
    assert list(changed.facts) == [f"{CHART}@11"]
    hours = next(one.record() for one in changed.differences if one.after and one.after["rule"] == "HRS-1")
    assert hours["changes"]["verdict"] == {"before": "not_met", "after": "met"}
    assert hours["changes"]["value"] == {"before": 360, "after": 540}
    assert asked(site, report, known_at=MONDAY_MORNING).differences == ()


def test_what_nothing_has_changed_in_has_no_difference(site: Store) -> None:
    assert asked(site, issue(site, W10)).differences == ()


@pytest.mark.parametrize("label", OF_THE_SAMPLE)
def test_of_the_sample_program_each_difference_has_its_least_causes(store: Store, label: str) -> None:
    """Late entries, corrections, strikes, moved sessions: whatever the program recorded meanwhile."""
    store.ledger("lexington").restore(sample())
    with_officer(store)
    week, (then, later) = Week.parse(label), OF_THE_SAMPLE[label]
    changed = asked(store, issue(store, week, known_at=then), known_at=later)
    assert changed.differences
    assert_exact(store, changed, week, most=12)


def test_a_strike_is_the_cause_of_what_it_takes_away(site: Store) -> None:
    report = issue(site, W10)
    recorded(site, CHART, EnteredInError(target=9), by=COUNSELOR)
    changed = asked(site, report)
    assert_exact(site, changed, W10)
    assert list(changed.facts) == [f"{CHART}@12"]
    assert changed.facts[f"{CHART}@12"]["about"] == f"{CHART}@9"


def test_what_came_late_is_its_cause(site: Store) -> None:
    """A crisis in the night in which the clock goes forward, that nobody had entered: planned, held, attended, from
    half past one to half past three, which is one hour."""
    report = issue(site, W10)
    session = uuid4()
    starts, ends = datetime(2026, 3, 8, 6, 30, tzinfo=UTC), datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    scheduled = SessionScheduled(kind=SessionKind.CRISIS, starts_at=starts, ends_at=ends, modality=Modality.IN_PERSON)
    staff_id = UUID(COUNSELOR.id.removeprefix("staff/"))
    held = SessionHeld(
        started_at=starts,
        ended_at=ends,
        staff=({"staff_id": staff_id, "role": "lead", "from": starts, "to": ends},),
    )
    attended = AttendanceRecorded(
        episode_id=EPISODE,
        session_id=session,
        outcome=Outcome.ATTENDED,
        arrived_at=starts,
        left_at=ends,
        method="sign_in",
    )
    for stream, fact in ((f"session/{session}", scheduled), (f"session/{session}", held), (CHART, attended)):
        recorded(site, stream, fact, by=COUNSELOR)
    changed = asked(site, report)
    assert_exact(site, changed, W10)
    assert set(changed.facts) == {f"session/{session}@1", f"session/{session}@2", f"{CHART}@12"}
    assert {one.after["rule"] for one in changed.differences if one.before is None and one.after} == {"RAT-1"}
    minutes = next(one for one in changed.differences if one.after and one.after["rule"] == "HRS-1")
    assert minutes.record()["changes"]["value"] == {"before": 540, "after": 600}
    assert all(fact["late_hours"] > 24 for fact in changed.facts.values() if fact["type"] != "SessionScheduled")


def test_a_session_that_was_moved_away_is_a_cause(site: Store) -> None:
    """A group of Friday that nobody had cancelled: everybody was expected, until it was moved to the next week."""
    session = uuid4()
    starts, ends = datetime(2026, 3, 6, 23, tzinfo=UTC), datetime(2026, 3, 7, 2, tzinfo=UTC)
    group = SessionScheduled(
        kind=SessionKind.GROUP, cohort_id=COHORT, starts_at=starts, ends_at=ends, modality=Modality.IN_PERSON
    )
    recorded(site, f"session/{session}", group, by=COUNSELOR)
    report = issue(site, W10)
    moved = SessionRescheduled(
        starts_at=datetime(2026, 3, 13, 22, tzinfo=UTC), ends_at=datetime(2026, 3, 14, 1, tzinfo=UTC)
    )
    recorded(site, f"session/{session}", moved, by=COUNSELOR)
    changed = asked(site, report)
    assert_exact(site, changed, W10)
    assert list(changed.facts) == [f"session/{session}@2"]
    assert {one.after["rule"] for one in changed.differences if one.after} >= {"ATT-1"}


def test_a_merger_is_the_cause_where_one_person_was_counted_as_two(store: Store) -> None:
    store.ledger("lexington").restore(sample())
    with_officer(store)
    week = Week.parse("2026-W14")
    report = issue(store, week)
    one, two = _in_one_room(store, week)
    append(store, one, ChartsMerged(from_chart=stream_uuid(two)), by=SUPERVISOR)
    append(store, two, MergedInto(chart=stream_uuid(one)), by=SUPERVISOR)
    changed = asked(store, report)
    assert_exact(store, changed, week)
    assert [fact["type"] for fact in changed.facts.values()] == ["MergedInto"]
    assert {one.after["rule"] for one in changed.differences if one.after} == {"RAT-1"}


def _in_one_room(store: Store, week: Week) -> tuple[str, str]:
    """Two charts with a record in one session of the week, by the evidence of its ratio."""
    rows = reports.answer(store, "lexington", week, now=now(), asked=Question(as_of=week.sunday)).rows
    named = ({name.rpartition("@")[0] for name in row.evidence} for row in rows if row.rule == "RAT-1")
    charts = next(found for names in named if len(found := sorted(n for n in names if n.startswith("chart/"))) > 1)
    return charts[0], charts[1]


def test_of_a_payers_report_the_payers_rows_alone_are_asked_again(site: Store) -> None:
    report = issue(site, W10, payer=Payer.COMMERCIAL, rule_set="az-s9480", known_at=MONDAY_MORNING)
    changed = asked(site, report)
    assert changed.facts.keys() == {f"{CHART}@11"}
    assert {one.after["rule"] for one in changed.differences if one.after} == {"HRS-1", "HRS-2"}
    assert changed.record(with_reasons=False)["payer"] == "commercial"
    other = issue(site, W10, payer=Payer.SELF_PAY, rule_set="az-s9480", known_at=MONDAY_MORNING)
    assert other.fact.rows == 0
    assert asked(site, other).differences == ()


def test_a_rule_set_adopted_retroactively_is_the_cause_of_every_row(site: Store) -> None:
    report = issue(site, W10)
    adopted = RuleSetAdopted(rule_set="az-s9480", version="1", effective_on=date(2026, 3, 1))
    receipt = recorded(site, "facility/lexington", adopted, by=REGISTRAR)
    changed = asked(site, report)
    assert_exact(site, changed, W10)
    name = f"facility/lexington@{receipt.version}"
    assert list(changed.facts) == [name]
    assert all(one.facts == (name,) for one in changed.differences)
    told = changed.record(with_reasons=True)
    assert (told["issued"]["rule_set"], told["now"]["rule_set"]) == ("landmark-iop", "az-s9480")
    assert {one["row"]["rule"] for one in told["removed"]} >= {"HRS-3", "HRS-4", "RAT-1"}


def test_a_report_by_a_rule_set_that_was_asked_for_is_asked_by_it_again(site: Store) -> None:
    report = issue(site, W10, rule_set="landmark-iop")
    adopted = RuleSetAdopted(rule_set="az-s9480", version="1", effective_on=date(2026, 3, 1))
    recorded(site, "facility/lexington", adopted, by=REGISTRAR)
    assert asked(site, report).differences == ()


def test_time_that_passed_is_told_where_no_fact_is_the_cause(site: Store) -> None:
    """Asked while Thursday's group is on, and when it has just ended and nobody has recorded anything."""
    report = issue(site, W10, known_at=datetime(2026, 3, 6, 1, tzinfo=UTC))
    changed = asked(site, report, known_at=datetime(2026, 3, 6, 2, 1, tzinfo=UTC))
    assert_exact(site, changed, W10)
    assert changed.facts == {}
    assert {(one.time_passed, one.program_changed) for one in changed.differences} == {(True, False)}


def test_of_a_month_the_facts_are_told_too(site: Store) -> None:
    report = issue(site, Month.parse("2026-03"), as_of=date(2026, 3, 31), known_at=MONDAY_MORNING)
    changed = asked(site, report)
    [rate] = [one for one in changed.differences if one.after and one.after["rule"] == "ATT-1"]
    assert rate.facts == (f"{CHART}@11",)
    assert rate.record()["changes"]["value"] == {"before": 2, "after": 3}


def test_the_least_facts_that_suffice_are_found_among_many() -> None:
    for needed in ({3}, {1, 40}, {7, 8, 9}, set(range(20)), set()):
        found = least(frozenset(range(50)), lambda some, needed=needed: needed <= some)
        assert found == needed
    assert len(least(frozenset(range(9)), lambda some: len(some) >= 4)) == 4
