"""Drug and alcohol screening: order, specimen, validity, presumptive and definitive results, what was made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from domain.record import Entry, first_recorded_at
from domain.replacing import replace


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


OF_A_SCREENING: Final = (
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    CollectionMissed,
    ValidityReported,
    PresumptiveReported,
    DefinitiveReported,
    ResultCorrected,
    ResultReviewed,
    ResultDiscussed,
)
"""Facts about one screening, which they name; the others stand by themselves."""


# ---- state


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One validity report, or the correction of one."""

    version: int
    creatinine_mg_dl: int | float | None
    specific_gravity: int | float | None
    ph: int | float | None
    nitrite_ug_ml: int | float | None
    foreign_substance: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One presumptive or definitive report, or the correction of one. A correction counts whenever it was reported."""

    version: int
    at: datetime
    analytes: tuple[AnalyteResult, ...]
    definitive: bool
    correction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """That something was done, on a date, by the fact of this version."""

    on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCollected:
    """A refusal, or a missed collection (`excused` or not; None for a refusal)."""

    at: datetime
    version: int
    excused: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    analyte: str
    from_on: date
    to_on: date
    version: int


@dataclass(frozen=True, kw_only=True)
class Screening:
    """One order and all that became of it, reports in the order of recording. Orders have no date but that of their
    recording, `ordered_at`."""

    screening_id: UUID
    episode_id: UUID
    panel: tuple[str, ...]
    version: int
    ordered_at: datetime
    collected_at: datetime | None = None
    collected_version: int | None = None
    refusals: tuple[NotCollected, ...] = ()
    missed: tuple[NotCollected, ...] = ()
    validity: tuple[Measures, ...] = ()
    reports: tuple[Report, ...] = ()
    reviews: tuple[Noted, ...] = ()
    discussions: tuple[Noted, ...] = ()


Screenings = Mapping[UUID, Screening]


def note(screenings: dict[UUID, Screening], entry: Entry) -> None:
    """Writes one standing fact about a screening into a mapping that nobody else holds yet. Those about one whose order
    was struck are passed by."""
    fact = entry.fact
    if isinstance(fact, ScreeningOrdered):
        screenings[fact.screening_id] = Screening(
            screening_id=fact.screening_id,
            episode_id=fact.episode_id,
            panel=fact.panel,
            version=entry.version,
            ordered_at=first_recorded_at(entry),
        )
    elif (screening := screenings.get(fact.screening_id)) is not None:
        screenings[fact.screening_id] = _further(screening, entry)


def evolve_prescriptions(known: tuple[Prescription, ...], entry: Entry) -> tuple[Prescription, ...]:
    fact: PrescriptionVerified = entry.fact
    verified = Prescription(analyte=fact.analyte, from_on=fact.from_on, to_on=fact.to_on, version=entry.version)
    return (*known, verified)


def _further(screening: Screening, entry: Entry) -> Screening:
    version = entry.version
    match entry.fact:
        case SpecimenCollected(collected_at=collected_at):
            return replace(screening, collected_at=collected_at, collected_version=version)
        case SpecimenRefused(at=at):
            return replace(screening, refusals=(*screening.refusals, NotCollected(at=at, version=version)))
        case CollectionMissed(at=at, excused=excused):
            missed = NotCollected(at=at, version=version, excused=excused)
            return replace(screening, missed=(*screening.missed, missed))
        case ValidityReported() as fact:
            return replace(screening, validity=(*screening.validity, _measures(fact, version)))
        case PresumptiveReported(at=at, analytes=analytes):
            report = Report(version=version, at=at, analytes=analytes, definitive=False)
            return replace(screening, reports=(*screening.reports, report))
        case DefinitiveReported(at=at, analytes=analytes):
            report = Report(version=version, at=at, analytes=analytes, definitive=True)
            return replace(screening, reports=(*screening.reports, report))
        case ResultCorrected() as fact:
            return _corrected(screening, fact, version)
        case ResultReviewed(on=on):
            return replace(screening, reviews=(*screening.reviews, Noted(on=on, version=version)))
        case ResultDiscussed(on=on):
            return replace(screening, discussions=(*screening.discussions, Noted(on=on, version=version)))
        case _:
            return screening


def _measures(fact: ValidityReported | ResultCorrected, version: int) -> Measures:
    return Measures(
        version=version,
        creatinine_mg_dl=fact.creatinine_mg_dl,
        specific_gravity=fact.specific_gravity,
        ph=fact.ph,
        nitrite_ug_ml=fact.nitrite_ug_ml,
        foreign_substance=fact.foreign_substance,
    )


def _corrected(screening: Screening, fact: ResultCorrected, version: int) -> Screening:
    """The correction takes the place of the report it names, as a report of the same kind."""
    validity = tuple(
        _measures(fact, version) if measures.version == fact.corrects else measures for measures in screening.validity
    )
    reports = tuple(
        Report(
            version=version,
            at=fact.at or report.at,
            analytes=fact.analytes or (),
            definitive=report.definitive,
            correction=True,
        )
        if report.version == fact.corrects
        else report
        for report in screening.reports
    )
    return replace(screening, validity=validity, reports=reports)
