"""Enrollment, admission with the first service, cohort of a date, holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.asam import judge_level
from domain.chart.attendance import admits, first_attended
from domain.chart.entry import found_suitable
from domain.cohort import formed
from domain.refused import Refused
from domain.scene import Scene

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode


class Payer(StrEnum):
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """`planned_weeks` are weeks of the program; `level_of_care` an ASAM code such as `2.1`."""

    episode_id: UUID
    program: str
    level_of_care: str
    cohort_id: UUID
    planned_weeks: int
    payer: Payer
    primary_clinician_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Dated the program day of the first session attended, which it names."""

    episode_id: UUID
    on: date
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortAssigned:
    episode_id: UUID
    cohort_id: UUID
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStarted:
    """`on` is the hold's first date."""

    episode_id: UUID
    on: date
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded:
    """`on` is the hold's last date."""

    episode_id: UUID
    on: date


def judge(chart: Chart, episode: Episode, fact: Any, scene: Scene) -> None:
    match fact:
        case Enrolled():
            _judge_enrollment(episode, fact, scene)
        case Admitted():
            _judge_admission(chart, fact, scene)
        case CohortAssigned(cohort_id=cohort_id, effective_on=effective_on):
            if episode.enrollment is None or episode.ended_on() is not None:
                raise Refused("assignment.not-enrolled", "Only an enrolled patient can be assigned to a cohort.")
            if effective_on < episode.enrollment.on:
                raise Refused("assignment.before-enrollment", "A cohort can't be effective before the enrollment.")
            formed(scene.cohorts.get(cohort_id))
        case _:
            return


def _judge_enrollment(episode: Episode, fact: Enrolled, scene: Scene) -> None:
    if not found_suitable(episode, fact.on):
        raise Refused("enrollment.without-suitable", "Enroll only who was decided to be suitable, by that date.")
    if formed(scene.cohorts.get(fact.cohort_id)).program != fact.program:
        raise Refused("enrollment.other-program", "The cohort belongs to another program: choose one of this program.")
    judge_level(fact.level_of_care)
    if fact.planned_weeks < 1:
        raise Refused("enrollment.planned-weeks", "Plan at least one week.")
    judge_clinician(fact.primary_clinician_id, scene)


def judge_clinician(staff_id: UUID, scene: Scene) -> None:
    if staff_id not in scene.facility.staff:
        raise Refused("enrollment.unknown-clinician", "The primary clinician is not on the facility's staff list.")


def _judge_admission(chart: Chart, fact: Admitted, scene: Scene) -> None:
    record = chart.attendances.get(fact.session_id)
    session = scene.sessions.get(fact.session_id)
    attended = record is not None and record.attended and record.episode_id == fact.episode_id
    if session is None or not attended or not admits(session):
        raise Refused("admission.without-service", "Admission is by a service attended: this session was none.")
    first = first_attended(chart, fact.episode_id, scene.sessions) or session
    if not session.program_day(scene.zone) == first.program_day(scene.zone) == fact.on:
        raise Refused("admission.other-date", "Admission is dated the program day of the first session attended.")
