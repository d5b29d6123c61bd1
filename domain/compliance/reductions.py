"""STP-1: does every reduction rest on a step-down that was decided?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.episode import Episode
from domain.chart.step_down import Stage, StepDown, latest
from domain.compliance.episode_row import episode_row
from domain.compliance.period import Period
from domain.compliance.rule_set import DecidedReductions
from domain.compliance.verdict import Row, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reduction:
    """`rests_on` are the step-downs that may have decided it; `versions` the facts that say it is one."""

    on: date
    rests_on: tuple[StepDown, ...]
    versions: tuple[int, ...]
    what: str


def stp_1(chart: Chart, zone: ZoneInfo, as_of: date, terms: DecidedReductions) -> Iterator[Row]:
    """STP-1, patient and date: reductions of the planned weekly minutes, and how many of them were decided by then.

    A step-down that took effect, a plan with fewer minutes than the one before, and whatever the patient reduced alone,
    which is never decided. Source: Landmark (step-down by the treating clinician).
    """
    by_date: dict[date, list[tuple[Episode, _Reduction]]] = {}
    for episode in chart.episodes.values():
        for reduction in _reductions(chart, episode):
            if reduction.on <= as_of and episode.judged_on(reduction.on, zone):
                by_date.setdefault(reduction.on, []).append((episode, reduction))
    for on, found in sorted(by_date.items()):
        undecided = [reduction for _, reduction in found if not any(_is_decided(s, on) for s in reduction.rests_on)]
        decided = len(found) - len(undecided)
        yield episode_row(
            chart,
            terms.rule,
            Period(on, on),
            Verdict.NOT_MET if undecided else Verdict.MET,
            decided,
            len(found),
            versions=[version for episode, reduction in found for version in _evidence(episode, reduction)],
            missing=[f"decided step-down for the {reduction.what} of {on}" for reduction in undecided],
        )


def _reductions(chart: Chart, episode: Episode) -> Iterator[_Reduction]:
    mine = tuple(s for s in chart.step_downs.values() if s.episode_id == episode.episode_id)
    for step_down in mine:
        for mark in step_down.marks:
            if mark.stage is Stage.IN_EFFECT:
                yield _Reduction(on=mark.on, rests_on=(step_down,), versions=(mark.version,), what="step-down")
    plans = sorted(episode.plans, key=lambda plan: (plan.on, plan.version))
    for n, (before, plan) in enumerate(itertools.pairwise(plans), start=2):
        if plan.minutes < before.minutes:
            fitting = tuple(s for s in mine if s.weekly_minutes <= plan.minutes)
            versions = tuple(one.version for one in plans[:n])
            yield _Reduction(on=plan.on, rests_on=fitting, versions=versions, what="plan")
    for noted in episode.self_reductions:
        yield _Reduction(on=noted.on, rests_on=(), versions=(noted.version,), what="self-reduction")


def _is_decided(step_down: StepDown, on: date) -> bool:
    """Recommended, agreed to by the latest answer, co-signed and decided by a date, and not withdrawn by then."""
    if latest(step_down, on, Stage.WITHDRAWN) is not None:
        return False
    answer = latest(step_down, on, Stage.AGREED, Stage.DECLINED)
    if answer is None or answer.stage is not Stage.AGREED:
        return False
    return all(latest(step_down, on, stage) for stage in (Stage.RECOMMENDED, Stage.COSIGNED, Stage.DECIDED))


def _evidence(episode: Episode, reduction: _Reduction) -> Iterable[int]:
    marks = (mark for step_down in reduction.rests_on for mark in step_down.upto(reduction.on))
    return [episode.version, *reduction.versions, *(mark.version for mark in marks)]
