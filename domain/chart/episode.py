"""An episode of care, from the first contact to the discharge: its states, by date.

A state is asked for by date, not by the order of recording: an episode keeps its dated steps and walks them up to the
date in question, by the table in `domain.chart.states`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.after import AftercareStarted, AlumniContacted, AlumniJoined
from domain.chart.attendance import FamilyExemptionGranted, OutreachAttempted
from domain.chart.carry_over import EpisodeCarriedOver, carried_at
from domain.chart.detox import DetoxAnswered, DetoxReferred, Referral, referral
from domain.chart.enrollment import Admitted, CohortAssigned, Enrolled, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, IntakeAssessed, NotAdmitted, Suitability, SuitabilityDecided, Waitlisted
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned, DischargeVoided
from domain.chart.level_of_care import Assessment, LevelOfCareAssessed
from domain.chart.plan import RelapsePreventionPlanSigned, RelapseReported, TreatmentPlanReviewed, TreatmentPlanSigned
from domain.chart.states import State, Step, in_order, walk
from domain.chart.step_down import SelfReductionNoted, StepDownTookEffect, Transferred
from domain.chart.step_up import StepUpDecided
from domain.program import Payer
from domain.record import Entry
from domain.replacing import replace
from domain.week import local_date

_AT_NIGHT: Final = frozenset({"HoldEnded", "NotAdmitted", "Discharged"})
"""Steps that change the state at the end of their date only."""

_HOLD_ENDS: Final = frozenset({"HoldEnded"})

_ENDS: Final = frozenset({"NotAdmitted", "Discharged"})

_GUESTS: Final = frozenset({"AftercareStarted", "AlumniJoined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """What an episode that was carried over doesn't tell is None."""

    program: str | None
    level_of_care: str | None
    cohort_id: UUID
    planned_weeks: int | None
    payer: Payer | None
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
    """`session_id` is None where the episode was carried over: the first service is in another system's record."""

    on: date
    session_id: UUID | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    on: date
    last_service_on: date
    reason: DischargeReason
    explained: bool
    """Whether a `duration_reason` was given."""
    referred: bool
    """Whether somebody is named to whom care goes on."""
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyMinutes:
    """Minutes a week that a plan or a self-reduction names, from `on`. `patient_signed_on` is of a plan."""

    minutes: int
    on: date
    version: int
    patient_signed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """No family session is owed on these dates, both included; without `to_on`, until further notice."""

    from_on: date
    to_on: date | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Somebody tried to reach the patient."""

    at: datetime
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A suitability decided."""

    outcome: Suitability
    on: date
    version: int


