"""What is due of a step-down on its way, and of a discharge: signatures, answers, decisions, papers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from domain.at_risk.due import DAYS_AHEAD, Due, Step, due
from domain.at_risk.scene import Scene, has_left, named
from domain.chart import Chart
from domain.chart.episode import Discharge, Episode
from domain.chart.step_down import Stage, StepDown, latest
from domain.compliance.entry_and_exit import owes_aftercare_plan, summary_due
from domain.compliance.rule_set import DischargePapers


def of_step_downs(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    """Of an episode in treatment. Everything is due by the date on which the step-down is to take effect."""
    for step_down in chart.step_downs.values():
        if step_down.episode_id == episode.episode_id:
            yield from awaited(chart, step_down, scene.as_of)


def awaited(chart: Chart, step_down: StepDown, as_of: date) -> Iterator[Due]:
    """What a step-down on its way waits for at the end of a date."""
    by = step_down.effective_on
    recommended = latest(step_down, as_of, Stage.RECOMMENDED)
    if recommended is None or latest(step_down, as_of, Stage.WITHDRAWN, Stage.IN_EFFECT) is not None:
        return
    answered = latest(step_down, as_of, Stage.AGREED, Stage.DECLINED)
    cosigned, decided = latest(step_down, as_of, Stage.COSIGNED), latest(step_down, as_of, Stage.DECIDED)
    if answered is not None and answered.stage is Stage.DECLINED:
        # Nothing takes effect without the patient.
        return
    if decided is not None:
        if answered is not None and by <= as_of + timedelta(days=DAYS_AHEAD):
            yield due(Step.EFFECT, None, by, named(chart, decided.version), as_of)
        return
    if cosigned is None:
        yield due(Step.COSIGNATURE, None, by, named(chart, recommended.version), as_of)
    if answered is None:
        yield due(Step.ANSWER, None, by, named(chart, recommended.version), as_of)
    if cosigned is not None and answered is not None:
        since = max(cosigned.version, answered.version)
        yield due(Step.DECISION, None, by, named(chart, since), as_of)


def of_discharge(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    """DIS-1: the summary, and the aftercare plan of who completed."""
    terms, discharge = scene.rule_set.terms(DischargePapers), episode.discharge
    if terms is None or discharge is None or discharge.on > scene.as_of or has_left(episode, scene.as_of):
        return
    by = summary_due(discharge, terms)
    if by > scene.horizon:
        return
    since = named(chart, discharge.version)
    if not any(summary.on <= scene.as_of for summary in episode.summaries):
        yield due(Step.SUMMARY, terms.rule, by, since, scene.as_of)
    if _lacks_aftercare(episode, discharge, scene):
        yield due(Step.AFTERCARE_PLAN, terms.rule, by, since, scene.as_of)


def _lacks_aftercare(episode: Episode, discharge: Discharge, scene: Scene) -> bool:
    return owes_aftercare_plan(discharge) and not any(started.on <= scene.as_of for started in episode.aftercare)
