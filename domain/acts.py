"""Who may record what: facts by roles, kept as data in this one place (rules.md §5).

Role and credential are those of the facility's staff list on the fact's own date. `system` and `lab` are interfaces;
an administrator is named by the token or the file and needs no line in the staff list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from domain.chart.attendance import Outcome
from domain.chart.exit import DischargeReason

ADMINISTRATOR = "administrator"
COMPLIANCE_OFFICER = "compliance_officer"
COUNSELOR = "counselor"
THERAPIST = "therapist"
FAMILY_THERAPIST = "family_therapist"
SUPERVISOR = "supervisor"
FRONT_DESK = "front_desk"
CASE_MANAGER = "case_manager"
ADMISSIONS = "admissions"
INTAKE_CLINICIAN = "intake_clinician"
MEDICAL_DIRECTOR = "medical_director"
NURSE = "nurse"
ALUMNI_COORDINATOR = "alumni_coordinator"
AUDITOR = "auditor"
OPERATOR = "operator"
SYSTEM = "system"
LAB = "lab"

INTERFACES: Final = frozenset({SYSTEM, LAB})
"""Not people: known by their role alone."""

UNLISTED: Final = frozenset({ADMINISTRATOR, OPERATOR})
"""People who need no line in the facility's staff list."""

ROLES: Final = (
    ADMINISTRATOR,
    COMPLIANCE_OFFICER,
    COUNSELOR,
    THERAPIST,
    FAMILY_THERAPIST,
    SUPERVISOR,
    FRONT_DESK,
    CASE_MANAGER,
    ADMISSIONS,
    INTAKE_CLINICIAN,
    MEDICAL_DIRECTOR,
    NURSE,
    ALUMNI_COORDINATOR,
    AUDITOR,
)
"""The roles that a person at a site may have."""


@dataclass(frozen=True, slots=True)
class Act:
    """`credential`: the person must hold one; `signature`: it must be valid on the day of recording as well."""

    roles: frozenset[str]
    credential: bool = False
    signature: bool = False


def _act(*roles: str, credential: bool = False, signature: bool = False) -> Act:
    return Act(frozenset(roles), credential=credential, signature=signature)


_GROUP = (COUNSELOR, THERAPIST, FAMILY_THERAPIST, SUPERVISOR)
_DECIDING = (COUNSELOR, THERAPIST, SUPERVISOR, MEDICAL_DIRECTOR)

_OPEN = _act(ADMINISTRATOR)
_RUN = _act(*_GROUP, ADMINISTRATOR)
_ATTEND = _act(FRONT_DESK, *_GROUP)
_EXCUSE = _act(*_GROUP, CASE_MANAGER)
_ADMIT = _act(ADMISSIONS, INTAKE_CLINICIAN, COUNSELOR, THERAPIST, SUPERVISOR)
_ASSESS = _act(INTAKE_CLINICIAN, COUNSELOR, THERAPIST, MEDICAL_DIRECTOR, credential=True)
_COLLECT = _act(COUNSELOR, THERAPIST, INTAKE_CLINICIAN, NURSE)
_RESULT = _act(LAB, MEDICAL_DIRECTOR)
_CLINIC = _act(COUNSELOR, THERAPIST, MEDICAL_DIRECTOR, credential=True)
_SIGN = _act(COUNSELOR, THERAPIST, MEDICAL_DIRECTOR, credential=True, signature=True)
_DECIDE = _act(*_DECIDING, credential=True)
_EFFECT = _act(*_DECIDING, SYSTEM, credential=True)
_AFTER = _act(COUNSELOR, THERAPIST, ALUMNI_COORDINATOR)
_STRIKE = _act(SUPERVISOR, MEDICAL_DIRECTOR)
_DISCLOSE = _act(COUNSELOR, THERAPIST, INTAKE_CLINICIAN, COMPLIANCE_OFFICER)
_JOIN = _act(SUPERVISOR, ADMINISTRATOR)
_COMPLY = _act(COMPLIANCE_OFFICER)
_OPERATE = _act(OPERATOR)

