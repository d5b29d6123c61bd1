"""Who the patient is, corrected; the glass broken and reviewed; amendments asked for and answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.chart.identity import IdentityCorrected
from domain.claims import MRN, Claim, claims_back, claims_held, claims_of, claims_struck
from tests.domain.care import (
    amendment_accepted,
    amendment_denied,
    amendment_requested,
    glass_opened,
    glass_reviewed,
)
from tests.domain.cast import ACTIVE, CHART, COMPLIANCE_OFFICER, COUNSELOR, credentialed, day, local, registered
from tests.domain.given import given, said, strike

WHY = "The driving licence says so."


# ---- identity


def corrected(**fields: object) -> object:
    return said(IdentityCorrected(**fields), reason=WHY)  # type: ignore[arg-type]


def test_an_identity_is_corrected_field_by_field() -> None:
    story = given(*ACTIVE, corrected(family_name="Quimby-Lark"), corrected(birth_date=day("1990-05-02")))
    identity = story.chart.identity
    assert (identity.given_name, identity.family_name) == ("Philippa", "Quimby-Lark")
    assert (identity.mrn, identity.birth_date) == (registered.mrn, day("1990-05-02"))


def test_a_struck_correction_gives_the_former_identity_back() -> None:
    story = given(*ACTIVE, corrected(family_name="Lark"), strike(8))
    assert story.chart.identity.family_name == "Quimby"


def test_a_correction_of_an_identity_changes_something() -> None:
    given(*ACTIVE).when(corrected()).refused("identity.nothing-changed")


@pytest.mark.parametrize("field", ["given_name", "phone"])
def test_nothing_of_an_identity_is_corrected_to_nothing(field: str) -> None:
    given(*ACTIVE).when(corrected(**{field: "  "})).refused("identity.blank")


@pytest.mark.parametrize("field", ["given_name", "family_name", "sex", "phone"])
def test_nobody_is_registered_with_a_field_that_says_nothing(field: str) -> None:
    given().when(replace(registered, **{field: " "})).refused("identity.blank")


def test_a_medical_record_number_is_not_corrected_to_nothing() -> None:
    given(*ACTIVE).when(corrected(mrn="  ")).refused("patient.mrn-missing")


def test_a_correction_of_an_identity_says_why() -> None:
    given(*ACTIVE).when(IdentityCorrected(sex="male")).refused("correction.without-reason")


def test_nobody_is_corrected_before_being_registered() -> None:
    given().when(corrected(sex="male")).refused("patient.not-registered")


def test_the_registration_is_not_struck_from_under_a_correction() -> None:
    given(registered, corrected(family_name="Lark")).when(strike(1)).refused("correction.breaks-history", naming="@2")


def test_the_claim_on_a_medical_record_number_moves_with_its_correction() -> None:
    story = given(registered)
    history = story.streams[CHART]
    first, second = (Claim(MRN, number, CHART) for number in ("MRN-4711", "MRN-5000"))
    new = story.decided(corrected(mrn="MRN-5000")).entries
    assert list(claims_of(CHART, new[0].fact)) == [second]
    assert (list(claims_struck(CHART, history, new)), list(claims_back(CHART, history, new))) == ([first], [])
    story.tell(corrected(mrn="MRN-5000"))
    further = story.streams[CHART]
    undone = story.decided(strike(2)).entries
    assert (list(claims_struck(CHART, further, undone)), list(claims_back(CHART, further, undone))) == (
        [second],
        [first],
    )
    assert set(claims_held(CHART, further)) == {second}


def test_a_number_written_in_another_way_is_the_same_claim() -> None:
    story = given(registered)
    new = story.decided(corrected(mrn=" mrn-4711")).entries
    assert list(claims_struck(CHART, story.streams[CHART], new)) == []


# ---- break-glass

OPENED = said(glass_opened("2026-03-02 23:00"), at="2026-03-02 22:00")
ANOTHER = replace(COMPLIANCE_OFFICER, id=COUNSELOR.id, name=COUNSELOR.name, credential=None)


def test_the_glass_is_broken_for_a_day_at_most() -> None:
    story = given(*ACTIVE)
    story.when(glass_opened("2026-03-03 12:00"), at="2026-03-02 22:00").recorded()
    story.when(glass_opened("2026-03-03 22:00"), at="2026-03-02 22:00").recorded()
    story.when(glass_opened("2026-03-03 22:01"), at="2026-03-02 22:00").refused("break-glass.too-long")
    story.when(glass_opened("2026-03-02 22:00"), at="2026-03-02 22:00").refused("break-glass.over")


def test_whoever_breaks_the_glass_says_why() -> None:
    for said_so in (replace(glass_opened(), reason=" "), replace(glass_opened(), nature="")):
        given(*ACTIVE).when(said_so, at="2026-03-02 22:00").refused("break-glass.incomplete")


def test_what_was_opened_is_reviewed_once_by_a_compliance_officer() -> None:
    story = given(*ACTIVE, OPENED)
    story.when(glass_reviewed(8), by=COUNSELOR).refused("act.not-permitted")
    story.when(glass_reviewed(8)).recorded().when(glass_reviewed(8, "2026-03-04")).refused(
        "break-glass.already-reviewed"
    )


def test_a_struck_review_may_be_made_anew() -> None:
    given(*ACTIVE, OPENED, glass_reviewed(8), strike(9)).when(glass_reviewed(8, "2026-03-04")).recorded()


def test_only_what_was_opened_is_reviewed() -> None:
    given(*ACTIVE, OPENED).when(glass_reviewed(7)).refused("break-glass.unknown")
    given(*ACTIVE, OPENED, strike(8)).when(glass_reviewed(8)).refused("break-glass.unknown")


def test_an_opening_is_not_struck_from_under_its_review() -> None:
    given(*ACTIVE, OPENED, glass_reviewed(8)).when(strike(8)).refused("correction.breaks-history", naming="@9")


def test_nobody_reviews_what_they_opened_themselves() -> None:
    story = given(*ACTIVE, said(OPENED, by=COMPLIANCE_OFFICER))
    story.when(glass_reviewed(8)).refused("break-glass.own-review")
    story.tell(credentialed(ANOTHER))
    story.when(glass_reviewed(8), by=ANOTHER).recorded()


def test_a_review_is_not_before_the_opening() -> None:
    given(*ACTIVE, OPENED).when(glass_reviewed(8, "2026-03-01"), reason="Late.").refused(
        "break-glass.reviewed-before-opened"
    )


# ---- amendments


@pytest.mark.parametrize("answer", [amendment_accepted, amendment_denied])
def test_an_amendment_is_answered_when_it_was_asked_for(answer: object) -> None:
    given(*ACTIVE).when(answer()).refused("amendment.not-requested")  # type: ignore[operator]
    story = given(*ACTIVE, amendment_requested(), answer())  # type: ignore[operator]
    story.when(answer()).refused("amendment.not-requested")  # type: ignore[operator]


def test_an_answer_is_to_the_oldest_request() -> None:
    story = given(*ACTIVE, amendment_requested("2026-03-02"), amendment_requested("2026-03-04"))
    story.tell(amendment_denied("2026-03-05"))
    assert [request.version for request in story.chart.amendments.open] == [9]
    story.when(amendment_accepted("2026-03-06")).recorded()


def test_an_answer_is_not_before_the_request() -> None:
    story = given(*ACTIVE, amendment_requested("2026-03-03"))
    story.when(amendment_accepted("2026-03-02"), reason="Late.").refused("amendment.before-request")


def test_a_request_says_what_and_a_denial_why() -> None:
    given(*ACTIVE).when(replace(amendment_requested(), what=" ")).refused("amendment.without-request")
    story = given(*ACTIVE, amendment_requested())
    story.when(replace(amendment_denied(), why=" ")).refused("amendment.without-reason")


def test_a_request_is_not_struck_from_under_its_answer() -> None:
    story = given(*ACTIVE, amendment_requested(), amendment_accepted())
    story.when(strike(8)).refused("correction.breaks-history", naming="@9")


def test_an_opening_may_be_at_any_time_of_day() -> None:
    """`until` is a plan, so it makes no entry late and lies ahead."""
    assert given(*ACTIVE, OPENED).chart.openings[8].until == local("2026-03-02 23:00")
