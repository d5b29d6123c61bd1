"""What is refused of a screening: what nobody can have meant. Results need a specimen, and a specimen an order.

An order has no date of its own, only that of its recording: a specimen taken on an order by word of mouth is not
refused. Nor is a talk with the patient before the review. What a laboratory reported stays what it reported, also where
its parts don't agree: `domain.chart.results.doubts` says so wherever it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from domain.chart.analytes import CODES, group_of, is_loinc, spelt
from domain.chart.screening import (
    AnalyteResult,
    BreathAlcoholMeasured,
    CollectionMissed,
    DefinitiveReported,
    Noted,
    PrescriptionVerified,
    PresumptiveReported,
    ResultCorrected,
    ResultDiscussed,
    ResultReviewed,
    Screening,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    ValidityReported,
)
from domain.refused import Refused
from domain.scene import Scene
from domain.week import local_date

if TYPE_CHECKING:
    from domain.chart import Chart

MEASURABLE: Final = {
    "creatinine_mg_dl": (0, 1_000),
    "specific_gravity": (0.9, 1.2),
    "ph": (0, 14),
    "nitrite_ug_ml": (0, 1_000_000),
}
"""Measure → the least and the most that can be meant. Wider than any specimen, adulterated ones included: what is
outside is a slip of the unit (µmol/L) or of the point (1015 for 1.015)."""

MOST_BREATH_ALCOHOL: Final = 0.6
"""Grams in 210 litres of breath. Beyond it nobody breathes."""


def judge(chart: Chart, fact: Any, scene: Scene) -> None:
    if isinstance(fact, ScreeningOrdered):
        _judge_order(fact)
        return
    screening = chart.screenings.get(fact.screening_id)
    if screening is None:
        raise Refused("screening.unknown", "There is no such screening in this chart: order it first.")
    if fact.episode_id != screening.episode_id:
        raise Refused("screening.other-episode", "This screening was ordered in another episode of the patient.")
    match fact:
        case SpecimenCollected() | SpecimenRefused() | CollectionMissed():
            if screening.collected_at is not None:
                raise Refused("screening.already-collected", "A specimen of this screening was collected.")
            if screening.refusals or screening.missed:
                raise Refused("screening.closed", "This screening ended without a specimen: order a new one.")
        case ValidityReported() | PresumptiveReported() | DefinitiveReported() | ResultCorrected():
            if screening.collected_at is None:
                raise Refused("result.not-collected", "No specimen was collected: record the collection first.")
            _judge_report(screening, fact, screening.collected_at)
        case ResultReviewed(on=on) | ResultDiscussed(on=on):
            if not screening.reports and not screening.validity:
                raise Refused("result.not-reported", "There is no result of this screening yet.")
            if not _reported_by(screening, Noted(on=on, version=0), scene.zone):
                raise Refused("result.not-yet-reported", "There was no result by that date: check the date.")
        case _:
            return


def _judge_order(fact: ScreeningOrdered) -> None:
    if not fact.panel or not all(analyte.strip() for analyte in fact.panel):
        raise Refused("screening.empty-panel", "Name at least one analyte to look for.")
    if len({spelt(analyte) for analyte in fact.panel}) < len(fact.panel):
        raise Refused("screening.repeated-analyte", "Name each analyte of the panel once.")


# ---- reports


def _judge_report(screening: Screening, fact: Any, collected_at: datetime) -> None:
    """`ValidityReported` has neither analytes nor an instant, nor has its correction."""
    if isinstance(fact, ResultCorrected):
        _judge_correction(screening, fact)
    if isinstance(fact, ResultCorrected | ValidityReported):
        _judge_measures(fact)
    analytes, at = getattr(fact, "analytes", None), getattr(fact, "at", None)
    if analytes is not None and not analytes:
        raise Refused("result.no-analytes", "A report says something of one analyte at least: name what was found.")
    if at is not None and at < collected_at:
        raise Refused("result.before-collection", "A result can't come before its specimen was collected.")
    found = analytes or ()
    if len({result.analyte for result in found}) < len(found):
        raise Refused("result.repeated-analyte", "A report says one thing of an analyte: name each once.")
    for result in found:
        _judge_result(screening, result)


def _judge_result(screening: Screening, result: AnalyteResult) -> None:
    if result.analyte not in screening.panel:
        raise Refused("result.outside-panel", "A result names an analyte that was not ordered.")
    if not is_loinc(result.loinc):
        raise Refused("result.loinc-form", "Give the test's LOINC code, with its check digit, as in 19295-5.")
    coded, group = CODES.get(result.loinc), group_of(result.analyte)
    if coded is not None and group is not None and coded.group != group:
        raise Refused("result.other-analyte", "The LOINC code is that of a test for another drug: check code and name.")
    value, cutoff = result.value_ng_ml, result.cutoff_ng_ml
    if (value is not None and not value >= 0) or (cutoff is not None and not cutoff > 0):
        raise Refused("result.amount", "An amount can't be negative, and a cutoff is above zero.")


def _measured(fact: ValidityReported | ResultCorrected) -> bool:
    taken = (getattr(fact, name) for name in (*MEASURABLE, "foreign_substance"))
    return any(measure is not None for measure in taken)


def _judge_measures(fact: ValidityReported | ResultCorrected) -> None:
    if isinstance(fact, ValidityReported) and not _measured(fact):
        raise Refused("result.no-measures", "A validity report says something: give what was measured.")
    for name, (least, most) in MEASURABLE.items():
        measure = getattr(fact, name)
        if measure is not None and not least <= measure <= most:
            raise Refused("result.implausible-measure", f"`{name}` can't be meant: check the number and its unit.")


def _judge_correction(screening: Screening, fact: ResultCorrected) -> None:
    measured = _measured(fact)
    if any(measures.version == fact.corrects for measures in screening.validity):
        if fact.at is not None or fact.analytes is not None:
            raise Refused("result.validity-with-analytes", "A validity report has measures only: leave the rest out.")
        if not measured:
            raise Refused("result.corrected-to-nothing", "Give what was measured, or strike the report instead.")
    elif any(report.version == fact.corrects for report in screening.reports):
        if fact.at is None or fact.analytes is None or measured:
            raise Refused("result.not-anew", "Correct a report with all its fields anew: when, and every analyte.")
    else:
        raise Refused("result.other-screening", "That report is on another screening: strike it and report anew.")


# ---- what rests on what


def unfounded(screening: Screening, zone: ZoneInfo) -> Iterator[int]:
    """The versions of entries that lack what they rest on: reports without a specimen, reviews without a report."""
    if screening.collected_at is None:
        yield from (report.version for report in screening.reports)
        yield from (measures.version for measures in screening.validity)
    for noted in (*screening.reviews, *screening.discussions):
        if not _reported_by(screening, noted, zone):
            yield noted.version


def _reported_by(screening: Screening, noted: Noted, zone: ZoneInfo) -> bool:
    """Whether there was a result to look at on that date. Validity is undated; a correction was a report before."""
    if screening.collected_at is None or noted.on < local_date(screening.collected_at, zone):
        return False
    dated = (report.correction or local_date(report.at, zone) <= noted.on for report in screening.reports)
    return bool(screening.validity) or any(dated)


# ---- prescriptions, breath


def judge_prescription(fact: PrescriptionVerified) -> None:
    if fact.to_on < fact.from_on:
        raise Refused("prescription.ends-before-it-starts", "A prescription can't end before it starts.")
    if not fact.analyte.strip() or not fact.prescriber.strip():
        raise Refused("prescription.unnamed", "Name the analyte, and who prescribes it.")


def judge_breath(fact: BreathAlcoholMeasured) -> None:
    if not 0 <= fact.grams_per_210_l <= MOST_BREATH_ALCOHOL:
        raise Refused(
            "breath.implausible", "Nobody breathes out so much: give grams of alcohol in 210 litres of breath."
        )