ACTS: Final[Mapping[str, Act]] = {
    **dict.fromkeys(
        ("FacilityOpened", "StaffCredentialed", "CredentialEnded", "HolidayDeclared", "ProgramOffered"), _OPEN
    ),
    "RuleSetAdopted": _act(ADMINISTRATOR, COMPLIANCE_OFFICER),
    **dict.fromkeys(("CohortFormed", "CohortScheduleChanged", "CohortClosed"), _RUN),
    **dict.fromkeys(("SessionScheduled", "SessionRescheduled", "SessionCancelled", "SessionTimesCorrected"), _RUN),
    "SessionHeld": _act(*_GROUP),
    **dict.fromkeys(("ArrivalNoted", "DepartureNoted", "StaffArrived", "StaffLeft"), _ATTEND),
    **dict.fromkeys(("AttendanceRecorded", "AttendanceCorrected"), _ATTEND),
    **dict.fromkeys(("OutreachAttempted", "FamilyExemptionGranted"), _EXCUSE),
    **dict.fromkeys(("PatientRegistered", "IdentityCorrected", "InquiryReceived"), _ADMIT),
    **dict.fromkeys(("Waitlisted", "Enrolled", "NotAdmitted"), _ADMIT),
    **dict.fromkeys(("IntakeAssessed", "SuitabilityDecided", "DetoxReferred", "DetoxAnswered"), _ASSESS),
    "ScreeningOrdered": _act(COUNSELOR, THERAPIST, INTAKE_CLINICIAN, NURSE, SYSTEM),
    **dict.fromkeys(("SpecimenCollected", "SpecimenRefused", "CollectionMissed", "BreathAlcoholMeasured"), _COLLECT),
    # A point-of-care screen is reported by who collects, a laboratory's by the laboratory.
    "PresumptiveReported": _act(COUNSELOR, THERAPIST, INTAKE_CLINICIAN, NURSE, LAB, MEDICAL_DIRECTOR),
    **dict.fromkeys(("ValidityReported", "DefinitiveReported", "ResultCorrected"), _RESULT),
    **dict.fromkeys(("ResultReviewed", "ResultDiscussed", "LevelOfCareAssessed"), _CLINIC),
    **dict.fromkeys(("TreatmentPlanSigned", "RelapsePreventionPlanSigned", "StepDownRecommended"), _SIGN),
    **dict.fromkeys(("TreatmentPlanReviewed", "GoalAchieved", "TriggerIdentified"), _CLINIC),
    **dict.fromkeys(("AccountabilityMeasureAgreed", "SelfReductionNoted"), _CLINIC),
    **dict.fromkeys(("RelapseReported", "SelfHelpReported"), _CLINIC),
    "StepDownCosigned": _act(SUPERVISOR, MEDICAL_DIRECTOR, credential=True, signature=True),
    **dict.fromkeys(("StepDownAnswered", "StepDownDecided", "StepDownWithdrawn", "StepUpDecided"), _DECIDE),
    **dict.fromkeys(("Transferred", "HoldStarted", "HoldEnded", "CohortAssigned"), _DECIDE),
    **dict.fromkeys(("StepDownTookEffect", "Admitted"), _EFFECT),
    "PrescriptionVerified": _act(MEDICAL_DIRECTOR, NURSE, COUNSELOR, THERAPIST),
    "Discharged": _act(*_DECIDING, ADMINISTRATOR),
    "DischargeSummarySigned": _act(*_DECIDING, ADMINISTRATOR, signature=True),
    **dict.fromkeys(("AftercareStarted", "AlumniJoined", "AlumniContacted"), _AFTER),
    **dict.fromkeys(("SoberLivingPlaced", "SoberLivingEnded"), _AFTER),
    **dict.fromkeys(("DischargeVoided", "EnteredInError"), _STRIKE),
    "TedsItemsRecorded": _act(ADMISSIONS, INTAKE_CLINICIAN, COUNSELOR, THERAPIST, CASE_MANAGER),
    **dict.fromkeys(("ConsentGiven", "ConsentRevoked", "DisclosureMade", "BreakGlassOpened"), _DISCLOSE),
    **dict.fromkeys(("AmendmentRequested", "AmendmentAccepted", "AmendmentDenied"), _DISCLOSE),
    **dict.fromkeys(("ChartLinked", "ChartsMerged", "MergedInto", "EpisodeCarriedOver"), _JOIN),
    "RandomDrawMade": _act(COUNSELOR, THERAPIST, SYSTEM),
    **dict.fromkeys(("ImportCompleted", "LedgerRestored"), _OPERATE),
    **dict.fromkeys(("BreakGlassReviewed", "ReportIssued", "ReportAttested"), _COMPLY),
    **dict.fromkeys(("LegalHoldSet", "LegalHoldReleased", "KeyDestroyed"), _COMPLY),
}
"""Stored name of a fact → who may record it. The strike of an entry is also open to whoever `STRIKES_OF` names."""

