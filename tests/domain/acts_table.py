"""Who may record what, row by row as the rules say it: data of the tests, not derived from the code."""

from __future__ import annotations

from typing import Final

GROUP: Final = "counselor therapist family_therapist supervisor"

# The rows of the rules (§5) as they stand there, a row once more where a fact of it has roles of its own: what is done,
# by which facts, by which roles.
TABLE: Final = (
    (
        "open, credential, declare, offer",
        "FacilityOpened StaffCredentialed CredentialEnded HolidayDeclared ProgramOffered",
        "administrator",
    ),
    ("adopt rule sets", "RuleSetAdopted", "administrator compliance_officer"),
    (
        "cohorts and sessions: form, schedule, move, cancel, correct times",
        "CohortFormed CohortScheduleChanged CohortClosed "
        "SessionScheduled SessionRescheduled SessionCancelled SessionTimesCorrected",
        "counselor therapist family_therapist supervisor administrator",
    ),
    ("hold a session", "SessionHeld", "counselor therapist family_therapist supervisor"),
    (
        "arrivals, departures, attendance and its correction",
        "ArrivalNoted DepartureNoted StaffArrived StaffLeft AttendanceRecorded AttendanceCorrected",
        "front_desk counselor therapist family_therapist supervisor",
    ),
    (
        "excuses, outreach, family exemption",
        "OutreachAttempted FamilyExemptionGranted",
        "counselor therapist family_therapist case_manager supervisor",
    ),
    (
        "register, correct identity, inquiry, waitlist, enrollment, not admitted",
        "PatientRegistered IdentityCorrected InquiryReceived Waitlisted Enrolled NotAdmitted",
        "admissions intake_clinician counselor therapist supervisor",
    ),
    (
        "assess intake, decide suitability, refer to detox",
        "IntakeAssessed SuitabilityDecided DetoxReferred DetoxAnswered",
        "intake_clinician counselor therapist medical_director",
    ),
    ("order a screening", "ScreeningOrdered", "counselor therapist intake_clinician nurse system"),
    (
        "collect, refuse, miss, breath alcohol",
        "SpecimenCollected SpecimenRefused CollectionMissed BreathAlcoholMeasured",
        "counselor therapist intake_clinician nurse",
    ),
    # A point-of-care screen is reported by who collects, a laboratory's by the laboratory.
    (
        "report point-of-care screens, and the laboratory's",
        "PresumptiveReported",
        "counselor therapist intake_clinician nurse lab medical_director",
    ),
    (
        "report laboratory results and validity, correct them",
        "ValidityReported DefinitiveReported ResultCorrected",
        "lab medical_director",
    ),
    (
        "review and discuss results; level of care; plan, goals, triggers, accountability, relapse prevention; relapse "
        "and self-help reports; recommend step-down; note self-reduction",
        "ResultReviewed ResultDiscussed LevelOfCareAssessed TreatmentPlanSigned TreatmentPlanReviewed GoalAchieved "
        "TriggerIdentified AccountabilityMeasureAgreed RelapsePreventionPlanSigned RelapseReported SelfHelpReported "
        "StepDownRecommended SelfReductionNoted",
        "counselor therapist medical_director",
    ),
    ("co-sign", "StepDownCosigned", "supervisor medical_director"),
    (
        "the patient's answer; decide step-down, step-up, transfer, hold; cohort change",
        "StepDownAnswered StepDownDecided StepDownWithdrawn StepUpDecided Transferred HoldStarted HoldEnded "
        "CohortAssigned",
        "counselor therapist supervisor medical_director",
    ),
    (
        "record that a step-down took effect; the admission",
        "StepDownTookEffect Admitted",
        "counselor therapist supervisor medical_director system",
    ),
    ("verify a prescription", "PrescriptionVerified", "medical_director nurse counselor therapist"),
    (
        "discharge, summary",
        "Discharged DischargeSummarySigned",
        "counselor therapist supervisor medical_director administrator",
    ),
    (
        "aftercare, alumni, sober living",
        "AftercareStarted AlumniJoined AlumniContacted SoberLivingPlaced SoberLivingEnded",
        "counselor therapist alumni_coordinator",
    ),
    ("void a discharge, strike an entry", "DischargeVoided EnteredInError", "supervisor medical_director"),
    ("TEDS items", "TedsItemsRecorded", "admissions intake_clinician counselor therapist case_manager"),
    (
        "consent, disclosure, amendment, break-glass",
        "ConsentGiven ConsentRevoked DisclosureMade AmendmentRequested AmendmentAccepted AmendmentDenied "
        "BreakGlassOpened",
        "counselor therapist intake_clinician compliance_officer",
    ),
    ("review break-glass", "BreakGlassReviewed", "compliance_officer"),
    (
        "link, merge and separate charts; carry an episode over",
        "ChartLinked ChartsMerged MergedInto EpisodeCarriedOver",
        "supervisor administrator",
    ),
    ("random draw", "RandomDrawMade", "counselor therapist system"),
    ("import, restore", "ImportCompleted LedgerRestored", "operator"),
    (
        "issue, attest reports; legal holds, key destruction",
        "ReportIssued ReportAttested LegalHoldSet LegalHoldReleased KeyDestroyed",
        "compliance_officer",
    ),
)

MAY: Final = {fact: frozenset(roles.split()) for _, facts, roles in TABLE for fact in facts.split()}

WITH_A_CREDENTIAL: Final = (
    "IntakeAssessed SuitabilityDecided DetoxReferred DetoxAnswered",
    "ResultReviewed ResultDiscussed LevelOfCareAssessed",
    "TreatmentPlanSigned TreatmentPlanReviewed GoalAchieved TriggerIdentified",
    "AccountabilityMeasureAgreed RelapsePreventionPlanSigned RelapseReported SelfHelpReported",
    "StepDownRecommended SelfReductionNoted StepDownCosigned",
    "StepDownAnswered StepDownDecided StepDownWithdrawn StepUpDecided Transferred",
    "HoldStarted HoldEnded CohortAssigned StepDownTookEffect Admitted",
)
