"""A patient's weeks are those of HRS-1 and HRS-2, whatever the history."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from domain.compliance.patient_period import care_in
from domain.compliance.period import Period
from domain.compliance.timetable import lay_out
from domain.week import Week
from domain.weeks import told, weeks_enrolled
from tests.domain.compliance.histories import History, weeks_of_care
from tests.rule_sets import LANDMARK_IOP

FIGURES = {"HRS-1": ("minutes", "minutes_owed"), "HRS-2": ("qualifying_days", "days_owed")}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=weeks_of_care())
def test_minutes_and_days_are_those_of_the_report_of_each_week(history: History) -> None:
    site = history.program.site(history.known_at)
    zone = site.facility.clock
    mondays = [history.week.monday + timedelta(days=7 * n) for n in (-2, -1, 0, 1)]
    for week in (Week(monday) for monday in mondays if monday <= history.as_of):
        rows = history.program.report(str(week), as_of=history.as_of, known_at=history.known_at)
        reported = {
            (rule, str(row.subject_id)): (row.value, row.of) for rule in FIGURES for row in rows if row.rule == rule
        }
        period = Period.of_week(week)
        timetable = lay_out(
            site.sessions.values(),
            period,
            zone=zone,
            modalities=LANDMARK_IOP.modalities,
            as_of=history.as_of,
            known_at=history.known_at,
        )
        found = {}
        for key, chart in site.charts.items():
            care = care_in(chart, timetable, site.cohorts, period)
            assert (care is not None) is (week in weeks_enrolled(chart, zone, history.as_of)), str(history)
            if care is not None:
                document = told(care, LANDMARK_IOP)
                assert document["minutes"] == sum(day["minutes"] for day in document["days"])
                for rule, names in FIGURES.items():
                    found[rule, str(key)] = tuple(document[name] for name in names)
        assert found == reported, str(history)
