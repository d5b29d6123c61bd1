"""A rule set: a named, versioned choice of rules with their thresholds and the modalities that earn hours.

Thresholds stand here and nowhere in code. A rule that a set leaves out gets no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from domain.session import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekMinutes:
    """HRS-1: a patient's week holds at least so many minutes; `under_18` where minors owe another number."""

    rule: ClassVar[str] = "HRS-1"
    at_least: int
    under_18: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifyingDays:
    """HRS-2: at least so many `days` of a patient's week hold at least so many `minutes` each."""

    rule: ClassVar[str] = "HRS-2"
    days: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRate:
    """ATT-1: every expected session is attended. It has no threshold."""

    rule: ClassVar[str] = "ATT-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualSessions:
    """IND-1: at least so many individual sessions with credit a week."""

    rule: ClassVar[str] = "IND-1"
    at_least: int


Terms: TypeAlias = WeekMinutes | QualifyingDays | ShowRate | IndividualSessions
"""One rule with its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """`rules` in the order of the rules' description; `modalities` are those in which sessions are countable.

    `patients_per_staff` (RAT-1): at most so many patients in a room for each of the qualified staff; None: not said.
    """

    name: str
    version: str
    modalities: frozenset[Modality]
    rules: tuple[Terms, ...]
    patients_per_staff: int | None = None
