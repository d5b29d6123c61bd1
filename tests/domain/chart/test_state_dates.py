"""When something happened decides what may be on record: the last date of a hold, the days before an inquiry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ENROLLED,
    INQUIRED,
    assessed,
    day,
    discharged,
    hold_ended,
    hold_started,
    not_admitted,
)
from tests.domain.given import given, said, strike


@pytest.mark.parametrize(
    "fact", [care.step_up("2026-03-06"), hold_started("2026-03-06")], ids=lambda f: type(f).__name__
)
def test_the_last_date_of_a_hold_is_on_hold_for_whatever_else_happened_then(fact: Any) -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"))
    story.when(fact).refused("episode.transition")
    story.when(replace(fact, on=day("2026-03-07"))).recorded()


def test_a_step_down_does_not_take_effect_on_the_last_date_of_a_hold() -> None:
    story = given(*ACTIVE, *care.AGREED, hold_started("2026-03-10"), hold_ended("2026-03-12"))
    story.when(care.took_effect("2026-03-12")).refused("step-down.on-hold")
    story.when(care.took_effect("2026-03-13")).recorded()


def test_whoever_leaves_on_the_last_date_of_a_hold_may_have_its_end_on_record() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"))
    story.when(discharged("2026-03-06")).recorded()
    given(*ACTIVE, hold_started("2026-03-04"), discharged("2026-03-06")).when(hold_ended("2026-03-06")).recorded()


@pytest.mark.parametrize("fact", [assessed("2026-02-24"), not_admitted("2026-02-24")], ids=["assessed", "not admitted"])
def test_nothing_that_makes_a_state_is_dated_before_the_inquiry(fact: Any) -> None:
    given(*INQUIRED).when(said(fact, reason="Found later.")).refused("episode.transition")


def test_whoever_inquires_may_be_assessed_on_that_date() -> None:
    given(*INQUIRED).when(assessed("2026-02-25")).recorded()


@pytest.mark.parametrize(
    "fact", [care.transferred("2026-03-10"), care.self_reduction("2026-03-10")], ids=["transfer", "self-reduction"]
)
def test_what_is_of_a_patient_in_treatment_keeps_its_state(fact: Any) -> None:
    story = given(*ACTIVE, fact)
    story.when(discharged("2026-03-09")).refused("episode.breaks-history", naming="@8")
    story.when(strike(6)).refused("correction.breaks-history", naming="@8")
    story.when(discharged("2026-03-10")).recorded()


def test_an_enrollment_is_not_struck_from_under_a_change_of_cohort() -> None:
    story = given(*ENROLLED, care.assigned())
    story.when(strike(5)).refused("correction.breaks-history", naming="@6")
    story.tell(strike(6)).when(strike(5)).recorded()
