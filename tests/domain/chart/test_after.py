"""After treatment: alumni, for whoever was discharged; sober living, at any time."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.exit import DischargeReason
from domain.record import EnteredInError
from tests.domain import care
from tests.domain.care import alumni_contacted, alumni_joined, placed, stay_ended
from tests.domain.cast import (
    ACTIVE,
    ALUMNI_COORDINATOR,
    CHART,
    ENROLLED,
    FRONT_DESK,
    INQUIRED,
    NEXT_MONDAY,
    SECOND_EPISODE,
    attended,
    discharged,
    inquired,
    not_admitted,
    voided,
)
from tests.domain.given import given, said, strike

DROPPED_OUT = (*ACTIVE, discharged("2026-03-05"))
"""Versions 1 to 8."""


# ---- alumni


@pytest.mark.parametrize("reason", DischargeReason)
def test_whoever_was_discharged_joins_the_alumni(reason: DischargeReason) -> None:
    given(*ACTIVE, discharged("2026-03-05", reason=reason)).when(alumni_joined("2026-03-05")).recorded()


@pytest.mark.parametrize("so_far", [INQUIRED, ACTIVE, (*ENROLLED, not_admitted())], ids=len)
@pytest.mark.parametrize("fact", [alumni_joined(), alumni_contacted()])
def test_nobody_is_of_the_alumni_who_was_not_discharged(so_far: tuple[Any, ...], fact: Any) -> None:
    given(*so_far).when(fact).refused("alumni.not-discharged")


def test_nobody_joins_before_the_discharge_or_twice() -> None:
    given(*DROPPED_OUT).when(alumni_joined("2026-03-04"), reason="Late.").refused("alumni.not-discharged")
    given(*DROPPED_OUT, alumni_joined()).when(alumni_joined("2026-03-13")).refused("alumni.already-joined")


def test_a_former_patient_is_contacted_as_often_as_it_takes() -> None:
    story = given(*DROPPED_OUT, alumni_contacted("2026-03-10"), alumni_contacted("2026-03-11"), alumni_joined())
    story.when(alumni_contacted("2026-03-12"), by=ALUMNI_COORDINATOR).recorded()
    story.when(alumni_contacted("2026-03-12"), by=FRONT_DESK).refused("act.not-permitted")


def test_one_of_the_alumni_comes_as_a_guest() -> None:
    given(*DROPPED_OUT).when(attended(NEXT_MONDAY)).refused("attendance.not-enrolled")
    story = given(*DROPPED_OUT, alumni_joined("2026-03-06"))
    story.when(attended(NEXT_MONDAY)).recorded(attended(NEXT_MONDAY))
    story.when(strike(9)).refused("correction.breaks-history", naming="@10")


def test_being_contacted_makes_no_guest() -> None:
    given(*DROPPED_OUT, alumni_contacted("2026-03-06")).when(attended(NEXT_MONDAY)).refused("attendance.not-enrolled")


@pytest.mark.parametrize("fact", [alumni_joined("2026-03-06"), alumni_contacted("2026-03-06")])
def test_a_discharge_is_not_voided_from_under_the_alumni(fact: Any) -> None:
    story = given(*DROPPED_OUT, fact)
    void = said(voided(8), reason="Wrong chart.")
    story.when(void).refused("discharge.rested-upon")
    story.tell(strike(9))
    story.when(void).recorded()


# ---- sober living


@pytest.mark.parametrize("so_far", [INQUIRED, ACTIVE, DROPPED_OUT], ids=len)
def test_a_patient_may_live_in_a_residence_at_any_time(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(placed()).recorded().when(stay_ended()).recorded().when(placed("2026-03-11")).recorded()


def test_nobody_lives_in_two_residences() -> None:
    given(*ACTIVE, placed()).when(placed("2026-03-06")).refused("sober-living.already-placed")
    story = given(*DROPPED_OUT, placed(), inquired(SECOND_EPISODE, "2026-03-09 12:00"))
    story.when(placed("2026-03-10", SECOND_EPISODE)).refused("sober-living.already-placed")


def test_a_stay_that_is_entered_late_lies_beside_the_others() -> None:
    story = given(*ACTIVE, placed("2026-03-05"), stay_ended("2026-03-11"))
    story.when(placed("2026-03-10"), reason="Late.").refused("sober-living.already-placed")
    story.when(placed("2026-03-03"), reason="Late.").refused("sober-living.already-placed")
    story.when(placed("2026-03-12")).recorded()


def test_a_stay_ends_once_and_not_before_it_begins() -> None:
    given(*ACTIVE).when(stay_ended()).refused("sober-living.not-placed")
    given(*ACTIVE, placed()).when(stay_ended("2026-03-04"), reason="Late.").refused("sober-living.not-placed")
    given(*ACTIVE, placed(), stay_ended()).when(stay_ended("2026-03-12")).refused("sober-living.not-placed")


def test_a_stay_is_not_struck_from_under_its_end() -> None:
    story = given(*ACTIVE, placed(), stay_ended())
    story.when(strike(8)).refused("correction.breaks-history", naming=f"{CHART}@9")
    story.tell(strike(9))
    story.when(strike(8)).recorded(EnteredInError(target=8))


# ---- against advice


@pytest.mark.parametrize("reason", [DischargeReason.DROPPED_OUT, DischargeReason.OTHER])
def test_leaving_against_advice_keeps_the_self_reduction(reason: DischargeReason) -> None:
    story = given(*ACTIVE, care.self_reduction("2026-03-10"), discharged("2026-03-12", reason=reason))
    assert [reduction.minutes for reduction in story.episode.self_reductions] == [180]
