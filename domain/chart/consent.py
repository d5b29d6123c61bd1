"""Consent to disclose, with the elements that 42 CFR 2.31 asks for, and its revocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from domain.record import Entry
from domain.refused import Refused
from domain.wording import is_blank, spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """`tpo`: for all treatment, payment and health care operations. Without `expires_on` it holds until revoked; else
    that is its last day."""

    consent_id: UUID
    who_may_disclose: str
    what: str
    recipients: tuple[str, ...]
    purpose: str
    tpo: bool
    signed_on: date
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked:
    """From `on` on nothing may be disclosed by it; what was disclosed before stays covered (42 CFR 2.31(a)(6))."""

    consent_id: UUID
    on: date


TPO: Final = frozenset({"treatment", "payment", "operations", "health care operations", "healthcare operations"})
"""The purposes of a TPO consent, and those that an accounting under HIPAA leaves out (45 CFR 164.528(a)(1)(i))."""

_CLASSES: Final = ("treating provider", "health plan", "third-party payer", "third party payer", "operate this program")
"""Words by which a TPO consent names recipients as a class (42 CFR 2.31(a)(4)(ii))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`revoked_on` None while nobody revoked it. `version` is the fact that gave it."""

    consent_id: UUID
    recipients: tuple[str, ...]
    purpose: str
    tpo: bool
    signed_on: date
    version: int
    expires_on: date | None = None
    revoked_on: date | None = None

    def live_on(self, on: date) -> bool:
        """Signed, not expired, and not revoked on or before that date."""
        ended = self.expires_on is not None and self.expires_on < on
        return self.signed_on <= on and not ended and (self.revoked_on is None or on < self.revoked_on)

    def covers(self, recipient: str, purpose: str) -> bool:
        """Whether it names the recipient and the purpose. What may be told is in words: a person reads those.

        A TPO consent covers each purpose of TPO. It may name its recipients as a class ("my treating providers, health
        plans …"): then whoever discloses says who of them it was.
        """
        purposes = {spoken(self.purpose)} | (TPO if self.tpo else set())
        named = {spoken(one) for one in self.recipients}
        by_class = self.tpo and any(words in one for one in named for words in _CLASSES)
        return spoken(purpose) in purposes and (by_class or spoken(recipient) in named)


Consents = Mapping[UUID, Consent]


def evolve(consents: Consents, entry: Entry) -> Consents:
    match entry.fact:
        case ConsentGiven() as fact:
            given = Consent(
                consent_id=fact.consent_id,
                recipients=fact.recipients,
                purpose=fact.purpose,
                tpo=fact.tpo,
                signed_on=fact.signed_on,
                expires_on=fact.expires_on,
                version=entry.version,
            )
            return {**consents, fact.consent_id: given}
        case ConsentRevoked(consent_id=key, on=on) if (known := consents.get(key)) is not None:
            return {**consents, key: replace(known, revoked_on=on)}
        case _:
            return consents


def judge(fact: ConsentGiven) -> None:
    if not fact.recipients or any(is_blank(recipient) for recipient in fact.recipients):
        raise Refused("consent.without-recipient", "Name who may be told: a consent has one recipient at least.")
    if is_blank(fact.who_may_disclose) or is_blank(fact.what) or is_blank(fact.purpose):
        raise Refused("consent.incomplete", "Say who may disclose what, and for which purpose: a consent needs each.")
    if fact.expires_on is not None and fact.expires_on < fact.signed_on:
        raise Refused("consent.ends-before-it-is-signed", "A consent can't expire before it is signed: check both.")


def judge_revocation(consents: Consents, fact: ConsentRevoked) -> None:
    consent = known(consents, fact.consent_id)
    if consent.revoked_on is not None:
        raise Refused("consent.already-revoked", "This consent is revoked: strike that entry if its date is wrong.")
    if fact.on < consent.signed_on:
        raise Refused("consent.revoked-before-it-is-signed", "A consent can't be revoked before it is signed.")


def known(consents: Consents, consent_id: UUID) -> Consent:
    """Refused where the chart has no such consent."""
    consent = consents.get(consent_id)
    if consent is None:
        raise Refused("consent.unknown", "There is no such consent in this chart: record what the patient signed.")
    return consent
