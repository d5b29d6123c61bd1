"""The way in: first contact, intake assessment, suitability, or not admitted after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Suitability(StrEnum):
    SUITABLE = "suitable"
    DETOX_FIRST = "detox_first"
    HIGHER_LEVEL = "higher_level"
    LOWER_LEVEL = "lower_level"
    DECLINED = "declined"


class PriorCare(StrEnum):
    DETOX = "detox"
    RESIDENTIAL = "residential"
    PHP = "php"
    IOP = "iop"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryReceived:
    """Opens an episode."""

    episode_id: UUID
    first_contact_at: datetime
    referral_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeAssessed:
    """`diagnoses` are ICD-10-CM codes, `substances` names, the primary one first; `ratings` six numbers 0 to 4."""

    episode_id: UUID
    on: date
    diagnoses: tuple[str, ...]
    substances: tuple[str, ...]
    ratings: tuple[int, ...]
    edition: str
    indicated_level: str
    prior_care: PriorCare | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuitabilityDecided:
    episode_id: UUID
    outcome: Suitability
    on: date
    reasons: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """The episode ends before the first service."""

    episode_id: UUID
    on: date
    cause: str
