"""Step-down: recommended by the treating clinician, co-signed by somebody else, answered by the patient, decided, in
effect. Whatever the patient reduces alone is a self-reduction, against advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.record import Entry


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


# ---- state


class Stage(StrEnum):
    """A step-down is at the last of its steps that was recorded."""

    RECOMMENDED = "recommended"
    AGREED = "agreed"
    DECLINED = "declined"
    COSIGNED = "cosigned"
    DECIDED = "decided"
    IN_EFFECT = "in_effect"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One step on the way: which, dated when, recorded by whom (`staff/<id>` or `system`), in which fact."""

    stage: Stage
    on: date
    by: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDown:
    """`marks` are its steps in the order of recording; the first is the recommendation."""

    step_down_id: UUID
    episode_id: UUID
    to_level: str
    weekly_minutes: int
    effective_on: date
    marks: tuple[Mark, ...]

    def upto(self, as_of: date) -> tuple[Mark, ...]:
        """The steps dated by the end of `as_of`."""
        return tuple(mark for mark in self.marks if mark.on <= as_of)

    def last(self, *stages: Stage) -> Mark | None:
        """The latest recorded step among these stages."""
        return next((mark for mark in reversed(self.marks) if mark.stage in stages), None)


StepDowns = Mapping[UUID, StepDown]


def evolve(step_downs: StepDowns, entry: Entry) -> StepDowns:
    """One standing fact further. A step of a recommendation that was struck is passed by."""
    match entry.fact:
        case StepDownRecommended() as fact:
            recommended = StepDown(
                step_down_id=fact.step_down_id,
                episode_id=fact.episode_id,
                to_level=fact.to_level,
                weekly_minutes=fact.weekly_minutes,
                effective_on=fact.effective_on,
                marks=(_mark(Stage.RECOMMENDED, fact.on, entry),),
            )
            return {**step_downs, fact.step_down_id: recommended}
        case StepDownAnswered(step_down_id=key, answer=answer, on=on):
            return _marked(step_downs, key, _mark(Stage(answer.value), on, entry))
        case StepDownCosigned(step_down_id=key, on=on):
            return _marked(step_downs, key, _mark(Stage.COSIGNED, on, entry))
        case StepDownDecided(step_down_id=key, on=on):
            return _marked(step_downs, key, _mark(Stage.DECIDED, on, entry))
        case StepDownTookEffect(step_down_id=key, on=on):
            return _marked(step_downs, key, _mark(Stage.IN_EFFECT, on, entry))
        case StepDownWithdrawn(step_down_id=key, on=on):
            return _marked(step_downs, key, _mark(Stage.WITHDRAWN, on, entry))
        case _:
            return step_downs


def _mark(stage: Stage, on: date, entry: Entry) -> Mark:
    return Mark(stage=stage, on=on, by=entry.envelope.by.id, version=entry.version)


def _marked(step_downs: StepDowns, key: UUID, mark: Mark) -> StepDowns:
    known = step_downs.get(key)
    return step_downs if known is None else {**step_downs, key: replace(known, marks=(*known.marks, mark))}
