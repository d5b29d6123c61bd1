"""A hold that was forgotten is entered before a later one that is on record: its first date, then its last."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.states import State
from tests.domain import care
from tests.domain.cast import ACTIVE, CHART, NEXT_MONDAY, THURSDAY, attended, day, hold_ended, hold_started
from tests.domain.given import Said, Story, given, said, strike

LATER = (*ACTIVE, attended(THURSDAY), hold_started("2026-03-09"), hold_ended("2026-03-11"))
"""On hold from the 9th to the 11th (versions 9 and 10); the patient attended on the 2nd and the 5th."""


def late(fact: Any) -> Said:
    return said(fact, at="2026-03-20 09:00", reason="The hospital told us.")


def states(story: Story, *dates: str) -> list[State]:
    return [story.episode.state_on(day(on)) for on in dates]


def test_a_hold_that_was_forgotten_is_entered_before_a_later_one() -> None:
    story = given(*LATER)
    story.when(late(hold_started("2026-03-03"))).recorded()
    story.when(late(hold_ended("2026-03-04"))).recorded()
    assert story.broken == []
    assert states(story, "2026-03-02", "2026-03-03", "2026-03-04") == [State.ACTIVE, State.ON_HOLD, State.ON_HOLD]
    assert states(story, "2026-03-05", "2026-03-09", "2026-03-12") == [State.ACTIVE, State.ON_HOLD, State.ACTIVE]


def test_until_its_end_is_entered_it_is_supposed_to_have_lasted_for_its_first_date() -> None:
    story = given(*LATER).when(late(hold_started("2026-03-03"))).recorded()
    assert story.broken == []
    assert states(story, "2026-03-03", "2026-03-04", "2026-03-10") == [State.ON_HOLD, State.ACTIVE, State.ON_HOLD]
    assert not story.episode.active_on(day("2026-03-03"))
    assert story.episode.active_on(day("2026-03-04"))


def test_the_state_before_it_comes_back_after_each() -> None:
    story = given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-09"))
    story.tell(hold_started("2026-03-14"), late(hold_started("2026-03-11")), late(hold_ended("2026-03-12")))
    assert states(story, "2026-03-12", "2026-03-13", "2026-03-14") == [State.ON_HOLD, State.TAPERING, State.ON_HOLD]
    story.tell(late(hold_ended("2026-03-15")))
    assert states(story, "2026-03-16") == [State.TAPERING]


def test_several_may_have_been_forgotten() -> None:
    story = given(*LATER, late(hold_started("2026-03-06")), late(hold_started("2026-03-03")))
    story.tell(late(hold_ended("2026-03-04")), late(hold_ended("2026-03-07")))
    assert states(story, "2026-03-05", "2026-03-07", "2026-03-08") == [State.ACTIVE, State.ON_HOLD, State.ACTIVE]
    assert story.broken == []


@pytest.mark.parametrize("on", ["2026-03-09", "2026-03-10", "2026-03-11"])
def test_a_hold_does_not_begin_during_another(on: str) -> None:
    given(*LATER).when(late(hold_started(on))).refused("episode.transition")


def test_a_hold_does_not_begin_while_one_goes_on() -> None:
    given(*ACTIVE, hold_started("2026-03-03")).when(hold_started("2026-03-09")).refused("episode.transition")


def test_its_end_does_not_reach_into_the_later_one() -> None:
    story = given(*LATER, late(hold_started("2026-03-06")))
    story.when(late(hold_ended("2026-03-10"))).refused("episode.breaks-history", naming=f"{CHART}@10")


def test_nobody_attended_on_its_dates() -> None:
    given(*LATER).when(late(hold_started("2026-03-05"))).refused("episode.breaks-history", naming=f"{CHART}@8")
    story = given(*LATER, late(hold_started("2026-03-03")))
    story.when(late(hold_ended("2026-03-05"))).refused("episode.breaks-history", naming=f"{CHART}@8")


def test_the_end_of_a_hold_that_another_follows_is_not_struck() -> None:
    """The later one was recorded of somebody in treatment."""
    story = given(*LATER, hold_started("2026-03-14"))
    story.when(strike(10)).refused("correction.breaks-history", naming=f"{CHART}@11")


def test_the_end_of_a_forgotten_hold_may_be_struck_to_be_put_right() -> None:
    story = given(*LATER, late(hold_started("2026-03-03")), late(hold_ended("2026-03-03")))
    story.when(strike(12)).recorded()
    story.when(late(hold_ended("2026-03-04"))).recorded()
    assert story.broken == []


def test_what_comes_after_the_holds_is_judged_as_ever() -> None:
    story = given(*LATER, late(hold_started("2026-03-03")))
    again = attended(NEXT_MONDAY)
    story.when(said(again, reason="Found.", at="2026-03-21 09:00")).refused("attendance.not-enrolled")
