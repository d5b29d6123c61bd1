"""The findings about one patient: the week at hand, and whatever the rules say of their episodes so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.chart import Chart
from domain.chart.episode import Episode
from domain.cohort import Cohort
from domain.compliance.attendance import att_2
from domain.compliance.entry_and_exit import aft_1, dis_1, dur_1, int_1
from domain.compliance.family import fam_1
from domain.compliance.patient_period import care_in, care_of
from domain.compliance.period import Period
from domain.compliance.plan import asm_1, pln_1
from domain.compliance.reductions import stp_1
from domain.compliance.rule_set import (
    AftercareClasses,
    DecidedReductions,
    DischargePapers,
    Duration,
    FamilySessions,
    LevelAssessments,
    Outreach,
    PromptIntake,
    ResultFollowUp,
    RuleSet,
    Terms,
    TreatmentPlan,
)
from domain.compliance.screening import scr_2
from domain.compliance.timetable import Timetable, lay_out
from domain.compliance.verdict import Row
from domain.compliance.weekly import of_week
from domain.facility import Facility
from domain.session import Session
from domain.week import Week


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    chart: Chart
    facility: Facility
    sessions: Mapping[UUID, Session]
    cohorts: Mapping[UUID, Cohort]
    timetable: Timetable
    as_of: date


def assess_chart(
    chart: Chart,
    *,
    facility: Facility,
    sessions: Mapping[UUID, Session],
    cohorts: Mapping[UUID, Cohort],
    rule_set: RuleSet,
    as_of: date,
    known_at: datetime,
) -> list[Row]:
    """Sorted by rule and period: of the week of `as_of` the rules about a week; of every episode, as it stands then,
    the others that are about a patient.

    `sessions` holds at least those that the chart has records for, and those of its cohorts in `weeks_of`.
    """
    week = Period.of_week(Week.of(as_of))
    family = rule_set.terms(FamilySessions)
    admitted = [e.admission.on for e in chart.episodes.values() if e.admission is not None]
    timetable = lay_out(
        sessions.values(),
        Period(min([week.first, *admitted]), week.last + timedelta(days=0 if family is None else family.every_days)),
        zone=facility.clock,
        modalities=rule_set.modalities,
        as_of=as_of,
        known_at=known_at,
    )
    look = _Look(chart=chart, facility=facility, sessions=sessions, cohorts=cohorts, timetable=timetable, as_of=as_of)
    care = care_in(chart, timetable, cohorts, week)
    rows = [row for terms in rule_set.rules for row in _of_chart(look, terms)]
    if care is not None:
        rows += [row for terms in rule_set.rules if (row := of_week(care, terms, facility.clock)) is not None]
    return sorted(rows, key=lambda row: row.place)


def weeks_of(chart: Chart, as_of: date) -> list[Week]:
    """The week of a date, and those in which the chart's episodes were in treatment by then."""
    found = {Week.of(as_of)}
    for episode in chart.episodes.values():
        if episode.admission is None:
            continue
        ended_on = episode.ended_on(as_of=as_of)
        monday = Week.of(episode.admission.on).monday
        while monday <= (as_of if ended_on is None else ended_on):
            found.add(Week(monday))
            monday += timedelta(days=7)
    return sorted(found)


def _of_chart(look: _Look, terms: Terms) -> Iterator[Row]:
    """A rule's findings about windows, dates, events and results of one patient."""
    chart, zone, as_of = look.chart, look.timetable.zone, look.as_of
    match terms:
        case FamilySessions():
            yield from fam_1(chart, look.timetable, look.cohorts, look.timetable.period, terms)
        case DecidedReductions():
            yield from stp_1(chart, zone, as_of, terms)
        case ResultFollowUp():
            yield from scr_2(chart, zone, look.facility.holidays, look.facility.code or "", as_of, terms)
        case AftercareClasses():
            yield from aft_1(chart, look.sessions, zone, as_of, terms)
        case _:
            for episode in chart.episodes.values():
                yield from _of_episode(look, episode, terms)


def _of_episode(look: _Look, episode: Episode, terms: Terms) -> Iterator[Row]:
    chart, zone, as_of = look.chart, look.timetable.zone, look.as_of
    row: Row | None = None
    match terms:
        case Outreach():
            yield from _missed(look, episode, terms)
        case Duration():
            row = dur_1(chart, episode, as_of, terms)
        case PromptIntake():
            row = int_1(chart, episode, zone, as_of, terms)
        case TreatmentPlan():
            row = pln_1(chart, episode, zone, as_of, terms)
        case LevelAssessments():
            row = asm_1(chart, episode, zone, as_of, terms)
        case DischargePapers():
            row = dis_1(chart, episode, as_of, terms)
        case _:
            return
    if row is not None:
        yield row


def _missed(look: _Look, episode: Episode, terms: Outreach) -> Iterator[Row]:
    admission = episode.admission
    if admission is None or admission.on > look.as_of:
        return
    ended_on = episode.ended_on(as_of=look.as_of)
    period = Period(admission.on, look.as_of if ended_on is None else ended_on)
    care = care_of(look.chart, [episode], look.timetable, look.cohorts, period)
    yield from att_2(care, terms, look.timetable.zone, look.facility.holidays, look.facility.code or "")
