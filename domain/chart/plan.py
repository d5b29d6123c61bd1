"""The treatment plan and what the patient and the staff make of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


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
