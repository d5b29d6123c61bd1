"""What a specimen says: is it valid, and what is its final result?

The table of validity is that of the rules: creatinine in mg/dL, specific gravity as a ratio, nitrite in µg/mL. A
measure that was not taken decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.chart.analytes import CODES, spelt
from domain.chart.screening import AnalyteOutcome, AnalyteResult, Measures, Noted, Prescription, Report, Screening
from domain.week import local_date


class Validity(StrEnum):
    VALID = "valid"
    DILUTE = "dilute"
    SUBSTITUTED = "substituted"
    ADULTERATED = "adulterated"
    INVALID = "invalid"


class Result(StrEnum):
    """The final result of a valid specimen."""

    NEGATIVE = "negative"
    UNEXPECTED_POSITIVE = "unexpected_positive"
    EXPECTED_POSITIVE = "expected_positive"
    INCONCLUSIVE = "inconclusive"


class Doubt(StrEnum):
    """Why a result is to be asked about: the record keeps it as it was reported."""

    POSITIVE_UNDER_CUTOFF = "positive_under_cutoff"
    NEGATIVE_OVER_CUTOFF = "negative_over_cutoff"
    CODE_OF_OTHER_TEST = "code_of_other_test"
    """The LOINC code is that of a screen in a definitive report, or of a confirmation in a presumptive one."""


def doubts(result: AnalyteResult, *, definitive: bool) -> tuple[Doubt, ...]:
    """What does not agree in one analyte's result."""
    value, cutoff, code = result.value_ng_ml, result.cutoff_ng_ml, CODES.get(result.loinc)
    reaches = None if value is None or cutoff is None else value >= cutoff
    found = {
        Doubt.POSITIVE_UNDER_CUTOFF: result.outcome is AnalyteOutcome.POSITIVE and reaches is False,
        Doubt.NEGATIVE_OVER_CUTOFF: result.outcome is AnalyteOutcome.NEGATIVE and reaches is True,
        Doubt.CODE_OF_OTHER_TEST: code is not None and code.definitive is not definitive,
    }
    return tuple(doubt for doubt, is_found in found.items() if is_found)


def validity_of(measures: Measures | None) -> Validity:
    """Tried in this order: adulterated, substituted, dilute, invalid. Otherwise, or without a report, valid."""
    if measures is None:
        return Validity.VALID
    if _adulterated(measures):
        return Validity.ADULTERATED
    if _substituted(measures):
        return Validity.SUBSTITUTED
    if _dilute(measures):
        return Validity.DILUTE
    return Validity.INVALID if _contradictory(measures) else Validity.VALID


def _adulterated(measures: Measures) -> bool:
    ph, nitrite = measures.ph, measures.nitrite_ug_ml
    if measures.foreign_substance or (nitrite is not None and nitrite >= 500):
        return True
    return ph is not None and (ph < 4 or ph >= 11)


def _substituted(measures: Measures) -> bool:
    creatinine, gravity = measures.creatinine_mg_dl, measures.specific_gravity
    if creatinine is None or gravity is None:
        return False
    return creatinine < 2 and (gravity <= 1.001 or gravity >= 1.020)


def _dilute(measures: Measures) -> bool:
    creatinine, gravity = measures.creatinine_mg_dl, measures.specific_gravity
    if creatinine is None or gravity is None:
        return False
    return 2 <= creatinine < 20 and 1.001 < gravity < 1.003


def _contradictory(measures: Measures) -> bool:
    """A pH that no fresh specimen has, or creatinine and specific gravity that contradict each other."""
    creatinine, gravity, ph = measures.creatinine_mg_dl, measures.specific_gravity, measures.ph
    if ph is not None and (4 <= ph < 4.5 or 9 <= ph < 11):
        return True
    if creatinine is None or gravity is None:
        return False
    return 1.001 < gravity < 1.020 if creatinine < 2 else gravity <= 1.001


