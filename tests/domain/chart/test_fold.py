"""What each fact changes in a chart, and that evolving fact by fact comes to the same as folding anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final

import pytest

from domain.catalog import FACTS
from domain.chart import Chart, evolve, fold, judgement
from domain.chart.episode import Episode
from domain.chart.exit import DischargeReason
from domain.record import EnteredInError, Entry, Envelope, Recorded, Source, standing
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ANN,
    ASSESSED,
    COUNSELOR,
    EPISODE,
    INQUIRED,
    TUESDAY,
    absent,
    attended,
    corrected,
    discharged,
    hold_ended,
    hold_started,
    registered,
    suitability,
    voided,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import given, said, strike
from tests.sample_program import sample

REPORTED: Final = (*ACTIVE, care.ordered(), care.collected(), care.validity(), care.presumptive())
COMPLETED: Final = (*ACTIVE, discharged("2026-03-05", reason=DischargeReason.COMPLETED))

CHANGES: Final[Mapping[str, tuple[tuple[Any, ...], str, str]]] = {
    "PatientRegistered": ((), "identity", ""),
    "InquiryReceived": ((registered,), "episodes", ""),
    "IntakeAssessed": (INQUIRED, "episodes", "steps"),
    "SuitabilityDecided": (ASSESSED, "episodes", "suitability"),
    "NotAdmitted": (ASSESSED, "episodes", "steps"),
    "Waitlisted": (ASSESSED, "episodes", "steps"),
    "DetoxReferred": (ASSESSED, "episodes", "steps detox"),
    "DetoxAnswered": ((*ASSESSED, EVERY["DetoxReferred"]), "episodes", "detox"),
    "EpisodeCarriedOver": ((registered,), "episodes", ""),
    "TedsItemsRecorded": (ACTIVE, "", ""),
    "Enrolled": ((*ASSESSED, suitability()), "episodes", "steps enrollment assignments"),
    "Admitted": ((*ASSESSED, suitability(), EVERY["Enrolled"]), "episodes", "steps admission"),
    "CohortAssigned": (ACTIVE, "episodes", "assignments"),
    "HoldStarted": (ACTIVE, "episodes", "steps"),
    "HoldEnded": ((*ACTIVE, hold_started("2026-03-10")), "episodes", "steps"),
    "ArrivalNoted": (ACTIVE, "presences", ""),
    "DepartureNoted": ((*ACTIVE, care.arrived("2026-03-03 17:55", TUESDAY)), "presences", ""),
    "AttendanceRecorded": ((*ASSESSED, suitability(), EVERY["Enrolled"]), "attendances", ""),
    "AttendanceCorrected": (ACTIVE, "attendances", ""),
    "OutreachAttempted": (ACTIVE, "episodes", "outreach"),
    "FamilyExemptionGranted": (ACTIVE, "episodes", "exemptions"),
    "ScreeningOrdered": (ACTIVE, "screenings", ""),
    "SpecimenCollected": ((*ACTIVE, care.ordered()), "screenings", ""),
    "SpecimenRefused": ((*ACTIVE, care.ordered()), "screenings", ""),
    "CollectionMissed": ((*ACTIVE, care.ordered()), "screenings", ""),
    "ValidityReported": (REPORTED, "screenings", ""),
    "PresumptiveReported": (REPORTED, "screenings", ""),
    "DefinitiveReported": (REPORTED, "screenings", ""),
    "ResultCorrected": (REPORTED, "screenings", ""),
    "PrescriptionVerified": (ACTIVE, "prescriptions", ""),
    "ResultReviewed": (REPORTED, "screenings", ""),
    "ResultDiscussed": (REPORTED, "screenings", ""),
    "BreathAlcoholMeasured": (ACTIVE, "", ""),
    "TreatmentPlanSigned": (ACTIVE, "episodes", "plans"),
    "TreatmentPlanReviewed": (ACTIVE, "episodes", "plan_reviews"),
    "GoalAchieved": (ACTIVE, "", ""),
    "TriggerIdentified": (ACTIVE, "", ""),
    "RelapsePreventionPlanSigned": (ACTIVE, "episodes", "relapse_prevention"),
    "AccountabilityMeasureAgreed": (ACTIVE, "", ""),
    "LevelOfCareAssessed": (ACTIVE, "episodes", "assessments"),
    "RelapseReported": (ACTIVE, "episodes", "relapses"),
    "SelfHelpReported": (ACTIVE, "", ""),
    "StepUpDecided": (ACTIVE, "episodes", "steps"),
    "StepDownRecommended": (ACTIVE, "step_downs", ""),
    "StepDownAnswered": ((*ACTIVE, care.recommended()), "step_downs", ""),
    "StepDownCosigned": ((*ACTIVE, care.recommended()), "step_downs", ""),
    "StepDownDecided": ((*ACTIVE, care.recommended()), "step_downs", ""),
    "StepDownTookEffect": ((*ACTIVE, *care.AGREED), "step_downs episodes", "steps"),
    "StepDownWithdrawn": ((*ACTIVE, care.recommended()), "step_downs", ""),
    "SelfReductionNoted": (ACTIVE, "episodes", "self_reductions"),
    "Transferred": (ACTIVE, "episodes", "transfers"),
    "Discharged": (ACTIVE, "episodes", "steps discharges"),
    "DischargeVoided": (COMPLETED, "episodes", "steps discharges voided"),
    "DischargeSummarySigned": (COMPLETED, "episodes", "summaries"),
    "AftercareStarted": (COMPLETED, "episodes", "aftercare"),
    "IdentityCorrected": (ACTIVE, "identity", ""),
    "ChartLinked": (ACTIVE, "links", ""),
    "ChartsMerged": (ACTIVE, "took_over", ""),
    "MergedInto": (ACTIVE, "merged_into", ""),
    "ConsentGiven": (ACTIVE, "consents", ""),
    "ConsentRevoked": ((*ACTIVE, care.consented()), "consents", ""),
    "DisclosureMade": ((*ACTIVE, care.consented()), "disclosures", ""),
    "BreakGlassOpened": (ACTIVE, "openings", ""),
    "BreakGlassReviewed": ((registered, said(care.glass_opened(), at="2026-03-02 19:00")), "openings", ""),
    "AmendmentRequested": (ACTIVE, "amendments", ""),
    "AmendmentAccepted": ((*ACTIVE, care.amendment_requested()), "amendments", ""),
    "AmendmentDenied": ((*ACTIVE, care.amendment_requested()), "amendments", ""),
    "AlumniJoined": (COMPLETED, "episodes", "alumni"),
    "AlumniContacted": (COMPLETED, "episodes", "alumni"),
    "SoberLivingPlaced": (ACTIVE, "sober_living", ""),
    "SoberLivingEnded": ((*ACTIVE, EVERY["SoberLivingPlaced"]), "sober_living", ""),
}
"""Stored name → what is on record before, the fields of the chart it changes, the fields of its episode."""


def history(*tellings: Any) -> list[Entry]:
    story = given(*tellings)
    return story.streams[f"chart/{ANN}"] if tellings else []


def following(known: Sequence[Entry], fact: Any) -> Entry:
    version = known[-1].version + 1 if known else 1
    envelope = Envelope(by=COUNSELOR, source=Source.WEB, correlation_id=EPISODE)
    return Entry(version=version, recorded_at=sample()[-1].recorded_at, envelope=envelope, fact=fact)


def changed(before: Chart | Episode, after: Chart | Episode) -> set[str]:
    # Who signed what is kept beside it all: `test_doubt` looks at that.
    names = {field.name for field in fields(before)} - {"version", "signed"}
    return {name for name in names if getattr(before, name) != getattr(after, name)}


def test_every_fact_of_a_chart_has_its_line() -> None:
    assert {kind.__name__ for kind in FACTS["chart"]} == {*CHANGES, "EnteredInError"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_fact_changes_its_part_of_the_chart_and_no_other(name: str) -> None:
    before, of_chart, of_episode = CHANGES[name]
    known = history(*before)
    entry = following(known, EVERY[name])
    chart = fold(ANN, known)
    further = evolve(chart, entry)
    assert further.version == entry.version
    assert changed(chart, further) == set(of_chart.split())
    if EPISODE in chart.episodes:
        assert changed(chart.episodes[EPISODE], further.episodes[EPISODE]) == set(of_episode.split())


@pytest.mark.parametrize("name", CHANGES)
def test_evolving_comes_to_the_same_as_folding_anew(name: str) -> None:
    known = history(*CHANGES[name][0])
    entry = following(known, EVERY[name])
    assert evolve(fold(ANN, known), entry) == fold(ANN, [*known, entry])


@pytest.mark.parametrize(
    "name", [name for name in CHANGES if name not in ("PatientRegistered", "InquiryReceived", "EpisodeCarriedOver")]
)
def test_a_fact_about_nothing_is_set_aside_and_named(name: str) -> None:
    """A history that no decision made: the fold goes on, and says which entries have no ground."""
    entry = following(history(registered), EVERY[name])
    chart = fold(ANN, [*history(registered), entry])
    about_something = hasattr(EVERY[name], "episode_id") or name in ("ConsentRevoked", "BreakGlassReviewed")
    assert chart.adrift == ({2} if about_something else frozenset())
    assert chart.episodes == {}


def test_the_correction_of_an_entry_about_nothing_is_what_lacks_its_ground() -> None:
    known = history(registered)
    for fact in (EVERY["AttendanceRecorded"], replace(EVERY["AttendanceCorrected"], corrects=2)):
        known = [*known, following(known, fact)]
    assert fold(ANN, known).adrift == {3}


@pytest.mark.parametrize("fact", [care.aftercare("2026-03-05"), care.summarized("2026-03-05")])
def test_what_follows_a_discharge_lacks_its_ground_without_one(fact: Any) -> None:
    """Histories that no decision made."""
    scene = given().scene(sample()[-1].recorded_at)
    for before, lacking in (
        (ACTIVE, True),
        ((*ACTIVE, discharged("2026-03-06", reason=DischargeReason.COMPLETED)), True),
        (COMPLETED, False),
    ):
        known = history(*before)
        entry = following(known, fact)
        expected = [entry.version] if lacking else []
        assert list(judgement.broken(fold(ANN, [*known, entry]), scene)) == expected


def test_a_strike_is_not_evolved() -> None:
    known = history(*ACTIVE)
    with pytest.raises(TypeError, match="fold the chart anew"):
        evolve(fold(ANN, known), following(known, EnteredInError(target=6)))


def test_an_empty_chart_has_no_version() -> None:
    assert fold(ANN, []) == Chart(patient_id=ANN)


def test_the_version_of_a_chart_is_that_of_its_last_entry_even_of_a_strike() -> None:
    assert given(*ACTIVE, care.ordered(), strike(8)).chart.version == 9


def test_a_strike_leaves_the_chart_as_if_nothing_had_been_said() -> None:
    plain = given(*ACTIVE).chart
    for fact in (care.plan_signed(), care.recommended(), care.ordered(), hold_started("2026-03-10"), attended(TUESDAY)):
        assert replace(given(*ACTIVE, fact, strike(8)).chart, version=7) == plain


def test_a_struck_correction_leaves_the_chart_as_it_was_before() -> None:
    before = given(*ACTIVE, attended(TUESDAY)).chart
    shorter = corrected(8, attended(TUESDAY, arrived="2026-03-03 18:30"))
    story = given(*ACTIVE, attended(TUESDAY), said(shorter, reason="By the sign-in book."), strike(9))
    assert replace(story.chart, version=8) == before


def test_a_voided_discharge_leaves_the_episode_as_it_was_before() -> None:
    before = given(*ACTIVE).episode
    after = given(*ACTIVE, discharged("2026-03-05"), said(voided(8), reason="Wrong chart.")).episode
    assert [(step.on, step.version) for step in after.voided] == [(date(2026, 3, 5), 9)]
    assert replace(after, voided=()) == before


def test_a_discharge_stands_again_when_its_voiding_is_struck_whatever_was_voided_since() -> None:
    twice = (discharged("2026-03-05"), said(voided(10), reason="Too early."))
    story = given(*ACTIVE, discharged("2026-03-05"), said(voided(8), reason="Wrong chart."), *twice, strike(9))
    assert story.episode.discharge is not None
    assert story.episode.discharge.version == 8
    story.when(said(voided(8), reason="Wrong chart.")).recorded()
    assert story.episode.discharge is None


def test_episodes_stand_in_the_order_in_which_they_were_opened() -> None:
    story = given(*ACTIVE, hold_started("2026-03-10"), hold_ended("2026-03-11"), absent(TUESDAY))
    assert list(story.chart.episodes) == [EPISODE]
    assert [step.name for step in story.episode.steps] == [
        "IntakeAssessed",
        "Enrolled",
        "Admitted",
        "HoldStarted",
        "HoldEnded",
    ]


def test_the_earlier_of_two_cohorts_is_that_of_the_dates_before() -> None:
    episode = given(*ACTIVE, care.assigned("2026-03-16")).episode
    cohorts = {on: episode.cohort_on(EVERY["HoldStarted"].on.replace(day=on)) for on in (1, 15, 16)}
    assert {on: found.version if found else None for on, found in cohorts.items()} == {1: 5, 15: 5, 16: 8}
    assert given(*ASSESSED).episode.cohort_on(EVERY["HoldStarted"].on) is None


# ---- the charts of the sample program


def _charts() -> dict[str, list[Recorded]]:
    streams: dict[str, list[Recorded]] = {}
    for fact in sample():
        if fact.stream.startswith("chart/"):
            streams.setdefault(fact.stream, []).append(fact)
    return streams


def test_every_prefix_of_a_chart_of_the_sample_evolves_as_it_folds() -> None:
    for entries in _charts().values():
        chart = Chart(patient_id=ANN)
        for n, entry in enumerate(entries, start=1):
            strikes = isinstance(entry.fact, EnteredInError)
            chart = fold(ANN, entries[:n]) if strikes else evolve(chart, entry)
            if n % 10 == 0 or n == len(entries):
                assert chart == fold(ANN, entries[:n])


def test_a_chart_is_what_stands_of_it() -> None:
    for entries in _charts().values():
        assert replace(fold(ANN, standing(entries)), version=entries[-1].version) == fold(ANN, entries)


def test_no_chart_of_the_sample_holds_an_entry_about_nothing() -> None:
    assert not any(fold(ANN, entries).adrift for entries in _charts().values())
