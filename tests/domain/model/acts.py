"""Who may do what (rules.md §5), and when what happened may be recorded (contract.md §1), in the model.

Left open by both, and settled here: the day of an act that has no date of its own is the day it is recorded; presence
and absence are of the session's program day only where they have no times, and an excuse of a day to come is an act of
the day on which it is recorded; nobody has stayed away without excuse before
the session was to be over, while an excuse may be given in advance; that a patient signed a consent on a date is no act
of staff on that date.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from tests.domain.model.record import ZONE, Line, Record, live, local_date
from tests.domain.model.site import credentials, moment, session

CLINIC = frozenset({"counselor", "therapist", "supervisor", "medical_director"})
SHOWS = frozenset({"counselor", "therapist", "family_therapist", "supervisor"})
TREATING = frozenset({"counselor", "therapist", "medical_director"})
ENTRY = frozenset({"admissions", "intake_clinician", "counselor", "therapist", "supervisor"})
INTAKE = frozenset({"intake_clinician", "counselor", "therapist", "medical_director"})
COLLECTS = frozenset({"counselor", "therapist", "intake_clinician", "nurse"})
LABORATORY = frozenset({"lab", "medical_director"})
AFTER = frozenset({"counselor", "therapist", "alumni_coordinator"})
CONSENTS = frozenset({"counselor", "therapist", "intake_clinician", "compliance_officer"})

ROLES: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ["StaffCredentialed", "CredentialEnded", "HolidayDeclared", "ProgramOffered"], frozenset({"administrator"})
    ),
    **dict.fromkeys(["CohortFormed", "CohortScheduleChanged", "CohortClosed"], SHOWS | {"administrator"}),
    **dict.fromkeys(["SessionScheduled", "SessionRescheduled", "SessionCancelled"], SHOWS | {"administrator"}),
    "SessionTimesCorrected": SHOWS | {"administrator"},
    "SessionHeld": SHOWS,
    **dict.fromkeys(["AttendanceRecorded", "AttendanceCorrected"], SHOWS | {"front_desk"}),
    **dict.fromkeys(["PatientRegistered", "InquiryReceived", "Waitlisted", "Enrolled", "NotAdmitted"], ENTRY),
    **dict.fromkeys(["IntakeAssessed", "SuitabilityDecided", "DetoxReferred", "DetoxAnswered"], INTAKE),
    "ScreeningOrdered": COLLECTS | {"system"},
    **dict.fromkeys(["SpecimenCollected", "SpecimenRefused", "CollectionMissed"], COLLECTS),
    "PresumptiveReported": COLLECTS | LABORATORY,
    **dict.fromkeys(["ValidityReported", "DefinitiveReported", "ResultCorrected"], LABORATORY),
    **dict.fromkeys(
        ["ResultReviewed", "ResultDiscussed", "LevelOfCareAssessed", "StepDownRecommended", "SelfReductionNoted"],
        TREATING,
    ),
    "StepDownCosigned": {"supervisor", "medical_director"},
    **dict.fromkeys(
        ["StepDownAnswered", "StepDownDecided", "StepDownWithdrawn", "StepUpDecided", "Transferred"], CLINIC
    ),
    **dict.fromkeys(["HoldStarted", "HoldEnded", "CohortAssigned"], CLINIC),
    **dict.fromkeys(["StepDownTookEffect", "Admitted"], CLINIC | {"system"}),
    "Discharged": CLINIC | {"administrator"},
    "DischargeSummarySigned": CLINIC | {"administrator"},
    "DischargeVoided": frozenset({"supervisor", "medical_director"}),
    **dict.fromkeys(["AftercareStarted", "AlumniJoined"], AFTER),
    **dict.fromkeys(["ConsentGiven", "ConsentRevoked", "DisclosureMade"], CONSENTS),
    "ChartsMerged": frozenset({"supervisor", "administrator"}),
}
"""Act → the roles that may."""

WITH_CREDENTIAL = {
    *("IntakeAssessed", "SuitabilityDecided", "DetoxReferred", "DetoxAnswered", "ResultReviewed", "ResultDiscussed"),
    *("LevelOfCareAssessed", "StepDownRecommended", "SelfReductionNoted", "StepDownCosigned", "StepDownAnswered"),
    *("StepDownDecided", "StepDownWithdrawn", "StepUpDecided", "Transferred", "HoldStarted", "HoldEnded"),
    *("CohortAssigned", "StepDownTookEffect"),
}
SIGNED = {"StepDownRecommended", "StepDownCosigned", "DischargeSummarySigned"}
"""Signatures: "judged on the fact's own date; signatures also on the day they are recorded"."""

SCREENING = {
    *("ScreeningOrdered", "SpecimenCollected", "SpecimenRefused", "CollectionMissed", "ValidityReported"),
    *("PresumptiveReported", "DefinitiveReported", "ResultCorrected", "ResultReviewed", "ResultDiscussed"),
}
STRIKING: dict[str, frozenset[str]] = {
    "Admitted": frozenset({"system"}),
    **dict.fromkeys(("ChartsMerged", "MergedInto"), frozenset({"administrator"})),
}
"""Who strikes what follows of itself, and who "link, merge and separate charts", beside those who strike anything."""
INTERFACES = ("system", "lab", "administrator")
"""Who needs no line on the staff list."""

HAPPENED = ("on", "at", "left_at", "arrived_at", "collected_at", "first_contact_at", "started_at", "ended_at")
PLANS = ("HolidayDeclared",)
"""Whose `on` may be to come."""
SIGNED_ON = ("last_service_on", "signed_on", "admitted_on")
"""Dates that are no plans, beside `on`."""


def roles_for(new: Line, lines: list[Line]) -> frozenset[str]:
    roles = ROLES.get(new.name, frozenset())
    if new.name in ("AttendanceRecorded", "AttendanceCorrected"):
        return attending(new, lines)
    if new.name == "Discharged" and new.get("reason") in ("completed", "transferred"):
        return CLINIC
    if new.name == "DischargeSummarySigned":
        about = [d for d in live(lines) if d.name == "Discharged" and d.episode_id == new.episode_id]
        others = about and about[0].get("reason") not in ("completed", "transferred")
        return roles if others else CLINIC
    if new.name == "EnteredInError":
        target = next((line for line in lines if line.version == new.target), None)
        of_care = target is not None and (target.name in SCREENING or target.name.startswith("Attendance"))
        more = STRIKING.get(target.name, frozenset()) if target is not None else frozenset()
        return frozenset({"supervisor", "medical_director"}) | more | ({"counselor", "therapist"} if of_care else set())
    return roles


def attending(new: Line, lines: list[Line]) -> frozenset[str]:
    """An excuse is given, and taken away by a correction, by whoever may excuse."""
    outcomes = {new.outcome, *(line.get("outcome") or "" for line in lines if line.version == new.get("corrects"))}
    excusing = SHOWS | {"case_manager"} if "absent_excused" in outcomes else ROLES[new.name]
    return excusing if outcomes == {"absent_excused"} else excusing & ROLES[new.name]


def own_date(new: Line, record: Record) -> date:
    """The contract: "The fact's own date"."""
    for field in ("on", "at", "left_at", "collected_at", "first_contact_at", "ended_at"):
        if new.get(field) is not None:
            return moment(new.fact[field])
    if new.name.startswith("Attendance"):
        there = session(record, new.session_id)
        return min(local_date(there["ends_at"] if there else new.told_at), local_date(new.told_at))
    return local_date(new.told_at)


def not_permitted(new: Line, record: Record, lines: list[Line]) -> set[str]:
    if new.by_role not in roles_for(new, lines):
        return {"act.not-permitted"}
    if new.by_role in INTERFACES:
        return set()
    days = {own_date(new, record)} | ({local_date(new.told_at)} if new.name in SIGNED else set())
    for day in days:
        listed = [line for line in credentials(record, new.by) if line[0] == new.by_role and line[2] <= day <= line[3]]
        if not any(line[1] or new.name not in WITH_CREDENTIAL for line in listed):
            return {"act.without-credential", "act.not-credentialed"}
    return set()


def happened(new: Line, record: Record) -> datetime | None:
    """When it was over: "after `left_at`, `ended_at`, any other `_at`/`at`, the end of the local date `on`; an absence
    after the scheduled end; undated facts are never late"."""
    for field in ("left_at", "ended_at", "at", "collected_at", "first_contact_at"):
        if new.get(field) is not None:
            return new.fact[field]  # type: ignore[no-any-return]
    if new.get("on") is not None:
        return datetime.combine(new.on + timedelta(days=1), time(), ZONE)
    if new.name.startswith("Attendance"):
        there = session(record, new.session_id)
        return there["ends_at"] if there else None
    return None


