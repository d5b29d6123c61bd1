"""The way out: discharge, its undoing, its summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class DischargeReason(StrEnum):
    """The reasons of the Treatment Episode Data Set (TEDS)."""

    COMPLETED = "completed"
    DROPPED_OUT = "dropped_out"
    TERMINATED = "terminated"
    TRANSFERRED = "transferred"
    INCARCERATED = "incarcerated"
    DIED = "died"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharged:
    """`duration_reason` says why a completed program was shorter or longer than planned."""

    episode_id: UUID
    on: date
    last_service_on: date
    reason: DischargeReason
    duration_reason: str | None = None
    referral: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeVoided:
    """Takes a discharge back: the episode is in the state before it."""

    corrects: int
    episode_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeSummarySigned:
    episode_id: UUID
    on: date
