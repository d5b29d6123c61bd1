"""A rule set: a named, versioned choice of rules with their thresholds and the modalities that earn hours.

Thresholds stand in its document and nowhere in code. A rule that a set leaves out gets no row. The fields of each rule
are called as in the document; all are whole numbers from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, TypeAlias, TypeVar, get_args

from domain.session import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekMinutes:
    """A patient's week holds at least so many minutes; another number where minors owe one."""

    rule: ClassVar[str] = "HRS-1"
    at_least_minutes: int
    under_18_at_least_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifyingDays:
    """At least so many days of a patient's week hold at least so many minutes each."""

    rule: ClassVar[str] = "HRS-2"
    at_least_days: int
    of_at_least_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysOffered:
    """At least so many days on which the site held at least so many minutes for a cohort."""

    rule: ClassVar[str] = "HRS-3"
    at_least_days: int
    of_at_least_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLimit:
    """A patient's week holds at most so many minutes."""

    rule: ClassVar[str] = "HRS-4"
    at_most_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRate:
    """Expected sessions that are attended. It has no threshold."""

    rule: ClassVar[str] = "ATT-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outreach:
    """After so many expected sessions missed in a row without excuse, within so many business days."""

    rule: ClassVar[str] = "ATT-2"
    missed_in_a_row: int
    within_business_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualSessions:
    """At least so many individual sessions with credit a week."""

    rule: ClassVar[str] = "IND-1"
    at_least_sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySessions:
    """In each window of `every_days`: so many family sessions, so long, with so many family members."""

    rule: ClassVar[str] = "FAM-1"
    every_days: int
    at_least_sessions: int
    of_at_least_minutes: int
    at_least_family_members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRatio:
    """At most so many patients in a room for each of the qualified staff."""

    rule: ClassVar[str] = "RAT-1"
    patients_per_staff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Days from the admission to the last service of who completes."""

    rule: ClassVar[str] = "DUR-1"
    at_least_days: int
    at_most_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySpecimen:
    """At least so many specimens collected a week."""

    rule: ClassVar[str] = "SCR-1"
    at_least_specimens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFollowUp:
    """Each result is reviewed and discussed within so many business days."""

    rule: ClassVar[str] = "SCR-2"
    within_business_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Positivity:
    """Unexpected positives among valid results. It has no threshold."""

    rule: ClassVar[str] = "SCR-3"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptIntake:
    """Days from the first contact to the admission."""

    rule: ClassVar[str] = "INT-1"
    within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentPlan:
    """Days to the signatures, and between reviews."""

    rule: ClassVar[str] = "PLN-1"
    signed_within_days: int
    reviewed_every_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAssessments:
    """Days between assessments, and how old the one at the admission, at a transfer or at the discharge may be."""

    rule: ClassVar[str] = "ASM-1"
    every_days: int
    at_admission_within_days: int
    at_exit_within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedReductions:
    """Every reduction rests on a step-down that was decided. It has no threshold."""

    rule: ClassVar[str] = "STP-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargePapers:
    """Days from the discharge to the summary."""

    rule: ClassVar[str] = "DIS-1"
    summary_within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercareClasses:
    """At most so many aftercare classes a week."""

    rule: ClassVar[str] = "AFT-1"
    at_most_classes: int


Terms: TypeAlias = (
    WeekMinutes
    | QualifyingDays
    | DaysOffered
    | WeekLimit
    | ShowRate
    | Outreach
    | IndividualSessions
    | FamilySessions
    | StaffRatio
    | Duration
    | WeeklySpecimen
    | ResultFollowUp
    | Positivity
    | PromptIntake
    | TreatmentPlan
    | LevelAssessments
    | DecidedReductions
    | DischargePapers
    | AftercareClasses
)
"""One rule with its figures, in the order of the rules' description."""

TermsT = TypeVar("TermsT", bound=Terms)

KINDS: Final[tuple[type[Terms], ...]] = get_args(Terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """`rules` in the order of the rules' description; `modalities` are those in which sessions are countable.

    `effective_on`: the first date for which this version is chosen where only the name is asked for.
    """

    name: str
    version: str
    title: str
    effective_on: date
    modalities: frozenset[Modality]
    rules: tuple[Terms, ...]

    def terms(self, kind: type[TermsT]) -> TermsT | None:
        """The figures of one rule; None where the set leaves it out."""
        return next((terms for terms in self.rules if isinstance(terms, kind)), None)
