"""Between which dates a report may have anything to say about a chart."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings

from domain.chart.entry import NotAdmitted
from domain.chart.exit import Discharged, DischargeReason
from domain.chart.plan import TreatmentPlanSigned
from domain.chart.screening import CollectionMissed, ScreeningOrdered
from domain.chart.step_down import SelfReductionNoted, StepDownRecommended, StepDownTookEffect
from domain.compliance.reach import Reach, reach
from domain.compliance.weekly import assess_patient, looked_at, week_scene
from tests.domain.compliance.histories import History, weeks_of_care
from tests.domain.program import Patient, Program, local
from tests.rule_sets import LANDMARK_IOP

ENROLLED = date(2026, 2, 27)


def test_who_is_only_on_file_is_in_no_report() -> None:
    program = Program()
    patient = program.patient(program.cohort("mon"), ENROLLED)
    (chart,) = program.site().charts.values()
    assert reach(chart) == Reach(ENROLLED, None)
    patient.program.streams[patient.stream] = patient.program.streams[patient.stream][:2]
    (chart,) = program.site().charts.values()
    assert reach(chart) is None


def test_it_ends_with_the_last_thing_that_is_dated() -> None:
    program = Program()
    ann = program.patient(program.cohort("mon"), ENROLLED)
    gone = Discharged(
        episode_id=ann.episode_id,
        on=date(2026, 4, 1),
        last_service_on=date(2026, 3, 30),
        reason=DischargeReason.DROPPED_OUT,
    )
    ann.records(gone)
    (chart,) = program.site().charts.values()
    assert reach(chart) == Reach(ENROLLED, date(2026, 4, 1))
    ann.records(SelfReductionNoted(episode_id=ann.episode_id, weekly_minutes=60, on=date(2026, 4, 20)))
    (chart,) = program.site().charts.values()
    assert reach(chart) == Reach(ENROLLED, date(2026, 4, 20))


def of_week(program: Program, week: str) -> set[str]:
    """The rules that have something to say about a patient in that week."""
    return {row.rule for row in program.of_patients(week)}


def gone_by_april(program: Program) -> Patient:
    ann = program.patient(program.cohort("mon"), ENROLLED)
    ann.discharged(date(2026, 4, 1))
    return ann


def test_a_plan_of_fewer_minutes_that_is_dated_after_the_discharge_is_still_judged() -> None:
    program = Program()
    ann = gone_by_april(program)
    for minutes, on in ((540, date(2026, 3, 2)), (180, date(2026, 4, 20))):
        plan = TreatmentPlanSigned(
            episode_id=ann.episode_id,
            goals=(),
            diagnoses=(),
            planned_weekly_minutes=minutes,
            on=on,
            patient_signed_on=on,
        )
        ann.records(plan)
    (chart,) = program.site().charts.values()
    assert of_week(program, "2026-W17") == {"STP-1"}
    assert reach(chart) == Reach(ENROLLED, date(2026, 4, 20))


def test_a_step_down_that_took_effect_after_the_discharge_is_still_judged() -> None:
    program = Program()
    ann = gone_by_april(program)
    step_down_id, on = program.new_id(), date(2026, 4, 20)
    recommended = StepDownRecommended(
        episode_id=ann.episode_id,
        step_down_id=step_down_id,
        to_level="1.0",
        weekly_minutes=180,
        effective_on=on,
        criteria=(),
        on=date(2026, 3, 16),
    )
    ann.records(recommended)
    (chart,) = program.site().charts.values()
    assert reach(chart) == Reach(ENROLLED, date(2026, 4, 1))
    ann.records(StepDownTookEffect(episode_id=ann.episode_id, step_down_id=step_down_id, on=on))
    (chart,) = program.site().charts.values()
    assert of_week(program, "2026-W17") == {"STP-1"}
    assert reach(chart) == Reach(ENROLLED, on)


def test_who_was_enrolled_and_not_admitted_is_judged_up_to_that_day() -> None:
    program = Program()
    ann = program.patient(program.cohort("mon"), ENROLLED)
    ann.records(NotAdmitted(episode_id=ann.episode_id, on=date(2026, 3, 18), cause="elsewhere"))
    (chart,) = program.site().charts.values()
    assert of_week(program, "2026-W12")
    assert not of_week(program, "2026-W13")
    assert reach(chart) == Reach(ENROLLED, date(2026, 3, 18))


def test_instants_reach_as_far_as_any_zone_may_date_them() -> None:
    program = Program()
    ann = program.patient(program.cohort("mon"), ENROLLED)
    screening_id = program.new_id()
    ann.records(ScreeningOrdered(episode_id=ann.episode_id, screening_id=screening_id, panel=("opiates",), random=True))
    missed = CollectionMissed(
        episode_id=ann.episode_id, screening_id=screening_id, at=local("2026-02-20 23:00"), excused=False
    )
    ann.records(missed)
    (chart,) = program.site().charts.values()
    found = reach(chart)
    assert found is not None
    # In UTC it is the 21st by then.
    assert found.first == date(2026, 2, 19)


@settings(max_examples=200, deadline=None)
@given(history=weeks_of_care())
def test_outside_of_it_no_week_says_a_word(history: History) -> None:
    site = history.program.site()
    for weeks in range(-4, 5):
        week = type(history.week)(history.week.monday + timedelta(weeks=weeks))
        scene = week_scene(site, week, rule_set=LANDMARK_IOP, as_of=history.as_of, known_at=history.known_at)
        dates = looked_at(week, LANDMARK_IOP)
        for chart in site.charts.values():
            told = reach(chart)
            ended = min(dates.first, history.as_of)
            if told is None or told.first > dates.last or (told.last is not None and told.last < ended):
                assert not list(assess_patient(chart, scene))
