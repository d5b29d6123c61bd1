"""Consent to disclose, with the elements that 42 CFR 2.31 asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven:
    """`tpo`: for all treatment, payment and health care operations. Without `expires_on` it holds until revoked."""

    consent_id: UUID
    who_may_disclose: str
    what: str
    recipients: tuple[str, ...]
    purpose: str
    tpo: bool
    signed_on: date
    expires_on: date | None = None


def judge(fact: ConsentGiven) -> None:
    if fact.expires_on is not None and fact.expires_on < fact.signed_on:
        raise Refused("consent.ends-before-it-is-signed", "A consent can't expire before it is signed: check both.")
