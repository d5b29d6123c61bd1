"""Every fact by the name under which it is stored. A name never changes; an old shape is upcast by name when read."""

from __future__ import annotations

from typing import Any, Final

from domain import (
    access,
    cohort,
    facility,
    files,
    key_destruction,
    legal_hold,
    program,
    random_draw,
    report,
    room,
    session,
    staff,
)
from domain.chart import (
    after,
    amendment,
    attendance,
    break_glass,
    carry_over,
    consent,
    detox,
    disclosure,
    enrollment,
    entry,
    exit,
    identity,
    level_of_care,
    merging,
    plan,
    presence,
    screening,
    step_down,
    step_up,
    teds,
)
from domain.record import EnteredInError

FACTS: Final[dict[str, tuple[type[Any], ...]]] = {
    "facility": (
        facility.FacilityOpened,
        facility.RuleSetAdopted,
        facility.HolidayDeclared,
        random_draw.RandomDrawMade,
        program.ProgramOffered,
        staff.StaffCredentialed,
        staff.CredentialEnded,
        *legal_hold.FACTS,
        key_destruction.KeyDestroyed,
        EnteredInError,
    ),
    "import": (files.ImportCompleted, files.LedgerRestored),
    "cohort": (cohort.CohortFormed, cohort.CohortScheduleChanged, cohort.CohortClosed, EnteredInError),
    "session": (
        session.SessionScheduled,
        session.SessionRescheduled,
        session.SessionHeld,
        session.SessionTimesCorrected,
        *room.NOTES,
        session.SessionCancelled,
        EnteredInError,
    ),
    "chart": (
        identity.PatientRegistered,
        identity.IdentityCorrected,
        merging.ChartLinked,
        merging.ChartsMerged,
        merging.MergedInto,
        entry.InquiryReceived,
        entry.IntakeAssessed,
        entry.SuitabilityDecided,
        entry.Waitlisted,
        entry.NotAdmitted,
        detox.DetoxReferred,
        detox.DetoxAnswered,
        carry_over.EpisodeCarriedOver,
        teds.TedsItemsRecorded,
        enrollment.Enrolled,
        enrollment.Admitted,
        enrollment.CohortAssigned,
        enrollment.HoldStarted,
        enrollment.HoldEnded,
        *presence.NOTES,
        *attendance.RECORDS,
        attendance.OutreachAttempted,
        attendance.FamilyExemptionGranted,
        *screening.OF_A_SCREENING,
        screening.PrescriptionVerified,
        screening.BreathAlcoholMeasured,
        plan.TreatmentPlanSigned,
        plan.TreatmentPlanReviewed,
        plan.GoalAchieved,
        plan.TriggerIdentified,
        plan.RelapsePreventionPlanSigned,
        plan.AccountabilityMeasureAgreed,
        plan.RelapseReported,
        plan.SelfHelpReported,
        level_of_care.LevelOfCareAssessed,
        *step_down.OF_A_STEP_DOWN,
        step_down.SelfReductionNoted,
        step_down.Transferred,
        step_up.StepUpDecided,
        exit.Discharged,
        exit.DischargeVoided,
        exit.DischargeSummarySigned,
        after.AftercareStarted,
        *after.OF_ALUMNI,
        *after.OF_SOBER_LIVING,
        consent.ConsentGiven,
        consent.ConsentRevoked,
        disclosure.DisclosureMade,
        break_glass.BreakGlassOpened,
        break_glass.BreakGlassReviewed,
        *amendment.OF_AMENDMENTS,
        EnteredInError,
    ),
    "report": (report.ReportIssued, report.ReportAttested, EnteredInError),
    "access": (access.ChartRead, access.SearchMade, access.ExportMade, access.AccessDenied),
}
"""Kind of stream → the facts that may stand in it."""

BY_NAME: Final[dict[str, type[Any]]] = {kind.__name__: kind for facts in FACTS.values() for kind in facts}
"""Stored name → class."""


_BELONG: Final = frozenset((stream_kind, kind.__name__) for stream_kind, facts in FACTS.items() for kind in facts)


def belongs(stream_kind: str, name: str) -> bool:
    """Whether a fact of this stored name may stand in a stream of this kind."""
    return (stream_kind, name) in _BELONG
