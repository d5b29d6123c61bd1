"""A patient who comes back: from the enrollment to the end, one episode at a time, by date."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.exit import DischargeReason
from tests.domain import care
from tests.domain.care import alumni_joined, arrived
from tests.domain.cast import (
    ACTIVE,
    ALUMNI,
    CHART,
    ENROLLED,
    NEXT_MONDAY,
    NEXT_THURSDAY,
    NEXT_TUESDAY,
    SECOND_EPISODE,
    THURSDAY,
    TUESDAY,
    assessed,
    attended,
    discharged,
    enrolled,
    hold_started,
    inquired,
    not_admitted,
    suitability,
    voided,
)
from tests.domain.given import Said, Story, given, said, strike


def late(fact: Any) -> Said:
    return said(fact, reason="Found on the paper sheet.")


def void(version: int) -> Said:
    return said(voided(version), reason="The date is wrong.")


def again(asked: str, enrolled_on: str) -> tuple[Any, ...]:
    """Another way in: four entries."""
    return (
        inquired(SECOND_EPISODE, f"{asked} 12:00"),
        assessed(asked, SECOND_EPISODE),
        suitability(on=asked, episode_id=SECOND_EPISODE),
        enrolled(enrolled_on, SECOND_EPISODE),
    )


def came_back() -> Story:
    """Left on Tuesday the 10th (8), enrolled anew on the 11th (12), there once (13, 14), left on the 16th (15)."""
    over = replace(discharged("2026-03-16", "2026-03-12"), episode_id=SECOND_EPISODE)
    attending = attended(NEXT_THURSDAY, episode_id=SECOND_EPISODE)
    return given(*ACTIVE, discharged("2026-03-10"), *again("2026-03-10", "2026-03-11"), attending, over)


@pytest.mark.parametrize("on", ["2026-03-02", "2026-03-09"])
def test_nobody_is_enrolled_anew_on_a_day_of_the_former_episode(on: str) -> None:
    asked, assessment, decided, enrollment = again("2026-03-01", on)
    story = given(*ACTIVE, discharged("2026-03-10"), late(asked), late(assessment), late(decided))
    story.when(late(enrollment)).refused("enrollment.in-another-episode", naming="2026-03-10")


def test_nobody_is_enrolled_anew_before_the_former_episode_and_into_it() -> None:
    story = given(*ACTIVE, discharged("2026-03-10"), *(late(fact) for fact in again("2026-02-20", "2026-02-20")[:3]))
    enrollment = late(enrolled("2026-02-20", SECOND_EPISODE))
    story.when(enrollment).refused("episode.breaks-history", naming=f"{CHART}@5")


def test_who_asks_again_before_the_formal_discharge_is_enrolled_from_that_day_on() -> None:
    story = given(*ACTIVE, discharged("2026-03-10"), *(late(fact) for fact in again("2026-03-09", "2026-03-10")))
    assert not story.broken


def test_a_discharge_that_is_put_right_ends_before_the_patient_came_back() -> None:
    story = came_back()
    story.tell(void(8))
    story.when(late(discharged("2026-03-12"))).refused("episode.breaks-history", naming=f"{CHART}@12")
    story.when(late(discharged("2026-03-11"))).recorded()
    assert not story.broken


def test_a_void_is_not_struck_under_an_enrollment_before_that_discharge() -> None:
    way_in = (late(fact) for fact in again("2026-03-09", "2026-03-09"))
    story = given(*ACTIVE, discharged("2026-03-10"), void(8), late(discharged("2026-03-09")), *way_in)
    ended = replace(discharged("2026-03-16", "2026-03-09"), episode_id=SECOND_EPISODE)
    story.tell(attended(NEXT_MONDAY, episode_id=SECOND_EPISODE), late(ended), void(10))
    story.when(strike(9)).refused("correction.breaks-history", naming=f"{CHART}@14")


def test_that_somebody_was_not_admitted_is_not_struck_once_they_came_back() -> None:
    story = given(*ENROLLED, not_admitted("2026-03-04"), *again("2026-03-05", "2026-03-05"))
    story.tell(replace(not_admitted("2026-03-09"), episode_id=SECOND_EPISODE))
    story.when(strike(6)).refused("correction.breaks-history", naming=f"{CHART}@10")


# ---- a guest of the former episode


GRADUATE = (
    *ACTIVE,
    discharged("2026-03-02", reason=DischargeReason.COMPLETED),
    care.aftercare("2026-03-02"),
    alumni_joined("2026-03-02"),
)
"""Ten entries."""
ANEW = again("2026-03-03", "2026-03-03")
NOT_ENROLLED = "attendance.not-enrolled"


def test_a_guest_comes_to_no_treatment_of_the_former_episode_once_enrolled_anew() -> None:
    story = given(*GRADUATE, *ANEW)
    story.when(attended(TUESDAY)).refused(NOT_ENROLLED)
    story.when(arrived("2026-03-03 17:55", TUESDAY)).refused(NOT_ENROLLED)
    story.when(attended(TUESDAY, episode_id=SECOND_EPISODE)).recorded()
    story.when(attended(THURSDAY)).refused(NOT_ENROLLED)
    story.when(attended(ALUMNI)).recorded()


def test_a_guest_comes_again_once_the_later_episode_is_on_hold_or_over() -> None:
    attending = attended(TUESDAY, episode_id=SECOND_EPISODE)
    story = given(*GRADUATE, *ANEW, attending, replace(hold_started("2026-03-05"), episode_id=SECOND_EPISODE))
    story.when(attended(THURSDAY)).recorded()
    over = replace(discharged("2026-03-09", "2026-03-03"), episode_id=SECOND_EPISODE)
    story = given(*GRADUATE, *ANEW, attending, over)
    story.when(attended(NEXT_MONDAY)).refused(NOT_ENROLLED)
    story.when(attended(NEXT_TUESDAY)).recorded()


def test_nobody_is_enrolled_anew_over_what_they_came_to_as_a_guest() -> None:
    story = given(*GRADUATE, attended(THURSDAY), *(late(fact) for fact in ANEW[:3]))
    story.when(late(ANEW[3])).refused("episode.breaks-history", naming=f"{CHART}@11")
    story.when(late(enrolled("2026-03-06", SECOND_EPISODE))).recorded()
