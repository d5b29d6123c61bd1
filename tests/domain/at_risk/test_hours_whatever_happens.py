"""What is promised of hours holds whatever has happened, and whatever happens then: on random histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as drawn

from domain.at_risk.hours import Because, Goal, Hours, Reach
from domain.chart import Chart
from domain.compliance.verdict import Verdict
from tests.domain.at_risk.middays import Midday, middays

SHORT, FULL = 80, 5_000

_VERDICTS: Final = {
    Because.FACILITY_SHORTFALL: Verdict.FACILITY_SHORTFALL,
    Because.EXCUSED: Verdict.NOT_MET_EXCUSED,
    Because.MISSED: Verdict.NOT_MET,
}


def holds(config: pytest.Config, judged: Callable[[Midday], None]) -> None:
    full: bool = config.option.full

    @seed(config.option.seed)
    @settings(
        max_examples=FULL if full else SHORT,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @drawn(midday=middays())
    def whatever_happens(midday: Midday) -> None:
        judged(midday)

    whatever_happens()


def goals(midday: Midday, *reaches: Reach) -> Iterator[tuple[Chart, Hours, Goal]]:
    charts = midday.site.charts
    for row in midday.seen().rows:
        for goal in () if row.hours is None else row.hours.goals:
            if row.hours is not None and goal.reach in reaches:
                yield charts[row.patient_id], row.hours, goal


def test_the_sessions_named_reach_the_hours_and_none_of_them_can_be_left_out(pytestconfig: pytest.Config) -> None:
    def judged(midday: Midday) -> None:
        for chart, hours, goal in goals(midday, Reach.CAN_REACH):
            met = midday.at_the_end(chart, hours.untimed, goal.sessions)[goal.rule]
            assert met.verdict is Verdict.MET, str(midday)
            for left_out in goal.sessions:
                others = [chance for chance in goal.sessions if chance is not left_out]
                lacking = midday.at_the_end(chart, hours.untimed, others)[goal.rule]
                assert lacking.verdict is not Verdict.MET, str(midday)

    holds(pytestconfig, judged)


def test_hours_that_can_not_be_reached_are_not_met_whatever_is_attended(pytestconfig: pytest.Config) -> None:
    def judged(midday: Midday) -> None:
        for chart, hours, goal in goals(midday, Reach.CANNOT_REACH):
            row = midday.at_the_end(chart, hours.untimed, hours.ahead)[goal.rule]
            assert row.verdict is not Verdict.MET, str(midday)
            assert row.of - row.value == goal.short_by, str(midday)

    holds(pytestconfig, judged)


def test_safe_is_met_and_the_figures_are_those_of_the_findings(pytestconfig: pytest.Config) -> None:
    def judged(midday: Midday) -> None:
        for chart, _, goal in goals(midday, *Reach):
            row = midday.rows(chart.patient_id)[goal.rule]
            assert (goal.value, goal.of) == (row.value, row.of), str(midday)
            assert (goal.reach is Reach.SAFE) == (row.verdict is Verdict.MET), str(midday)
            assert (goal.reach is Reach.PARTIAL) == (row.verdict is Verdict.PARTIAL), str(midday)

    holds(pytestconfig, judged)


def test_once_nothing_is_ahead_the_reason_is_the_verdict(pytestconfig: pytest.Config) -> None:
    def judged(midday: Midday) -> None:
        for chart, hours, goal in goals(midday, Reach.CANNOT_REACH):
            if midday.as_of >= midday.week.sunday and not (hours.ahead or hours.unrecorded or hours.untimed):
                verdict = midday.rows(chart.patient_id)[goal.rule].verdict
                assert goal.because is not None
                assert _VERDICTS[goal.because] is verdict, str(midday)

    holds(pytestconfig, judged)


def test_whoever_is_active_in_the_week_is_listed(pytestconfig: pytest.Config) -> None:
    """But for those who taper, rest or have left in a week that is not judged."""

    def judged(midday: Midday) -> None:
        listed = {row.patient_id: row for row in midday.seen().rows}
        for key in midday.site.charts:
            verdict = rows["HRS-1"].verdict if (rows := midday.rows(key)) else Verdict.NOT_APPLICABLE
            if verdict not in (Verdict.NOT_APPLICABLE, Verdict.PARTIAL):
                assert listed[key].hours is not None, str(midday)
            elif verdict is Verdict.NOT_APPLICABLE:
                assert key not in listed or listed[key].hours is None, str(midday)

    holds(pytestconfig, judged)
