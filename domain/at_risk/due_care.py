"""What is due of the care of a patient in treatment: outreach, results, plan, level of care, sessions, specimen.

Each is due as long as its rule asks for it and it can still be done: of who was missed and has come again nobody has to
ask after; a window that is over holds no session any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain.at_risk.due import Due, Step, due
from domain.at_risk.scene import Scene, has_left, named
from domain.chart import Chart
from domain.chart.episode import Episode
from domain.compliance.attendance import attempts_since, missed_in_a_row, outreach_due
from domain.compliance.family import fam_1
from domain.compliance.individual import ind_1
from domain.compliance.patient_period import PatientPeriod, Visit, care_of
from domain.compliance.period import Period
from domain.compliance.plan import assessment_due, plan_due
from domain.compliance.rule_set import (
    FamilySessions,
    IndividualSessions,
    LevelAssessments,
    Outreach,
    ResultFollowUp,
    TreatmentPlan,
    WeeklySpecimen,
)
from domain.compliance.screening import follow_ups, scr_1
from domain.compliance.verdict import Row, Verdict

_ASKED: Final = frozenset({Verdict.PENDING, Verdict.FACILITY_SHORTFALL, Verdict.NOT_MET_EXCUSED, Verdict.NOT_MET})
"""Verdicts of a period in which a rule is asked, and not met so far."""


def of_results(chart: Chart, scene: Scene) -> Iterator[Due]:
    """SCR-2: each report is reviewed, and discussed, also when the patient has left since."""
    terms = scene.rule_set.terms(ResultFollowUp)
    if terms is None:
        return
    for result in follow_ups(chart, scene.zone, scene.facility.holidays, scene.as_of, terms):
        episode = chart.episodes.get(result.screening.episode_id)
        if episode is None or has_left(episode, scene.as_of):
            continue
        since = named(chart, result.report.version)
        if result.reviewed is None:
            yield due(Step.RESULT_REVIEW, terms.rule, result.due_on, since, scene.as_of)
        if result.discussed is None:
            yield due(Step.RESULT_DISCUSSION, terms.rule, result.due_on, since, scene.as_of)


def of_episode(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    """Of an episode in treatment: ATT-2, PLN-1, ASM-1, FAM-1."""
    yield from _outreach(chart, episode, scene)
    yield from _plan(chart, episode, scene)
    yield from _family(chart, episode, scene)


def of_week(week: PatientPeriod, scene: Scene) -> Iterator[Due]:
    """IND-1 and SCR-1, in a week that is not over, for who is in it from its first scheduled date to the last."""
    if week.period.last < scene.as_of:
        return
    admitted = [e.admission.version for e in week.episodes if e.admission is not None]
    since = week.fact(max(admitted, default=week.episodes[-1].version))
    alone, specimen = scene.rule_set.terms(IndividualSessions), scene.rule_set.terms(WeeklySpecimen)
    rows: list[tuple[Step, Row]] = []
    if alone is not None:
        rows.append((Step.INDIVIDUAL_SESSION, ind_1(week, alone)))
    if specimen is not None:
        rows.append((Step.SPECIMEN, scr_1(week, scene.zone, specimen)))
    for step, row in rows:
        if row.verdict in _ASKED:
            yield due(step, row.rule, row.period_end, since, scene.as_of)


def _outreach(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    terms = scene.rule_set.terms(Outreach)
    if terms is None or episode.admission is None:
        return
    # Whoever came again need not be asked after; dates behind the last session are many when it is asked about a day
    # far ahead. Neither hold anything to miss.
    since = _last_came_on(chart, episode, scene) or episode.admission.on
    care = care_of(chart, [episode], scene.happened, scene.cohorts, Period(since, max(since, scene.last_session_on)))
    came = [visit for visit in care.expected if visit.attended]
    for run in missed_in_a_row(care, terms):
        if attempts_since(care, run, scene.zone, scene.as_of) or (came and _is_after(came[-1], run[-1])):
            continue
        by = outreach_due(run, terms, scene.facility.holidays)
        yield due(Step.OUTREACH, terms.rule, by, _missed(chart, run[-1]), scene.as_of)


def _last_came_on(chart: Chart, episode: Episode, scene: Scene) -> date | None:
    """The day of the last session attended of those that the patient was expected in."""
    slots = (scene.happened.slots.get(key) for key, record in chart.attendances.items() if record.attended)
    days = sorted({slot.day for slot in slots if slot is not None}, reverse=True)
    of_episode = (on for on in days if episode.active_on(on, as_of=scene.as_of) and episode.judged_on(on, scene.zone))
    return next(of_episode, None)


def _is_after(visit: Visit, other: Visit) -> bool:
    return _begins(visit) > _begins(other)


def _begins(visit: Visit) -> tuple[float, str]:
    starts_at = visit.slot.session.starts_at
    return 0 if starts_at is None else starts_at.timestamp(), visit.slot.name


def _missed(chart: Chart, visit: Visit) -> str:
    """The record of an absence; where there is none, the fact that planned the session."""
    return named(chart, visit.record.version) if visit.record is not None else visit.slot.planned_by[-1]


def _plan(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    planned, assessed = scene.rule_set.terms(TreatmentPlan), scene.rule_set.terms(LevelAssessments)
    coming = []
    if planned is not None:
        signature, review = plan_due(episode, scene.zone, scene.as_of, planned)
        coming += [(Step.PLAN_SIGNATURE, planned.rule, signature), (Step.PLAN_REVIEW, planned.rule, review)]
    if assessed is not None:
        assessment = assessment_due(episode, scene.zone, scene.as_of, assessed)
        coming.append((Step.LEVEL_ASSESSMENT, assessed.rule, assessment))
    for step, rule, one in coming:
        if one is not None and one.on <= scene.horizon:
            yield due(step, rule, one.on, named(chart, one.since), scene.as_of)


def _family(chart: Chart, episode: Episode, scene: Scene) -> Iterator[Due]:
    terms = scene.rule_set.terms(FamilySessions)
    if terms is None or episode.admission is None:
        return
    for row in fam_1(chart, scene.happened, scene.cohorts, Period(scene.as_of, scene.horizon), terms, only=episode):
        if row.verdict in _ASKED:
            since = named(chart, episode.admission.version)
            yield due(Step.FAMILY_SESSION, terms.rule, row.period_end, since, scene.as_of)
