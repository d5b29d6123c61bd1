"""What has a first and a last day ends no earlier than it starts; a cause and a provider are told in words."""

from __future__ import annotations

from dataclasses import replace

from tests.domain.care import consented, exempted, transferred
from tests.domain.cast import ACTIVE, ENROLLED, day, hold_started, not_admitted
from tests.domain.given import given


def test_an_exemption_does_not_end_before_it_starts() -> None:
    story = given(*ACTIVE)
    exemption = exempted("2026-03-04")
    story.when(replace(exemption, to_on=day("2026-03-03"))).refused("exemption.ends-before-it-starts")
    for last in (day("2026-03-04"), day("2026-06-30"), None):
        story.when(replace(exemption, to_on=last)).recorded()


def test_a_consent_does_not_expire_before_it_is_signed() -> None:
    story = given(*ACTIVE)
    consent = consented()
    story.when(replace(consent, expires_on=day("2026-02-25"))).refused("consent.ends-before-it-is-signed")
    given(*ACTIVE).when(replace(consent, expires_on=consent.signed_on)).recorded()
    given(*ACTIVE).when(replace(consent, expires_on=None)).recorded()


def test_a_hold_has_a_cause() -> None:
    given(*ACTIVE).when(replace(hold_started("2026-03-04"), cause=" ")).refused("hold.cause-missing")


def test_nobody_is_not_admitted_without_a_cause() -> None:
    given(*ENROLLED).when(replace(not_admitted("2026-02-28"), cause="")).refused("not-admitted.cause-missing")


def test_a_transfer_names_the_provider() -> None:
    given(*ACTIVE).when(replace(transferred("2026-03-10"), provider=" ")).refused("transfer.provider-missing")
