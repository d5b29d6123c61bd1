"""What a week of treatment brings beside the sessions: reviews, goals, holds, other cohorts, steps down and up."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from domain import acts
from domain.chart.attendance import FamilyExemptionGranted
from domain.chart.consent import ConsentRevoked
from domain.chart.detox import DetoxReferred
from domain.chart.disclosure import Basis, DisclosureMade
from domain.chart.enrollment import CohortAssigned, HoldEnded, HoldStarted
from domain.chart.exit import DischargeReason
from domain.chart.plan import (
    Goal,
    GoalAchieved,
    RelapseReported,
    SelfHelpReported,
    TreatmentPlanReviewed,
    TreatmentPlanSigned,
    TriggerIdentified,
)
from domain.chart.step_down import (
    Answer,
    SelfReductionNoted,
    StepDownAnswered,
    StepDownCosigned,
    StepDownDecided,
    StepDownRecommended,
    StepDownTookEffect,
    StepDownWithdrawn,
)
from domain.chart.step_up import StepUpDecided
from exchange.simulate.leaving import Leaving
from exchange.simulate.lives import Site, Stay
from exchange.simulate.names import TRIGGERS
from exchange.simulate.staff import LEVEL
from exchange.simulate.telling import Told

_DAY: Final = timedelta(days=1)
_TAPERED_MINUTES: Final = 360
_REDUCED_MINUTES: Final = 180
_REFUSED: Final = 0.25
"""Of step-downs recommended, those that the patient declines."""


class Care:
    """Told on Fridays, of everybody in treatment."""

    def __init__(self, site: Site, leaving: Leaving) -> None:
        self._site = site
        self._telling = site.telling
        self._leaving = leaving

    def friday(self, on: date) -> None:
        for stay in list(self._site.stays):
            if stay.admitted_on is None or stay.admitted_on >= on or stay.gone:
                continue
            stay.weeks += 1
            if not stay.on_hold:
                self._reviews(stay, on)
                self._turns(stay, on)

    def _reviews(self, stay: Stay, on: date) -> None:
        telling, random, episode_id = self._telling, self._telling.random, stay.episode_id
        facts: list[Any] = []
        if stay.weeks % 2 == 0:
            facts.append(self._leaving.assessed(stay, on))
        if stay.weeks % 4 == 0:
            facts.append(TreatmentPlanReviewed(episode_id=episode_id, on=on))
        if telling.chance(0.4):
            facts.append(TriggerIdentified(episode_id=episode_id, text=random.choice(TRIGGERS)))
        if telling.chance(0.5):
            frequency = random.choice(("once a week", "twice a week", "every day"))
            facts.append(SelfHelpReported(episode_id=episode_id, on=on, frequency=frequency))
        if stay.weeks > 3 and stay.goals and telling.chance(0.15):
            facts.append(GoalAchieved(episode_id=episode_id, goal_id=stay.goals.pop(), on=on))
        if telling.chance(0.04):
            facts.append(RelapseReported(episode_id=episode_id, on=on - _DAY))
        if stay.weeks == 1 and telling.chance(0.1):
            facts.append(FamilyExemptionGranted(episode_id=episode_id, from_on=on, cause="No family in reach."))
        minute = random.randrange(30)
        for n, fact in enumerate(facts):
            self._site.note(stay, on, 13, minute + 3 * n, fact)
        self._told_others(stay, on)

    def _told_others(self, stay: Stay, on: date) -> None:
        """Disclosures by consent, and a consent that is taken back."""
        patient, telling = stay.patient, self._telling
        if patient.tpo_consent is not None and telling.chance(0.08):
            made = DisclosureMade(
                recipient="Health plan (synthetic)",
                purpose="payment",
                what="Dates of attendance.",
                basis=Basis.CONSENT,
                consent_id=patient.tpo_consent,
            )
            self._site.note(stay, on, 14, 10, made)
        if patient.family_consent is None or on > patient.family_until:
            return
        if telling.chance(0.05):
            told = DisclosureMade(
                recipient="Family contact (synthetic)",
                purpose="family support",
                what="Progress in treatment.",
                basis=Basis.CONSENT,
                consent_id=patient.family_consent,
            )
            self._site.note(stay, on, 14, 15, told)
        elif telling.chance(0.01):
            revoked = ConsentRevoked(consent_id=patient.family_consent, on=on)
            self._site.note(stay, on, 14, 20, revoked)
            patient.family_consent = None

    # ---- turns that a stay may take

    def _turns(self, stay: Stay, on: date) -> None:
        """One a week at most."""
        telling = self._telling
        if stay.stepping or stay.admitted_on is None:
            return
        left = stay.target_days - (on - stay.admitted_on).days
        if stay.tapering:
            if telling.chance(0.06):
                self._step_up(stay, on)
        elif stay.reason is DischargeReason.COMPLETED and 7 < left < 22 and telling.chance(0.1):
            self._step_down(stay, on)
        elif left > 7 and telling.chance(0.012):
            self._hold(stay, on)
        elif left > 7 and telling.chance(0.012):
            self._other_cohort(stay, on)
        elif not stay.reduced and telling.chance(0.01):
            self._reduce(stay, on)

    def _step_down(self, stay: Stay, on: date) -> None:
        """Assessed, recommended, answered, co-signed and decided on one afternoon; in effect from the next Monday."""
        site, telling, episode_id = self._site, self._telling, stay.episode_id
        key = telling.uuid()
        monday = on + 3 * _DAY
        recommended = StepDownRecommended(
            episode_id=episode_id,
            step_down_id=key,
            to_level="1",
            weekly_minutes=_TAPERED_MINUTES,
            effective_on=monday,
            criteria=("Goals of this phase are reached.", "Screens are negative."),
            on=on,
        )
        site.note(stay, on, 15, 0, self._leaving.assessed(stay, on, "1"))
        site.note(stay, on, 15, 5, recommended)
        declined = telling.chance(_REFUSED)
        answer = Answer.DECLINED if declined else Answer.AGREED
        site.note(stay, on, 15, 10, StepDownAnswered(episode_id=episode_id, step_down_id=key, answer=answer, on=on))
        if declined:
            site.note(stay, on, 15, 20, StepDownWithdrawn(episode_id=episode_id, step_down_id=key, on=on))
            return
        supervisor = site.staff.desk(acts.SUPERVISOR)
        cosigned = StepDownCosigned(episode_id=episode_id, step_down_id=key, on=on)
        site.note(stay, on, 15, 30, cosigned, supervisor)
        decided = site.note(stay, on, 15, 40, StepDownDecided(episode_id=episode_id, step_down_id=key, on=on))
        stay.stepping = True
        took_effect = StepDownTookEffect(episode_id=episode_id, step_down_id=key, on=monday)
        self._site.on_date(monday, partial(self._in_effect, stay, took_effect, decided))

    def _in_effect(self, stay: Stay, fact: StepDownTookEffect, decided: Told, on: date) -> None:
        stay.stepping = False
        if stay.ended or stay.gone or stay.on_hold or stay.cohort is None:
            return
        self._telling.system(self._telling.at(on, 5, 30), stay.chart, fact, cause=decided)
        stay.tapering = True
        stay.days = frozenset(stay.cohort.weekdays[:2])
        planned = TreatmentPlanSigned(
            episode_id=stay.episode_id,
            on=on,
            goals=(Goal(goal_id=self._telling.uuid(), text="keep what was reached"),),
            diagnoses=(stay.patient.diagnosis,),
            planned_weekly_minutes=_TAPERED_MINUTES,
            patient_signed_on=on,
        )
        self._site.note(stay, on, 8, 40, planned)

    def _step_up(self, stay: Stay, on: date) -> None:
        self._site.note(stay, on, 15, 0, StepUpDecided(episode_id=stay.episode_id, to_level=LEVEL, on=on))
        stay.tapering, stay.days = False, None

    def _reduce(self, stay: Stay, on: date) -> None:
        """Against advice."""
        noted = SelfReductionNoted(episode_id=stay.episode_id, weekly_minutes=_REDUCED_MINUTES, on=on)
        self._site.note(stay, on, 15, 0, noted)
        stay.reduced = True
        if stay.cohort is not None:
            stay.days = frozenset(stay.cohort.weekdays[:1])

    def _hold(self, stay: Stay, on: date) -> None:
        """For a week or two, from the next Monday on; for some in detox."""
        detox = self._telling.chance(0.3)
        stay.stepping = True
        self._site.on_date(on + 3 * _DAY, partial(self._held, stay, detox))

    def _held(self, stay: Stay, detox: bool, on: date) -> None:
        stay.stepping = False
        if stay.ended or stay.gone:
            return
        stay.on_hold = True
        if detox:
            referred = DetoxReferred(
                episode_id=stay.episode_id, provider="Detox (synthetic)", on=on, third_party=True, accepted=True
            )
            self._site.note(stay, on, 8, 0, referred)
        cause = "Medical detox." if detox else self._telling.random.choice(("Surgery.", "A death in the family."))
        self._site.note(stay, on, 8, 10, HoldStarted(episode_id=stay.episode_id, on=on, cause=cause))
        weeks = self._telling.random.choice((1, 1, 2))
        stay.target_days += 7 * weeks
        self._site.on_date(on + 7 * weeks * _DAY, partial(self._released, stay))

    def _released(self, stay: Stay, on: date) -> None:
        stay.on_hold = False
        self._site.note(stay, on, 8, 10, HoldEnded(episode_id=stay.episode_id, on=on - _DAY))

    def _other_cohort(self, stay: Stay, on: date) -> None:
        found = max(self._site.timetable.cohorts, key=lambda cohort: cohort.free)
        former = stay.cohort
        if former is None or found is former or found.free < 2:
            return
        found.free -= 1
        monday = on + 3 * _DAY
        assigned = CohortAssigned(episode_id=stay.episode_id, cohort_id=found.cohort_id, effective_on=monday)
        self._site.note(stay, on, 15, 50, assigned)
        self._site.give_back(stay, on)
        stay.seat, stay.stepping = found, True

        def moved(_: date) -> None:
            stay.stepping = False
            if stay.ended:
                return
            former.members.remove(stay)
            found.members.append(stay)
            stay.cohort = found
            if stay.days is not None:
                stay.days = frozenset(found.weekdays[: len(stay.days)])

        self._site.on_date(monday, moved)
