"""Every command of the API in one table: its address, its verb, the fact that it records, what it is for.

An address says which stream the fact goes to. What stands in braces is a field of the fact, or names the stream, and
is left out of the body; the last column is the id that the server makes. `Admitted` has no address: the system records
it. Corrections are in `api.events`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain.chart.after import AftercareStarted, AlumniContacted, AlumniJoined, SoberLivingEnded, SoberLivingPlaced
from domain.chart.amendment import AmendmentAccepted, AmendmentDenied, AmendmentRequested
from domain.chart.attendance import AttendanceRecorded, FamilyExemptionGranted, OutreachAttempted
from domain.chart.break_glass import BreakGlassOpened, BreakGlassReviewed
from domain.chart.consent import ConsentGiven, ConsentRevoked
from domain.chart.detox import DetoxAnswered, DetoxReferred
from domain.chart.disclosure import DisclosureMade
from domain.chart.enrollment import CohortAssigned, Enrolled, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, IntakeAssessed, NotAdmitted, SuitabilityDecided, Waitlisted
from domain.chart.exit import Discharged, DischargeSummarySigned
from domain.chart.identity import IdentityCorrected, PatientRegistered
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.merging import ChartLinked, ChartsMerged
from domain.chart.plan import (
    AccountabilityMeasureAgreed,
    GoalAchieved,
    RelapsePreventionPlanSigned,
    RelapseReported,
    SelfHelpReported,
    TreatmentPlanReviewed,
    TreatmentPlanSigned,
    TriggerIdentified,
)
from domain.chart.screening import (
    BreathAlcoholMeasured,
    CollectionMissed,
    DefinitiveReported,
    PrescriptionVerified,
    PresumptiveReported,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    ValidityReported,
)
from domain.chart.step_down import (
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
from domain.chart.teds import TedsItemsRecorded
from domain.cohort import CohortClosed, CohortFormed, CohortScheduleChanged
from domain.facility import FacilityOpened, HolidayDeclared, RuleSetAdopted
from domain.key_destruction import KeyDestroyed
from domain.legal_hold import LegalHoldReleased, LegalHoldSet
from domain.program import ProgramOffered
from domain.report import ReportAttested
from domain.session import SessionCancelled, SessionHeld, SessionRescheduled, SessionScheduled, SessionTimesCorrected
from domain.staff import CredentialEnded, StaffCredentialed


class Topic(StrEnum):
    """Whose daily work a route belongs to."""

    ADMISSIONS = "admissions"
    GROUP_ROOM = "group room"
    CLINIC = "clinic"
    LABORATORY = "laboratory"
    RECORDS = "records"
    REPORTS = "reports"
    SITE = "site"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """`path` is under `/v1`; `verb` is the decision's, and the route's `operationId`."""

    topic: Topic
    path: str
    verb: str
    fact: type[Any]
    summary: str
    makes: str | None = None

    @property
    def says_purpose(self) -> bool:
        """Decided for a purpose that is named, never for the usual one: nobody can take it back."""
        return self.verb in _SAY_PURPOSE


_SAY_PURPOSE: Final = frozenset({"destroy_key"})

_SITE: Final = "/facilities/{code}"
_COHORT: Final = "/cohorts/{cohort_id}"
_SESSION: Final = "/sessions/{session_id}"
_PATIENT: Final = "/patients/{patient_id}"
_CONSENT: Final = "/consents/{consent_id}"
_OPENING: Final = f"{_PATIENT}/break-glass/{{opened}}"
_CARE: Final = "/episodes/{episode_id}"
_SCREEN: Final = "/screenings/{screening_id}"
_STEP: Final = "/step-downs/{step_down_id}"

_TABLE: Final[dict[Topic, list[tuple[Any, ...]]]] = {
    Topic.SITE: [
        ("/facilities", "open_facility", FacilityOpened, "Open a facility, at whose code one signs in"),
        (f"{_SITE}/staff", "credential_staff", StaffCredentialed, "Put a person and a credential on the staff list"),
        (f"{_SITE}/credential-ends", "end_credential", CredentialEnded, "Record the last day of a credential"),
        (f"{_SITE}/programs", "offer_program", ProgramOffered, "Offer a program, with its blocks, patterns and payers"),
        (f"{_SITE}/holidays", "declare_holiday", HolidayDeclared, "Declare a holiday"),
        (f"{_SITE}/rule-sets", "adopt_rule_set", RuleSetAdopted, "Adopt a rule set"),
        (f"{_SITE}/cohorts", "form_cohort", CohortFormed, "Form a cohort", "cohort_id"),
        (f"{_COHORT}/schedule-changes", "change_cohort_schedule", CohortScheduleChanged, "Change its weekly pattern"),
        (f"{_COHORT}/closing", "close_cohort", CohortClosed, "Close a cohort"),
    ],
    Topic.GROUP_ROOM: [
        (f"{_SITE}/sessions", "schedule_session", SessionScheduled, "Schedule a session", "session_id"),
        (f"{_SESSION}/rescheduling", "reschedule_session", SessionRescheduled, "Move a session"),
        (f"{_SESSION}/cancellation", "cancel_session", SessionCancelled, "Cancel a session"),
        (f"{_SESSION}/holding", "hold_session", SessionHeld, "Record that a session was held, and by whom"),
        (f"{_SESSION}/times-correction", "correct_session_times", SessionTimesCorrected, "Correct when it was held"),
        (f"{_CARE}/attendance", "record_attendance", AttendanceRecorded, "Record that a patient attended, or did not"),
        (f"{_CARE}/outreach", "attempt_outreach", OutreachAttempted, "Record an attempt to reach the patient"),
        (f"{_CARE}/family-exemptions", "grant_family_exemption", FamilyExemptionGranted, "Exempt from family sessions"),
    ],
    Topic.ADMISSIONS: [
        ("/patients", "register_patient", PatientRegistered, "Register a patient", "patient_id"),
        (f"{_PATIENT}/identity-correction", "correct_identity", IdentityCorrected, "Correct who the patient is"),
        (f"{_PATIENT}/episodes", "receive_inquiry", InquiryReceived, "Open an episode with an inquiry", "episode_id"),
        (f"{_PATIENT}/consents", "give_consent", ConsentGiven, "Record a consent to disclose", "consent_id"),
        (f"{_CARE}/intake-assessments", "assess_intake", IntakeAssessed, "Assess the intake"),
        (f"{_CARE}/suitability", "decide_suitability", SuitabilityDecided, "Decide whether the program suits"),
        (f"{_CARE}/enrollment", "enroll", Enrolled, "Enroll into a cohort"),
        (f"{_CARE}/cohort-assignments", "assign_cohort", CohortAssigned, "Assign to another cohort"),
        (f"{_CARE}/waitlist", "put_on_waitlist", Waitlisted, "Put on the waiting list"),
        (f"{_CARE}/detox-referrals", "refer_to_detox", DetoxReferred, "Refer to medical detox"),
        (f"{_CARE}/detox-answers", "answer_detox_referral", DetoxAnswered, "Record what the detox provider answered"),
        (f"{_CARE}/teds-items", "record_teds_items", TedsItemsRecorded, "Record items for the state's data set (TEDS)"),
        (f"{_CARE}/not-admitted", "end_without_admission", NotAdmitted, "End the episode before the first service"),
    ],
    Topic.RECORDS: [
        (f"{_PATIENT}/merge", "merge_charts", ChartsMerged, "Merge another chart of the same person into this one"),
        (
            "/patients/{linking_patient_id}/links",
            "link_chart",
            ChartLinked,
            "Link the chart that the person has at another site",
        ),
        (f"{_SITE}/legal-holds", "set_legal_hold", LegalHoldSet, "Set a legal hold on a chart"),
        (f"{_SITE}/legal-hold-releases", "release_legal_hold", LegalHoldReleased, "Release a legal hold"),
        (f"{_SITE}/key-destructions", "destroy_key", KeyDestroyed, "Destroy the key of a chart: nobody reads it again"),
        (f"{_CONSENT}/revocation", "revoke_consent", ConsentRevoked, "Revoke a consent"),
        (f"{_PATIENT}/disclosures", "disclose", DisclosureMade, "Record what was told to others, and on which basis"),
        (f"{_PATIENT}/break-glass", "break_glass", BreakGlassOpened, "Open the record in an emergency, up to 24 hours"),
        (f"{_OPENING}/review", "review_break_glass", BreakGlassReviewed, "Review what was opened in an emergency"),
        (f"{_PATIENT}/amendments", "request_amendment", AmendmentRequested, "Record what a patient wants changed"),
        (f"{_PATIENT}/amendments/acceptance", "accept_amendment", AmendmentAccepted, "Accept the oldest open request"),
        ("/reports/{report_id}/attestation", "attest_report", ReportAttested, "Attest an issued report"),
        (f"{_PATIENT}/amendments/denial", "deny_amendment", AmendmentDenied, "Deny the oldest open request"),
    ],
    Topic.CLINIC: [
        (f"{_CARE}/holds", "start_hold", HoldStarted, "Put treatment on hold, from its first date"),
        (f"{_CARE}/holds/end", "end_hold", HoldEnded, "End a hold, with its last date"),
        (f"{_CARE}/treatment-plans", "sign_treatment_plan", TreatmentPlanSigned, "Sign a treatment plan"),
        (f"{_CARE}/plan-reviews", "review_treatment_plan", TreatmentPlanReviewed, "Review the treatment plan"),
        (f"{_CARE}/goals/{{goal_id}}/achievement", "achieve_goal", GoalAchieved, "Record a goal as achieved"),
        (f"{_CARE}/triggers", "identify_trigger", TriggerIdentified, "Note a trigger"),
        (f"{_CARE}/relapse-prevention-plan", "sign_prevention_plan", RelapsePreventionPlanSigned, "Sign the plan"),
        (f"{_CARE}/accountability-measures", "agree_measure", AccountabilityMeasureAgreed, "Agree on a measure"),
        (f"{_CARE}/relapses", "report_relapse", RelapseReported, "Note a relapse"),
        (f"{_CARE}/self-help", "report_self_help", SelfHelpReported, "Note meetings outside the program"),
        (f"{_CARE}/level-of-care-assessments", "assess_level_of_care", LevelOfCareAssessed, "Assess the level of care"),
        (f"{_CARE}/step-downs", "recommend_step_down", StepDownRecommended, "Recommend a step-down", "step_down_id"),
        (f"{_STEP}/answer", "answer_step_down", StepDownAnswered, "Record the patient's answer"),
        (f"{_STEP}/cosignature", "cosign_step_down", StepDownCosigned, "Co-sign, as a second person"),
        (f"{_STEP}/decision", "decide_step_down", StepDownDecided, "Decide a step-down"),
        (f"{_STEP}/effect", "put_step_down_into_effect", StepDownTookEffect, "Record that a step-down took effect"),
        (f"{_STEP}/withdrawal", "withdraw_step_down", StepDownWithdrawn, "Withdraw a step-down"),
        (f"{_CARE}/self-reductions", "note_self_reduction", SelfReductionNoted, "Note a reduction against advice"),
        (f"{_CARE}/step-ups", "decide_step_up", StepUpDecided, "Decide a step-up"),
        (f"{_CARE}/transfers", "transfer", Transferred, "Record a transfer to another provider"),
        (f"{_CARE}/discharge", "discharge", Discharged, "Discharge the patient"),
        (f"{_CARE}/discharge-summary", "sign_discharge_summary", DischargeSummarySigned, "Sign the discharge summary"),
        (f"{_CARE}/aftercare", "start_aftercare", AftercareStarted, "Start aftercare"),
        (f"{_CARE}/alumni", "join_alumni", AlumniJoined, "Join the alumni program"),
        (f"{_CARE}/alumni-contacts", "contact_alumni", AlumniContacted, "Record a contact with a former patient"),
        (f"{_CARE}/sober-living", "place_in_sober_living", SoberLivingPlaced, "Place in sober living"),
        (f"{_CARE}/sober-living/end", "end_sober_living", SoberLivingEnded, "End a stay in sober living"),
    ],
    Topic.LABORATORY: [
        (f"{_CARE}/screenings", "order_screening", ScreeningOrdered, "Order a drug screening", "screening_id"),
        (f"{_SCREEN}/specimen", "collect_specimen", SpecimenCollected, "Record a specimen as collected"),
        (f"{_SCREEN}/refusal", "refuse_specimen", SpecimenRefused, "Record that a specimen was refused"),
        (f"{_SCREEN}/missed-collection", "miss_collection", CollectionMissed, "Record a missed collection"),
        (f"{_SCREEN}/validity", "report_validity", ValidityReported, "Report the validity of the specimen"),
        (f"{_SCREEN}/presumptive-results", "report_presumptive", PresumptiveReported, "Report presumptive results"),
        (f"{_SCREEN}/definitive-results", "report_definitive", DefinitiveReported, "Report definitive results"),
        (f"{_SCREEN}/review", "review_result", ResultReviewed, "Record the clinician's review of the result"),
        (f"{_SCREEN}/discussion", "discuss_result", ResultDiscussed, "Record the talk about it with the patient"),
        (f"{_CARE}/prescriptions", "verify_prescription", PrescriptionVerified, "Verify what is prescribed"),
        (f"{_CARE}/breath-alcohol", "measure_breath_alcohol", BreathAlcoholMeasured, "Record a breath test"),
    ],
}

COMMANDS: Final = tuple(CommandRoute(topic, *row) for topic, rows in _TABLE.items() for row in rows)
