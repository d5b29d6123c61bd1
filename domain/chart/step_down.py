"""Step-down: recommended by the treating clinician, co-signed by somebody else, answered by the patient, decided, in
effect. Whatever the patient reduces alone is a self-reduction, against advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.asam import is_lower, judge_level
from domain.record import Entry
from domain.refused import Refused
from domain.week import WEEK_MINUTES
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode

SYSTEM: Final = "system"

ASSESSMENT_DAYS: Final = 7
"""A step-down is decided on a level-of-care assessment of the last seven days."""

IN_TREATMENT: Final = frozenset({"active", "tapering", "on_hold"})


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


OF_A_STEP_DOWN: Final = (
    StepDownRecommended,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownTookEffect,
    StepDownWithdrawn,
)
"""Facts about one step-down, which they name; the others stand by themselves."""


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


# ---- rules


def judge(chart: Chart, episode: Episode, entry: Entry) -> None:
    """The path of a step-down; each step rests on those before it."""
    fact: Any = entry.fact
    if episode.state_during(fact.on).value not in IN_TREATMENT:
        raise Refused("step-down.not-in-treatment", "The patient is not in treatment on that date.")
    if isinstance(fact, SelfReductionNoted | StepDownRecommended):
        _judge_minutes(fact.weekly_minutes)
    if isinstance(fact, Transferred) and is_blank(fact.provider):
        raise Refused("transfer.provider-missing", "Name the provider who takes the patient over.")
    if isinstance(fact, SelfReductionNoted | Transferred):
        return
    known = chart.step_downs.get(fact.step_down_id)
    if isinstance(fact, StepDownRecommended):
        judge_level(fact.to_level)
        level = episode.level_of_care(fact.on)
        if level is not None and is_lower(level, fact.to_level):
            raise Refused("step-down.to-higher-level", "That level is a higher one: decide a step-up, or transfer.")
        return
    if known is None or known.episode_id != fact.episode_id:
        raise Refused("step-down.unknown", "There is no such step-down in this episode: recommend it first.")
    if isinstance(fact, StepDownTookEffect) and episode.state_during(fact.on).value == "on_hold":
        raise Refused("step-down.on-hold", "The patient is on hold: end the hold first.")
    _judge_mark(episode, known, evolve(chart.step_downs, entry)[known.step_down_id].marks[-1])
    if isinstance(fact, StepDownTookEffect) and entry.envelope.by.role == SYSTEM and fact.on != known.effective_on:
        raise Refused("step-down.not-on-its-date", "The system records it on the date agreed; a person on another.")


def _judge_minutes(weekly_minutes: int) -> None:
    if weekly_minutes < 0:
        raise Refused("step-down.negative-minutes", "Weekly minutes can't be negative.")
    if weekly_minutes > WEEK_MINUTES:
        raise Refused("step-down.minutes-beyond-a-week", "A week has 10,080 minutes: say what remains of them.")


def unfounded(episode: Episode, step_down: StepDown) -> Iterator[int]:
    """The versions of steps that lack what they rest on, by date: an answer that was told anew after the decision
    stands for the one that is struck."""
    for n, mark in enumerate(step_down.marks[1:], start=1):
        others = (*step_down.marks[:n], *step_down.marks[n + 1 :])
        try:
            _judge_ground(episode, replace(step_down, marks=others), mark)
        except Refused:
            yield mark.version


def _judge_mark(episode: Episode, known: StepDown, mark: Mark) -> None:
    """Refuses a new step that the ones in `known`, those recorded before, don't allow."""
    if known.last(Stage.WITHDRAWN) is not None:
        raise Refused("step-down.withdrawn", "This step-down was withdrawn: recommend a new one.")
    if known.last(Stage.IN_EFFECT) is not None:
        raise Refused("step-down.in-effect", "This step-down has taken effect: nothing more can be recorded on it.")
    if mark.stage is Stage.DECIDED and known.last(Stage.DECIDED) is not None:
        raise Refused("step-down.already-decided", "This step-down was decided.")
    _judge_ground(episode, known, mark)


def _judge_ground(episode: Episode, known: StepDown, mark: Mark) -> None:
    """Refuses a step that rests on nothing in `known`."""
    recommended = known.marks[0]
    if mark.on < recommended.on:
        raise Refused("step-down.before-recommendation", "Nothing on a step-down comes before its recommendation.")
    match mark.stage:
        case Stage.COSIGNED:
            if mark.by == recommended.by:
                raise Refused("step-down.cosigned-by-recommender", "Somebody else than who recommended must co-sign.")
        case Stage.DECIDED:
            _judge_decision(episode, known, mark.on)
        case Stage.IN_EFFECT:
            _judge_effect(known, mark.on)
        case _:
            return


def _judge_decision(episode: Episode, step_down: StepDown, on: date) -> None:
    treating = episode.enrollment.primary_clinician_id if episode.enrollment else None
    if step_down.marks[0].by != f"staff/{treating}":
        raise Refused(
            "step-down.not-by-treating-clinician",
            "The treating clinician, whom the enrollment names as the primary one, has to recommend a step-down.",
        )
    since = on - timedelta(days=ASSESSMENT_DAYS)
    if not any(since <= assessment.on <= on for assessment in episode.assessments):
        raise Refused("step-down.no-recent-assessment", "Assess the level of care first: none in the last 7 days.")
    if latest(step_down, on, Stage.COSIGNED) is None:
        raise Refused("step-down.not-cosigned", "A second person has to co-sign first.")
    if latest(step_down, on, Stage.AGREED, Stage.DECLINED) is None:
        raise Refused("step-down.not-answered", "Ask the patient first: there is no answer on record by that date.")


def _judge_effect(step_down: StepDown, on: date) -> None:
    answer = latest(step_down, on, Stage.AGREED, Stage.DECLINED)
    if answer is None or answer.stage is not Stage.AGREED:
        raise Refused("step-down.not-agreed", "The patient has not agreed by that date: without that it is none.")
    if latest(step_down, on, Stage.DECIDED) is None:
        raise Refused("step-down.not-decided", "It can't take effect before it was decided.")


def latest(step_down: StepDown, on: date, *stages: Stage) -> Mark | None:
    """The latest dated of these steps by the end of a date; the later recorded of two on one date."""
    known = [mark for mark in step_down.upto(on) if mark.stage in stages]
    return max(known, key=lambda mark: (mark.on, mark.version), default=None)
