"""Step-up: more treatment again, at the level that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from domain.asam import is_lower, judge_level
from domain.refused import Refused

if TYPE_CHECKING:
    from domain.chart.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUpDecided:
    """Whoever tapers is active again from `on`, a date of active treatment; `to_level` is an ASAM code."""

    episode_id: UUID
    to_level: str
    on: date


def judge(episode: Episode, fact: StepUpDecided) -> None:
    judge_level(fact.to_level)
    if is_lower(fact.to_level, episode.level_of_care(fact.on)):
        raise Refused(
            "step-up.lower-level", "A step-up leads to no lower level of care: recommend a step-down instead."
        )
