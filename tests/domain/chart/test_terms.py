"""What has a first and a last day ends no earlier than it starts."""

from __future__ import annotations

from dataclasses import replace

from tests.domain.care import consented, exempted
from tests.domain.cast import ACTIVE, day
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
