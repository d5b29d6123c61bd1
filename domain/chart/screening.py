"""Drug and alcohol screening: order, specimen, validity, presumptive and definitive results, what was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.record import Entry


class AnalyteOutcome(StrEnum):
    NEGATIVE = "negative"
    POSITIVE = "positive"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyteResult:
    """`loinc` codes the test; values and cutoffs are in ng/mL."""

    analyte: str
    loinc: str
    outcome: AnalyteOutcome
    value_ng_ml: int | float | None = None
    cutoff_ng_ml: int | float | None = None


# ---- facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningOrdered:
    """`panel` lists the analytes to look for."""

    episode_id: UUID
    screening_id: UUID
    panel: tuple[str, ...]
    random: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenCollected:
    episode_id: UUID
    screening_id: UUID
    collected_at: datetime
    matrix: str
    observed: bool
    accession: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenRefused:
    episode_id: UUID
    screening_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionMissed:
    episode_id: UUID
    screening_id: UUID
    at: datetime
    excused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidityReported:
    """Creatinine in mg/dL, specific gravity as a ratio, nitrite in µg/mL. A measure not taken is None."""

    episode_id: UUID
    screening_id: UUID
    creatinine_mg_dl: int | float | None = None
    specific_gravity: int | float | None = None
    ph: int | float | None = None
    nitrite_ug_ml: int | float | None = None
    foreign_substance: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresumptiveReported:
    episode_id: UUID
    screening_id: UUID
    at: datetime
    analytes: tuple[AnalyteResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitiveReported:
    episode_id: UUID
    screening_id: UUID
    at: datetime
    analytes: tuple[AnalyteResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCorrected:
    """Takes the place of a validity, presumptive or definitive report: all fields of that report anew."""

    corrects: int
    episode_id: UUID
    screening_id: UUID
    at: datetime | None = None
    analytes: tuple[AnalyteResult, ...] | None = None
    creatinine_mg_dl: int | float | None = None
    specific_gravity: int | float | None = None
    ph: int | float | None = None
    nitrite_ug_ml: int | float | None = None
    foreign_substance: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriptionVerified:
    """The analyte is expected in specimens collected from `from_on` to `to_on`, both included."""

    episode_id: UUID
    analyte: str
    from_on: date
    to_on: date
    prescriber: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReviewed:
    episode_id: UUID
    screening_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDiscussed:
    episode_id: UUID
    screening_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BreathAlcoholMeasured:
    """Grams of alcohol in 210 litres of breath."""

    episode_id: UUID
    at: datetime
    grams_per_210_l: int | float
