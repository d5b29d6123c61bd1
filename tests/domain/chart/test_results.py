"""Validity of a specimen, by the table of the rules, and its final result."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.chart.results import Result, Validity, final_results, result_of, validity_of
from domain.chart.screening import AnalyteOutcome, AnalyteResult, Measures, Prescription, Report, Screening

ZONE = ZoneInfo("America/New_York")
COLLECTED = datetime(2026, 3, 2, 19, tzinfo=ZONE)
LATER = date(2026, 12, 31)

POSITIVE, NEGATIVE, INCONCLUSIVE = AnalyteOutcome.POSITIVE, AnalyteOutcome.NEGATIVE, AnalyteOutcome.INCONCLUSIVE


def measured(**taken: Any) -> Measures:
    untaken = dict.fromkeys(("creatinine_mg_dl", "specific_gravity", "ph", "nitrite_ug_ml", "foreign_substance"))
    return Measures(version=1, **{**untaken, **taken})


@pytest.mark.parametrize(
    ("creatinine", "gravity", "validity"),
    [
        (12, 1.002, Validity.DILUTE),
        (2, 1.002, Validity.DILUTE),
        (19.9, 1.0029, Validity.DILUTE),
        (20, 1.002, Validity.VALID),
        (12, 1.003, Validity.VALID),
        (12, 1.010, Validity.VALID),
        (12, 1.001, Validity.INVALID),
        (1.9, 1.001, Validity.SUBSTITUTED),
        (1.9, 1.020, Validity.SUBSTITUTED),
        (1.9, 1.010, Validity.INVALID),
        (100, 1.001, Validity.INVALID),
        (None, 1.001, Validity.VALID),
        (1, None, Validity.VALID),
    ],
)
def test_creatinine_and_specific_gravity_decide_together(
    creatinine: float | None, gravity: float | None, validity: Validity
) -> None:
    assert validity_of(measured(creatinine_mg_dl=creatinine, specific_gravity=gravity)) is validity


@pytest.mark.parametrize(
    ("ph", "validity"),
    [
        (3.9, Validity.ADULTERATED),
        (4, Validity.INVALID),
        (4.4, Validity.INVALID),
        (4.5, Validity.VALID),
        (8.9, Validity.VALID),
        (9, Validity.INVALID),
        (10.9, Validity.INVALID),
        (11, Validity.ADULTERATED),
    ],
)
def test_a_ph_that_no_fresh_specimen_has_makes_it_invalid_or_adulterated(ph: float, validity: Validity) -> None:
    assert validity_of(measured(ph=ph)) is validity


def test_nitrite_and_foreign_substances_are_adulteration() -> None:
    assert validity_of(measured(nitrite_ug_ml=500)) is Validity.ADULTERATED
    assert validity_of(measured(nitrite_ug_ml=499)) is Validity.VALID
    assert validity_of(measured(foreign_substance=True)) is Validity.ADULTERATED
    assert validity_of(measured(foreign_substance=False)) is Validity.VALID


def test_adulterated_is_tried_before_substituted_and_dilute_before_invalid() -> None:
    assert validity_of(measured(creatinine_mg_dl=1, specific_gravity=1.0, ph=3)) is Validity.ADULTERATED
    assert validity_of(measured(creatinine_mg_dl=1, specific_gravity=1.0, ph=9.5)) is Validity.SUBSTITUTED
    assert validity_of(measured(creatinine_mg_dl=12, specific_gravity=1.002, ph=9.5)) is Validity.DILUTE


def test_without_a_report_or_a_measure_a_specimen_is_valid() -> None:
    assert validity_of(None) is Validity.VALID
    assert validity_of(measured()) is Validity.VALID


# ---- results


def specimen(*reports: Report, validity: tuple[Measures, ...] = ()) -> Screening:
    return Screening(
        screening_id=UUID(int=1),
        episode_id=UUID(int=2),
        panel=("cocaine", "opiates", "buprenorphine"),
        version=1,
        ordered_at=COLLECTED,
        collected_at=COLLECTED,
        collected_version=2,
        validity=validity,
        reports=reports,
    )


def reported(definitive: bool, on: int = 2, *, correction: bool = False, **outcomes: AnalyteOutcome) -> Report:
    """Reported at 20:00 of that day in March 2026, or in correction of such a report."""
    analytes = tuple(AnalyteResult(analyte=name, loinc="0", outcome=outcome) for name, outcome in outcomes.items())
    at = datetime(2026, 3, on, 20, tzinfo=ZONE)
    return Report(version=on, at=at, analytes=analytes, definitive=definitive, correction=correction)


def presumptive(on: int = 2, **outcomes: AnalyteOutcome) -> Report:
    return reported(False, on, **outcomes)


def definitive(on: int = 4, **outcomes: AnalyteOutcome) -> Report:
    return reported(True, on, **outcomes)


def result(screening: Screening, *prescriptions: Prescription, as_of: date = LATER) -> Result | Validity | None:
    return result_of(screening, prescriptions, zone=ZONE, as_of=as_of)


def prescribed(analyte: str, from_on: date, to_on: date) -> Prescription:
    return Prescription(analyte=analyte, from_on=from_on, to_on=to_on, version=9)


def test_a_definitive_result_takes_the_place_of_the_presumptive_one_of_the_same_analyte() -> None:
    screened = specimen(presumptive(cocaine=POSITIVE, opiates=NEGATIVE), definitive(cocaine=NEGATIVE))
    assert result(screened, as_of=date(2026, 3, 3)) is Result.UNEXPECTED_POSITIVE
    assert result(screened, as_of=date(2026, 3, 4)) is Result.NEGATIVE
    outcomes = final_results(screened, zone=ZONE, as_of=LATER)
    assert {name: found.outcome for name, found in outcomes.items()} == {"cocaine": NEGATIVE, "opiates": NEGATIVE}


def test_a_presumptive_report_that_comes_after_the_definitive_one_does_not_overturn_it() -> None:
    assert result(specimen(definitive(cocaine=NEGATIVE), presumptive(5, cocaine=POSITIVE))) is Result.NEGATIVE


def test_another_analytes_definitive_result_leaves_the_presumptive_one_final() -> None:
    assert result(specimen(presumptive(cocaine=POSITIVE), definitive(opiates=NEGATIVE))) is Result.UNEXPECTED_POSITIVE


def test_a_correction_counts_whenever_it_was_reported() -> None:
    screened = specimen(reported(True, 9, correction=True, cocaine=NEGATIVE))
    assert result(screened, as_of=date(2026, 3, 3)) is Result.NEGATIVE
    assert result(specimen(definitive(9, cocaine=NEGATIVE)), as_of=date(2026, 3, 3)) is None


@pytest.mark.parametrize(
    ("from_on", "to_on", "expected"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), Result.EXPECTED_POSITIVE),
        (date(2026, 3, 3), date(2026, 4, 2), Result.UNEXPECTED_POSITIVE),
        (date(2026, 2, 1), date(2026, 3, 1), Result.UNEXPECTED_POSITIVE),
    ],
)
def test_a_prescription_covers_the_dates_of_its_own_analyte(from_on: date, to_on: date, expected: Result) -> None:
    screened = specimen(presumptive(buprenorphine=POSITIVE))
    assert result(screened, prescribed("buprenorphine", from_on, to_on)) is expected
    assert result(screened, prescribed("opiates", from_on, to_on)) is Result.UNEXPECTED_POSITIVE


@pytest.mark.parametrize("spelt", ["Buprenorphine", " BUPRENORPHINE "])
def test_a_prescription_covers_its_analyte_however_it_is_spelt(spelt: str) -> None:
    screened = specimen(presumptive(buprenorphine=POSITIVE))
    covering = prescribed(spelt, date(2026, 3, 2), date(2026, 3, 2))
    assert result(screened, covering) is Result.EXPECTED_POSITIVE


def test_one_unexpected_positive_analyte_suffices() -> None:
    screened = specimen(presumptive(buprenorphine=POSITIVE, cocaine=POSITIVE, opiates=NEGATIVE))
    covered = prescribed("buprenorphine", date(2026, 1, 1), date(2026, 12, 31))
    assert result(screened, covered) is Result.UNEXPECTED_POSITIVE


def test_a_specimen_is_inconclusive_only_when_every_analyte_is() -> None:
    assert result(specimen(presumptive(cocaine=INCONCLUSIVE, opiates=INCONCLUSIVE))) is Result.INCONCLUSIVE
    assert result(specimen(presumptive(cocaine=INCONCLUSIVE, opiates=NEGATIVE))) is Result.NEGATIVE


def test_a_specimen_that_is_not_valid_has_its_validity_for_a_result() -> None:
    dilute = measured(creatinine_mg_dl=12, specific_gravity=1.002)
    assert result(specimen(presumptive(cocaine=POSITIVE), validity=(dilute,))) is Validity.DILUTE
    assert result(specimen(validity=(dilute,))) is Validity.DILUTE
    valid = measured(creatinine_mg_dl=12, specific_gravity=1.010)
    assert result(specimen(presumptive(cocaine=NEGATIVE), validity=(dilute, valid))) is Result.NEGATIVE


def test_without_a_report_there_is_no_result() -> None:
    assert result(specimen()) is None
    assert result(specimen(presumptive())) is None
