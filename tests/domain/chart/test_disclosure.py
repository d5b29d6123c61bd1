"""Consent, its revocation, what is disclosed by it or by a named exception, and the accounting of it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from domain.chart.disclosure import Accounting, Basis, accounted, period
from tests.domain.care import CONSENT, consented, disclosed, revoked
from tests.domain.cast import ACTIVE, ZONE, day
from tests.domain.given import Story, given, said, strike

ON = "2026-03-04 12:00"
"""When most is told in these stories: a Wednesday."""

CLASSES = "my treating providers, health plans, third-party payers, and people helping to operate this program"
TPO = replace(consented(), tpo=True, recipients=("University Hospital",), purpose="treatment, payment, operations")


def told(**given: object) -> object:
    return said(disclosed(**given), at=ON)  # type: ignore[arg-type]


# ---- consent


@pytest.mark.parametrize("recipients", [(), (" ",), ("a county court", "")])
def test_a_consent_says_who_may_be_told(recipients: tuple[str, ...]) -> None:
    given(*ACTIVE).when(replace(consented(), recipients=recipients)).refused("consent.without-recipient")


@pytest.mark.parametrize("field", ["who_may_disclose", "what", "purpose"])
def test_a_consent_says_who_may_tell_what_and_why(field: str) -> None:
    given(*ACTIVE).when(replace(consented(), **{field: "  "})).refused("consent.incomplete")


def test_a_consent_is_revoked_once() -> None:
    story = given(*ACTIVE, consented(), revoked())
    story.when(revoked("2026-03-03")).refused("consent.already-revoked")


def test_what_was_not_given_is_not_revoked() -> None:
    given(*ACTIVE).when(revoked()).refused("consent.unknown")
    given(*ACTIVE, consented()).when(revoked(consent_id=UUID(int=9))).refused("consent.unknown")


def test_a_consent_is_not_revoked_before_it_is_signed() -> None:
    story = given(*ACTIVE, consented())
    story.when(revoked("2026-02-25"), reason="Found later.").refused("consent.revoked-before-it-is-signed")
    story.when(revoked("2026-02-26"), reason="Found later.").recorded()


def test_a_consent_is_not_struck_from_under_its_revocation_or_a_disclosure() -> None:
    story = given(*ACTIVE, consented(), revoked())
    story.when(strike(8)).refused("correction.breaks-history", naming="@9")
    story.tell(strike(9), strike(8))
    told_by_it = given(*ACTIVE, consented(), told())
    told_by_it.when(strike(8)).refused("correction.breaks-history", naming="@9")


# ---- disclosure


def test_a_disclosure_is_covered_by_a_live_consent() -> None:
    story = given(*ACTIVE, consented())
    story.when(told(consent_id=CONSENT)).recorded()
    story.when(told()).recorded()
    story.when(told(recipient=" A  County COURT", purpose="Court order compliance")).recorded()


@pytest.mark.parametrize(
    "made",
    [
        told(recipient="an employer"),
        told(purpose="marketing"),
        told(purpose="treatment"),
        said(disclosed(), at="2026-02-25 12:00"),
    ],
    ids=["recipient", "purpose", "not TPO", "not signed yet"],
)
def test_what_no_consent_names_is_not_disclosed(made: object) -> None:
    story = given(*ACTIVE, replace(consented(), signed_on=day("2026-02-26")))
    story.when(made).refused("disclosure.not-covered")


def test_nothing_is_disclosed_without_a_consent_or_an_exception() -> None:
    given(*ACTIVE).when(told()).refused("disclosure.not-covered")
    given(*ACTIVE).when(told(consent_id=CONSENT)).refused("consent.unknown")
    given(*ACTIVE).when(told(basis=Basis.EMERGENCY)).recorded()


def test_an_expired_consent_covers_its_last_day_and_no_later_one() -> None:
    given(*ACTIVE, replace(consented(), expires_on=day("2026-03-04"))).when(told()).recorded()
    given(*ACTIVE, replace(consented(), expires_on=day("2026-03-03"))).when(told()).refused("disclosure.not-covered")


def test_a_revoked_consent_covers_nothing_from_that_day_on() -> None:
    given(*ACTIVE, consented(), revoked("2026-03-04")).when(told()).refused("disclosure.not-covered")
    story = given(*ACTIVE, consented(), told())
    story.when(revoked("2026-03-05")).recorded()
    struck = given(*ACTIVE, consented(), revoked("2026-03-03"), strike(9))
    struck.when(told()).recorded()


def test_the_consent_that_is_named_must_cover_it_itself() -> None:
    other = replace(consented(UUID(int=0xC09)), recipients=("an employer",))
    story = given(*ACTIVE, consented(), other)
    story.when(told(consent_id=other.consent_id)).refused("disclosure.not-covered")


@pytest.mark.parametrize("purpose", ["treatment", "Payment", "operations", "health care operations"])
def test_a_tpo_consent_covers_treatment_payment_and_operations(purpose: str) -> None:
    story = given(*ACTIVE, TPO)
    story.when(told(recipient="University Hospital", purpose=purpose)).recorded()
    story.when(told(recipient="an employer", purpose=purpose)).refused("disclosure.not-covered")


def test_a_tpo_consent_may_name_its_recipients_as_a_class() -> None:
    story = given(*ACTIVE, replace(TPO, recipients=(CLASSES,)))
    story.when(told(recipient="Bluegrass Health", purpose="payment")).recorded()
    story.when(told(recipient="Bluegrass Health", purpose="marketing")).refused("disclosure.not-covered")
    named_so = replace(consented(), recipients=(CLASSES,))
    given(*ACTIVE, named_so).when(told(recipient="Bluegrass Health")).refused("disclosure.not-covered")


@pytest.mark.parametrize("basis", [Basis.EMERGENCY, Basis.RESEARCH, Basis.AUDIT, Basis.COURT_ORDER])
def test_a_named_exception_needs_no_consent_and_names_none(basis: Basis) -> None:
    story = given(*ACTIVE, consented())
    story.when(told(basis=basis, recipient="whoever")).recorded()
    story.when(told(basis=basis, consent_id=CONSENT)).refused("disclosure.two-bases")


def test_a_disclosure_says_to_whom_what_and_why() -> None:
    for made in (disclosed(recipient=" "), disclosed(purpose=" "), replace(disclosed(), what="")):
        given(*ACTIVE, consented()).when(said(made, at=ON)).refused("disclosure.incomplete")


def test_a_revocation_from_an_earlier_day_on_is_recorded_and_puts_what_was_told_in_doubt() -> None:
    story = given(*ACTIVE, consented(), told())
    assert [row["consent_in_doubt"] for row in _accounted(story, Accounting.PART2)] == [False]
    story.tell(said(revoked("2026-03-03"), at="2026-03-06 12:00"))
    assert [row["consent_in_doubt"] for row in _accounted(story, Accounting.PART2)] == [True]
    assert story.broken == []


# ---- accounting


def _accounted(story: Story, of: Accounting, as_of: str = "2026-03-31") -> list[dict[str, object]]:
    chart = story.chart
    return accounted(chart.consents, chart.disclosures, of, as_of=day(as_of), zone=ZONE)


def test_an_accounting_under_part_2_holds_what_was_told_by_consent() -> None:
    story = given(
        *ACTIVE,
        consented(),
        replace(TPO, consent_id=UUID(int=0xC09)),
        told(),
        told(recipient="University Hospital", purpose="treatment"),
        told(basis=Basis.COURT_ORDER),
    )
    assert [row["version"] for row in _accounted(story, Accounting.PART2)] == [10, 11]


def test_an_accounting_under_hipaa_leaves_out_consent_and_tpo() -> None:
    story = given(
        *ACTIVE,
        consented(),
        told(),
        told(basis=Basis.EMERGENCY, purpose="treatment"),
        told(basis=Basis.COURT_ORDER),
        told(basis=Basis.AUDIT, purpose="state licensing survey"),
    )
    assert [row["version"] for row in _accounted(story, Accounting.HIPAA)] == [11, 12]


@pytest.mark.parametrize(("of", "last"), [(Accounting.PART2, "2029-03-04"), (Accounting.HIPAA, "2032-03-04")])
def test_an_accounting_goes_back_three_years_or_six(of: Accounting, last: str) -> None:
    basis = Basis.CONSENT if of is Accounting.PART2 else Basis.COURT_ORDER
    story = given(*ACTIVE, consented(), told(basis=basis))
    assert len(_accounted(story, of, last)) == 1
    assert _accounted(story, of, str(day(last).replace(day=5))) == []
    assert _accounted(story, of, "2026-03-03") == []


def test_an_accounting_on_the_29th_of_february_begins_on_the_first_of_march() -> None:
    assert period(Accounting.PART2, day("2028-02-29")) == (day("2025-03-01"), day("2028-02-29"))
