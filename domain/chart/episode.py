"""An episode of care, from the first contact to the discharge: its states, by date.

A state is asked for by date, not by the order of recording: an episode keeps its dated steps and walks them up to the
date in question. The table below is the whole state machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.after import AftercareStarted
from domain.chart.enrollment import Admitted, CohortAssigned, Enrolled, HoldEnded, HoldStarted, Payer
from domain.chart.entry import InquiryReceived, IntakeAssessed, NotAdmitted, Suitability, SuitabilityDecided
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned, DischargeVoided
from domain.chart.level_of_care import Assessment, LevelOfCareAssessed
from domain.chart.plan import TreatmentPlanSigned
from domain.chart.step_down import SelfReductionNoted, StepDownTookEffect
from domain.record import Entry
from domain.week import local_date


class State(StrEnum):
    INQUIRY = "inquiry"
    ASSESSED = "assessed"
    ENROLLED = "enrolled"
    ACTIVE = "active"
    TAPERING = "tapering"
    ON_HOLD = "on_hold"
    DISCHARGED = "discharged"
    NOT_ADMITTED = "not_admitted"


ENDED = frozenset({State.DISCHARGED, State.NOT_ADMITTED})

BEFORE: Final = None
"""`HoldEnded` gives back the state before the hold."""

TRANSITIONS: Final[Mapping[str, tuple[frozenset[State], State | None]]] = {
    "IntakeAssessed": (frozenset({State.INQUIRY, State.ASSESSED}), State.ASSESSED),
    "Enrolled": (frozenset({State.ASSESSED}), State.ENROLLED),
    "NotAdmitted": (frozenset({State.INQUIRY, State.ASSESSED, State.ENROLLED}), State.NOT_ADMITTED),
    "Admitted": (frozenset({State.ENROLLED}), State.ACTIVE),
    "StepDownTookEffect": (frozenset({State.ACTIVE, State.TAPERING}), State.TAPERING),
    "HoldStarted": (frozenset({State.ACTIVE, State.TAPERING}), State.ON_HOLD),
    "HoldEnded": (frozenset({State.ON_HOLD}), BEFORE),
    "Discharged": (frozenset({State.ACTIVE, State.TAPERING, State.ON_HOLD}), State.DISCHARGED),
}
"""Fact → the states it may follow, the state it leads to. `InquiryReceived` opens; `DischargeVoided` takes a
discharge out again; every other fact leaves the state alone."""


_OF_THE_DAY: Final[Mapping[str, int]] = {
    "IntakeAssessed": 0,
    "Enrolled": 1,
    "Admitted": 2,
    "NotAdmitted": 4,
    "Discharged": 4,
}
_IN_BETWEEN: Final = 3

_AT_NIGHT: Final = frozenset({"HoldEnded", "NotAdmitted", "Discharged"})
"""Steps that change the state at the end of their date only."""

_HOLD_ENDS: Final = frozenset({"HoldEnded"})

_ENDS: Final = frozenset({"NotAdmitted", "Discharged"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A dated transition, named after its fact; `level` is the level of care that a step-down leads to."""

    name: str
    on: date
    version: int
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    program: str
    level_of_care: str
    cohort_id: UUID
    planned_weeks: int
    payer: Payer
    primary_clinician_id: UUID
    on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The cohort from `effective_on` on; the enrollment is the first."""

    cohort_id: UUID
    effective_on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    on: date
    session_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    on: date
    last_service_on: date
    reason: DischargeReason
    explained: bool
    """Whether a `duration_reason` was given."""
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyMinutes:
    """Minutes a week that a plan or a self-reduction names, from `on`."""

    minutes: int
    on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A suitability decided."""

    outcome: Suitability
    on: date
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    episode_id: UUID
    first_contact_at: datetime
    version: int
    steps: tuple[Step, ...] = ()
    """In the order in which they took place. Within a date enrollment comes first, then admission, and what ends the
    episode last, whichever was recorded first: the first service may be given on the day of discharge."""
    suitability: tuple[Decision, ...] = ()
    enrollment: Enrollment | None = None
    assignments: tuple[Assignment, ...] = ()
    admission: Admission | None = None
    discharge: Discharge | None = None
    assessments: tuple[Assessment, ...] = ()
    plans: tuple[WeeklyMinutes, ...] = ()
    self_reductions: tuple[WeeklyMinutes, ...] = ()
    aftercare: tuple[Step, ...] = ()
    summaries: tuple[Step, ...] = ()

    def opened_on(self, zone: ZoneInfo) -> date:
        return local_date(self.first_contact_at, zone)

    def dated(self, as_of: date | None = None) -> list[Step]:
        """The steps in the order in which they took place, those after `as_of` left out."""
        return [s for s in self.steps if as_of is None or s.on <= as_of]

    def state_on(self, on: date, *, as_of: date | None = None) -> State:
        """The state at the end of a date: `discharged` from the discharge date on, `on_hold` through the hold's last.

        Facts dated after `as_of` do not count, and what holds then goes on holding.
        """
        return walk(self._before(on, as_of, _HOLD_ENDS))[-1]

    def active_on(self, on: date, *, as_of: date | None = None) -> bool:
        """Whether the date counts as one of active treatment (rules.md, "active on a date").

        Admission, discharge and step-up dates do; the effective date of a step-down and the dates of a hold do not.
        """
        return self.state_during(on, as_of=as_of) is State.ACTIVE

    def state_during(self, on: date, *, as_of: date | None = None) -> State:
        """The state in which care is given on a date: as `state_on`, but on the last day the one before its end."""
        return walk(self._before(on, as_of, _AT_NIGHT))[-1]

    def _before(self, on: date, as_of: date | None, later: frozenset[str]) -> list[Step]:
        """The steps up to a date, those of that very date left out that are named in `later`."""
        last = on if as_of is None else min(on, as_of)
        return [s for s in self.steps if s.on <= last and (s.on != on or s.name not in later)]

    def ended_on(self, *, as_of: date | None = None) -> date | None:
        """Date of the discharge, or of not being admitted; None while open."""
        for step in reversed(self.steps):
            if step.name in _ENDS and (as_of is None or step.on <= as_of):
                return step.on
        return None

    def enrolled_within(self, first: date, last: date, as_of: date) -> bool:
        """Enrolled on some date of the period: from `Enrolled.on` (if by `as_of`) to discharge or not admitted."""
        if self.enrollment is None or self.enrollment.on > min(last, as_of):
            return False
        ended = self.ended_on(as_of=as_of)
        return ended is None or ended >= first

    def cohort_on(self, on: date) -> Assignment | None:
        """The latest enrollment or assignment effective by a date; before the first, the first. Plans always count."""
        known = sorted(self.assignments, key=lambda a: (a.effective_on, a.version))
        effective = [a for a in known if a.effective_on <= on]
        return effective[-1] if effective else (known[0] if known else None)

    def level_of_care(self, as_of: date) -> str | None:
        """Of the enrollment, then of each step in effect."""
        if self.enrollment is None or self.enrollment.on > as_of:
            return None
        levels = [s.level for s in self.dated(as_of) if s.level is not None]
        return levels[-1] if levels else self.enrollment.level_of_care


