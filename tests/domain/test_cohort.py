"""A cohort: formed once, meeting by a weekly pattern."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.cohort import Cohort, CohortClosed, CohortScheduleChanged, Pattern
from domain.cohort import formed as known_cohort
from domain.record import EnteredInError
from domain.refused import Refused
from domain.site import fold_cohort
from domain.status import census_row
from tests.domain import care
from tests.domain.cast import (
    ADMINISTRATOR,
    ASSESSED,
    COUNSELOR,
    ENROLLED,
    EVENINGS,
    FRONT_DESK,
    MORNINGS,
    day,
    enrolled,
    formed,
    suitability,
)
from tests.domain.given import Said, Story, given, of_cohort, said, strike

NEW = UUID(int=0xC09)


def test_a_cohort_is_formed_with_its_seats_and_its_pattern() -> None:
    story = given(of_cohort(NEW, formed()))
    pattern = Pattern(
        weekdays=("mon", "tue", "thu"), starts="18:00", ends="21:00", effective_on=day("2026-01-05"), version=1
    )
    assert story.state(f"cohort/{NEW}") == Cohort(
        cohort_id=NEW,
        version=1,
        name="Evenings",
        program="iop",
        capacity=12,
        formed_on=day("2026-01-05"),
        formed_version=1,
        patterns=(pattern,),
    )


def test_a_cohort_is_formed_once() -> None:
    given(of_cohort(NEW, formed())).when(of_cohort(NEW, formed())).refused("cohort.already-formed")


@pytest.mark.parametrize("weekdays", [(), ("monday",), ("mon", "mon"), ("Mon",), ("",), ("mon", "someday")], ids=str)
def test_a_cohort_meets_on_weekdays_that_exist(weekdays: tuple[str, ...]) -> None:
    given().when(of_cohort(NEW, formed(weekdays=weekdays))).refused("cohort.weekdays")


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": "6 pm"},
        {"starts": "18"},
        {"starts": "1800"},
        {"ends": "24:00"},
        {"ends": "21:60"},
        {"ends": "21:00:00"},
        {"starts": "18:00+01:00"},
        {"starts": "T18:00"},
        {"ends": ""},
        {"ends": "21:00 "},
        {"ends": "21:00\n"},
        {"starts": "\u0967\u096e:\u0966\u0966"},
    ],
    ids=str,
)
def test_a_block_has_local_times(wrong: dict[str, Any]) -> None:
    given().when(of_cohort(NEW, formed(**wrong))).refused("cohort.times", naming="18:00")


@pytest.mark.parametrize("ends", ["18:00", "17:59", "09:00"])
def test_a_block_ends_after_it_starts(ends: str) -> None:
    given().when(of_cohort(NEW, formed(ends=ends))).refused("cohort.ends-before-it-starts")


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_cohort_has_a_seat(capacity: int) -> None:
    given().when(of_cohort(NEW, formed(capacity=capacity))).refused("cohort.capacity")
    given().when(of_cohort(NEW, formed(capacity=1))).recorded()


def test_a_cohort_is_formed_by_who_runs_groups_or_an_administrator() -> None:
    given().when(of_cohort(NEW, formed()), by=COUNSELOR).recorded()
    given().when(of_cohort(NEW, formed()), by=ADMINISTRATOR).recorded()
    given().when(of_cohort(NEW, formed()), by=FRONT_DESK).refused("act.not-permitted")


def test_a_cohort_meets_on_the_days_of_its_pattern() -> None:
    cohort: Cohort = given(of_cohort(NEW, formed())).state(f"cohort/{NEW}")
    week = [f"2026-03-0{n}" for n in range(2, 9)]
    assert [on for on in week if cohort.meets_on(day(on))] == ["2026-03-02", "2026-03-03", "2026-03-05"]


def test_before_its_first_pattern_a_cohort_has_the_first() -> None:
    cohort: Cohort = given(of_cohort(NEW, formed())).state(f"cohort/{NEW}")
    assert cohort.pattern_on(day("2020-01-06")) == cohort.patterns[0]


def test_before_its_first_pattern_a_cohort_has_the_first_by_date_also_where_that_was_recorded_later() -> None:
    """Live facts refuse a change from before the forming; a ledger restored from elsewhere may hold one."""
    earlier = CohortScheduleChanged(weekdays=("sat",), starts="18:00", ends="21:00", effective_on=day("2025-12-01"))
    cohort: Cohort = given().restored(f"cohort/{EVENINGS}", earlier).state(f"cohort/{EVENINGS}")
    assert cohort.meets_on(day("2025-11-29"))
    assert not cohort.meets_on(day("2025-11-27")), "a Thursday, of the pattern by which it was formed later"


def test_a_cohort_that_is_not_there_never_meets() -> None:
    assert Cohort(cohort_id=NEW).pattern_on(day("2026-03-02")) is None
    assert not Cohort(cohort_id=NEW).meets_on(day("2026-03-02"))


def test_a_cohort_whose_forming_was_struck_is_unknown() -> None:
    story = given(of_cohort(NEW, formed())).restored(f"cohort/{NEW}", EnteredInError(target=1))
    cohort: Cohort = story.state(f"cohort/{NEW}")
    assert (cohort.version, cohort.formed_on) == (2, None)
    with pytest.raises(Refused) as refused:
        known_cohort(cohort)
    assert refused.value.rule == "cohort.unknown"
    story.when(of_cohort(NEW, formed())).recorded()


def test_a_cohort_without_entries_is_unknown() -> None:
    assert fold_cohort(NEW, []) == Cohort(cohort_id=NEW)
    with pytest.raises(Refused, match=r"cohort\.unknown"):
        known_cohort(None)


# ---- changed and closed


def change(effective_on: str, **other: Any) -> Said:
    fields: dict[str, Any] = {"weekdays": ("mon", "wed", "thu"), "starts": "18:00", "ends": "21:00"}
    return of_cohort(EVENINGS, CohortScheduleChanged(**{**fields, **other}, effective_on=day(effective_on)))


def close(on: str, cohort_id: UUID = EVENINGS) -> Said:
    return of_cohort(cohort_id, CohortClosed(on=day(on)))


def evenings(*tellings: Any) -> Cohort:
    cohort: Cohort = given(*tellings).state(f"cohort/{EVENINGS}")
    return cohort


def test_a_changed_schedule_counts_from_its_date() -> None:
    cohort = evenings(change("2026-03-16"), change("2026-03-16", weekdays=("sat",), starts="09:00", ends="12:00"))
    assert cohort.meets_on(day("2026-03-10"))
    assert not cohort.meets_on(day("2026-03-17"))
    assert cohort.meets_on(day("2026-03-21")), "the later recorded of two on one date"
    assert [p.version for p in cohort.patterns] == [1, 2, 3]


def test_a_changed_schedule_may_be_planned_and_known_afterwards() -> None:
    given().when(change("2026-09-01")).recorded()
    given().when(change("2026-01-05")).recorded()


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        ({"weekdays": ("mon", "mon")}, "cohort.weekdays"),
        ({"starts": "6 pm"}, "cohort.times"),
        ({"ends": "18:00"}, "cohort.ends-before-it-starts"),
    ],
    ids=str,
)
def test_a_changed_schedule_can_be_kept_as_the_first_one(other: dict[str, Any], rule: str) -> None:
    given().when(change("2026-03-16", **other)).refused(rule)


def test_a_cohort_neither_changes_nor_closes_before_it_was_formed() -> None:
    given().when(change("2026-01-04")).refused("cohort.before-forming")
    given().when(close("2026-01-04"), reason="Entered late.").refused("cohort.before-forming")
    given().when(close("2026-01-05")).recorded()


def test_a_cohort_that_is_not_there_neither_changes_nor_closes() -> None:
    given().when(close("2026-03-20", NEW)).refused("cohort.unknown")


def test_a_cohort_closes_once() -> None:
    given(close("2026-03-20")).when(close("2026-03-23")).refused("cohort.already-closed")


def test_nothing_changes_after_the_last_date_of_a_cohort() -> None:
    story = given(close("2026-03-20"))
    story.when(change("2026-03-21")).refused("cohort.change-after-closing")
    story.when(change("2026-03-20")).recorded()


def test_a_change_planned_for_later_does_not_keep_a_cohort_open() -> None:
    given(change("2026-09-01")).when(close("2026-03-20")).recorded()


def test_nobody_is_enrolled_in_a_closed_cohort_from_its_last_date_on() -> None:
    story = given(close("2026-02-26"), *ASSESSED, suitability())
    story.when(enrolled("2026-02-26")).refused("cohort.closed", naming="2026-02-26")
    story.when(enrolled("2026-02-27")).refused("cohort.closed")
    story.when(enrolled("2026-02-27", cohort_id=MORNINGS)).recorded()


def test_who_was_enrolled_before_a_cohort_closed_may_be_entered_afterwards() -> None:
    story = given(*ASSESSED, suitability(), close("2026-03-02"))
    story.when(enrolled("2026-02-27"), at="2026-03-03 09:00", reason="Entered late.").recorded()


def test_nobody_is_assigned_to_a_closed_cohort_from_its_last_date_on() -> None:
    story = given(*ENROLLED, close("2026-03-16", MORNINGS))
    story.when(care.assigned("2026-03-16")).refused("cohort.closed")
    story.when(care.assigned("2026-03-15")).recorded()


def test_a_cohort_closes_over_the_heads_of_those_in_it() -> None:
    """They keep their seats, and are flagged: the discharge may be on its way."""
    story = given(*ENROLLED).when(close("2026-03-20")).recorded()
    assert story.broken == []
    assert [flagged(story, on) for on in ("2026-03-20", "2026-03-21")] == [False, True]
    story.tell(care.assigned("2026-03-23"))
    assert [flagged(story, on) for on in ("2026-03-22", "2026-03-23")] == [True, False]


def flagged(story: Story, as_of: str) -> bool:
    scene = story.scene(story.clock)
    row = census_row(
        story.chart, facility=scene.facility, sessions=scene.sessions, cohorts=scene.cohorts, as_of=day(as_of)
    )
    assert row is not None
    return "cohort_closed" in row["flags"]


def test_a_closing_that_was_struck_has_closed_nothing() -> None:
    story = given(close("2026-02-26"), *ASSESSED, suitability())
    story.tell(said(strike(2), stream=f"cohort/{EVENINGS}"))
    story.when(enrolled("2026-02-27")).recorded()


def test_a_change_that_was_struck_has_changed_nothing() -> None:
    assert evenings(change("2026-03-16")).meets_on(day("2026-03-18"))
    assert not evenings(change("2026-03-16"), said(strike(2), stream=f"cohort/{EVENINGS}")).meets_on(day("2026-03-18"))
