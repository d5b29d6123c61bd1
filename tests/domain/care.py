"""What is done for the patient of the stories between admission and discharge: screening, plan, step-down, consent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.chart.after import AftercareStarted, AlumniContacted, AlumniJoined, SoberLivingEnded, SoberLivingPlaced
from domain.chart.amendment import AmendmentAccepted, AmendmentDenied, AmendmentRequested
from domain.chart.attendance import FamilyExemptionGranted, OutreachAttempted
from domain.chart.break_glass import BreakGlassOpened, BreakGlassReviewed
from domain.chart.consent import ConsentGiven, ConsentRevoked
from domain.chart.disclosure import Basis, DisclosureMade
from domain.chart.enrollment import CohortAssigned
from domain.chart.exit import DischargeSummarySigned
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.plan import (
    AccountabilityMeasureAgreed,
    Goal,
    GoalAchieved,
    RelapsePreventionPlanSigned,
    RelapseReported,
    SelfHelpReported,
    TreatmentPlanReviewed,
    TreatmentPlanSigned,
    TriggerIdentified,
)
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    BreathAlcoholMeasured,
    CollectionMissed,
    DefinitiveReported,
    PrescriptionVerified,
    PresumptiveReported,
    ResultCorrected,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    ValidityReported,
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
    Transferred,
)
from domain.chart.step_up import StepUpDecided
from domain.random_draw import RandomDrawMade, draw
from tests.domain.cast import ANN, EPISODE, MONDAY, MORNINGS, day, local

SCREENING = UUID(int=0x5C1)
SECOND_SCREENING = UUID(int=0x5C2)
STEP_DOWN = UUID(int=0x5D1)
SECOND_STEP_DOWN = UUID(int=0x5D2)
CONSENT = UUID(int=0xC05)
GOAL = UUID(int=0x60A)
PANEL = ("opiates", "cannabinoids")


# ---- screening


def drawn(
    seed: str = "5eed", pool: tuple[UUID, ...] = (ANN,), count: int = 1, on: str = "2026-03-03"
) -> RandomDrawMade:
    return RandomDrawMade(on=day(on), seed=seed, pool=pool, drawn=draw(seed, pool, count))


def ordered(screening_id: UUID = SCREENING, panel: tuple[str, ...] = PANEL) -> ScreeningOrdered:
    return ScreeningOrdered(episode_id=EPISODE, screening_id=screening_id, panel=panel, random=True)


def collected(
    at: str = "2026-03-03 17:30", screening_id: UUID = SCREENING, accession: str | None = None
) -> SpecimenCollected:
    return SpecimenCollected(
        episode_id=EPISODE,
        screening_id=screening_id,
        collected_at=local(at),
        matrix="urine",
        observed=True,
        accession=accession,
    )


def specimen_refused(at: str = "2026-03-03 17:30", screening_id: UUID = SCREENING) -> SpecimenRefused:
    return SpecimenRefused(episode_id=EPISODE, screening_id=screening_id, at=local(at))


def missed(at: str = "2026-03-03 17:30", screening_id: UUID = SCREENING) -> CollectionMissed:
    return CollectionMissed(episode_id=EPISODE, screening_id=screening_id, at=local(at), excused=False)


def validity(screening_id: UUID = SCREENING, creatinine_mg_dl: float = 80) -> ValidityReported:
    return ValidityReported(
        episode_id=EPISODE, screening_id=screening_id, creatinine_mg_dl=creatinine_mg_dl, specific_gravity=1.015
    )


def found(analyte: str = "opiates", outcome: AnalyteOutcome = AnalyteOutcome.POSITIVE) -> AnalyteResult:
    loinc = {"opiates": "19295-5", "cannabinoids": "18282-4", "fentanyl": "58379-9"}[analyte]
    return AnalyteResult(analyte=analyte, loinc=loinc, outcome=outcome)


def presumptive(
    *analytes: AnalyteResult, at: str = "2026-03-03 17:40", screening_id: UUID = SCREENING
) -> PresumptiveReported:
    return PresumptiveReported(
        episode_id=EPISODE, screening_id=screening_id, at=local(at), analytes=analytes or (found(),)
    )


def definitive(*analytes: AnalyteResult, at: str = "2026-03-05 09:00") -> DefinitiveReported:
    return DefinitiveReported(episode_id=EPISODE, screening_id=SCREENING, at=local(at), analytes=analytes or (found(),))


def result_corrected(version: int, screening_id: UUID = SCREENING, **anew: Any) -> ResultCorrected:
    return ResultCorrected(corrects=version, episode_id=EPISODE, screening_id=screening_id, **anew)


def reviewed(on: str = "2026-03-06") -> ResultReviewed:
    return ResultReviewed(episode_id=EPISODE, screening_id=SCREENING, on=day(on))


def discussed(on: str = "2026-03-06") -> ResultDiscussed:
    return ResultDiscussed(episode_id=EPISODE, screening_id=SCREENING, on=day(on))


def prescribed(first: str = "2026-02-01", last: str = "2026-05-01") -> PrescriptionVerified:
    return PrescriptionVerified(
        episode_id=EPISODE, analyte="opiates", from_on=day(first), to_on=day(last), prescriber="Dr. Pillsworth"
    )


def breath(at: str = "2026-03-03 17:45") -> BreathAlcoholMeasured:
    return BreathAlcoholMeasured(episode_id=EPISODE, at=local(at), grams_per_210_l=0)


# ---- plan, level of care


def plan_signed(on: str = "2026-03-04", minutes: int = 540) -> TreatmentPlanSigned:
    return TreatmentPlanSigned(
        episode_id=EPISODE,
        on=day(on),
        goals=(Goal(goal_id=GOAL, text="steady work"),),
        diagnoses=("F10.20",),
        planned_weekly_minutes=minutes,
        patient_signed_on=day(on),
    )


def plan_reviewed(on: str = "2026-03-06") -> TreatmentPlanReviewed:
    return TreatmentPlanReviewed(episode_id=EPISODE, on=day(on))


def goal_achieved(on: str = "2026-03-06") -> GoalAchieved:
    return GoalAchieved(episode_id=EPISODE, goal_id=GOAL, on=day(on))


def trigger() -> TriggerIdentified:
    return TriggerIdentified(episode_id=EPISODE, text="pay day")


def relapse_prevention(on: str = "2026-03-06") -> RelapsePreventionPlanSigned:
    return RelapsePreventionPlanSigned(episode_id=EPISODE, on=day(on))


def accountability(on: str = "2026-03-06") -> AccountabilityMeasureAgreed:
    return AccountabilityMeasureAgreed(episode_id=EPISODE, text="call a sponsor daily", on=day(on))


def relapse(on: str = "2026-03-07") -> RelapseReported:
    return RelapseReported(episode_id=EPISODE, on=day(on))


def self_help(on: str = "2026-03-07") -> SelfHelpReported:
    return SelfHelpReported(episode_id=EPISODE, on=day(on), frequency="twice a week")


def level_assessed(on: str = "2026-03-04", ratings: tuple[int, ...] = (0, 0, 1, 1, 1, 1)) -> LevelOfCareAssessed:
    return LevelOfCareAssessed(
        episode_id=EPISODE, on=day(on), edition="4", ratings=ratings, indicated_level="1.5", actual_level="2.1"
    )


def exempted(first: str = "2026-03-04") -> FamilyExemptionGranted:
    return FamilyExemptionGranted(episode_id=EPISODE, from_on=day(first), cause="no family")


def arrived(at: str = "2026-03-02 17:55", session_id: UUID = MONDAY) -> ArrivalNoted:
    return ArrivalNoted(episode_id=EPISODE, session_id=session_id, arrived_at=local(at), method="sign_in")


def departed(at: str = "2026-03-02 21:00", session_id: UUID = MONDAY) -> DepartureNoted:
    return DepartureNoted(episode_id=EPISODE, session_id=session_id, left_at=local(at))


def outreach(at: str = "2026-03-04 10:00") -> OutreachAttempted:
    return OutreachAttempted(episode_id=EPISODE, at=local(at), method="phone", outcome="no answer")


def assigned(effective_on: str = "2026-03-16", cohort_id: UUID = MORNINGS) -> CohortAssigned:
    return CohortAssigned(episode_id=EPISODE, cohort_id=cohort_id, effective_on=day(effective_on))


# ---- step-down


def recommended(
    on: str = "2026-03-05", effective_on: str = "2026-03-12", step_down_id: UUID = STEP_DOWN, minutes: int = 360
) -> StepDownRecommended:
    return StepDownRecommended(
        episode_id=EPISODE,
        step_down_id=step_down_id,
        to_level="1.5",
        weekly_minutes=minutes,
        effective_on=day(effective_on),
        criteria=("goals met",),
        on=day(on),
    )


def answered(
    on: str = "2026-03-06", answer: Answer = Answer.AGREED, step_down_id: UUID = STEP_DOWN
) -> StepDownAnswered:
    return StepDownAnswered(episode_id=EPISODE, step_down_id=step_down_id, answer=answer, on=day(on))


def cosigned(on: str = "2026-03-06", step_down_id: UUID = STEP_DOWN) -> StepDownCosigned:
    return StepDownCosigned(episode_id=EPISODE, step_down_id=step_down_id, on=day(on))


def decided(on: str = "2026-03-09", step_down_id: UUID = STEP_DOWN) -> StepDownDecided:
    return StepDownDecided(episode_id=EPISODE, step_down_id=step_down_id, on=day(on))


def took_effect(on: str = "2026-03-12", step_down_id: UUID = STEP_DOWN) -> StepDownTookEffect:
    return StepDownTookEffect(episode_id=EPISODE, step_down_id=step_down_id, on=day(on))


def withdrawn(on: str = "2026-03-10", step_down_id: UUID = STEP_DOWN) -> StepDownWithdrawn:
    return StepDownWithdrawn(episode_id=EPISODE, step_down_id=step_down_id, on=day(on))


def step_up(on: str = "2026-03-13", to_level: str = "2.1") -> StepUpDecided:
    return StepUpDecided(episode_id=EPISODE, to_level=to_level, on=day(on))


def self_reduction(on: str = "2026-03-10", minutes: int = 180) -> SelfReductionNoted:
    return SelfReductionNoted(episode_id=EPISODE, weekly_minutes=minutes, on=day(on))


def transferred(on: str = "2026-03-10") -> Transferred:
    return Transferred(episode_id=EPISODE, to_level="3.1", provider="Riverbend House", on=day(on))


AGREED = (level_assessed(), recommended(), answered(), cosigned(), decided())
"""The way to a step-down that may take effect from 2026-03-09 on: five entries."""


# ---- the way out


def summarized(on: str = "2026-03-12") -> DischargeSummarySigned:
    return DischargeSummarySigned(episode_id=EPISODE, on=day(on))


def aftercare(on: str = "2026-03-12") -> AftercareStarted:
    return AftercareStarted(episode_id=EPISODE, on=day(on))


def alumni_joined(on: str = "2026-03-12", episode_id: UUID = EPISODE) -> AlumniJoined:
    return AlumniJoined(episode_id=episode_id, on=day(on))


def alumni_contacted(on: str = "2026-03-12") -> AlumniContacted:
    return AlumniContacted(episode_id=EPISODE, on=day(on), outcome="reached")


def placed(on: str = "2026-03-05", episode_id: UUID = EPISODE) -> SoberLivingPlaced:
    return SoberLivingPlaced(episode_id=episode_id, residence="Willow House", on=day(on))


def stay_ended(on: str = "2026-03-11") -> SoberLivingEnded:
    return SoberLivingEnded(episode_id=EPISODE, on=day(on))


def consented(consent_id: UUID = CONSENT) -> ConsentGiven:
    return ConsentGiven(
        consent_id=consent_id,
        who_may_disclose="Landmark Recovery",
        what="attendance",
        recipients=("a county court",),
        purpose="court order compliance",
        tpo=False,
        signed_on=day("2026-02-26"),
    )


def revoked(on: str = "2026-03-02", consent_id: UUID = CONSENT) -> ConsentRevoked:
    return ConsentRevoked(consent_id=consent_id, on=day(on))


def disclosed(
    basis: Basis = Basis.CONSENT,
    *,
    recipient: str = "a county court",
    purpose: str = "court order compliance",
    consent_id: UUID | None = None,
) -> DisclosureMade:
    return DisclosureMade(recipient=recipient, purpose=purpose, what="attendance", basis=basis, consent_id=consent_id)


def glass_opened(until: str = "2026-03-02 20:00") -> BreakGlassOpened:
    return BreakGlassOpened(
        reason="Unconscious in the emergency room.",
        nature="overdose",
        recipient="the physician on duty",
        affiliation="University Hospital",
        until=local(until),
    )


def glass_reviewed(opened: int, on: str = "2026-03-03") -> BreakGlassReviewed:
    return BreakGlassReviewed(opened=opened, finding="Within the rules.", on=day(on))


def amendment_requested(on: str = "2026-03-02") -> AmendmentRequested:
    return AmendmentRequested(what="The first drink was at sixteen.", on=day(on))


def amendment_accepted(on: str = "2026-03-03") -> AmendmentAccepted:
    return AmendmentAccepted(on=day(on))


def amendment_denied(on: str = "2026-03-03") -> AmendmentDenied:
    return AmendmentDenied(why="The record says what was said.", on=day(on))
