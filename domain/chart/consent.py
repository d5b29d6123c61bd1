"""Consent to disclose, with the elements that 42 CFR 2.31 asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


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