def ill_timed(new: Line, record: Record) -> set[str]:
    wrong = set()
    when = happened(new, record)
    if when is not None and new.told_at - when > timedelta(hours=24) and not new.why:
        wrong.add("entry.late-without-reason")
    if new.name in PLANS:
        return wrong
    told = [new.fact[field] for field in (*HAPPENED, *SIGNED_ON) if new.get(field) is not None]
    if new.name.startswith("Attendance") and new.outcome == "absent_unexcused" and when is not None:
        told.append(when)
    for each in told:
        if isinstance(each, datetime) and each - new.told_at > timedelta(minutes=5):
            wrong.add("entry.in-the-future")
        if not isinstance(each, datetime) and each > local_date(new.told_at):
            wrong.add("entry.in-the-future")
    return wrong


CORRECTIONS = {"AttendanceCorrected": "Attendance", "ResultCorrected": "", "DischargeVoided": "Discharged"}


def ill_aimed(new: Line, lines: list[Line]) -> set[str]:
    """A correction or strike "of what does not exist, is struck, or is replaced by a live correction, or without
    `reason`"; no strike of a strike, nor of a discharge."""
    aim = new.get("target") if new.name == "EnteredInError" else new.get("corrects")
    if aim is None:
        return set()
    wrong = set() if new.why else {"correction.without-reason"}
    target = next((line for line in lines if line.version == aim), None)
    if target is None:
        return wrong | {"correction.unknown-target"}
    if new.name == "EnteredInError" and target.name in ("EnteredInError", "Discharged"):
        wrong |= {"correction.wrong-kind", "correction.unknown-target"}
    if new.name == "AttendanceCorrected" and not target.name.startswith("Attendance"):
        wrong |= {"correction.wrong-kind", "correction.unknown-target"}
    if new.name == "DischargeVoided" and target.name != "Discharged":
        wrong |= {"correction.wrong-kind", "correction.unknown-target"}
    reports = ("ValidityReported", "PresumptiveReported", "DefinitiveReported", "ResultCorrected")
    if new.name == "ResultCorrected" and target.name not in reports:
        wrong |= {"correction.wrong-kind", "correction.unknown-target"}
    if any(line.name == "EnteredInError" and line.target == aim for line in lines):
        wrong.add("correction.struck-target")
    elif target not in live(lines) and target.name != "EnteredInError":
        wrong.add("correction.replaced-target")
    return wrong
