"""The step-downs of a site by stage, and who is waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from domain.acts import ACTS
from domain.at_risk.due import Step
from domain.at_risk.due_papers import awaited
from domain.at_risk.scene import in_treatment, named
from domain.chart import Chart
from domain.chart.step_down import Mark, Stage, StepDown

PATIENT: Final = "patient"

_RECORDED_BY: Final[Mapping[Step, str]] = {
    Step.COSIGNATURE: "StepDownCosigned",
    Step.ANSWER: "StepDownAnswered",
    Step.DECISION: "StepDownDecided",
    Step.EFFECT: "StepDownTookEffect",
}
"""What is waited for → the fact that says that it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedStepDowns:
    """Those at this stage, without one those on their way: neither in effect nor withdrawn, of an episode in treatment.
    `first`, `last`: recommended on these dates, both included."""

    stage: Stage | None = None
    first: date | None = None
    last: date | None = None

    def holds(self, on: date) -> bool:
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


def listed(charts: Iterable[Chart], wanted: WantedStepDowns, as_of: date) -> list[dict[str, Any]]:
    """JSON-ready, by the date from when on they are to be in effect, and patient. What is dated after `as_of` does not
    count."""
    rows = [row for chart in charts for row in _of_chart(chart, wanted, as_of)]
    return sorted(rows, key=lambda row: (row["effective_on"], row["patient_id"], row["event"]))


def _of_chart(chart: Chart, wanted: WantedStepDowns, as_of: date) -> Iterator[dict[str, Any]]:
    open_now = {episode.episode_id for episode in in_treatment(chart, as_of)} if chart.step_downs else frozenset()
    for step_down in chart.step_downs.values():
        marks = step_down.upto(as_of)
        if not marks or marks[0].stage is not Stage.RECOMMENDED or not wanted.holds(marks[0].on):
            continue
        in_care = step_down.episode_id in open_now
        stage = marks[-1].stage
        on_its_way = in_care and not {Stage.IN_EFFECT, Stage.WITHDRAWN} & {mark.stage for mark in marks}
        if stage is wanted.stage or (wanted.stage is None and on_its_way):
            yield _row(chart, step_down, marks, as_of, in_care=in_care)


def _row(chart: Chart, step_down: StepDown, marks: tuple[Mark, ...], as_of: date, *, in_care: bool) -> dict[str, Any]:
    recommended = marks[0]
    return {
        "patient_id": str(chart.patient_id),
        "episode_id": str(step_down.episode_id),
        "step_down_id": str(step_down.step_down_id),
        "event": named(chart, recommended.version),
        "to_level": step_down.to_level,
        "weekly_minutes": step_down.weekly_minutes,
        "effective_on": step_down.effective_on.isoformat(),
        "stage": marks[-1].stage.value,
        "steps": [
            {"stage": mark.stage.value, "on": mark.on.isoformat(), "by": mark.by, "event": named(chart, mark.version)}
            for mark in marks
        ],
        "waits_for": list(_waits(chart, step_down, recommended, as_of)) if in_care else [],
    }


def _waits(chart: Chart, step_down: StepDown, recommended: Mark, as_of: date) -> Iterator[dict[str, Any]]:
    """Each step that somebody can take now, and who: the patient, or any of these roles but one person."""
    for one in awaited(chart, step_down, as_of):
        cosigns = one.step is Step.COSIGNATURE
        yield {
            "step": one.step.value,
            "whom": PATIENT if one.step is Step.ANSWER else "staff",
            "roles": sorted(ACTS[_RECORDED_BY[one.step]].roles),
            "but_not": recommended.by if cosigns else None,
            "since": one.since,
            "due_on": one.due_on.isoformat(),
            "days_left": one.days_left,
        }