@dataclass(frozen=True, kw_only=True)
class Episode:
    """`first_contact_at`: where the episode was carried over, when that was."""

    episode_id: UUID
    first_contact_at: datetime
    version: int
    carried_over: bool = False
    steps: tuple[Step, ...] = ()
    """In the order in which they took place. Within a date enrollment comes first, then admission, and what ends the
    episode last, whichever was recorded first: the first service may be given on the day of discharge."""
    suitability: tuple[Decision, ...] = ()
    enrollment: Enrollment | None = None
    assignments: tuple[Assignment, ...] = ()
    admission: Admission | None = None
    discharges: tuple[Discharge, ...] = ()
    """Those that stand: one that was voided, and stands again, is followed by what was told in its place."""
    assessments: tuple[Assessment, ...] = ()
    plans: tuple[WeeklyMinutes, ...] = ()
    self_reductions: tuple[WeeklyMinutes, ...] = ()
    plan_reviews: tuple[Step, ...] = ()
    transfers: tuple[Step, ...] = ()
    detox: tuple[Referral, ...] = ()
    relapses: tuple[Step, ...] = ()
    aftercare: tuple[Step, ...] = ()
    alumni: tuple[Step, ...] = ()
    """Joining, and being contacted."""
    summaries: tuple[Step, ...] = ()
    relapse_prevention: tuple[Step, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    outreach: tuple[Attempt, ...] = ()
    voided: tuple[Step, ...] = ()
    """Discharges that were taken back: dated as they were, of the version that took them back."""

    def opened_on(self, zone: ZoneInfo) -> date:
        return local_date(self.first_contact_at, zone)

    def judged_on(self, on: date, zone: ZoneInfo) -> bool:
        """Whether a date is one of this record: those before an episode was carried over are another system's."""
        return not self.carried_over or self.opened_on(zone) <= on

    @property
    def discharge(self) -> Discharge | None:
        """What ended the episode, as long as it stands."""
        return self.discharges[-1] if self.discharges else None

    @property
    def after_discharge(self) -> tuple[Step, ...]:
        """What rests on the discharge."""
        return (*self.aftercare, *self.alumni, *self.summaries)

    def is_guest_on(self, on: date) -> bool:
        """Whether the patient comes as a guest, by aftercare or as one of the alumni."""
        return any(s.on <= on and s.name in _GUESTS for s in (*self.aftercare, *self.alumni))

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

    def active_dates(self, dates: Iterable[date], *, as_of: date | None = None) -> Iterator[date]:
        """Those of some dates that are active. As a rule no step lies between two, and what held goes on holding."""
        before: list[Step] | None = None
        is_active = False
        for on in dates:
            steps = self._before(on, as_of, _AT_NIGHT)
            if steps != before:
                before, is_active = steps, walk(steps)[-1] is State.ACTIVE
            if is_active:
                yield on

    def state_during(self, on: date, *, as_of: date | None = None) -> State:
        """The state in which care is given on a date: as `state_on`, but on the last day the one before its end."""
        return walk(self._before(on, as_of, _AT_NIGHT))[-1]

    def _before(self, on: date, as_of: date | None, later: frozenset[str]) -> list[Step]:
        """The steps up to a date, those of that very date left out that are named in `later`."""
        last = on if as_of is None or on <= as_of else as_of
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


def opened(episodes: Mapping[UUID, Episode], entry: Entry) -> Mapping[UUID, Episode]:
    """The episodes with the one that an inquiry opens."""
    fact: InquiryReceived = entry.fact
    began = Episode(episode_id=fact.episode_id, first_contact_at=fact.first_contact_at, version=entry.version)
    return {**episodes, fact.episode_id: began}


def carried_over(episodes: Mapping[UUID, Episode], entry: Entry) -> Mapping[UUID, Episode]:
    """The episodes with one that goes on from another system."""
    fact: EpisodeCarriedOver = entry.fact
    on, version = fact.admitted_on, entry.version
    episode = Episode(
        episode_id=fact.episode_id,
        first_contact_at=carried_at(entry),
        version=version,
        carried_over=True,
        steps=(Step(name="EpisodeCarriedOver", on=on, version=version, to=State(fact.state.value)),),
        enrollment=Enrollment(
            program=None,
            level_of_care=None,
            cohort_id=fact.cohort_id,
            planned_weeks=None,
            payer=None,
            primary_clinician_id=fact.primary_clinician_id,
            on=on,
            version=version,
        ),
        assignments=(Assignment(cohort_id=fact.cohort_id, effective_on=on, version=version),),
        admission=Admission(on=on, session_id=None, version=version),
    )
    return {**episodes, fact.episode_id: episode}


_PLAIN_STEPS: Final = frozenset({IntakeAssessed, Waitlisted, NotAdmitted, HoldStarted, HoldEnded})
"""Facts that change the state and nothing else."""

_KEPT: Final[Mapping[type[Any], str]] = {
    Transferred: "transfers",
    RelapseReported: "relapses",
    AftercareStarted: "aftercare",
    AlumniJoined: "alumni",
    AlumniContacted: "alumni",
    DischargeSummarySigned: "summaries",
    RelapsePreventionPlanSigned: "relapse_prevention",
    TreatmentPlanReviewed: "plan_reviews",
    FamilyExemptionGranted: "exemptions",
    OutreachAttempted: "outreach",
}
"""Facts of which an episode keeps when they were, or hold → where."""


def evolve(episode: Episode, entry: Entry, level: str | None = None) -> Episode:
    """One standing fact of this episode further. `level` is that of the step-down, when one took effect."""
    version, fact = entry.version, entry.fact
    kind = type(fact)
    if kind in _PLAIN_STEPS:
        return _stepped(episode, _step(fact, version))
    if (kept := _KEPT.get(kind)) is not None:
        changed: dict[str, Any] = {kept: (*getattr(episode, kept), _kept(fact, version))}
        return replace(episode, **changed)
    match fact:
        case DetoxReferred() | DetoxAnswered():
            return _referred(episode, fact, version)
        case StepDownTookEffect():
            return _stepped(episode, _step(fact, version, level))
        case StepUpDecided(to_level=to_level):
            return _stepped(episode, _step(fact, version, to_level))
        case SuitabilityDecided(outcome=outcome, on=on):
            decided = Decision(outcome=outcome, on=on, version=version)
            return replace(episode, suitability=(*episode.suitability, decided))
        case Enrolled():
            return _enrolled(_stepped(episode, _step(fact, version)), fact, version)
        case CohortAssigned(cohort_id=cohort_id, effective_on=effective_on):
            assigned = Assignment(cohort_id=cohort_id, effective_on=effective_on, version=version)
            return replace(episode, assignments=(*episode.assignments, assigned))
        case Admitted(on=on, session_id=session_id):
            admission = Admission(on=on, session_id=session_id, version=version)
            return replace(_stepped(episode, _step(fact, version)), admission=admission)
        case Discharged():
            discharge = Discharge(
                on=fact.on,
                last_service_on=fact.last_service_on,
                reason=fact.reason,
                explained=fact.duration_reason is not None,
                referred=fact.referral is not None,
                version=version,
            )
            return replace(_stepped(episode, _step(fact, version)), discharges=(*episode.discharges, discharge))
        case DischargeVoided(corrects=corrects):
            steps = tuple(s for s in episode.steps if s.version != corrects)
            voided = [dataclasses.replace(s, version=version) for s in episode.steps if s.version == corrects]
            left = tuple(d for d in episode.discharges if d.version != corrects)
            return replace(episode, steps=steps, discharges=left, voided=(*episode.voided, *voided))
        case LevelOfCareAssessed(on=on):
            assessment = Assessment(episode_id=episode.episode_id, on=on, version=version)
            return replace(episode, assessments=(*episode.assessments, assessment))
        case TreatmentPlanSigned(planned_weekly_minutes=minutes, on=on, patient_signed_on=patient_signed_on):
            plan = WeeklyMinutes(minutes=minutes, on=on, version=version, patient_signed_on=patient_signed_on)
            return replace(episode, plans=(*episode.plans, plan))
        case SelfReductionNoted(weekly_minutes=minutes, on=on):
            reduction = WeeklyMinutes(minutes=minutes, on=on, version=version)
            return replace(episode, self_reductions=(*episode.self_reductions, reduction))
        case _:
            return episode


def _kept(fact: Any, version: int) -> Step | Exemption | Attempt:
    match fact:
        case FamilyExemptionGranted(from_on=from_on, to_on=to_on):
            return Exemption(from_on=from_on, to_on=to_on, version=version)
        case OutreachAttempted(at=at):
            return Attempt(at=at, version=version)
        case _:
            return _step(fact, version)


def _step(fact: Any, version: int, level: str | None = None) -> Step:
    return Step(name=type(fact).__name__, on=fact.on, version=version, level=level)


def _stepped(episode: Episode, *steps: Step) -> Episode:
    return replace(episode, steps=in_order((*episode.steps, *steps)))


def _referred(episode: Episode, fact: DetoxReferred | DetoxAnswered, version: int) -> Episode:
    """A provider that can't take the patient leaves the assessment as it was."""
    known = replace(episode, detox=(*episode.detox, referral(fact, version)))
    declined = [Step(name="DetoxAnswered", on=fact.on, version=version)] if fact.accepted is False else []
    referred = [_step(fact, version)] if isinstance(fact, DetoxReferred) else []
    return _stepped(known, *referred, *declined) if referred or declined else known


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