def collected_on(screening: Screening, zone: ZoneInfo) -> date | None:
    """The local date on which the specimen was collected; None when it was not."""
    return None if screening.collected_at is None else local_date(screening.collected_at, zone)


def latest_validity(screening: Screening) -> Validity:
    """By the latest validity report on the specimen. Such reports are undated, so they count whatever the date."""
    return validity_of(screening.validity[-1] if screening.validity else None)


def final_results(screening: Screening, *, zone: ZoneInfo, as_of: date) -> dict[str, AnalyteResult]:
    """Analyte → its result at the end of `as_of`: the definitive one, without one the presumptive; the latest of two.

    A correction counts whenever it was reported.
    """
    results: dict[str, AnalyteResult] = {}
    for report in sorted(counted(screening, zone, as_of), key=_definitive_last):
        results.update({result.analyte: result for result in report.analytes})
    return results


def _definitive_last(report: Report) -> bool:
    return report.definitive


def counted(screening: Screening, zone: ZoneInfo, as_of: date) -> list[Report]:
    """The reports of a specimen by the end of `as_of`. A correction counts whenever it was reported."""
    return [r for r in screening.reports if r.correction or local_date(r.at, zone) <= as_of]


def prescribed(prescriptions: Iterable[Prescription], collected: date, analytes: Iterable[str]) -> frozenset[str]:
    """Those of the analytes that a verified prescription covers on the date of collection, however it is spelt."""
    names = {spelt(p.analyte) for p in prescriptions if p.from_on <= collected <= p.to_on}
    return frozenset(analyte for analyte in analytes if spelt(analyte) in names)


def noted_after(report: Report, noted: Iterable[Noted], zone: ZoneInfo, as_of: date) -> Noted | None:
    """The first review, or talk, that had this report to look at: of its date or later, by the end of `as_of`."""
    reported_on = local_date(report.at, zone)
    return min((n for n in noted if reported_on <= n.on <= as_of), key=lambda n: (n.on, n.version), default=None)


def told_of(
    screening: Screening, prescriptions: Iterable[Prescription], *, zone: ZoneInfo, as_of: date
) -> Result | Validity | None:
    """As `result_of`, but negative is said only of a specimen of which each analyte of its panel has a result: until
    then it has none. A rate counts what there is; whoever reads of one patient takes negative for all of it."""
    result, final = _result_with(screening, prescriptions, zone, as_of)
    if result is not Result.NEGATIVE:
        return result
    return result if {spelt(analyte) for analyte in final}.issuperset(map(spelt, screening.panel)) else None


def result_of(
    screening: Screening, prescriptions: Iterable[Prescription], *, zone: ZoneInfo, as_of: date
) -> Result | Validity | None:
    """The final result of a collected specimen, its validity when it is not valid, None when it has neither.

    One unexpected positive analyte suffices. A positive is expected when a verified prescription of the same analyte
    covers the collection date. Inconclusive is said only of a specimen of which nothing else can be.
    """
    return _result_with(screening, prescriptions, zone, as_of)[0]


def _result_with(
    screening: Screening, prescriptions: Iterable[Prescription], zone: ZoneInfo, as_of: date
) -> tuple[Result | Validity | None, Mapping[str, AnalyteResult]]:
    """As `result_of`, and the final results of the analytes that it is made of."""
    collected = collected_on(screening, zone)
    if collected is None:
        return None, {}
    validity = latest_validity(screening)
    if validity is not Validity.VALID:
        return validity, {}
    final = final_results(screening, zone=zone, as_of=as_of)
    if not final:
        return None, final
    positive = {result.analyte for result in final.values() if result.outcome is AnalyteOutcome.POSITIVE}
    if positive - prescribed(prescriptions, collected, positive):
        return Result.UNEXPECTED_POSITIVE, final
    if positive:
        return Result.EXPECTED_POSITIVE, final
    if all(result.outcome is AnalyteOutcome.INCONCLUSIVE for result in final.values()):
        return Result.INCONCLUSIVE, final
    return Result.NEGATIVE, final
