"""Step-up: whoever tapers is active again, at the level that it leads to."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.states import State
from tests.domain import care
from tests.domain.care import step_up
from tests.domain.cast import ACTIVE, ENROLLED, FRONT_DESK, INQUIRED, day, discharged, hold_started
from tests.domain.given import given, said, strike

TAPERING = (*ACTIVE, *care.AGREED, care.took_effect("2026-03-12"))
"""Versions 1 to 13."""


def test_a_step_up_ends_tapering_and_counts_as_active_from_its_date() -> None:
    episode = given(*TAPERING, step_up("2026-03-13")).episode
    found = [episode.state_on(day(f"2026-03-{on}")).value for on in (11, 12, 13, 14)]
    assert found == ["active", "tapering", "active", "active"]
    assert [episode.active_on(day(f"2026-03-{on}")) for on in (11, 12, 13)] == [True, False, True]


def test_the_level_of_care_follows_each_step() -> None:
    episode = given(*TAPERING, step_up("2026-03-13", "2.5")).episode
    levels = [episode.level_of_care(day(f"2026-03-{on}")) for on in (11, 12, 13)]
    assert levels == ["2.1", "1.5", "2.5"]


def test_who_is_active_may_be_stepped_up_further() -> None:
    episode = given(*ACTIVE, step_up("2026-03-10", "2.5")).episode
    assert episode.state_on(day("2026-03-10")) is State.ACTIVE
    assert episode.level_of_care(day("2026-03-10")) == "2.5"


@pytest.mark.parametrize(
    "so_far",
    [INQUIRED, ENROLLED, (*ACTIVE, hold_started("2026-03-10")), (*ACTIVE, discharged("2026-03-12"))],
    ids=["inquiry", "enrolled", "on hold", "discharged"],
)
def test_nobody_else_is_stepped_up(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(step_up()).refused("episode.transition")


def test_a_step_up_leads_to_no_lower_level() -> None:
    given(*ACTIVE).when(step_up(to_level="1.5")).refused("step-up.lower-level")
    given(*ACTIVE).when(step_up(to_level="1")).refused("step-up.lower-level")
    given(*ACTIVE).when(step_up(to_level="2.1")).recorded()
    given(*ACTIVE).when(step_up(to_level="OTP")).recorded()


def test_a_forgotten_step_up_is_entered_beside_a_later_one_to_a_lower_level() -> None:
    """What was decided later stays what it was: a level is no state that it could lose."""
    forgotten = said(step_up("2026-03-13", "2.5"), at="2026-03-20 12:00", reason="Entered from the paper sheet.")
    story = given(*TAPERING, step_up("2026-03-14", "2.1")).when(forgotten).recorded()
    levels = [story.episode.level_of_care(day(f"2026-03-{on}")) for on in (12, 13, 14)]
    assert levels == ["1.5", "2.5", "2.1"]


@pytest.mark.parametrize("level", ["", "9.9", "iop", "II.1"])
def test_a_step_up_names_a_level_of_care(level: str) -> None:
    given(*ACTIVE).when(step_up(to_level=level)).refused("assessment.level")


def test_a_step_up_is_decided_by_a_clinician() -> None:
    given(*TAPERING).when(step_up(), by=FRONT_DESK).refused("act.not-permitted")


def test_a_step_down_is_not_struck_where_the_step_up_still_stands() -> None:
    """Active stays active: nothing that the step-up required is lost."""
    story = given(*TAPERING, step_up("2026-03-13"))
    story.when(strike(13)).recorded()
    assert story.episode.state_on(day("2026-03-12")) is State.ACTIVE


def test_who_was_stepped_up_may_taper_again() -> None:
    again = care.SECOND_STEP_DOWN
    way = (
        care.recommended("2026-03-14", step_down_id=again),
        care.answered("2026-03-14", step_down_id=again),
        care.cosigned("2026-03-14", step_down_id=again),
        care.level_assessed("2026-03-14"),
        care.decided("2026-03-14", step_down_id=again),
        care.took_effect("2026-03-16", again),
    )
    episode = given(*TAPERING, step_up("2026-03-13"), *way).episode
    assert episode.state_on(day("2026-03-16")) is State.TAPERING
    assert episode.level_of_care(day("2026-03-16")) == "1.5"
