"""Rules, verdicts and figures in words, for whoever reads a report on paper."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.compliance.rule_set import (
    DaysOffered,
    DecidedReductions,
    Duration,
    FamilySessions,
    IndividualSessions,
    Positivity,
    PromptIntake,
    QualifyingDays,
    ShowRate,
    StaffRatio,
    Terms,
    WeekLimit,
    WeeklySpecimen,
    WeekMinutes,
)
from domain.compliance.verdict import Verdict
from exchange.cut import utc_text

VERDICTS: Final = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.NOT_MET_EXCUSED: "not met, excused",
    Verdict.FACILITY_SHORTFALL: "facility shortfall",
    Verdict.PENDING: "pending",
    Verdict.PARTIAL: "partial",
    Verdict.NOT_APPLICABLE: "not applicable",
}
"""In the order in which a summary counts them."""

MEANT: Final = (
    "Met: the threshold is reached. Not met: it is not, and the patient could have reached it. Not met, excused: it "
    "would be reached, had every session missed with an excuse been attended. Facility shortfall: too little was held "
    "for anybody to reach it. Pending: the period is not over. Partial: in treatment on some of the scheduled dates "
    "only. Not applicable: on none."
)


NOTHING: Final = "\u2013"
"""In a cell that has nothing to say."""

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""In the language of the documents, whatever the machine's is."""

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_told(on: date) -> str:
    """`Monday, March 2, 2026`."""
    return f"{WEEKDAYS[on.weekday()]}, {MONTHS[on.month - 1]} {on.day}, {on.year}"


def instant_told(at: datetime, zone: ZoneInfo) -> str:
    """`2026-04-20T12:00:00.471731Z (08:00:00 EDT on 2026-04-20)`: to the last digit, and on the facility's wall."""
    local = at.astimezone(zone)
    return f"{utc_text(at)} ({local:%H:%M:%S %Z} on {local.date()})"


MEANT_BY_MONTH: Final = (
    "These rules have no threshold: value and of are counts, met says that the month is over, pending that it is not, "
    "not applicable that there is nothing to count."
)


def verdict_told(verdict: Verdict) -> str:
    return VERDICTS[verdict]


def count(number: int, one: str, several: str | None = None) -> str:
    """`1 patient`, `3 patients`."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {several or one + 's'}"


def share(part: int, whole: int) -> str:
    """`7.3 %`; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else NOTHING


def asks(terms: Terms) -> str:
    """What a rule that reports have rows of asks for, with its figures, on one line."""
    match terms:
        case WeekMinutes(at_least_minutes=owed, under_18_at_least_minutes=minors):
            return f"at least {owed} minutes in the week" + ("" if minors is None else f" ({minors} under 18)")
        case QualifyingDays(at_least_days=days, of_at_least_minutes=owed):
            return f"at least {count(days, 'day')} of {owed} minutes or more"
        case DaysOffered(at_least_days=days, of_at_least_minutes=owed):
            return f"held for the cohort: at least {count(days, 'day')} of {owed} minutes or more"
        case WeekLimit(at_most_minutes=most):
            return f"at most {most:,} minutes in the week"
        case ShowRate():
            return "expected sessions that were attended"
        case IndividualSessions(at_least_sessions=sessions):
            return f"at least {count(sessions, 'individual session')} in the week"
        case FamilySessions() as family:
            return (
                f"in {family.every_days} days at least {count(family.at_least_sessions, 'family session')} of "
                f"{family.of_at_least_minutes} minutes with family present"
            )
        case StaffRatio(patients_per_staff=most):
            return f"at every moment at most {count(most, 'patient')} for each qualified staff"
        case Duration(at_least_days=least, at_most_days=most):
            return f"who completes was in it for {least} to {most} days"
        case WeeklySpecimen(at_least_specimens=specimens):
            return f"at least {count(specimens, 'specimen')} collected in the week"
        case Positivity():
            return "unexpected positives among valid results"
        case PromptIntake(within_days=days):
            return f"from first contact to admission at most {count(days, 'day')}"
        case DecidedReductions():
            return "each reduction rests on a decided step-down"
        case _:
            raise LookupError(f"No report has rows of {terms.rule}.")
