"""HRS-1 to HRS-4: does the week hold enough treatment, on enough days, and not more than this level of care is for?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from domain.cohort import Cohort
from domain.compliance.interval import minutes
from domain.compliance.patient_period import PatientPeriod
from domain.compliance.period import Period
from domain.compliance.rule_set import DaysOffered, QualifyingDays, WeekLimit, WeekMinutes
from domain.compliance.timetable import Slot, Timetable
from domain.compliance.verdict import Row, Verdict, cited, first_true
from domain.record import stream_name

MAJORITY_YEARS = 18


def hrs_1(week: PatientPeriod, terms: WeekMinutes) -> Row:
    """HRS-1, patient and week: week minutes reach the threshold. Figure: minutes.

    Source: Landmark (nine hours a week), ASAM level 2.1; six hours for those under 18 where the rule set says so.
    """
    born = None if terms.under_18_at_least_minutes is None else week.chart.identity.birth_date_version
    return _judged(
        week,
        terms.rule,
        value=sum(week.earned.values()),
        of=minutes_owed(week, terms),
        offered=sum(week.offered.values()),
        excused=sum(week.excused.values()),
        also=[] if born is None else [week.fact(born)],
    )


def minutes_owed(week: PatientPeriod, terms: WeekMinutes) -> int:
    """What the week has to hold, for who is under 18 on its Monday another number where the rule set has one."""
    of_minors = terms.under_18_at_least_minutes
    if of_minors is not None and is_minor(week.chart.identity.birth_date, week.period.first):
        return of_minors
    return terms.at_least_minutes


def hrs_2(week: PatientPeriod, terms: QualifyingDays) -> Row:
    """HRS-2, patient and week: enough days hold enough minutes each. Figure: qualifying days.

    Source: Landmark (three hours on three days); TEDS and Arizona's S9480 with their own figures.
    """
    owed = terms.of_at_least_minutes
    return _judged(
        week,
        terms.rule,
        value=qualifying_days(week.earned, owed),
        of=terms.at_least_days,
        offered=qualifying_days(week.offered, owed),
        excused=qualifying_days(week.excused, owed),
    )


def hrs_3(cohort: Cohort, timetable: Timetable, period: Period, terms: DaysOffered) -> Row | None:
    """HRS-3, cohort and week: the site held enough minutes on enough days. Figures: days, minutes.

    None for a cohort that exists on no date of the week. Source: Landmark (three hours on three days).
    """
    as_of = timetable.as_of
    if cohort.formed_on is None or cohort.formed_on > as_of:
        return None
    closed_on = cohort.closed_on if cohort.closed_on is not None and cohort.closed_on <= as_of else None
    life = Period(cohort.formed_on, closed_on or period.last)
    if not any(on in life for on in period.dates):
        return None
    slots = [slot for on in period.dates for slot in timetable.of_cohort.get((cohort.cohort_id, on), ())]
    held = _held_minutes(slots)
    value = qualifying_days(held, terms.of_at_least_minutes)
    pattern = [on for on in period.dates if cohort.meets_on(on)]
    verdict = first_true(
        active=any(on in life for on in pattern),
        full=all(on in life for on in pattern),
        met=value >= terms.at_least_days,
        over=as_of >= period.last,
        offered=False,
        excused=False,
    )
    return Row(
        rule=terms.rule,
        subject="cohort",
        subject_id=str(cohort.cohort_id),
        period_start=period.first,
        period_end=period.last,
        verdict=verdict,
        value=value,
        of=terms.at_least_days,
        evidence=cited(_offered_evidence(cohort, timetable, period, slots)),
        missing=tuple(f"times held of {slot.name}" for slot in slots if slot.interval is None),
        figures=(("days", value), ("minutes", sum(held.values()))),
    )


def hrs_4(week: PatientPeriod, terms: WeekLimit) -> Row:
    """HRS-4, patient and week: week minutes stay within the limit. Figure: minutes. Above it, a higher level needs
    review, before the week is over. Source: ASAM level 2.1 (up to nineteen hours)."""
    value = sum(week.earned.values())
    if not week.is_active:
        verdict = Verdict.NOT_APPLICABLE
    elif not week.is_full:
        verdict = Verdict.PARTIAL
    elif value > terms.at_most_minutes:
        verdict = Verdict.NOT_MET
    else:
        verdict = Verdict.MET if week.is_over else Verdict.PENDING
    evidence = week.evidence_of(week.visits)
    return week.row(terms.rule, verdict, value, terms.at_most_minutes, evidence=evidence)


def qualifying_days(day_minutes: Mapping[date, int], at_least: int) -> int:
    """How many days hold at least so many minutes."""
    return sum(1 for held in day_minutes.values() if qualifies(held, at_least))


def qualifies(held: int, at_least: int) -> bool:
    """Whether a day with so many minutes is one."""
    return held >= at_least


def is_minor(birth_date: date | None, on: date) -> bool:
    """Under 18 on a date. Nobody is without a birth date on record."""
    if birth_date is None:
        return False
    of_age = (birth_date.year + MAJORITY_YEARS, birth_date.month, birth_date.day)
    return (on.year, on.month, on.day) < of_age


def _judged(
    week: PatientPeriod, rule: str, *, value: int, of: int, offered: int, excused: int, also: Iterable[str] = ()
) -> Row:
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
    return week.row(rule, verdict, value, of, evidence=[*week.evidence_of(week.visits), *also], missing=missing)


def _held_minutes(slots: Iterable[Slot]) -> dict[date, int]:
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.day, []).append(slot)
    return {day: minutes(s.interval for s in found if s.interval is not None) for day, found in by_day.items()}


def _offered_evidence(cohort: Cohort, timetable: Timetable, period: Period, slots: Iterable[Slot]) -> list[str]:
    stream = stream_name("cohort", cohort.cohort_id)
    lifetime = (cohort.formed_version, cohort.closed_version)
    versions = {version for version in lifetime if version is not None}
    versions |= {pattern.version for on in period.dates if (pattern := cohort.pattern_on(on)) is not None}
    names = [f"{stream}@{version}" for version in versions]
    names += [name for slot in slots for name in slot.facts]
    lost = (one for on in period.dates for one in timetable.removed_of_cohort.get((cohort.cohort_id, on), ()))
    return [*names, *(name for one in lost for name in one.names)]
