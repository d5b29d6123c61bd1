"""The weekly report: every finding about one week, from what is known of a site at one cut through its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from domain.chart import Chart
from domain.cohort import Cohort
from domain.compliance.attendance import att_1
from domain.compliance.hours import hrs_1, hrs_2
from domain.compliance.individual import ind_1
from domain.compliance.patient_week import PatientWeek, week_of
from domain.compliance.rule_set import IndividualSessions, QualifyingDays, RuleSet, ShowRate, Terms, WeekMinutes
from domain.compliance.timetable import Timetable, lay_out
from domain.compliance.verdict import Row
from domain.site import Site
from domain.week import Week


def assess_week(site: Site, week: Week, *, rule_set: RuleSet, as_of: date, known_at: datetime) -> list[Row]:
    """The rows of a week's report, sorted by rule, subject and period.

    `site` holds what is known at `known_at`; `as_of` cuts by clinical date, at its end. A patient has rows for each
    rule of the rule set when an episode of theirs is enrolled on a date of the week.
    """
    timetable = lay_out(
        site.sessions.values(),
        week,
        zone=site.facility.clock,
        rule_set=rule_set,
        as_of=as_of,
        known_at=known_at,
    )
    rows = [row for chart in site.charts.values() for row in assess_patient(chart, timetable, site.cohorts, rule_set)]
    return sorted(rows, key=lambda row: row.place)


def assess_patient(chart: Chart, timetable: Timetable, cohorts: Mapping[UUID, Cohort], rule_set: RuleSet) -> list[Row]:
    """One patient's rows for the timetable's week, in the order of the rule set; none when not enrolled in it."""
    week = week_of(chart, timetable, cohorts)
    return [] if week is None else [judge(week, terms) for terms in rule_set.rules]


def judge(week: PatientWeek, terms: Terms) -> Row:
    """One rule's finding about one patient's week."""
    match terms:
        case WeekMinutes():
            return hrs_1(week, terms)
        case QualifyingDays():
            return hrs_2(week, terms)
        case ShowRate():
            return att_1(week, terms)
        case IndividualSessions():
            return ind_1(week, terms)
        case _:
            assert_never(terms)