class Broken(Exception):
    """A step that may not follow the state before it."""

    def __init__(self, step: Step, state: State) -> None:
        super().__init__(f"{step.name} does not follow {state}")
        self.step = step
        self.state = state


def walk(steps: Iterable[Step], *, strict: bool = False) -> list[State]:
    """The states that the steps lead through, the first being `inquiry`.

    A stored history is walked as it is; `strict` raises `Broken` at the first step that the table does not allow.
    """
    states = [State.INQUIRY]
    held_from = State.ACTIVE
    for step in steps:
        follows, to = TRANSITIONS[step.name]
        if strict and states[-1] not in follows:
            raise Broken(step, states[-1])
        if step.name == "HoldStarted":
            held_from = states[-1]
        states.append(held_from if to is BEFORE else to)
    return states


def opened(episodes: Mapping[UUID, Episode], entry: Entry) -> Mapping[UUID, Episode]:
    """The episodes with the one that an inquiry opens."""
    fact: InquiryReceived = entry.fact
    began = Episode(episode_id=fact.episode_id, first_contact_at=fact.first_contact_at, version=entry.version)
    return {**episodes, fact.episode_id: began}


def evolve(episode: Episode, entry: Entry, level: str | None = None) -> Episode:
    """One standing fact of this episode further. `level` is that of the step-down, when one took effect."""
    version, fact = entry.version, entry.fact
    match fact:
        case IntakeAssessed() | NotAdmitted() | HoldStarted() | HoldEnded():
            return _stepped(episode, fact, version)
        case StepDownTookEffect():
            return _stepped(episode, fact, version, level)
        case SuitabilityDecided(outcome=outcome, on=on):
            decided = Decision(outcome=outcome, on=on, version=version)
            return replace(episode, suitability=(*episode.suitability, decided))
        case Enrolled():
            return _enrolled(_stepped(episode, fact, version), fact, version)
        case CohortAssigned(cohort_id=cohort_id, effective_on=effective_on):
            assigned = Assignment(cohort_id=cohort_id, effective_on=effective_on, version=version)
            return replace(episode, assignments=(*episode.assignments, assigned))
        case Admitted(on=on, session_id=session_id):
            admission = Admission(on=on, session_id=session_id, version=version)
            return replace(_stepped(episode, fact, version), admission=admission)
        case Discharged():
            discharge = Discharge(
                on=fact.on,
                last_service_on=fact.last_service_on,
                reason=fact.reason,
                explained=fact.duration_reason is not None,
                version=version,
            )
            return replace(_stepped(episode, fact, version), discharge=discharge)
        case DischargeVoided(corrects=corrects):
            steps = tuple(s for s in episode.steps if s.version != corrects)
            return replace(episode, steps=steps, discharge=None)
        case LevelOfCareAssessed(on=on):
            assessment = Assessment(episode_id=episode.episode_id, on=on, version=version)
            return replace(episode, assessments=(*episode.assessments, assessment))
        case TreatmentPlanSigned(planned_weekly_minutes=minutes, on=on):
            plan = WeeklyMinutes(minutes=minutes, on=on, version=version)
            return replace(episode, plans=(*episode.plans, plan))
        case SelfReductionNoted(weekly_minutes=minutes, on=on):
            reduction = WeeklyMinutes(minutes=minutes, on=on, version=version)
            return replace(episode, self_reductions=(*episode.self_reductions, reduction))
        case AftercareStarted(on=on):
            return replace(episode, aftercare=(*episode.aftercare, _step(fact, version)))
        case DischargeSummarySigned(on=on):
            return replace(episode, summaries=(*episode.summaries, _step(fact, version)))
        case _:
            return episode


def _step(fact: Any, version: int, level: str | None = None) -> Step:
    return Step(name=type(fact).__name__, on=fact.on, version=version, level=level)


def _stepped(episode: Episode, fact: Any, version: int, level: str | None = None) -> Episode:
    return replace(episode, steps=tuple(sorted((*episode.steps, _step(fact, version, level)), key=_place)))


def _place(step: Step) -> tuple[date, int, int]:
    return step.on, _OF_THE_DAY.get(step.name, _IN_BETWEEN), step.version


def _enrolled(episode: Episode, fact: Enrolled, version: int) -> Episode:
    enrollment = Enrollment(
        program=fact.program,
        level_of_care=fact.level_of_care,
        cohort_id=fact.cohort_id,
        planned_weeks=fact.planned_weeks,
        payer=fact.payer,
        primary_clinician_id=fact.primary_clinician_id,
        on=fact.on,
        version=version,
    )
    first = Assignment(cohort_id=fact.cohort_id, effective_on=fact.on, version=version)
    return replace(episode, enrollment=enrollment, assignments=(*episode.assignments, first))
