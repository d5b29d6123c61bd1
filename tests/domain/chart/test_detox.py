"""Medical detox: referred before treatment or during it, in-house or elsewhere, and what the provider answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.entry import Suitability
from domain.chart.states import State
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ASSESSED,
    ENROLLED,
    FRONT_DESK,
    MONDAY,
    assessed,
    attended,
    day,
    detox_answered,
    detox_referred,
    discharged,
    enrolled,
    hold_started,
    not_admitted,
    suitability,
)
from tests.domain.given import Story, given, strike

DETOX_FIRST = (*ASSESSED, suitability(Suitability.DETOX_FIRST))
REFERRED = (*DETOX_FIRST, detox_referred())
"""Versions 1 to 5."""


def state(story: Story, on: str) -> State:
    return story.episode.state_on(day(on))


def test_who_was_taken_comes_back_by_a_new_assessment() -> None:
    story = given(*REFERRED, detox_answered(accepted=True))
    assert state(story, "2026-03-05") is State.DETOX_REFERRED
    story.when(enrolled("2026-03-06")).refused("enrollment.without-suitable")
    story.tell(assessed("2026-03-06"))
    assert state(story, "2026-03-06") is State.ASSESSED
    story.tell(suitability(on="2026-03-06"), enrolled("2026-03-06"))
    assert state(story, "2026-03-06") is State.ENROLLED


def test_a_provider_may_answer_when_the_patient_has_moved_on() -> None:
    """Also when only the order of entries says so: a return that is told after the answer, of a date before it."""
    returned = (*REFERRED, assessed("2026-03-04"), suitability(on="2026-03-04"))
    for accepted in (True, False):
        story = given(*returned, detox_answered(accepted, on="2026-03-05"))
        assert state(story, "2026-03-05") is State.ASSESSED
        assert not story.broken
    told_late = given(*REFERRED, detox_answered(False, on="2026-03-05")).when(assessed("2026-03-04")).recorded()
    assert state(told_late, "2026-03-05") is State.ASSESSED
    story = given(*returned, enrolled("2026-03-05"), detox_answered(False, on="2026-03-06"))
    assert state(story, "2026-03-06") is State.ENROLLED


def test_nobody_is_enrolled_out_of_detox_without_a_new_assessment() -> None:
    story = given(*REFERRED, detox_answered(accepted=True), suitability(on="2026-03-05"))
    story.when(enrolled("2026-03-05")).refused("episode.transition")


def test_a_third_party_is_asked_where_the_own_house_cannot_accept() -> None:
    story = given(*REFERRED, detox_answered(accepted=False))
    assert state(story, "2026-02-27") is State.ASSESSED
    story.tell(detox_referred(third_party=True, accepted=True))
    assert state(story, "2026-02-27") is State.DETOX_REFERRED


def test_an_answer_may_come_with_the_referral() -> None:
    taken = given(*DETOX_FIRST, detox_referred(accepted=True))
    assert state(taken, "2026-02-27") is State.DETOX_REFERRED
    declined = given(*DETOX_FIRST, detox_referred(accepted=False))
    assert state(declined, "2026-02-27") is State.ASSESSED
    for story in (taken, declined):
        story.when(detox_answered()).refused("detox.not-referred")


def test_a_refusal_at_once_changes_no_state_during_treatment_and_none_is_given_elsewhere() -> None:
    assert state(given(*ACTIVE, detox_referred("2026-03-04", accepted=False)), "2026-03-04") is State.ACTIVE
    given(*ENROLLED).when(detox_referred("2026-03-01", accepted=False)).refused("episode.transition")


def test_an_answer_needs_a_referral_that_waits_for_it() -> None:
    given(*ASSESSED).when(detox_answered()).refused("detox.not-referred")
    given(*REFERRED).when(detox_answered(on="2026-02-26")).refused("detox.not-referred")
    given(*REFERRED, detox_answered()).when(detox_answered(on="2026-02-28")).refused("detox.not-referred")


def test_two_providers_may_be_asked_during_treatment_and_both_answer() -> None:
    asked = (detox_referred("2026-03-04"), detox_referred("2026-03-04", third_party=True))
    story = given(*ACTIVE, *asked, detox_answered(accepted=False, on="2026-03-04"))
    story.tell(detox_answered(accepted=True, on="2026-03-05"))
    assert state(story, "2026-03-05") is State.ACTIVE
    story.when(detox_answered(on="2026-03-05")).refused("detox.not-referred")


def test_a_referral_names_the_provider() -> None:
    given(*ASSESSED).when(replace(detox_referred(), provider=" ")).refused("detox.provider-missing")


def test_the_front_desk_refers_nobody() -> None:
    given(*ASSESSED).when(detox_referred(), by=FRONT_DESK).refused("act.not-permitted")


@pytest.mark.parametrize(
    ("so_far", "before"),
    [
        (ACTIVE, State.ACTIVE),
        ((*ACTIVE, *care.AGREED, care.took_effect("2026-03-10")), State.TAPERING),
        ((*ACTIVE, hold_started("2026-03-04")), State.ON_HOLD),
    ],
    ids=["active", "tapering", "on hold"],
)
def test_a_referral_during_treatment_changes_no_state(so_far: tuple[Any, ...], before: State) -> None:
    story = given(*so_far, detox_referred("2026-03-11"), detox_answered(accepted=True, on="2026-03-11"))
    assert state(story, "2026-03-12") is before
    story.tell(discharged("2026-03-13"))
    assert state(story, "2026-03-13") is State.DISCHARGED


def test_a_referral_on_the_day_of_admission_comes_after_it() -> None:
    story = given(*ACTIVE, detox_referred("2026-03-02"), detox_answered(accepted=False, on="2026-03-02"))
    assert state(story, "2026-03-02") is State.ACTIVE
    assert not story.broken


def test_who_was_declined_may_be_enrolled_on_the_same_day() -> None:
    story = given(*REFERRED, detox_answered(accepted=False), suitability(on="2026-02-27"), enrolled("2026-02-27"))
    story.tell(attended(MONDAY))
    assert [state(story, on) for on in ("2026-02-27", "2026-03-02")] == [State.ENROLLED, State.ACTIVE]
    assert not story.broken


def test_who_never_comes_back_is_not_admitted() -> None:
    assert state(given(*REFERRED, not_admitted("2026-03-10")), "2026-03-10") is State.NOT_ADMITTED


def test_a_referral_is_not_struck_from_under_its_answer() -> None:
    story = given(*ACTIVE, detox_referred("2026-03-04"), detox_answered(on="2026-03-05"))
    story.when(strike(8)).refused("correction.breaks-history", naming="@9")
    story.tell(strike(9))
    story.when(strike(8)).recorded()


def test_a_referral_is_not_struck_from_under_the_assessment_on_return() -> None:
    """The assessment alone follows as well, so nothing is lost."""
    story = given(*REFERRED, assessed("2026-03-06"))
    story.when(strike(5)).recorded()
    assert state(story, "2026-03-05") is State.ASSESSED
