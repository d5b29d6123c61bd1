"""A patient's weeks: minutes and qualifying days, as HRS-1 and HRS-2 count them, with the days behind them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.compliance.hours import minutes_owed, qualifying_days
from domain.compliance.patient_period import PatientPeriod
from domain.compliance.rule_set import QualifyingDays, RuleSet, WeekMinutes
from domain.status import QUALIFYING_MINUTES
from domain.week import Week

_A_WEEK: Final = timedelta(days=7)


def weeks_enrolled(chart: Chart, zone: ZoneInfo, as_of: date) -> list[Week]:
    """Those, in order, that have a date on which an episode of this record is enrolled, none begun after `as_of`."""
    found: set[Week] = set()
    for episode in chart.episodes.values():
        if episode.enrollment is None or episode.enrollment.on > as_of:
            continue
        ended_on = episode.ended_on(as_of=as_of)
        last = as_of if ended_on is None else ended_on
        monday = Week.of(episode.enrollment.on).monday
        while monday <= last:
            # Of an episode that was carried over the weeks before are another system's.
            if episode.judged_on(min(Week(monday).sunday, as_of), zone):
                found.add(Week(monday))
            monday += _A_WEEK
    return sorted(found)


def told(care: PatientPeriod, rule_set: RuleSet) -> dict[str, Any]:
    """JSON-ready: what the patient has of a week by `as_of`, and what the rule set asks; null where it asks nothing.

    `active`: on all scheduled dates (`full`), on some (`partial`), on none (`no`). Days without credit are left out.
    """
    hours, days = rule_set.terms(WeekMinutes), rule_set.terms(QualifyingDays)
    least = QUALIFYING_MINUTES if days is None else days.of_at_least_minutes
    return {
        "week": str(Week.of(care.period.first)),
        "active": "full" if care.is_full else "partial" if care.is_active else "no",
        "minutes": sum(care.earned.values()),
        "minutes_owed": None if hours is None else minutes_owed(care, hours),
        "qualifying_days": qualifying_days(care.earned, least),
        "days_owed": None if days is None else days.at_least_days,
        "of_at_least_minutes": least,
        "sessions_expected": len(care.expected),
        "sessions_attended": sum(visit.attended for visit in care.expected),
        "days": [{"on": on.isoformat(), "minutes": held} for on, held in sorted(care.earned.items()) if held],
    }
