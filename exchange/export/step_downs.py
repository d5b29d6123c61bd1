"""Step-downs as a table: a line a recommendation, with the steps taken by a date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Final

from domain.chart.step_down import Mark, Stage, StepDown
from domain.facility import Facility
from exchange.export import of_charts
from exchange.export.charts import Told
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table
from store.store import Store

LAYOUT: Final = Layout(
    kind="step-downs",
    title="Step-downs",
    says="One row a recommended step-down, with the steps that followed. Rows are chosen by the date of the "
    "recommendation, and stand in the order of patient and recommendation. What a patient reduces alone is none. "
    "People by id, no names.",
    columns=(
        Column(name="patient_id", type=Type.UUID, meaning="The patient: `chart/<patient_id>` is the chart's stream."),
        Column(name="episode_id", type=Type.UUID, meaning="The episode of care that it belongs to."),
        Column(name="step_down_id", type=Type.UUID, meaning="The step-down."),
        Column(name="to_level", type=Type.TEXT, meaning="The level of care that the patient is going to, by ASAM."),
        Column(name="weekly_minutes", type=Type.MINUTES, meaning="What remains on the way there, a week."),
        Column(name="recommended_on", type=Type.DATE, meaning="Date of the recommendation."),
        Column(name="recommended_by", type=Type.TEXT, meaning="Who recommended it: `staff/<staff_id>`."),
        Column(name="effective_on", type=Type.DATE, meaning="From when on, as recommended."),
        Column(
            name="stage",
            type=Type.TEXT,
            meaning="The last step recorded: `recommended`, `agreed`, `declined`, `cosigned`, `decided`, `in_effect`, "
            "`withdrawn`.",
        ),
        Column(name="answer", type=Type.TEXT, meaning="The patient's latest: `agreed` or `declined`."),
        Column(name="answered_on", type=Type.DATE, meaning="Date of that answer."),
        Column(name="cosigned_on", type=Type.DATE, meaning="Date of the co-signature."),
        Column(name="cosigned_by", type=Type.TEXT, meaning="Who co-signed: `staff/<staff_id>`."),
        Column(name="decided_on", type=Type.DATE, meaning="Date of the decision."),
        Column(name="took_effect_on", type=Type.DATE, meaning="When it took effect."),
        Column(name="withdrawn_on", type=Type.DATE, meaning="When it was withdrawn."),
    ),
)


def opened(store: Store, asked: Asked) -> AbstractContextManager[Table]:
    """As `of_charts.opened`."""
    return of_charts.opened(store, asked, LAYOUT, lines)


def lines(told: Told, facility: Facility, asked: Asked, as_of: date) -> Iterator[Values]:
    for step_down in told.chart.step_downs.values():
        marks = step_down.upto(as_of)
        recommended = step_down.marks[0]
        if recommended.on <= as_of and asked.holds(recommended.on):
            yield _line(str(told.chart.patient_id), step_down, recommended, marks)


def _line(patient_id: str, step_down: StepDown, recommended: Mark, marks: tuple[Mark, ...]) -> Values:
    answer = _last(marks, Stage.AGREED, Stage.DECLINED)
    cosigned = _last(marks, Stage.COSIGNED)
    return (
        patient_id,
        str(step_down.episode_id),
        str(step_down.step_down_id),
        step_down.to_level,
        step_down.weekly_minutes,
        recommended.on,
        recommended.by,
        step_down.effective_on,
        marks[-1].stage.value,
        None if answer is None else answer.stage.value,
        _on(answer),
        _on(cosigned),
        None if cosigned is None else cosigned.by,
        _on(_last(marks, Stage.DECIDED)),
        _on(_last(marks, Stage.IN_EFFECT)),
        _on(_last(marks, Stage.WITHDRAWN)),
    )


def _last(marks: tuple[Mark, ...], *stages: Stage) -> Mark | None:
    return next((mark for mark in reversed(marks) if mark.stage in stages), None)


def _on(mark: Mark | None) -> date | None:
    return None if mark is None else mark.on
