"""The way in: first contact, intake assessment, suitability, or not admitted after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from re import compile as compile_pattern
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.asam import judge_edition, judge_level, judge_ratings
from domain.chart.exit import judge_living
from domain.refused import Refused
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode

DIAGNOSIS: Final = compile_pattern(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?")
"""The form of an ICD-10-CM code, such as F10.20. Which codes there are changes each October, so none is refused."""


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
class Waitlisted:
    """Assessed, and waiting for a place; not yet a client."""

    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdmitted:
    """The episode ends before the first service."""

    episode_id: UUID
    on: date
    cause: str


def judge_opening(chart: Chart) -> None:
    """One open episode at a time; a return after a discharge is a new one."""
    if any(episode.ended_on() is None for episode in chart.episodes.values()):
        raise Refused("episode.already-open", "Another episode of this patient is open: end that one first.")
    for episode in chart.episodes.values():
        judge_living(episode)


def judge(episode: Episode, fact: Any) -> None:
    match fact:
        case IntakeAssessed():
            _judge_assessment(fact)
        case SuitabilityDecided(on=on):
            if not any(s.name == "IntakeAssessed" and s.on <= on for s in episode.steps):
                raise Refused("suitability.without-assessment", "Assess the intake before deciding suitability.")
            if episode.ended_on() is not None:
                raise Refused("episode.ended", "This episode has ended: open a new one with an inquiry.")
            if not _before_enrollment(episode, on):
                raise Refused("suitability.already-enrolled", "Suitability is decided before the enrollment.")
        case NotAdmitted(cause=cause) if is_blank(cause):
            raise Refused("not-admitted.cause-missing", "Say why the patient is not admitted.")
        case _:
            return


def _before_enrollment(episode: Episode, on: date) -> bool:
    """Up to the day of enrollment; on that day, which has no hours, only where the decision it rests on was struck."""
    enrollment = episode.enrollment
    if enrollment is None or on < enrollment.on:
        return True
    return on == enrollment.on and not found_suitable(episode, on)


def found_suitable(episode: Episode, on: date) -> bool:
    """Whether the latest decision by a date, of those that stand, was `suitable`."""
    decided = max((d for d in episode.suitability if d.on <= on), key=lambda d: (d.on, d.version), default=None)
    return decided is not None and decided.outcome is Suitability.SUITABLE


def _judge_assessment(fact: IntakeAssessed) -> None:
    judge_ratings(fact.ratings)
    judge_edition(fact.edition)
    judge_level(fact.indicated_level)
    if not all(DIAGNOSIS.fullmatch(diagnosis) for diagnosis in fact.diagnoses):
        raise Refused("assessment.diagnosis", "Write each diagnosis as ICD-10-CM does, such as F10.20.")
    named = [substance.strip() for substance in fact.substances]
    if not all(named) or len(set(named)) < len(named):
        raise Refused("assessment.substances", "Name each substance once, the primary one first.")
