"""The treatment plan: signed, then reviewed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.plan import Goal
from tests.domain.care import GOAL, accountability, level_assessed, plan_reviewed, plan_signed, trigger
from tests.domain.cast import ACTIVE, ASSESSED, CHART, ENROLLED, INQUIRED, carried_over, registered
from tests.domain.given import given, said, strike


def test_only_a_plan_that_was_signed_is_reviewed() -> None:
    given(*ACTIVE).when(plan_reviewed("2026-03-06")).refused("plan.not-signed")
    story = given(*ACTIVE, plan_signed("2026-03-04"))
    story.when(plan_reviewed("2026-03-03"), reason="Found later.").refused("plan.not-signed")
    for on in ("2026-03-04", "2026-03-06"):
        story.when(plan_reviewed(on), reason="Found later.").recorded()
    given(*ACTIVE, plan_signed("2026-03-04"), strike(8)).when(plan_reviewed()).refused("plan.not-signed")


TWICE = (Goal(goal_id=GOAL, text="steady work"), Goal(goal_id=GOAL, text="sleep"))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"goals": ()}, "plan.no-goal"),
        ({"goals": TWICE}, "plan.goal-twice"),
        ({"goals": (Goal(goal_id=GOAL, text=" "),)}, "plan.blank"),
        ({"diagnoses": (" ",)}, "plan.blank"),
        ({"diagnoses": ()}, "plan.no-diagnosis"),
        ({"planned_weekly_minutes": -1}, "plan.minutes"),
        ({"planned_weekly_minutes": 10_081}, "plan.minutes"),
    ],
)
def test_a_plan_has_goals_a_diagnosis_and_hours_of_a_week(changed: dict[str, Any], rule: str) -> None:
    given(*ACTIVE).when(replace(plan_signed(), **changed)).refused(rule)


@pytest.mark.parametrize("minutes", [0, 10_080])
def test_a_plan_may_fill_the_week(minutes: int) -> None:
    given(*ACTIVE).when(plan_signed(minutes=minutes)).recorded()


@pytest.mark.parametrize("note", [trigger(), accountability()], ids=lambda fact: type(fact).__name__)
def test_a_note_says_something(note: Any) -> None:
    given(*ACTIVE).when(replace(note, text=" ")).refused("plan.note-blank")


def test_a_level_of_care_is_one_of_an_edition() -> None:
    given(*ACTIVE).when(replace(level_assessed(), edition="5")).refused("assessment.edition")
    for field in ("indicated_level", "actual_level"):
        given(*ACTIVE).when(replace(level_assessed(), **{field: "II.1"})).refused("assessment.level")
    given(*ACTIVE).when(replace(level_assessed(), discrepancy=None)).recorded()


def test_a_plan_is_not_struck_from_under_its_review() -> None:
    story = given(*ACTIVE, plan_signed("2026-03-04"), plan_reviewed("2026-03-06"))
    plan = story.chart.version - 1
    story.when(strike(plan)).refused("correction.breaks-history", naming=f"{CHART}@{plan + 1}")
    story.tell(strike(plan + 1)).when(strike(plan)).recorded()


@pytest.mark.parametrize("so_far", [INQUIRED, ASSESSED, ENROLLED], ids=len)
def test_a_plan_is_not_signed_before_the_enrollment(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(plan_signed("2026-02-26")).refused("plan.not-enrolled")


def test_a_plan_may_be_signed_on_the_day_of_enrollment_which_it_then_rests_on() -> None:
    story = given(*ENROLLED, plan_signed("2026-02-27"))
    story.when(strike(5)).refused("correction.breaks-history", naming=f"{CHART}@6")


def test_the_plan_of_a_patient_carried_over_may_be_older() -> None:
    story = given(registered, said(carried_over(), at="2026-03-03 09:00"))
    story.when(plan_signed("2026-02-13"), reason="Signed on paper.").recorded()
