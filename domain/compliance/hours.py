"""HRS-1 and HRS-2: does the patient's week hold enough treatment, on enough days?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.compliance.patient_week import PatientWeek
from domain.compliance.rule_set import QualifyingDays, WeekMinutes
from domain.compliance.verdict import Row, first_true
from domain.week import Week

MAJORITY_YEARS = 18


def hrs_1(week: PatientWeek, terms: WeekMinutes) -> Row:
    """HRS-1, patient and week: week minutes reach the threshold. Figure: minutes.

    Source: Landmark (nine hours a week), ASAM level 2.1; six hours for those under 18 where the rule set says so.
    """
    owed = terms.at_least
    if terms.under_18 is not None and is_minor(week.chart.identity.birth_date, week.week):
        owed = terms.under_18
    return _judged(
        week,
        terms.rule,
        value=sum(week.earned.values()),
        of=owed,
        offered=sum(week.offered.values()),
        excused=sum(week.excused.values()),
    )


def hrs_2(week: PatientWeek, terms: QualifyingDays) -> Row:
    """HRS-2, patient and week: enough days hold enough minutes each. Figure: qualifying days.

    Source: Landmark (three hours on three days); TEDS and Arizona's S9480 with their own figures.
    """
    return _judged(
        week,
        terms.rule,
        value=qualifying_days(week.earned, terms.minutes),
        of=terms.days,
        offered=qualifying_days(week.offered, terms.minutes),
        excused=qualifying_days(week.excused, terms.minutes),
    )


def qualifying_days(day_minutes: Mapping[date, int], at_least: int) -> int:
    """How many days hold at least so many minutes."""
    return sum(1 for held in day_minutes.values() if held >= at_least)


def is_minor(birth_date: date | None, week: Week) -> bool:
    """Under 18 on the week's Monday. Nobody is without a birth date on record."""
    if birth_date is None:
        return False
    of_age = (birth_date.year + MAJORITY_YEARS, birth_date.month, birth_date.day)
    return (week.monday.year, week.monday.month, week.monday.day) < of_age


def _judged(week: PatientWeek, rule: str, *, value: int, of: int, offered: int, excused: int) -> Row:
    verdict = first_true(
        active=week.is_active,
        full=week.is_full,
        met=value >= of,
        over=week.is_over,
        offered=offered >= of,
        excused=excused >= of,
    )
    missing = [
        *(f"attendance record in {v.slot.name}" for v in week.expected if v.record is None),
        *(f"times held of {v.slot.name}" for v in week.visits if v.slot.interval is None),
    ]
    return week.row(rule, verdict, value, of, evidence=week.credit_evidence(week.visits), missing=missing)
