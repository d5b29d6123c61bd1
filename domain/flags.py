"""What somebody should look at in a chart at the end of a date: the flags of its status and of its census row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.attendance import Attendance, is_of_another_day
from domain.chart.enrollment import outside_offer
from domain.chart.entry import found_suitable
from domain.chart.episode import Episode
from domain.chart.follow_up import is_in_doubt, is_overdue, prescribed_but_negative
from domain.chart.results import collected_on
from domain.chart.screening import Noted, Screening
from domain.chart.states import ENDED
from domain.chart.step_down import Mark, Stage, StepDown
from domain.cohort import Cohort, outside_program
from domain.doubt import any_in_doubt
from domain.facility import Facility
from domain.session import Session

RECENT: Final = timedelta(days=29)
"""`as_of` and the 29 dates before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A chart at the end of a date.

    `episode` is the one last opened by then; `records` are its attendance records in sessions of treatment, by
    scheduled start, those in cancelled sessions included; `step_down` is its step-down last recommended, with the steps
    dated by then.
    """

    chart: Chart
    facility: Facility
    cohorts: Mapping[UUID, Cohort]
    as_of: date
    episode: Episode | None
    records: tuple[tuple[Attendance, Session], ...]
    step_down: tuple[StepDown, tuple[Mark, ...]] | None


def flags(look: Look, attendance: Mapping[str, Any], screening: Mapping[str, Any]) -> list[str]:
    """What somebody should look at, in this order.

    `prescribed_but_negative`, `result_in_doubt`: in specimens of the last 30 days, what is prescribed was not found, or
    a report does not agree with itself. `result_review_due`, `result_discussion_due`: a result of the episode has
    waited for longer than three business days. `relapse_reported`: in the last 30 days. `record_in_cancelled_session`:
    it counts nowhere, unless the session is revived. `record_of_another_day`: somebody attended, by the record, on
    another day than the session is on, since it was moved. `step_down_due`: decided, its date has come, and nobody has
    recorded that it took effect. `eligibility_in_doubt`: the decision that the patient was suitable, on which the
    enrollment rests, was struck, or another came to stand in its place. `credential_in_doubt`: an act that the episode
    rests on, such as an assessment, a plan or a step-down, is of somebody without a valid credential for it, as the
    staff list says now. `outside_program`: the enrollment, or the pattern of the cohort, is not of the program as it
    was offered. `cohort_closed`: the episode is open, and its cohort exists no more.
    """
    relapses = () if look.episode is None else look.episode.relapses
    reductions = () if look.episode is None else look.episode.self_reductions
    raised = {
        "against_advice": any(reduction.on <= look.as_of for reduction in reductions),
        "two_unexcused": attendance["consecutive_unexcused"] >= 2,
        "unexpected_positive": screening["unexpected_positives_30_days"] > 0,
        **_screening_flags(look),
        "relapse_reported": any(look.as_of - RECENT <= relapse.on <= look.as_of for relapse in relapses),
        "record_in_cancelled_session": any(session.cancelled is not None for _, session in look.records),
        "record_of_another_day": any(
            is_of_another_day(record, session, look.facility.clock) for record, session in look.records
        ),
        "step_down_due": _is_due(look),
        "eligibility_in_doubt": _is_in_doubt(look),
        "credential_in_doubt": _rests_on_doubt(look),
        "outside_program": _is_outside_program(look),
        "cohort_closed": _is_in_closed_cohort(look),
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


def _screening_flags(look: Look) -> dict[str, bool]:
    zone, as_of, holidays = look.facility.clock, look.as_of, look.facility.holidays
    taken = [
        (screening, on)
        for screening in look.chart.screenings.values()
        if (on := collected_on(screening, look.facility.clock)) is not None and on <= look.as_of
    ]
    recent = [screening for screening, on in taken if on >= look.as_of - RECENT]
    episode_id = None if look.episode is None else look.episode.episode_id
    of_the_episode = [screening for screening, _ in taken if screening.episode_id == episode_id]

    def waits(noted: Callable[[Screening], Iterable[Noted]]) -> bool:
        return any(is_overdue(each, noted(each), zone=zone, as_of=as_of, holidays=holidays) for each in of_the_episode)

    return {
        "prescribed_but_negative": any(
            True
            for each in recent
            for _ in prescribed_but_negative(each, look.chart.prescriptions, zone=zone, as_of=as_of)
        ),
        "result_in_doubt": any(is_in_doubt(each, zone=zone, as_of=as_of) for each in recent),
        "result_review_due": waits(lambda each: each.reviews),
        "result_discussion_due": waits(lambda each: each.discussions),
    }


def _is_due(look: Look) -> bool:
    """Any step-down of the episode: the one decided may not be the one last recommended."""
    episode = look.episode
    if episode is None or not _is_open(episode, look.as_of):
        return False
    return any(
        _is_waiting({mark.stage for mark in known.upto(look.as_of)})
        for known in look.chart.step_downs.values()
        if known.episode_id == episode.episode_id and known.effective_on <= look.as_of
    )


def _is_waiting(stages: set[Stage]) -> bool:
    return Stage.DECIDED in stages and not stages & {Stage.IN_EFFECT, Stage.WITHDRAWN}


def _is_in_doubt(look: Look) -> bool:
    enrollment = None if look.episode is None else look.episode.enrollment
    if look.episode is None or enrollment is None or enrollment.on > look.as_of or look.episode.carried_over:
        return False
    return not found_suitable(look.episode, enrollment.on)


def _rests_on_doubt(look: Look) -> bool:
    if look.episode is None:
        return False
    episode_id = look.episode.episode_id
    signed = [signature for signature in look.chart.signed if signature.episode_id == episode_id]
    return any_in_doubt(signed, look.facility, look.as_of)


def _is_outside_program(look: Look) -> bool:
    """By the offers on the dates on which somebody decided: on the enrollment, on a change of cohort or of its days."""
    enrollment = None if look.episode is None else look.episode.enrollment
    if look.episode is None or enrollment is None or enrollment.on > look.as_of:
        return False
    if any(outside_offer(enrollment, look.cohorts, look.facility)):
        return True
    assigned = look.episode.cohort_on(look.as_of)
    cohort = None if assigned is None else look.cohorts.get(assigned.cohort_id)
    pattern = None if cohort is None else cohort.pattern_on(look.as_of)
    if assigned is None or cohort is None or pattern is None or look.episode.carried_over:
        return False
    return any(outside_program(cohort, look.facility, max(assigned.effective_on, pattern.effective_on)))


def _is_in_closed_cohort(look: Look) -> bool:
    if look.episode is None or not _is_open(look.episode, look.as_of):
        return False
    enrollment, assigned = look.episode.enrollment, look.episode.cohort_on(look.as_of)
    cohort = None if assigned is None else look.cohorts.get(assigned.cohort_id)
    if enrollment is None or enrollment.on > look.as_of or cohort is None or cohort.closed_on is None:
        return False
    return cohort.closed_on < look.as_of


def open_elsewhere(look: Look, elsewhere: Iterable[tuple[Chart, ZoneInfo]]) -> list[str]:
    """`open_elsewhere`: an episode is open here, and another at a site whose chart is linked."""
    here = look.episode is not None and _is_open(look.episode, look.as_of)
    there = any(
        episode.opened_on(zone) <= look.as_of and _is_open(episode, look.as_of)
        for chart, zone in elsewhere
        for episode in chart.episodes.values()
    )
    return ["open_elsewhere"] if here and there else []


def _is_open(episode: Episode, as_of: date) -> bool:
    return episode.state_on(as_of, as_of=as_of) not in ENDED
