"""Which level of care the patient needs, by the six dimensions of the ASAM criteria."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.asam import judge_edition, judge_level, judge_ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOfCareAssessed:
    """`ratings`: six numbers 0 to 4, one a dimension. `discrepancy` says why actual and indicated level differ."""

    episode_id: UUID
    on: date
    edition: str
    ratings: tuple[int, ...]
    indicated_level: str
    actual_level: str
    discrepancy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """An assessment on record, as a step-down looks for it."""

    episode_id: UUID
    on: date
    version: int


def judge(fact: LevelOfCareAssessed) -> None:
    """Without a `discrepancy` two levels that differ are taken too: a reason that is missing is no slip."""
    judge_edition(fact.edition)
    judge_ratings(fact.ratings)
    judge_level(fact.indicated_level)
    judge_level(fact.actual_level)
