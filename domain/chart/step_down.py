"""Step-down: recommended by the treating clinician, co-signed by somebody else, answered by the patient, decided, in
effect. Whatever the patient reduces alone is a self-reduction, against advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Answer(StrEnum):
    AGREED = "agreed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownRecommended:
    """`to_level` is where the patient is going; `weekly_minutes` what remains on the way there, from `effective_on`."""

    episode_id: UUID
    step_down_id: UUID
    to_level: str
    weekly_minutes: int
    effective_on: date
    criteria: tuple[str, ...]
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownAnswered:
    """The patient's answer."""

    episode_id: UUID
    step_down_id: UUID
    answer: Answer
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownCosigned:
    episode_id: UUID
    step_down_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownDecided:
    episode_id: UUID
    step_down_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownTookEffect:
    episode_id: UUID
    step_down_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownWithdrawn:
    episode_id: UUID
    step_down_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfReductionNoted:
    """`weekly_minutes` is what the patient still comes for."""

    episode_id: UUID
    weekly_minutes: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """Care goes on with somebody else; it ends nothing by itself."""

    episode_id: UUID
    to_level: str
    provider: str
    on: date
