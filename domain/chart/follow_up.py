"""What somebody has to see to after a screening: results nobody has looked at, and results to ask about.

Within three business days a result is reviewed by a clinician and discussed with the patient (SCR-2).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from domain.chart.results import (
    Validity,
    collected_on,
    counted,
    doubts,
    final_results,
    latest_validity,
    noted_after,
    prescribed,
)
from domain.chart.screening import AnalyteOutcome, Noted, Prescription, Screening
from domain.week import business_days, local_date

DUE_BUSINESS_DAYS: Final = 3


def is_overdue(
    screening: Screening, noted: Iterable[Noted], *, zone: ZoneInfo, as_of: date, holidays: Container[date]
) -> bool:
    """Whether a report has waited longer than it may for one of `noted`, the reviews or the talks."""
    known = tuple(noted)
    return any(
        noted_after(report, known, zone, as_of) is None
        and business_days(local_date(report.at, zone), as_of, holidays) > DUE_BUSINESS_DAYS
        for report in counted(screening, zone, as_of)
    )


def prescribed_but_negative(
    screening: Screening, prescriptions: Iterable[Prescription], *, zone: ZoneInfo, as_of: date
) -> Iterator[str]:
    """The analytes that the patient is prescribed, and that a valid specimen lacks: is it taken, or passed on?"""
    collected = collected_on(screening, zone)
    if collected is None or latest_validity(screening) is not Validity.VALID:
        return
    results = final_results(screening, zone=zone, as_of=as_of)
    covered = prescribed(prescriptions, collected, results)
    for analyte, result in results.items():
        if analyte in covered and result.outcome is AnalyteOutcome.NEGATIVE:
            yield analyte


def is_in_doubt(screening: Screening, *, zone: ZoneInfo, as_of: date) -> bool:
    """Whether a report says of an analyte what does not agree with itself."""
    return any(
        doubts(result, definitive=report.definitive)
        for report in counted(screening, zone, as_of)
        for result in report.analytes
    )
