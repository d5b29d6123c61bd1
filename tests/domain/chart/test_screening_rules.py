"""What a careful nurse or medical review officer would send back: slips, each with its sentence; and what they take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.analytes import CODES, group_of, is_loinc
from domain.chart.results import Doubt, doubts
from domain.chart.screening import AnalyteOutcome, AnalyteResult, ValidityReported
from tests.domain.care import (
    SCREENING,
    breath,
    collected,
    definitive,
    discussed,
    found,
    ordered,
    prescribed,
    presumptive,
    result_corrected,
    reviewed,
    validity,
)
from tests.domain.cast import ACTIVE, CHART, ENROLLED, EPISODE, day, discharged, local
from tests.domain.given import Said, given, said, strike

POSITIVE, NEGATIVE, INCONCLUSIVE = AnalyteOutcome.POSITIVE, AnalyteOutcome.NEGATIVE, AnalyteOutcome.INCONCLUSIVE

COLLECTED = (*ENROLLED, ordered(), collected())
"""Versions 1 to 7; collected on 2026-03-03."""


def measured(**taken: Any) -> ValidityReported:
    return ValidityReported(episode_id=EPISODE, screening_id=SCREENING, **taken)


def result(outcome: AnalyteOutcome, value: float | None = None, cutoff: float | None = None) -> AnalyteResult:
    return replace(found(outcome=outcome), value_ng_ml=value, cutoff_ng_ml=cutoff)


def coded(loinc: str, analyte: str = "opiates") -> AnalyteResult:
    return replace(found(analyte), loinc=loinc)


def corrects(fact: Any) -> Said:
    return said(fact, reason="Specimens were swapped.")


# ---- order


def test_a_panel_names_each_analyte_once() -> None:
    given(*ENROLLED).when(ordered(panel=("opiates", "opiates"))).refused("screening.repeated-analyte")
    given(*ENROLLED).when(ordered(panel=("opiates", "Opiates "))).refused("screening.repeated-analyte")
    given(*ENROLLED).when(ordered(panel=("opiates", " "))).refused("screening.empty-panel")


# ---- reports


def test_a_report_says_one_thing_of_an_analyte() -> None:
    twice = (found(outcome=POSITIVE), found(outcome=NEGATIVE))
    given(*COLLECTED).when(presumptive(*twice)).refused("result.repeated-analyte")
    anew = result_corrected(8, at=local("2026-03-05 10:00"), analytes=twice)
    given(*COLLECTED, presumptive()).when(corrects(anew)).refused("result.repeated-analyte")


@pytest.mark.parametrize("loinc", ["19295-5", "1-8", "718-7", "2345-7"])
def test_a_loinc_code_has_its_check_digit(loinc: str) -> None:
    """718-7 is haemoglobin, 2345-7 glucose: codes known from elsewhere, not from our table."""
    assert is_loinc(loinc)
    assert not any(is_loinc(loinc[:-1] + digit) for digit in "0123456789" if digit != loinc[-1])


@pytest.mark.parametrize("loinc", ["19295-4", "19259-5", "19295", "19295-", "", "12345678-1", "19295-5 ", "LP1-8", "0"])
def test_what_is_no_loinc_code_is_refused(loinc: str) -> None:
    given(*COLLECTED).when(presumptive(coded(loinc))).refused("result.loinc-form")


@pytest.mark.parametrize("loinc", ["19289-8", "14314-9", "93494-3"])
def test_a_code_for_another_drug_is_refused(loinc: str) -> None:
    given(*COLLECTED).when(definitive(coded(loinc))).refused("result.other-analyte")


@pytest.mark.parametrize("loinc", ["18390-5", "19295-5", "16196-8", "19322-7", "718-7"])
def test_a_code_for_the_drug_a_member_of_its_group_or_a_test_we_do_not_know_is_taken(loinc: str) -> None:
    given(*COLLECTED).when(definitive(coded(loinc))).recorded()


def test_an_analyte_that_the_table_does_not_know_is_taken_with_any_code() -> None:
    kratom = replace(found(), analyte="mitragynine", loinc="19295-5")
    given(*ENROLLED, ordered(panel=("mitragynine",)), collected()).when(presumptive(kratom)).recorded()


def test_the_table_is_of_loinc_codes_each_for_one_test() -> None:
    assert len(CODES) == 36
    assert all(is_loinc(loinc) for loinc in CODES)
    assert len({(code.analyte, code.definitive) for code in CODES.values()}) == 36
    assert all(group_of(code.analyte) == code.group for code in CODES.values())


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Opiates", "opiates"),
        ("6-MAM", "opiates"),
        ("6 mam", "opiates"),
        ("ethyl_glucuronide", "alcohol"),
        ("fentanyl", "fentanyl"),
        ("cocaine", "cocaine"),
        ("kratom", None),
    ],
)
def test_an_analyte_is_known_however_its_name_is_spelt(name: str, group: str | None) -> None:
    assert group_of(name) == group


@pytest.mark.parametrize(
    ("value", "cutoff"), [(-0.1, None), (float("nan"), 300), (None, 0), (None, -1), (None, float("nan"))]
)
def test_an_amount_is_not_negative_and_a_cutoff_above_zero(value: float | None, cutoff: float | None) -> None:
    given(*COLLECTED).when(definitive(result(NEGATIVE, value, cutoff))).refused("result.amount")
    given(*COLLECTED).when(definitive(result(NEGATIVE, 0, 0.1))).recorded()


@pytest.mark.parametrize(
    ("outcome", "value", "cutoff", "raised"),
    [
        (POSITIVE, 299.9, 300, [Doubt.POSITIVE_UNDER_CUTOFF]),
        (POSITIVE, 300, 300, []),
        (POSITIVE, 300, None, []),
        (NEGATIVE, 300, 300, [Doubt.NEGATIVE_OVER_CUTOFF]),
        (NEGATIVE, 299.9, 300, []),
        (NEGATIVE, 300, None, []),
        (NEGATIVE, None, 300, []),
        (INCONCLUSIVE, 300, 300, []),
        (INCONCLUSIVE, 1, 300, []),
    ],
)
def test_a_value_that_does_not_agree_with_its_outcome_is_in_doubt(
    outcome: AnalyteOutcome, value: float | None, cutoff: float | None, raised: list[Doubt]
) -> None:
    """It is recorded as it was reported."""
    given(*COLLECTED).when(presumptive(result(outcome, value, cutoff))).recorded()
    assert list(doubts(result(outcome, value, cutoff), definitive=False)) == raised


def test_a_code_for_the_other_kind_of_test_is_in_doubt() -> None:
    for loinc, definitive_doubted in (("19295-5", True), ("18390-5", False)):
        assert (Doubt.CODE_OF_OTHER_TEST in doubts(coded(loinc), definitive=True)) is definitive_doubted
        assert (Doubt.CODE_OF_OTHER_TEST in doubts(coded(loinc), definitive=False)) is not definitive_doubted
    assert doubts(coded("718-7"), definitive=True) == doubts(coded("718-7"), definitive=False) == ()


@pytest.mark.parametrize(
    ("measure", "slips", "meant"),
    [
        ("creatinine_mg_dl", (-1, 1000.1, float("nan")), (0, 1.9, 1000)),
        ("specific_gravity", (0.89, 1.21, 1015), (0.9, 1, 1.2)),
        ("ph", (-0.1, 14.1), (0, 2.9, 11, 14)),
        ("nitrite_ug_ml", (-1, 1_000_001), (0, 500, 1_000_000)),
    ],
)
def test_a_measure_is_one_that_can_be_meant(measure: str, slips: tuple[float, ...], meant: tuple[float, ...]) -> None:
    for value in slips:
        given(*COLLECTED).when(measured(**{measure: value})).refused("result.implausible-measure")
        anew = result_corrected(8, **{measure: value})
        given(*COLLECTED, validity()).when(corrects(anew)).refused("result.implausible-measure")
    for value in meant:
        given(*COLLECTED).when(measured(**{measure: value})).recorded()


def test_a_validity_report_says_something() -> None:
    given(*COLLECTED).when(measured()).refused("result.no-measures")
    given(*COLLECTED).when(measured(foreign_substance=False)).recorded()
    given(*COLLECTED, validity()).when(corrects(result_corrected(8))).refused("result.corrected-to-nothing")


# ---- review and discussion


@pytest.mark.parametrize("act", [reviewed, discussed])
def test_nobody_looks_at_a_result_before_it_is_there(act: Any) -> None:
    story = given(*COLLECTED, definitive(at="2026-03-05 09:00"))
    story.when(act("2026-03-04"), reason="By the diary.").refused("result.not-yet-reported")
    story.when(act("2026-03-05")).recorded()
    of_the_specimen = given(*COLLECTED, validity())
    of_the_specimen.when(act("2026-03-02"), reason="By the diary.").refused("result.not-yet-reported")
    of_the_specimen.when(act("2026-03-03")).recorded()


def test_a_talk_with_the_patient_waits_for_no_review() -> None:
    given(*COLLECTED, presumptive()).when(discussed("2026-03-03")).recorded()


def test_the_result_that_was_reviewed_is_not_struck_though_a_later_one_stands() -> None:
    story = given(*COLLECTED, presumptive(), reviewed("2026-03-04"), definitive(at="2026-03-05 09:00"))
    story.when(strike(8)).refused("correction.breaks-history", naming=f"{CHART}@9")
    story.when(strike(10)).recorded()


def test_a_result_corrected_after_its_review_leaves_the_review() -> None:
    anew = result_corrected(8, at=local("2026-03-10 10:00"), analytes=(found(outcome=NEGATIVE),))
    given(*COLLECTED, presumptive(), reviewed("2026-03-04")).when(corrects(anew)).recorded()


# ---- after the discharge


def test_what_the_laboratory_reports_after_the_discharge_is_taken() -> None:
    story = given(*ACTIVE, ordered(), collected(), discharged("2026-03-06"))
    for fact in (validity(), definitive(at="2026-03-09 09:00"), reviewed("2026-03-10"), discussed("2026-03-10")):
        story.when(fact).recorded()
    assert story.episode.state_on(day("2026-03-10")).value == "discharged"


# ---- prescriptions, breath


def test_a_prescription_names_what_and_who() -> None:
    for blank in ({"analyte": " "}, {"prescriber": " "}):
        given(*ENROLLED).when(replace(prescribed(), **blank)).refused("prescription.unnamed")


@pytest.mark.parametrize("grams", [-0.01, 0.61, 8, float("nan")])
def test_more_alcohol_than_anybody_breathes_is_a_slip(grams: float) -> None:
    given(*ENROLLED).when(replace(breath(), grams_per_210_l=grams)).refused("breath.implausible")


@pytest.mark.parametrize("grams", [0, 0.08, 0.6])
def test_breath_alcohol_is_recorded(grams: float) -> None:
    given(*ENROLLED).when(replace(breath(), grams_per_210_l=grams)).recorded()
