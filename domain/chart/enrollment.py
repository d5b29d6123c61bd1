"""Enrollment, admission with the first service, cohort of a date, holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Payer(StrEnum):
    COMMERCIAL = "commercial"
    SELF_PAY = "self_pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """`planned_weeks` are weeks of the program; `level_of_care` an ASAM code such as `2.1`."""

    episode_id: UUID
    program: str
    level_of_care: str
    cohort_id: UUID
    planned_weeks: int
    payer: Payer
    primary_clinician_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Dated the program day of the first session attended, which it names."""

    episode_id: UUID
    on: date
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortAssigned:
    episode_id: UUID
    cohort_id: UUID
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStarted:
    """`on` is the hold's first date."""

    episode_id: UUID
    on: date
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded:
    """`on` is the hold's last date."""

    episode_id: UUID
    on: date
