"""The way in: registration, inquiry, assessment, suitability, enrollment, or not admitted after all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.chart.entry import Suitability
from domain.chart.episode import Assignment, Enrollment
from domain.chart.exit import DischargeReason
from domain.chart.identity import Identity
from domain.chart.states import State
from tests.domain.care import assigned, consented
from tests.domain.cast import (
    ACTIVE,
    ASSESSED,
    CHART,
    COUNSELOR,
    ENROLLED,
    EPISODE,
    EVENINGS,
    INQUIRED,
    MONDAY,
    MORNINGS,
    SECOND_EPISODE,
    ZONE,
    absent,
    assessed,
    attended,
    day,
    discharged,
    enrolled,
    formed,
    inquired,
    not_admitted,
    registered,
    staff_uuid,
    suitability,
    voided,
    waitlisted,
)
from tests.domain.given import given, of_cohort, said, strike

NOBODY = UUID(int=0xBAD)


# ---- registration


def test_a_chart_begins_with_the_registration_of_the_patient() -> None:
    given().when(inquired()).refused("patient.not-registered")


def test_a_patient_is_registered_once() -> None:
    given(registered).when(registered).refused("patient.already-registered")


def test_a_chart_knows_whose_it_is() -> None:
    identity = given(registered).chart.identity
    assert identity == Identity(
        mrn="MRN-4711",
        given_name="Philippa",
        family_name="Quimby",
        birth_date=day("1990-05-01"),
        birth_date_version=1,
        version=1,
    )


def test_a_registration_that_was_struck_is_made_anew() -> None:
    story = given(registered, strike(1))
    assert story.chart.identity == Identity()
    story.when(inquired()).refused("patient.not-registered")
    story.when(registered).recorded()


@pytest.mark.parametrize("fact", [inquired(), said(consented(), at="2026-02-26 12:00")], ids=["inquiry", "consent"])
def test_a_registration_is_not_struck_from_under_anything_on_record(fact: Any) -> None:
    story = given(registered, fact)
    story.when(strike(1)).refused("correction.breaks-history", naming=f"{CHART}@2")
    story.tell(strike(2))
    story.when(strike(1)).recorded()


# ---- inquiry


def test_an_inquiry_opens_an_episode() -> None:
    episode = given(*INQUIRED).episode
    assert (episode.episode_id, episode.version, episode.state_on(day("2026-02-25"))) == (EPISODE, 2, State.INQUIRY)
    assert episode.opened_on(ZONE) == day("2026-02-25")


def test_nobody_comes_back_who_has_died() -> None:
    story = given(*ACTIVE, discharged("2026-03-03", reason=DischargeReason.DIED))
    story.when(inquired(SECOND_EPISODE, "2026-03-04 12:00")).refused("episode.patient-died")
    story.tell(said(voided(8), reason="Another patient."), discharged("2026-03-05"))
    story.when(inquired(SECOND_EPISODE, "2026-03-06 12:00")).recorded()


@pytest.mark.parametrize("so_far", [INQUIRED, ASSESSED, ENROLLED, ACTIVE], ids=len)
def test_a_patient_has_one_open_episode(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(inquired(SECOND_EPISODE, "2026-03-04 12:00")).refused("episode.already-open")


@pytest.mark.parametrize("end", [(*ASSESSED, not_admitted()), (*ACTIVE, discharged("2026-03-03"))], ids=len)
def test_who_comes_back_has_a_new_episode(end: tuple[Any, ...]) -> None:
    story = given(*end, inquired(SECOND_EPISODE, "2026-03-04 12:00"))
    assert list(story.chart.episodes) == [EPISODE, SECOND_EPISODE]
    assert story.chart.episodes[SECOND_EPISODE].state_on(day("2026-03-04")) is State.INQUIRY


def test_an_episode_does_not_come_back_while_another_is_open() -> None:
    story = given(*ASSESSED, not_admitted(), inquired(SECOND_EPISODE, "2026-03-04 12:00"))
    story.when(strike(4)).refused("correction.breaks-history", naming="@5")
    story.tell(strike(5))
    story.when(strike(4)).recorded()


def test_a_new_episode_has_an_id_of_its_own() -> None:
    story = given(*ACTIVE, discharged("2026-03-03"))
    story.when(inquired(EPISODE, "2026-03-04 12:00")).refused("episode.id-in-use")


def test_nothing_is_recorded_in_an_episode_that_is_not_there() -> None:
    given(registered).when(assessed()).refused("episode.unknown")
    given(*INQUIRED).when(assessed(episode_id=NOBODY)).refused("episode.unknown")


@pytest.mark.parametrize(("so_far", "named"), [(ASSESSED, "@3"), (ENROLLED, "@3"), (ACTIVE, "@3")])
def test_an_inquiry_is_not_struck_from_under_its_episode(so_far: tuple[Any, ...], named: str) -> None:
    given(*so_far).when(strike(2)).refused("correction.breaks-history", naming=named)


def test_an_inquiry_on_which_nothing_rests_may_be_struck() -> None:
    story = given(*INQUIRED, strike(2))
    assert story.chart.episodes == {}
    story.when(inquired()).recorded()


def test_what_was_struck_or_corrected_away_does_not_hold_an_inquiry() -> None:
    story = given(*ASSESSED, strike(3))
    story.when(strike(2)).recorded()


# ---- assessment and suitability


@pytest.mark.parametrize(
    "ratings", [(), (1, 2, 3, 4, 0), (0, 0, 0, 0, 0, 0, 0), (5, 0, 0, 0, 0, 0), (-1, 0, 0, 0, 0, 0)]
)
def test_all_six_dimensions_are_rated_from_0_to_4(ratings: tuple[int, ...]) -> None:
    given(*INQUIRED).when(assessed(ratings=ratings)).refused("assessment.ratings")


def test_suitability_is_decided_on_an_assessment() -> None:
    given(*INQUIRED).when(suitability()).refused("suitability.without-assessment")
    given(*ASSESSED).when(suitability(on="2026-02-25")).refused("suitability.without-assessment")
    given(*ASSESSED).when(suitability()).recorded()


def test_suitability_is_not_decided_after_the_end() -> None:
    given(*ASSESSED, not_admitted()).when(suitability(on="2026-03-01")).refused("episode.ended")


@pytest.mark.parametrize("so_far", [ENROLLED, ACTIVE], ids=len)
def test_suitability_is_decided_before_the_enrollment(so_far: tuple[Any, ...]) -> None:
    story = given(*so_far)
    for on in ("2026-02-27", "2026-03-02"):
        again = said(suitability(Suitability.HIGHER_LEVEL, on), at="2026-03-02 22:00", reason="Found later.")
        story.when(again).refused("suitability.already-enrolled")
    story.when(suitability(on="2026-02-26"), at="2026-03-02 22:00", reason="Found later.").recorded()


def test_a_suitability_that_was_struck_may_be_decided_anew_for_the_day_of_enrollment() -> None:
    story = given(*ENROLLED, strike(4))
    story.when(suitability(on="2026-02-28"), reason="Found later.").refused("suitability.already-enrolled")
    story.when(suitability(on="2026-02-27"), reason="Found later.").recorded()


def test_suitability_is_kept_with_its_date() -> None:
    (decision,) = given(*ASSESSED, suitability()).episode.suitability
    assert (decision.outcome, decision.on, decision.version) == (Suitability.SUITABLE, day("2026-02-26"), 4)


# ---- enrollment


@pytest.mark.parametrize("outcome", [outcome for outcome in Suitability if outcome is not Suitability.SUITABLE])
def test_nobody_is_enrolled_who_was_not_found_suitable(outcome: Suitability) -> None:
    given(*ASSESSED, suitability(outcome)).when(enrolled()).refused("enrollment.without-suitable")


def test_nobody_is_enrolled_without_a_decision_by_that_date() -> None:
    given(*ASSESSED).when(enrolled()).refused("enrollment.without-suitable")
    given(*ASSESSED, suitability(on="2026-02-28")).when(enrolled("2026-02-27")).refused("enrollment.without-suitable")


def test_the_latest_decision_by_date_counts_not_the_last_recorded() -> None:
    on, before = "2026-02-27", "2026-02-26"
    story = given(*ASSESSED, suitability(on=on), suitability(Suitability.DETOX_FIRST, before))
    story.when(enrolled(on)).recorded()
    story = given(*ASSESSED, suitability(Suitability.DETOX_FIRST, on), suitability(on=before))
    story.when(enrolled(on)).refused("enrollment.without-suitable")


def test_of_two_decisions_on_one_date_the_later_recorded_counts() -> None:
    story = given(*ASSESSED, suitability(Suitability.DETOX_FIRST), suitability())
    story.when(enrolled()).recorded()


def test_an_enrollment_names_a_cohort_of_its_program() -> None:
    story = given(*ASSESSED, suitability(), of_cohort(NOBODY, formed(program="php")))
    story.when(enrolled(cohort_id=NOBODY)).refused("enrollment.other-program")
    story.when(enrolled(cohort_id=EPISODE)).refused("cohort.unknown")


def test_an_enrollment_plans_at_least_a_week() -> None:
    given(*ASSESSED, suitability()).when(enrolled(planned_weeks=0)).refused("enrollment.planned-weeks")
    given(*ASSESSED, suitability()).when(enrolled(planned_weeks=1)).recorded()


def test_a_primary_clinician_is_on_the_staff_list() -> None:
    story = given(*ASSESSED, suitability())
    story.when(enrolled(primary_clinician_id=NOBODY)).refused("enrollment.unknown-clinician")


def test_an_enrollment_is_the_first_assignment_to_a_cohort() -> None:
    episode = given(*ENROLLED).episode
    assert episode.enrollment == Enrollment(
        program="iop",
        level_of_care="2.1",
        cohort_id=EVENINGS,
        planned_weeks=8,
        payer=enrolled().payer,
        primary_clinician_id=staff_uuid(COUNSELOR),
        on=day("2026-02-27"),
        version=5,
    )
    assert episode.assignments == (Assignment(cohort_id=EVENINGS, effective_on=day("2026-02-27"), version=5),)


# ---- change of cohort


def test_only_who_is_enrolled_changes_the_cohort() -> None:
    given(*ASSESSED).when(assigned()).refused("assignment.not-enrolled")
    given(*ACTIVE, discharged("2026-03-03")).when(assigned()).refused("assignment.not-enrolled")
    given(*ENROLLED).when(assigned()).recorded()


def test_a_change_of_cohort_is_not_effective_before_the_enrollment() -> None:
    given(*ENROLLED).when(assigned("2026-02-26")).refused("assignment.before-enrollment")
    given(*ENROLLED).when(assigned("2026-02-27")).recorded()


def test_a_change_of_cohort_is_to_one_that_exists() -> None:
    given(*ENROLLED).when(assigned(cohort_id=NOBODY)).refused("cohort.unknown")


# ---- strikes


def test_striking_a_decision_of_suitability_leaves_the_enrollment() -> None:
    """Eligibility alone is lost: that is flagged."""
    given(*ENROLLED).when(strike(4)).recorded()


def test_an_assessment_is_not_struck_from_under_an_enrollment() -> None:
    given(*ENROLLED).when(strike(3)).refused("correction.breaks-history", naming="@5")


def test_an_enrollment_is_not_struck_from_under_attendance() -> None:
    given(*ENROLLED, absent(MONDAY)).when(strike(5)).refused("correction.breaks-history", naming="@6")
    given(*ACTIVE).when(strike(5)).refused("correction.breaks-history", naming="@7")


# ---- not admitted


def test_an_episode_that_was_not_admitted_has_ended() -> None:
    episode = given(*ENROLLED, not_admitted()).episode
    assert episode.ended_on() == day("2026-02-28")
    assert episode.state_on(day("2026-02-28")) is State.NOT_ADMITTED


def test_who_missed_the_first_session_may_be_not_admitted_the_same_evening() -> None:
    given(*ENROLLED, absent(MONDAY)).when(not_admitted("2026-03-02")).recorded()
    given(*ENROLLED, not_admitted("2026-03-02")).when(absent(MONDAY)).recorded()


def test_who_was_treated_is_not_taken_as_not_admitted() -> None:
    given(*ACTIVE).when(not_admitted("2026-03-03")).refused("episode.transition")
    given(*ENROLLED, not_admitted("2026-03-02")).when(attended(MONDAY)).refused("episode.breaks-history", naming="@6")


def test_a_program_may_be_of_another_cohort_than_the_evenings() -> None:
    assert given(*ASSESSED, suitability(), enrolled(cohort_id=MORNINGS)).episode.cohort_on(day("2026-03-02"))


def test_a_late_enrollment_counts_from_its_date() -> None:
    late = said(enrolled("2026-02-27"), at="2026-03-10 09:00", reason="Found on the desk.")
    episode = given(*ASSESSED, suitability(), late).episode
    assert episode.state_on(day("2026-02-26")) is State.ASSESSED
    assert episode.state_on(day("2026-02-27")) is State.ENROLLED


# ---- what a careful intake says


@pytest.mark.parametrize("edition", ["3", "4", "asam-3", "asam-4"])
def test_an_assessment_names_the_edition_of_the_criteria(edition: str) -> None:
    given(*INQUIRED).when(assessed(edition=edition)).recorded()


@pytest.mark.parametrize("edition", ["", "2", "5", "IV"])
def test_an_edition_that_there_is_not_is_refused(edition: str) -> None:
    given(*INQUIRED).when(assessed(edition=edition)).refused("assessment.edition")


@pytest.mark.parametrize("level", ["0.5", "1", "1.0", "2.1", "2.7", "3.3", "3.7-WM", "4.0", "OTP", "2.1 COE"])
def test_a_level_of_either_edition_is_taken(level: str) -> None:
    given(*INQUIRED).when(assessed(indicated_level=level)).recorded()


@pytest.mark.parametrize("level", ["", "iop", "2", "2.10", "5", "1.5-WM", "3.1COE"])
def test_a_level_that_there_is_not_is_refused(level: str) -> None:
    given(*INQUIRED).when(assessed(indicated_level=level)).refused("assessment.level")
    given(*ASSESSED, suitability()).when(enrolled(level_of_care=level)).refused("assessment.level")


@pytest.mark.parametrize("codes", [(), ("F10.20",), ("F11.20", "F32.A"), ("Z79.891",), ("F99",), ("T40.2X1A",)])
def test_diagnoses_have_the_form_of_the_classification(codes: tuple[str, ...]) -> None:
    given(*INQUIRED).when(assessed(diagnoses=codes)).recorded()


@pytest.mark.parametrize("code", ["", "F1020", "f10.20", "303.90", "F10.", "F10.20 ", "F10.20000", "alcohol"])
def test_what_cannot_be_a_diagnosis_is_refused(code: str) -> None:
    given(*INQUIRED).when(assessed(diagnoses=("F10.20", code))).refused("assessment.diagnosis")


@pytest.mark.parametrize("substances", [("",), ("alcohol", " "), ("alcohol", "cocaine", "alcohol")])
def test_substances_are_named_once(substances: tuple[str, ...]) -> None:
    given(*INQUIRED).when(assessed(substances=substances)).refused("assessment.substances")


# ---- waiting


def test_who_was_assessed_may_wait_and_be_enrolled() -> None:
    story = given(*ASSESSED, suitability(), waitlisted("2026-02-26"))
    assert story.episode.state_on(day("2026-02-26")) is State.WAITLISTED
    story.tell(enrolled(), attended(MONDAY))
    assert story.episode.state_on(day("2026-03-02")) is State.ACTIVE


def test_waiting_and_enrollment_may_be_on_one_day_in_either_order_of_recording() -> None:
    given(*ASSESSED, suitability(), waitlisted(), enrolled()).when(attended(MONDAY)).recorded()
    story = given(*ASSESSED, suitability(), enrolled()).when(waitlisted()).recorded()
    assert story.episode.state_on(day("2026-02-27")) is State.ENROLLED


@pytest.mark.parametrize("so_far", [INQUIRED, ENROLLED, ACTIVE], ids=len)
def test_nobody_else_waits(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(waitlisted("2026-03-03")).refused("episode.transition")


def test_a_place_on_the_waiting_list_is_not_struck_away_from_an_enrollment_that_stands() -> None:
    story = given(*ASSESSED, suitability(), waitlisted("2026-02-26"), enrolled())
    story.when(strike(5)).recorded()
    assert story.episode.state_on(day("2026-02-27")) is State.ENROLLED
