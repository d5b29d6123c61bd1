"""Screening: results need a specimen, a specimen an order, and a correction says its report anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.chart.screening import AnalyteOutcome, Measures, NotCollected, Noted, Prescription, Report
from tests.domain import care
from tests.domain.care import (
    SCREENING,
    SECOND_SCREENING,
    collected,
    definitive,
    discussed,
    found,
    missed,
    ordered,
    presumptive,
    result_corrected,
    reviewed,
    specimen_refused,
    validity,
)
from tests.domain.cast import (
    ACTIVE,
    CHART,
    ENROLLED,
    LAB,
    SECOND_EPISODE,
    SYSTEM,
    day,
    discharged,
    inquired,
    local,
)
from tests.domain.given import Said, given, said, strike

COLLECTED = (*ENROLLED, ordered(), collected())
"""Versions 1 to 7."""
REPORTED = (*COLLECTED, validity(), presumptive(), definitive())
"""Versions 1 to 10."""


def corrects(fact: Any) -> Said:
    return said(fact, reason="Specimens were swapped.")


# ---- order and specimen


def test_an_order_names_an_analyte() -> None:
    given(*ENROLLED).when(ordered(panel=())).refused("screening.empty-panel")


def test_an_order_has_an_id_of_its_own() -> None:
    story = given(*ENROLLED, ordered())
    story.when(ordered()).refused("screening.id-in-use")
    story.when(ordered(SECOND_SCREENING)).recorded()


def test_the_system_orders_random_screens() -> None:
    given(*ENROLLED).when(ordered(), by=SYSTEM).recorded()


@pytest.mark.parametrize("fact", [collected(), specimen_refused(), missed(), validity(), presumptive(), reviewed()])
def test_nothing_is_recorded_on_a_screening_that_was_not_ordered(fact: Any) -> None:
    given(*ENROLLED).when(fact).refused("screening.unknown")


def test_a_screening_belongs_to_the_episode_in_which_it_was_ordered() -> None:
    story = given(*ACTIVE, ordered(), discharged("2026-03-03"), inquired(SECOND_EPISODE, "2026-03-04 12:00"))
    elsewhere = replace(collected("2026-03-04 17:30"), episode_id=SECOND_EPISODE)
    story.when(elsewhere).refused("screening.other-episode")
    story.when(collected("2026-03-04 17:30")).recorded()


def test_a_specimen_is_collected_once() -> None:
    for fact in (collected(), specimen_refused(), missed()):
        given(*COLLECTED).when(fact).refused("screening.already-collected")


@pytest.mark.parametrize("end", [specimen_refused(), missed()])
def test_a_screening_without_a_specimen_has_ended(end: Any) -> None:
    for fact in (collected(), specimen_refused(), missed()):
        given(*ENROLLED, ordered(), end).when(fact).refused("screening.closed")


def test_a_refusal_that_was_struck_ends_nothing() -> None:
    given(*ENROLLED, ordered(), specimen_refused(), strike(7)).when(collected()).recorded()


# ---- results


@pytest.mark.parametrize("fact", [validity(), presumptive(), definitive()])
def test_a_result_needs_a_specimen(fact: Any) -> None:
    given(*ENROLLED, ordered()).when(fact).refused("result.not-collected")
    given(*ENROLLED, ordered(), specimen_refused()).when(fact).refused("result.not-collected")


@pytest.mark.parametrize("report", [presumptive, definitive])
def test_a_result_stays_within_the_panel(report: Any) -> None:
    given(*COLLECTED).when(report(found("opiates"), found("fentanyl"))).refused("result.outside-panel")
    given(*COLLECTED).when(report(found("opiates"), found("cannabinoids"))).recorded()


@pytest.mark.parametrize("report", [presumptive(), definitive()], ids=lambda fact: type(fact).__name__)
def test_a_report_says_something(report: Any) -> None:
    given(*COLLECTED).when(replace(report, analytes=())).refused("result.no-analytes")
    emptied = result_corrected(8, at=report.at, analytes=())
    given(*COLLECTED, report).when(emptied, reason="Another patient's.").refused("result.no-analytes")


@pytest.mark.parametrize("report", [presumptive(), definitive()], ids=lambda fact: type(fact).__name__)
def test_a_result_does_not_come_before_its_specimen(report: Any) -> None:
    before, with_it = local("2026-03-03 17:29"), local("2026-03-03 17:30")
    story = given(*COLLECTED)
    story.when(replace(report, at=before)).refused("result.before-collection")
    story.tell(replace(report, at=with_it))
    earlier = result_corrected(8, at=before, analytes=report.analytes)
    story.when(earlier, reason="By the printed report.").refused("result.before-collection")


@pytest.mark.parametrize("fact", [reviewed(), discussed()])
def test_only_a_result_is_reviewed_and_discussed(fact: Any) -> None:
    given(*COLLECTED).when(fact).refused("result.not-reported")
    given(*COLLECTED, validity()).when(fact).recorded()
    given(*COLLECTED, presumptive()).when(fact).recorded()


def test_a_prescription_does_not_end_before_it_starts() -> None:
    story = given(*ENROLLED)
    story.when(care.prescribed("2026-03-02", "2026-03-01")).refused("prescription.ends-before-it-starts")
    story.when(care.prescribed("2026-03-02", "2026-03-02")).recorded()
    assert story.chart.prescriptions == (
        Prescription(analyte="opiates", from_on=day("2026-03-02"), to_on=day("2026-03-02"), version=6),
    )


def test_a_screening_is_all_that_became_of_its_order() -> None:
    screening = given(*REPORTED, reviewed(), discussed("2026-03-07")).chart.screenings[SCREENING]
    assert (screening.panel, screening.version) == (care.PANEL, 6)
    assert (screening.collected_at, screening.collected_version) == (local("2026-03-03 17:30"), 7)
    assert [measures.version for measures in screening.validity] == [8]
    assert [(report.version, report.definitive, report.correction) for report in screening.reports] == [
        (9, False, False),
        (10, True, False),
    ]
    assert screening.reviews == (Noted(on=day("2026-03-06"), version=11),)
    assert screening.discussions == (Noted(on=day("2026-03-07"), version=12),)


def test_a_screening_without_a_specimen_says_why() -> None:
    at = local("2026-03-03 17:30")
    refused = given(*ENROLLED, ordered(), specimen_refused()).chart.screenings[SCREENING]
    assert refused.refusals == (NotCollected(at=at, version=7),)
    not_there = given(*ENROLLED, ordered(), missed()).chart.screenings[SCREENING]
    assert not_there.missed == (NotCollected(at=at, version=7, excused=False),)
    assert not_there.collected_at is None


# ---- corrections of results


def test_a_corrected_report_takes_the_place_of_the_one_it_names() -> None:
    at = local("2026-03-05 10:00")
    negative = (found(outcome=AnalyteOutcome.NEGATIVE),)
    story = given(*REPORTED, corrects(result_corrected(10, at=at, analytes=negative)))
    _, last = story.chart.screenings[SCREENING].reports
    assert last == Report(version=11, at=at, analytes=negative, definitive=True, correction=True)


def test_corrected_measures_take_the_place_of_the_report_they_name() -> None:
    story = given(*REPORTED, corrects(result_corrected(8, creatinine_mg_dl=12, specific_gravity=1.002)))
    assert story.chart.screenings[SCREENING].validity == (
        Measures(
            version=11,
            creatinine_mg_dl=12,
            specific_gravity=1.002,
            ph=None,
            nitrite_ug_ml=None,
            foreign_substance=None,
        ),
    )


def test_a_corrected_result_is_corrected_again_and_struck_back() -> None:
    first = result_corrected(10, at=local("2026-03-05 10:00"), analytes=(found(outcome=AnalyteOutcome.NEGATIVE),))
    second = result_corrected(11, at=local("2026-03-05 11:00"), analytes=(found(outcome=AnalyteOutcome.INCONCLUSIVE),))
    story = given(*REPORTED, corrects(first), corrects(second))
    versions = []
    for struck in (None, 12, 11):
        if struck is not None:
            story.tell(strike(struck))
        versions.append([report.version for report in story.chart.screenings[SCREENING].reports])
    assert versions == [[9, 12], [9, 11], [9, 10]]


def test_a_correction_is_about_the_screening_of_its_report() -> None:
    other = (ordered(SECOND_SCREENING), collected(screening_id=SECOND_SCREENING))
    story = given(*REPORTED, *other, validity(SECOND_SCREENING))
    report = result_corrected(10, SECOND_SCREENING, at=local("2026-03-05 10:00"), analytes=())
    story.when(corrects(report)).refused("result.other-screening")
    story.when(corrects(result_corrected(13, creatinine_mg_dl=12))).refused("result.other-screening")


def test_a_correction_stays_within_the_panel() -> None:
    wrong = result_corrected(10, at=local("2026-03-05 10:00"), analytes=(found("fentanyl"),))
    given(*REPORTED).when(corrects(wrong)).refused("result.outside-panel")


@pytest.mark.parametrize(
    "partial",
    [
        {"at": local("2026-03-05 10:00")},
        {"analytes": (found(),)},
        {"creatinine_mg_dl": 12},
        {"at": local("2026-03-05 10:00"), "analytes": (found(),), "ph": 6.5},
    ],
    ids=sorted,
)
def test_a_report_is_corrected_with_all_its_fields_and_no_others(partial: dict[str, Any]) -> None:
    given(*REPORTED).when(corrects(result_corrected(9, **partial))).refused("result.not-anew")


@pytest.mark.parametrize("more", [{"at": local("2026-03-05 10:00")}, {"analytes": ()}], ids=sorted)
def test_a_validity_report_has_no_analytes(more: dict[str, Any]) -> None:
    wrong = result_corrected(8, creatinine_mg_dl=12, **more)
    given(*REPORTED).when(corrects(wrong)).refused("result.validity-with-analytes")


def test_results_are_corrected_by_the_laboratory() -> None:
    story = given(*REPORTED)
    correction = corrects(result_corrected(8, creatinine_mg_dl=12))
    story.when(correction, by=LAB).recorded()


# ---- strikes


def test_an_order_is_not_struck_from_under_its_specimen() -> None:
    given(*COLLECTED).when(strike(6)).refused("correction.breaks-history", naming=f"{CHART}@7")
    given(*ENROLLED, ordered(), missed()).when(strike(6)).refused("correction.breaks-history", naming=f"{CHART}@7")


def test_a_specimen_is_not_struck_from_under_its_results() -> None:
    given(*COLLECTED, validity()).when(strike(7)).refused("correction.breaks-history", naming=f"{CHART}@8")
    given(*COLLECTED, presumptive()).when(strike(7)).refused("correction.breaks-history", naming=f"{CHART}@8")
    given(*COLLECTED).when(strike(7)).recorded()


def test_the_only_result_is_not_struck_from_under_its_review() -> None:
    story = given(*COLLECTED, presumptive(), reviewed())
    story.when(strike(8)).refused("correction.breaks-history", naming=f"{CHART}@9")
    story = given(*COLLECTED, validity(), presumptive(), reviewed())
    story.when(strike(8)).recorded()


def test_a_struck_order_leaves_no_screening() -> None:
    story = given(*ENROLLED, ordered(), strike(6))
    assert story.chart.screenings == {}
    assert story.chart.adrift == frozenset()
