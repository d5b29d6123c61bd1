"""The treatment plan and what the patient and the staff make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from domain.refused import Refused
from domain.week import WEEK_MINUTES
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    goal_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentPlanSigned:
    """`on` is the clinician's signature. `planned_weekly_minutes` is what the patient agreed to attend."""

    episode_id: UUID
    on: date
    goals: tuple[Goal, ...]
    diagnoses: tuple[str, ...]
    planned_weekly_minutes: int
    patient_signed_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentPlanReviewed:
    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalAchieved:
    episode_id: UUID
    goal_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerIdentified:
    episode_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelapsePreventionPlanSigned:
    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountabilityMeasureAgreed:
    episode_id: UUID
    text: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RelapseReported:
    """By the patient or somebody close; `on` is the day of the relapse."""

    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfHelpReported:
    """Meetings outside the program, a sponsor; `frequency` in the patient's words, such as `twice a week`."""

    episode_id: UUID
    on: date
    frequency: str


def judge_review(episode: Episode, fact: TreatmentPlanReviewed) -> None:
    if not _signed_by(episode, fact.on):
        raise Refused("plan.not-signed", "There is no treatment plan signed by that date: sign one first.")


def _signed_by(episode: Episode, on: date) -> bool:
    return any(plan.on <= on for plan in episode.plans)


def unfounded(episode: Episode) -> Iterator[int]:
    """The versions of plans without an enrollment before them, and of reviews without a plan that they can be of."""
    yield from (signed.version for signed in episode.plans if not _enrolled_by(episode, signed.on))
    yield from (review.version for review in episode.plan_reviews if not _signed_by(episode, review.on))


def _enrolled_by(episode: Episode, on: date) -> bool:
    """Of an episode that was carried over nobody asks: it was enrolled in another system."""
    return episode.carried_over or (episode.enrollment is not None and episode.enrollment.on <= on)


def judge(episode: Episode, fact: TreatmentPlanSigned) -> None:
    """A plan is of a patient who is enrolled. Whatever else is in it, it has a goal, a diagnosis, and hours that a week
    has."""
    if not _enrolled_by(episode, fact.on):
        raise Refused("plan.not-enrolled", "The patient is not enrolled by that date: a treatment plan follows it.")
    if not fact.goals:
        raise Refused("plan.no-goal", "A treatment plan has a goal at least: name what the patient works on.")
    if len({goal.goal_id for goal in fact.goals}) < len(fact.goals):
        raise Refused("plan.goal-twice", "Give each goal of the plan an id of its own.")
    if any(is_blank(text) for text in (*(goal.text for goal in fact.goals), *fact.diagnoses)):
        raise Refused("plan.blank", "Say what the goal or the diagnosis is: it can't be left empty.")
    if not fact.diagnoses:
        raise Refused("plan.no-diagnosis", "A treatment plan names a diagnosis at least.")
    if not 0 <= fact.planned_weekly_minutes <= WEEK_MINUTES:
        raise Refused("plan.minutes", "Plan minutes of a week: from 0 to 10,080.")


def judge_note(fact: TriggerIdentified | AccountabilityMeasureAgreed) -> None:
    if is_blank(fact.text):
        raise Refused("plan.note-blank", "Say what it is: the text can't be left empty.")
