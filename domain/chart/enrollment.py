"""Enrollment, admission with the first service, cohort of a date, holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.asam import judge_level
from domain.chart.attendance import admits, first_attended
from domain.chart.entry import found_suitable
from domain.cohort import open_to_join, outside_program
from domain.program import Payer, judge_within
from domain.record import Entry
from domain.refused import Refused
from domain.scene import Scene
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Enrollment, Episode
    from domain.cohort import Cohort
    from domain.facility import Facility


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


def judge(chart: Chart, episode: Episode, new: Entry, scene: Scene) -> None:
    fact: Any = new.fact
    match fact:
        case Enrolled():
            _judge_enrollment(episode, fact, scene)
            _judge_others_ended(chart, fact)
            judge_within(outside_offer(fact, scene.cohorts, scene.facility), new.envelope.reason)
        case Admitted():
            _judge_admission(chart, fact, scene)
        case CohortAssigned(cohort_id=cohort_id, effective_on=effective_on):
            if episode.enrollment is None or episode.ended_on() is not None:
                raise Refused("assignment.not-enrolled", "Only an enrolled patient can be assigned to a cohort.")
            if effective_on < episode.enrollment.on:
                raise Refused("assignment.before-enrollment", "A cohort can't be effective before the enrollment.")
            cohort = open_to_join(scene.cohorts.get(cohort_id), effective_on)
            judge_within(outside_program(cohort, scene.facility, effective_on), new.envelope.reason)
        case HoldStarted(cause=cause) if is_blank(cause):
            raise Refused("hold.cause-missing", "Say why the treatment is held: it can't be left empty.")
        case _:
            return


def _judge_enrollment(episode: Episode, fact: Enrolled, scene: Scene) -> None:
    if not found_suitable(episode, fact.on):
        raise Refused("enrollment.without-suitable", "Enroll only who was decided to be suitable, by that date.")
    if open_to_join(scene.cohorts.get(fact.cohort_id), fact.on).program != fact.program:
        raise Refused("enrollment.other-program", "The cohort belongs to another program: choose one of this program.")
    judge_level(fact.level_of_care)
    if fact.planned_weeks < 1:
        raise Refused("enrollment.planned-weeks", "Plan at least one week.")
    judge_clinician(fact.primary_clinician_id, scene)


def _judge_others_ended(chart: Chart, fact: Enrolled) -> None:
    for other in chart.episodes.values():
        began, ended = other.enrollment, _runs_until(other)
        if other.episode_id != fact.episode_id and began is not None and began.on <= fact.on < ended:
            raise Refused("enrollment.in-another-episode", f"Another episode goes on until {ended}: check the date.")


def _runs_until(episode: Episode) -> date:
    """The end of an episode. Where the discharge was voided, the date that it had: until there is another one it is
    being put right, even where the patient came back since."""
    ended = episode.ended_on()
    if ended is None and episode.voided:
        ended = max(episode.voided, key=lambda step: step.version).on
    return ended or date.max


def side_by_side(chart: Chart) -> Iterator[int]:
    """The versions of enrollments on a date on which another episode, enrolled before, has not ended: a patient is in
    one at a time. One may begin on the day on which another ends."""
    spans = sorted(
        (e.enrollment.on, _runs_until(e), e.enrollment.version) for e in chart.episodes.values() if e.enrollment
    )
    until = date.min
    for began, ended, version in spans:
        if began < until:
            yield version
        until = max(until, ended)


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


def outside_offer(enrolled: Enrolled | Enrollment, cohorts: Mapping[UUID, Cohort], facility: Facility) -> Iterator[str]:
    """What of an enrollment is not part of the program as offered on its date, in words. Of one that was carried over
    nobody asks."""
    if enrolled.program is None or enrolled.planned_weeks is None or enrolled.payer is None:
        return
    if (offer := facility.offered(enrolled.program, enrolled.on)) is not None:
        yield from offer.missed_by_enrollment(enrolled.planned_weeks, enrolled.payer)
    if (cohort := cohorts.get(enrolled.cohort_id)) is not None:
        yield from outside_program(cohort, facility, enrolled.on)
