"""The weekly report: every finding about one week, from what is known of a site at one cut through its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.cohort import Cohort
from domain.compliance.attendance import att_1
from domain.compliance.entry_and_exit import dur_1, int_1
from domain.compliance.family import fam_1
from domain.compliance.hours import hrs_1, hrs_2, hrs_3, hrs_4
from domain.compliance.individual import ind_1
from domain.compliance.patient_period import PatientPeriod, Records, care_in, records_in
from domain.compliance.payer import of_payer
from domain.compliance.period import Period
from domain.compliance.ratio import Presence, is_rated, rat_1
from domain.compliance.reductions import stp_1
from domain.compliance.rule_set import (
    DaysOffered,
    DecidedReductions,
    Duration,
    FamilySessions,
    IndividualSessions,
    PromptIntake,
    QualifyingDays,
    RuleSet,
    ShowRate,
    StaffRatio,
    Terms,
    WeekLimit,
    WeeklySpecimen,
    WeekMinutes,
)
from domain.compliance.screening import scr_1
from domain.compliance.timetable import Timetable, lay_out
from domain.compliance.verdict import Row
from domain.session import Session
from domain.site import Site
from domain.week import Week

WEEKLY: Final[tuple[type[Terms], ...]] = (
    WeekMinutes,
    QualifyingDays,
    DaysOffered,
    WeekLimit,
    ShowRate,
    IndividualSessions,
    FamilySessions,
    StaffRatio,
    Duration,
    WeeklySpecimen,
    PromptIntake,
    DecidedReductions,
)
"""The rules that a weekly report has rows for."""

OF_PATIENTS: Final = frozenset(WEEKLY) - {DaysOffered, StaffRatio}
"""Those about patients: the rows that a payer is shown, of its own episodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekScene:
    """What a week is judged by. The timetable reaches back as far as the rule set's windows do."""

    site: Site
    week: Period
    rule_set: RuleSet
    timetable: Timetable
    cohorts: Mapping[UUID, Cohort]


def assess_week(
    site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime, payer: str | None = None
) -> list[Row]:
    """The rows of a week's report, sorted by rule, subject and period.

    `site` holds what is known at `known_at`; `as_of` cuts by clinical date, at its end. With `payer` those about
    patients alone, from that payer's episodes.
    """
    scene = week_scene(site, week, rule_set=rule_set, as_of=as_of, known_at=known_at)
    rows: list[Row] = []
    if payer is not None:
        for chart in site.charts.values():
            rows += assess_patient(of_payer(chart, payer), scene)
    else:
        rated = _rated(scene)
        presence = Presence(rated)
        # Each chart is looked at once, and let go: a site may open them as they are asked for.
        for chart in site.charts.values():
            rows += assess_patient(chart, scene)
            presence.note(chart)
        rows += _of_cohorts(scene)
        rows += _of_sessions(scene, rated, presence)
    return sorted(rows, key=lambda row: row.place)


def week_scene(site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime) -> WeekScene:
    timetable = lay_out(
        site.sessions.values(),
        looked_at(week, rule_set),
        zone=site.facility.clock,
        modalities=rule_set.modalities,
        as_of=as_of,
        known_at=known_at,
    )
    return WeekScene(site=site, week=Period.of_week(week), rule_set=rule_set, timetable=timetable, cohorts=site.cohorts)


def looked_at(week: Week, rule_set: RuleSet) -> Period:
    """The dates whose sessions and charts a week's report reads: windows that end in the week begin before it."""
    family = rule_set.terms(FamilySessions)
    back = timedelta(days=0 if family is None else max(family.every_days - 1, 0))
    return Period(week.monday - back, week.sunday)


def assess_patient(chart: Chart, scene: WeekScene) -> Iterator[Row]:
    """One patient's rows for the week."""
    records = records_in(chart, scene.timetable)
    care = care_in(chart, scene.timetable, scene.cohorts, scene.week, records)
    for terms in scene.rule_set.rules:
        if care is not None and (row := of_week(care, terms, scene.timetable.zone)) is not None:
            yield row
        yield from (row for row in _of_episodes(chart, terms, scene, records) if row.period_end in scene.week)


def of_week(care: PatientPeriod, terms: Terms, zone: ZoneInfo) -> Row | None:
    """A rule's finding about one patient's week; None for rules about something else."""
    match terms:
        case WeekMinutes():
            return hrs_1(care, terms)
        case QualifyingDays():
            return hrs_2(care, terms)
        case WeekLimit():
            return hrs_4(care, terms)
        case ShowRate():
            return att_1(care, terms)
        case IndividualSessions():
            return ind_1(care, terms)
        case WeeklySpecimen():
            return scr_1(care, zone, terms)
        case _:
            return None


def _of_episodes(chart: Chart, terms: Terms, scene: WeekScene, records: Records) -> Iterator[Row]:
    """A rule's findings about windows, dates and episodes of one patient, by `as_of`."""
    zone, as_of = scene.timetable.zone, scene.timetable.as_of
    match terms:
        case FamilySessions():
            yield from fam_1(chart, scene.timetable, scene.cohorts, scene.week, terms, records)
        case Duration():
            yield from (row for e in chart.episodes.values() if (row := dur_1(chart, e, as_of, terms)))
        case PromptIntake():
            yield from (row for e in chart.episodes.values() if (row := int_1(chart, e, zone, as_of, terms)))
        case DecidedReductions():
            yield from stp_1(chart, zone, as_of, terms)
        case _:
            return


def _of_cohorts(scene: WeekScene) -> Iterator[Row]:
    terms = scene.rule_set.terms(DaysOffered)
    if terms is None:
        return
    for cohort in scene.cohorts.values():
        if (row := hrs_3(cohort, scene.timetable, scene.week, terms)) is not None:
            yield row


def _rated(scene: WeekScene) -> dict[UUID, Session]:
    if scene.rule_set.terms(StaffRatio) is None:
        return {}
    facility, as_of = scene.site.facility, scene.timetable.as_of
    return {key: one for key, one in scene.site.sessions.items() if is_rated(one, facility, scene.week, as_of)}


def _of_sessions(scene: WeekScene, rated: Mapping[UUID, Session], presence: Presence) -> Iterator[Row]:
    terms = scene.rule_set.terms(StaffRatio)
    if terms is None:
        return
    for session in rated.values():
        row = rat_1(session, scene.site.facility, presence, scene.week, scene.timetable.as_of, terms)
        if row is not None:
            yield row
