"""The program offered: what a cohort or an enrollment may choose from, and what it takes to choose otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.cohort import CohortScheduleChanged
from domain.program import Payer, ProgramOffered
from domain.status import census_row
from tests.domain import care
from tests.domain.cast import ASSESSED, COUNSELOR, EVENINGS, FACILITY, MORNINGS, day, enrolled, formed, suitability
from tests.domain.every_fact import EVERY
from tests.domain.given import Said, Story, given, of_cohort, said, strike

NEW = UUID(int=0xC09)
offered: ProgramOffered = EVERY["ProgramOffered"]
"""Mornings and evenings, Mon/Tue/Thu or Mon/Wed/Fri, 7 to 9 weeks, any payer, from 2026-01-01."""
SUITABLE = (*ASSESSED, suitability())
WHY = "The medical director asked for it."


def form(**other: Any) -> Said:
    return of_cohort(NEW, formed(**other))


# ---- offering


@pytest.mark.parametrize(
    "blocks", [(), ("18:00",), ("6 pm-9 pm",), ("21:00-18:00",), ("18:00-18:00",), ("18:00-24:00",)], ids=str
)
def test_a_program_is_offered_in_blocks_that_exist(blocks: tuple[str, ...]) -> None:
    given().when(replace(offered, blocks=blocks)).refused("program.blocks", naming="18:00-21:00")


@pytest.mark.parametrize("patterns", [(), ((),), (("monday",),), (("mon", "mon"),), (("mon",), ())], ids=str)
def test_a_program_is_offered_in_patterns_that_exist(patterns: tuple[tuple[str, ...], ...]) -> None:
    given().when(replace(offered, patterns=patterns)).refused("program.patterns")


@pytest.mark.parametrize(("least", "most"), [(0, 9), (9, 7), (-1, -1)])
def test_a_program_lasts_a_range_of_weeks(least: int, most: int) -> None:
    given().when(replace(offered, weeks_min=least, weeks_max=most)).refused("program.weeks")
    given().when(replace(offered, weeks_min=8, weeks_max=8)).recorded()


def test_a_program_is_paid_by_somebody() -> None:
    given().when(replace(offered, payers=())).refused("program.payers")


def test_a_program_is_offered_by_an_administrator() -> None:
    given().when(offered, by=COUNSELOR).refused("act.not-permitted")


def test_the_latest_effective_offer_wins_and_the_later_recorded_of_two_on_one_date() -> None:
    later = replace(offered, effective_on=day("2026-03-01"), weeks_max=12)
    story = given(later, offered, replace(later, weeks_max=10), replace(offered, program="php"))
    facility = story.state(FACILITY)
    by_date = {on: facility.offered("iop", day(on)) for on in ("2025-12-31", "2026-02-28", "2026-03-01")}
    assert {on: found and found.weeks_max for on, found in by_date.items()} == {
        "2025-12-31": None,
        "2026-02-28": 9,
        "2026-03-01": 10,
    }


# ---- cohorts


@pytest.mark.parametrize(
    ("other", "what"),
    [({"starts": "17:00", "ends": "20:00"}, "block"), ({"weekdays": ("mon", "tue", "wed")}, "weekly pattern")],
    ids=str,
)
def test_a_cohort_outside_of_the_program_needs_a_reason(other: dict[str, Any], what: str) -> None:
    story = given(offered)
    story.when(form(**other)).refused("program.outside", naming=what)
    story.when(form(**other), reason=" ").refused("program.outside")
    story.when(form(**other), reason=WHY).recorded()


def test_a_cohort_meets_on_the_days_of_a_pattern_in_whatever_order() -> None:
    given(offered).when(form(weekdays=("thu", "mon", "tue"))).recorded()


def test_where_no_program_is_offered_by_then_nothing_is_outside_of_it() -> None:
    odd = {"starts": "17:00", "ends": "20:00", "weekdays": ("sun",)}
    given().when(form(**odd)).recorded()
    given(replace(offered, effective_on=day("2026-01-06"))).when(form(**odd)).recorded()
    given(replace(offered, program="php")).when(form(**odd)).recorded()


def test_a_changed_schedule_is_held_against_the_program_of_its_date() -> None:
    change = CohortScheduleChanged(
        weekdays=("mon", "tue", "thu"), starts="14:00", ends="17:00", effective_on=day("2026-03-16")
    )
    story = given(offered, replace(offered, effective_on=day("2026-04-01"), blocks=("14:00-17:00",)))
    story.when(of_cohort(EVENINGS, change)).refused("program.outside", naming="block")
    story.when(of_cohort(EVENINGS, change), reason=WHY).recorded()
    story.when(of_cohort(EVENINGS, replace(change, effective_on=day("2026-04-01")))).recorded()


# ---- the flag


def flagged(story: Story, as_of: str) -> bool:
    scene = story.scene(story.clock)
    row = census_row(
        story.chart, facility=scene.facility, sessions=scene.sessions, cohorts=scene.cohorts, as_of=day(as_of)
    )
    assert row is not None
    return "outside_program" in row["flags"]


def test_an_enrollment_outside_of_the_program_is_flagged_from_its_date() -> None:
    story = given(offered, *SUITABLE, said(enrolled(planned_weeks=12), reason=WHY))
    assert [flagged(story, on) for on in ("2026-02-26", "2026-02-27", "2026-03-09")] == [False, True, True]
    assert not flagged(given(offered, *SUITABLE, enrolled()), "2026-03-09")
    assert not flagged(given(*SUITABLE, enrolled(planned_weeks=12)), "2026-03-09")


def test_a_program_that_is_offered_otherwise_later_flags_nobody_who_was_enrolled_before() -> None:
    later = replace(offered, blocks=("14:00-17:00",), effective_on=day("2026-03-02"))
    story = given(offered, later, *SUITABLE, enrolled("2026-02-27"))
    assert not flagged(story, "2026-03-09")


def test_a_changed_schedule_outside_of_the_program_is_flagged_from_its_date() -> None:
    change = CohortScheduleChanged(weekdays=("sat",), starts="18:00", ends="21:00", effective_on=day("2026-03-16"))
    story = given(offered, *SUITABLE, enrolled(), said(of_cohort(EVENINGS, change), reason=WHY))
    assert [flagged(story, on) for on in ("2026-03-15", "2026-03-16")] == [False, True]


def test_an_assignment_outside_of_the_program_is_flagged_from_its_date() -> None:
    evenings = replace(offered, blocks=("18:00-21:00",))
    story = given(evenings, *SUITABLE, enrolled(), said(care.assigned("2026-03-16"), reason=WHY))
    assert [flagged(story, on) for on in ("2026-03-15", "2026-03-16")] == [False, True]


# ---- enrollments


@pytest.mark.parametrize("weeks", [6, 10])
def test_an_enrollment_for_other_weeks_needs_a_reason(weeks: int) -> None:
    story = given(offered, *SUITABLE)
    story.when(enrolled(planned_weeks=weeks)).refused("program.outside", naming="number of weeks")
    story.when(enrolled(planned_weeks=weeks), reason=WHY).recorded()


@pytest.mark.parametrize("weeks", [7, 9])
def test_the_first_and_the_last_number_of_weeks_are_offered(weeks: int) -> None:
    given(offered, *SUITABLE).when(enrolled(planned_weeks=weeks)).recorded()


def test_an_enrollment_for_another_payer_needs_a_reason() -> None:
    story = given(replace(offered, payers=(Payer.SELF_PAY,)), *SUITABLE)
    story.when(enrolled()).refused("program.outside", naming="payer")
    story.when(enrolled(), reason=WHY).recorded()


def test_an_enrollment_into_a_cohort_outside_of_the_program_needs_a_reason() -> None:
    story = given(replace(offered, blocks=("09:00-12:00",)), *SUITABLE)
    story.when(enrolled()).refused("program.outside", naming="block")
    story.when(enrolled(), reason=WHY).recorded()
    given(replace(offered, blocks=("09:00-12:00",)), *SUITABLE).when(enrolled(cohort_id=MORNINGS)).recorded()


def test_an_assignment_to_a_cohort_outside_of_the_program_needs_a_reason() -> None:
    story = given(replace(offered, blocks=("18:00-21:00",)), *SUITABLE, enrolled())
    story.when(care.assigned()).refused("program.outside", naming="block")
    story.when(care.assigned(), reason=WHY).recorded()


def test_a_struck_offer_binds_nobody() -> None:
    story = given(offered, *SUITABLE)
    version = story.state(FACILITY).version
    story.tell(said(strike(version), stream=FACILITY))
    story.when(enrolled(planned_weeks=12)).recorded()
