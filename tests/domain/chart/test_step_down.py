"""Step-down: recommended by the treating clinician, co-signed by somebody else, answered, decided, in effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.chart.screening import ScreeningOrdered
from domain.chart.step_down import Answer, Stage
from tests.domain import care
from tests.domain.care import (
    AGREED,
    SECOND_STEP_DOWN,
    STEP_DOWN,
    answered,
    cosigned,
    decided,
    level_assessed,
    recommended,
    self_reduction,
    took_effect,
    transferred,
    withdrawn,
)
from tests.domain.cast import (
    ACTIVE,
    CHART,
    COUNSELOR,
    ENROLLED,
    MEDICAL_DIRECTOR,
    SECOND_EPISODE,
    SYSTEM,
    THERAPIST,
    assessed,
    attended,
    day,
    discharged,
    enrolled,
    hold_ended,
    hold_started,
    inquired,
    suitability,
)
from tests.domain.given import Story, given, said, strike

DECIDED = (*ACTIVE, *AGREED)
"""Versions 8 to 12: assessment, recommendation, answer, co-signature, decision."""


def stages(story: Story) -> list[Stage]:
    return [mark.stage for mark in story.chart.step_downs[STEP_DOWN].marks]


def without(fact: Any) -> tuple[Any, ...]:
    """The whole way but one step, and without the decision."""
    return (*ACTIVE, *(step for step in AGREED if step not in (fact, decided())))


# ---- in treatment


@pytest.mark.parametrize(
    "so_far", [ENROLLED, (*ACTIVE, discharged("2026-03-04"))], ids=["before admission", "after discharge"]
)
@pytest.mark.parametrize("fact", [recommended(), self_reduction("2026-03-05"), transferred("2026-03-05")])
def test_only_who_is_in_treatment_steps_down(so_far: tuple[Any, ...], fact: Any) -> None:
    given(*so_far).when(fact).refused("step-down.not-in-treatment")


@pytest.mark.parametrize("fact", [recommended(), self_reduction("2026-03-05"), transferred("2026-03-05")])
def test_who_is_on_hold_is_in_treatment(fact: Any) -> None:
    given(*ACTIVE, hold_started("2026-03-04")).when(fact).recorded()


def test_a_transfer_may_be_noted_on_the_day_of_discharge() -> None:
    given(*ACTIVE, discharged("2026-03-05")).when(transferred("2026-03-05")).recorded()


# ---- the recommendation


def test_a_recommendation_has_an_id_of_its_own() -> None:
    story = given(*ACTIVE, recommended())
    story.when(recommended()).refused("step-down.id-in-use")
    story.when(recommended(step_down_id=SECOND_STEP_DOWN)).recorded()


def test_minutes_are_not_negative() -> None:
    given(*ACTIVE).when(recommended(minutes=-1)).refused("step-down.negative-minutes")
    given(*ACTIVE).when(recommended(minutes=0)).recorded()


@pytest.mark.parametrize("fact", [answered(), cosigned(), decided(), took_effect(), withdrawn()])
def test_every_step_is_about_a_recommendation(fact: Any) -> None:
    given(*ACTIVE).when(fact).refused("step-down.unknown")


def test_a_step_is_in_the_episode_of_its_recommendation() -> None:
    story = given(
        *ACTIVE,
        recommended("2026-03-03"),
        discharged("2026-03-03"),
        inquired(SECOND_EPISODE, "2026-03-04 12:00"),
        assessed("2026-03-04", SECOND_EPISODE),
        suitability(on="2026-03-04", episode_id=SECOND_EPISODE),
        enrolled("2026-03-05", SECOND_EPISODE),
        attended(UUID(int=0x503), episode_id=SECOND_EPISODE),
    )
    story.when(replace(answered(), episode_id=SECOND_EPISODE)).refused("step-down.unknown")


@pytest.mark.parametrize("step", [answered, cosigned, decided, took_effect, withdrawn])
def test_nothing_comes_before_the_recommendation(step: Any) -> None:
    given(*ACTIVE, recommended()).when(step("2026-03-04")).refused("step-down.before-recommendation")


# ---- the decision


def test_a_step_down_goes_from_recommendation_to_effect() -> None:
    story = given(*DECIDED, took_effect())
    assert stages(story) == [Stage.RECOMMENDED, Stage.AGREED, Stage.COSIGNED, Stage.DECIDED, Stage.IN_EFFECT]
    step_down = story.chart.step_downs[STEP_DOWN]
    assert (step_down.to_level, step_down.weekly_minutes, step_down.effective_on) == ("1.5", 360, day("2026-03-12"))
    assert step_down.marks[0].by == COUNSELOR.id
    assert [mark.version for mark in step_down.upto(day("2026-03-06"))] == [9, 10, 11]


def test_the_treating_clinician_recommends() -> None:
    story = given(*ACTIVE, level_assessed(), said(recommended(), by=THERAPIST), answered(), cosigned())
    story.when(decided()).refused("step-down.not-by-treating-clinician")


@pytest.mark.parametrize(("on", "recent"), [("2026-03-02", True), ("2026-03-01", False), ("2026-03-09", True)])
def test_a_decision_rests_on_an_assessment_of_the_last_seven_days(on: str, recent: bool) -> None:
    """Decided on 2026-03-09."""
    story = given(*without(level_assessed()), level_assessed(on))
    if recent:
        story.when(decided()).recorded()
    else:
        story.when(decided()).refused("step-down.no-recent-assessment")


def test_an_assessment_after_the_decision_is_none() -> None:
    story = given(*without(level_assessed()), level_assessed("2026-03-10"))
    story.when(decided()).refused("step-down.no-recent-assessment")


def test_a_decision_needs_a_cosignature_by_its_date() -> None:
    given(*without(cosigned())).when(decided()).refused("step-down.not-cosigned")
    story = given(*without(cosigned()), cosigned("2026-03-10"))
    story.when(decided("2026-03-09")).refused("step-down.not-cosigned")
    story.when(decided("2026-03-10")).recorded()


def test_a_decision_needs_the_patients_answer_by_its_date() -> None:
    given(*without(answered())).when(decided()).refused("step-down.not-answered")
    story = given(*without(answered()), answered("2026-03-10"))
    story.when(decided("2026-03-09")).refused("step-down.not-answered")


def test_a_decision_may_go_against_the_patients_wish_but_takes_no_effect() -> None:
    story = given(*without(answered()), answered(answer=Answer.DECLINED), decided())
    story.when(took_effect()).refused("step-down.not-agreed")
    story.when(answered("2026-03-10")).recorded()
    story.when(took_effect()).recorded()


def test_a_step_down_is_decided_once() -> None:
    given(*DECIDED).when(decided("2026-03-10")).refused("step-down.already-decided")


def test_the_medical_director_cosigns() -> None:
    given(*without(cosigned())).when(cosigned(), by=MEDICAL_DIRECTOR).recorded()


def test_who_recommended_does_not_cosign() -> None:
    recommendation = said(recommended(), by=MEDICAL_DIRECTOR)
    given(*ACTIVE, recommendation).when(cosigned(), by=MEDICAL_DIRECTOR).refused("step-down.cosigned-by-recommender")


# ---- in effect


def test_the_system_records_on_the_date_agreed_that_it_took_effect() -> None:
    given(*DECIDED).when(took_effect(), by=SYSTEM).recorded()


def test_a_step_down_takes_no_effect_before_it_was_decided() -> None:
    given(*without(None)).when(took_effect()).refused("step-down.not-decided")
    given(*DECIDED).when(took_effect("2026-03-08")).refused("step-down.not-decided")
    given(*DECIDED).when(took_effect("2026-03-09")).recorded()


def test_a_step_down_takes_no_effect_without_agreement() -> None:
    given(*DECIDED, answered("2026-03-10", Answer.DECLINED)).when(took_effect()).refused("step-down.not-agreed")


def test_the_latest_answer_by_date_counts_not_the_last_recorded() -> None:
    declined_before = said(answered("2026-03-05", Answer.DECLINED), reason="The first talk, entered later.")
    given(*DECIDED, declined_before).when(took_effect()).recorded()


def test_a_step_down_takes_no_effect_on_hold() -> None:
    story = given(*DECIDED, hold_started("2026-03-10"))
    story.when(took_effect()).refused("step-down.on-hold")
    story.tell(hold_ended("2026-03-12"))
    story.when(took_effect("2026-03-12")).refused("step-down.on-hold")
    story.when(took_effect("2026-03-13")).recorded()


@pytest.mark.parametrize("step", [answered, cosigned, decided, withdrawn])
def test_what_took_effect_is_over(step: Any) -> None:
    given(*DECIDED, took_effect()).when(step("2026-03-12")).refused("step-down.in-effect")


@pytest.mark.parametrize("step", [answered, cosigned, decided, took_effect])
def test_what_was_withdrawn_is_over(step: Any) -> None:
    given(*DECIDED, withdrawn()).when(step("2026-03-12")).refused("step-down.withdrawn")


def test_a_new_step_down_may_follow() -> None:
    story = given(*DECIDED, withdrawn())
    story.when(recommended("2026-03-11", step_down_id=SECOND_STEP_DOWN)).recorded()


# ---- self-reduction


def test_what_the_patient_reduces_alone_is_noted_and_changes_no_state() -> None:
    episode = given(*ACTIVE, self_reduction()).episode
    (reduction,) = episode.self_reductions
    assert (reduction.minutes, reduction.on, reduction.version) == (180, day("2026-03-10"), 8)
    assert episode.state_on(day("2026-03-10")).value == "active"


# ---- strikes


@pytest.mark.parametrize(
    ("struck", "named"),
    [(8, 12), (9, 10), (10, 12), (11, 12), (12, 13)],
    ids=["assessment", "recommendation", "answer", "co-signature", "decision"],
)
def test_no_step_is_struck_from_under_what_rests_on_it(struck: int, named: int) -> None:
    """Version 12 is the decision, 13 the effect."""
    story = given(*DECIDED, took_effect())
    story.when(strike(struck)).refused("correction.breaks-history", naming=f"{CHART}@{named}")


def test_the_last_step_may_be_struck() -> None:
    story = given(*DECIDED, took_effect(), strike(13))
    assert story.episode.state_on(day("2026-03-12")).value == "active"
    story.tell(strike(12), strike(11), strike(10), strike(9))
    assert story.chart.step_downs == {}


def test_another_answer_may_be_struck_as_long_as_one_stands() -> None:
    way = (level_assessed(), recommended(), answered("2026-03-05"), answered(), cosigned(), decided())
    given(*ACTIVE, *way).when(strike(10)).recorded()
    given(*DECIDED, answered("2026-03-10")).when(strike(13)).recorded()


def test_an_answer_told_anew_after_the_decision_stands_for_the_one_that_is_struck() -> None:
    told_anew = said(answered("2026-03-08"), at="2026-03-10 12:00", reason="Entered from the paper sheet.")
    given(*DECIDED, told_anew).when(strike(10)).recorded()
    too_late = said(answered("2026-03-10"), at="2026-03-10 12:00")
    given(*DECIDED, too_late).when(strike(10)).refused("correction.breaks-history", naming=f"{CHART}@12")


def test_a_struck_withdrawal_lets_the_step_down_go_on() -> None:
    given(*DECIDED, withdrawn(), strike(13)).when(took_effect()).recorded()


def test_a_level_of_care_is_rated_in_all_six_dimensions() -> None:
    given(*ACTIVE).when(level_assessed(ratings=(1, 2, 3))).refused("assessment.ratings")


def test_a_screening_is_no_step_down() -> None:
    story = given(*DECIDED, care.ordered(UUID(int=STEP_DOWN.int)))
    assert isinstance(story.facts[-1], ScreeningOrdered)
    assert stages(story)[-1] is Stage.DECIDED


# ---- what nobody can have meant


def test_a_week_has_ten_thousand_and_eighty_minutes() -> None:
    given(*ACTIVE).when(recommended(minutes=10_081)).refused("step-down.minutes-beyond-a-week")
    given(*ACTIVE).when(recommended(minutes=10_080)).recorded()


def test_what_the_patient_still_comes_for_is_part_of_a_week() -> None:
    given(*ACTIVE).when(self_reduction(minutes=-1)).refused("step-down.negative-minutes")
    given(*ACTIVE).when(self_reduction(minutes=10_081)).refused("step-down.minutes-beyond-a-week")
    given(*ACTIVE).when(self_reduction(minutes=0)).recorded()


def test_a_step_down_leads_to_a_level_that_there_is() -> None:
    given(*ACTIVE).when(replace(recommended(), to_level="outpatient")).refused("assessment.level")


def test_a_step_down_leads_to_no_higher_level() -> None:
    given(*ACTIVE).when(replace(recommended(), to_level="3.5")).refused("step-down.to-higher-level")
    given(*ACTIVE).when(replace(recommended(), to_level="2.1")).recorded()


def test_the_system_records_no_other_date_than_the_one_agreed() -> None:
    given(*DECIDED).when(took_effect("2026-03-13"), by=SYSTEM).refused("step-down.not-on-its-date")
    given(*DECIDED).when(took_effect("2026-03-13")).recorded()