_CLINICIANS = _act(SUPERVISOR, MEDICAL_DIRECTOR, COUNSELOR, THERAPIST)

STRIKES_OF: Final[Mapping[str, Act]] = {
    **dict.fromkeys(("ArrivalNoted", "DepartureNoted", "AttendanceRecorded", "AttendanceCorrected"), _CLINICIANS),
    **dict.fromkeys(("ScreeningOrdered", "SpecimenCollected", "SpecimenRefused", "CollectionMissed"), _CLINICIANS),
    **dict.fromkeys(("ValidityReported", "PresumptiveReported", "DefinitiveReported"), _CLINICIANS),
    **dict.fromkeys(("ResultCorrected", "ResultReviewed", "ResultDiscussed", "BreathAlcoholMeasured"), _CLINICIANS),
    "Admitted": _act(SUPERVISOR, MEDICAL_DIRECTOR, SYSTEM),
    # Charts are separated by striking what joined them.
    **dict.fromkeys(("ChartLinked", "ChartsMerged", "MergedInto"), _act(SUPERVISOR, MEDICAL_DIRECTOR, ADMINISTRATOR)),
}
"""Stored name of the fact that is struck → who may strike it. Supervisors and medical directors strike any."""

_ATTENDANCE: Final = ("AttendanceRecorded", "AttendanceCorrected")
_BY_ADMINISTRATOR = frozenset(DischargeReason) - {DischargeReason.COMPLETED, DischargeReason.TRANSFERRED}


def act_of(fact: Any, struck: Any = None, discharge: DischargeReason | None = None) -> Act:
    """The act that a fact is.

    `struck` is what a strike, or the correction of an attendance record, is aimed at; `discharge` the reason that a
    summary is about.
    """
    name = type(fact).__name__
    if name == "EnteredInError" and struck is not None:
        return STRIKES_OF.get(type(struck).__name__, ACTS[name])
    reason = fact.reason if name == "Discharged" else discharge
    if name in ("Discharged", "DischargeSummarySigned") and reason not in _BY_ADMINISTRATOR:
        return replace(ACTS[name], roles=ACTS[name].roles - {ADMINISTRATOR})
    if name in _ATTENDANCE:
        return _attending(fact, struck)
    return ACTS[name]


def _attending(fact: Any, corrected: Any) -> Act:
    """An excuse is more than noticing that somebody is not there. What is corrected counts as well as what it becomes:
    an excuse is not given, nor taken away, by whoever may only do the one or the other."""
    sides = [fact.outcome]
    if type(corrected).__name__ in _ATTENDANCE:
        sides.append(corrected.outcome)
    excuses = [outcome is Outcome.ABSENT_EXCUSED for outcome in sides]
    if all(excuses):
        return _EXCUSE
    return replace(_ATTEND, roles=_ATTEND.roles & _EXCUSE.roles) if any(excuses) else _ATTEND
