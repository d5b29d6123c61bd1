"""Who and what the stories of the domain are about: one site, its people, its sessions of March 2026, one patient.

Times and dates are those of the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome
from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.detox import DetoxAnswered, DetoxReferred
from domain.chart.enrollment import Admitted, Enrolled, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, IntakeAssessed, NotAdmitted, Suitability, SuitabilityDecided, Waitlisted
from domain.chart.exit import Discharged, DischargeReason, DischargeVoided
from domain.chart.identity import PatientRegistered
from domain.chart.teds import Occasion, TedsItems, TedsItemsRecorded
from domain.cohort import CohortFormed
from domain.decision import THE_SYSTEM
from domain.program import Payer
from domain.record import Person
from domain.report import ReportIssued, ReportKind, ReportParameters
from domain.session import Modality, SessionKind, SessionScheduled
from domain.staff import StaffCredentialed

ZONE = ZoneInfo("America/New_York")
LEDGER = "lexington"
FACILITY = "facility/lexington"


def local(text: str) -> datetime:
    """`2026-03-02 18:00` on the facility's wall, as an instant with its offset."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


# ---- people


def _person(n: int, role: str, credential: str | None = None) -> Person:
    return Person(id=f"staff/{UUID(int=0xA00 + n)}", name=f"Staff {n}", role=role, credential=credential)


ADMINISTRATOR = Person(id=f"staff/{UUID(int=0xA00)}", name="O. Registrar", role="administrator")
OPERATOR = Person(id="operator/import", name="import", role="operator")
SYSTEM = THE_SYSTEM
LAB = Person(id="system", name="Lab interface", role="lab")
COUNSELOR = _person(1, "counselor", "LCADC")
"""The treating clinician of every story."""
THERAPIST = _person(2, "therapist", "LPCC")
FAMILY_THERAPIST = _person(3, "family_therapist", "LMFT")
SUPERVISOR = _person(4, "supervisor", "LCSW")
MEDICAL_DIRECTOR = _person(5, "medical_director", "MD")
INTAKE_CLINICIAN = _person(6, "intake_clinician", "LCSW")
NURSE = _person(7, "nurse", "RN")
FRONT_DESK = _person(8, "front_desk")
ADMISSIONS = _person(9, "admissions")
CASE_MANAGER = _person(10, "case_manager")
ALUMNI_COORDINATOR = _person(11, "alumni_coordinator")
COMPLIANCE_OFFICER = _person(12, "compliance_officer")
AUDITOR = _person(13, "auditor")

STAFF = (
    COUNSELOR,
    THERAPIST,
    FAMILY_THERAPIST,
    SUPERVISOR,
    MEDICAL_DIRECTOR,
    INTAKE_CLINICIAN,
    NURSE,
    FRONT_DESK,
    ADMISSIONS,
    CASE_MANAGER,
    ALUMNI_COORDINATOR,
    COMPLIANCE_OFFICER,
    AUDITOR,
)

PEOPLE = {person.role: person for person in (*STAFF, ADMINISTRATOR, OPERATOR, SYSTEM, LAB)}


def staff_uuid(person: Person) -> UUID:
    return UUID(person.id.removeprefix("staff/"))


def credentialed(
    person: Person, first: str = "2025-01-01", last: str | None = None, *, credential: str | None = None
) -> StaffCredentialed:
    return StaffCredentialed(
        staff_id=staff_uuid(person),
        name=person.name,
        role=person.role,
        credential=credential or person.credential,
        valid_from=day(first),
        valid_to=day(last) if last else None,
    )


# ---- the site: one cohort of Monday, Tuesday and Thursday evenings, and what it planned for March 2026

EVENINGS = UUID(int=0xC01)
MORNINGS = UUID(int=0xC02)
MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY, NEXT_TUESDAY, NEXT_THURSDAY = (UUID(int=0x501 + n) for n in range(6))
BESIDE = UUID(int=0x511)
"""One-to-one, in the middle of Monday's group."""
TALK = UUID(int=0x512)
"""One-to-one, on Tuesday afternoon."""
CRISIS = UUID(int=0x513)
"""One-to-one, through the midnight after Thursday."""
AFTERCARE = UUID(int=0x514)
ALUMNI = UUID(int=0x515)
EARLY_AFTERCARE = UUID(int=0x516)
"""Aftercare on the Sunday before the first Monday."""
MAKE_UP = UUID(int=0x517)
"""A group of the other cohort at the time of Monday's second half."""


def _planned(
    starts: str, ends: str, kind: SessionKind = SessionKind.GROUP, cohort_id: UUID | None = EVENINGS
) -> SessionScheduled:
    return SessionScheduled(
        cohort_id=cohort_id,
        kind=kind,
        starts_at=local(starts),
        ends_at=local(ends),
        modality=Modality.IN_PERSON,
    )


PLANNED: Mapping[UUID, SessionScheduled] = {
    MONDAY: _planned("2026-03-02 18:00", "2026-03-02 21:00"),
    TUESDAY: _planned("2026-03-03 18:00", "2026-03-03 21:00"),
    THURSDAY: _planned("2026-03-05 18:00", "2026-03-05 21:00"),
    NEXT_MONDAY: _planned("2026-03-09 18:00", "2026-03-09 21:00"),
    NEXT_TUESDAY: _planned("2026-03-10 18:00", "2026-03-10 21:00"),
    NEXT_THURSDAY: _planned("2026-03-12 18:00", "2026-03-12 21:00"),
    BESIDE: _planned("2026-03-02 18:30", "2026-03-02 19:15", SessionKind.INDIVIDUAL, None),
    TALK: _planned("2026-03-03 16:00", "2026-03-03 17:00", SessionKind.INDIVIDUAL, None),
    CRISIS: _planned("2026-03-05 23:00", "2026-03-06 01:00", SessionKind.CRISIS, None),
    AFTERCARE: _planned("2026-04-27 18:00", "2026-04-27 19:30", SessionKind.AFTERCARE, None),
    ALUMNI: _planned("2026-03-04 18:00", "2026-03-04 19:30", SessionKind.ALUMNI, None),
    EARLY_AFTERCARE: _planned("2026-03-01 18:00", "2026-03-01 19:30", SessionKind.AFTERCARE, None),
    MAKE_UP: _planned("2026-03-02 19:30", "2026-03-02 22:00", cohort_id=MORNINGS),
}


def formed(**other: Any) -> CohortFormed:
    fields: dict[str, Any] = {
        "name": "Evenings",
        "program": "iop",
        "weekdays": ("mon", "tue", "thu"),
        "starts": "18:00",
        "ends": "21:00",
        "capacity": 12,
        "on": day("2026-01-05"),
    }
    return CohortFormed(**{**fields, **other})


# ---- one patient's way in

ANN = UUID(int=0xABC)
CHART = f"chart/{ANN}"
ANN_THERE = UUID(int=0xABE)
"""The same patient at another site."""
BEN = UUID(int=0xABD)
"""The patient of another chart, or the same one registered twice."""
EPISODE = UUID(int=0xE01)
SECOND_EPISODE = UUID(int=0xE02)

registered = PatientRegistered(
    mrn="MRN-4711",
    given_name="Philippa",
    family_name="Quimby",
    birth_date=day("1990-05-01"),
    sex="female",
    phone="859-555-0147",
    address="12 Sycamore Street",
    emergency_contact="Bartholomew Quimby",
)
PERSONAL = ("4711", "Philippa", "Quimby", "1990", "0147", "Sycamore", "Bartholomew")
"""What no refusal may say."""


def inquired(episode_id: UUID = EPISODE, at: str = "2026-02-25 12:00") -> InquiryReceived:
    return InquiryReceived(episode_id=episode_id, first_contact_at=local(at), referral_source="self")


def assessed(on: str = "2026-02-26", episode_id: UUID = EPISODE, **other: Any) -> IntakeAssessed:
    fields: dict[str, Any] = {
        "diagnoses": ("F10.20",),
        "substances": ("alcohol",),
        "ratings": (0, 0, 1, 2, 2, 1),
        "edition": "4",
        "indicated_level": "2.1",
    }
    return IntakeAssessed(episode_id=episode_id, on=day(on), **{**fields, **other})


def suitability(
    outcome: Suitability = Suitability.SUITABLE, on: str = "2026-02-26", episode_id: UUID = EPISODE
) -> SuitabilityDecided:
    return SuitabilityDecided(episode_id=episode_id, outcome=outcome, on=day(on))


def waitlisted(on: str = "2026-02-27") -> Waitlisted:
    return Waitlisted(episode_id=EPISODE, on=day(on))


def detox_referred(on: str = "2026-02-27", *, accepted: bool | None = None, third_party: bool = False) -> DetoxReferred:
    provider = "Harbor Detox" if third_party else "Landmark"
    return DetoxReferred(episode_id=EPISODE, provider=provider, third_party=third_party, on=day(on), accepted=accepted)


def detox_answered(accepted: bool = True, on: str = "2026-02-27") -> DetoxAnswered:
    return DetoxAnswered(episode_id=EPISODE, accepted=accepted, on=day(on))


def carried_over(
    state: CarriedState = CarriedState.ACTIVE, admitted_on: str = "2026-02-16", **other: Any
) -> EpisodeCarriedOver:
    fields: dict[str, Any] = {
        "episode_id": EPISODE,
        "cohort_id": EVENINGS,
        "primary_clinician_id": staff_uuid(COUNSELOR),
        "from_system": "the paper charts",
    }
    return EpisodeCarriedOver(state=state, admitted_on=day(admitted_on), **{**fields, **other})


def teds_items(occasion: Occasion = Occasion.ADMISSION, **items: int) -> TedsItemsRecorded:
    return TedsItemsRecorded(
        episode_id=EPISODE, occasion=occasion, items=TedsItems(**(items or {"EMPLOY": 1, "SUB1": 2, "PREG": -9}))
    )


def enrolled(on: str = "2026-02-27", episode_id: UUID = EPISODE, **other: Any) -> Enrolled:
    fields: dict[str, Any] = {
        "program": "iop",
        "level_of_care": "2.1",
        "cohort_id": EVENINGS,
        "planned_weeks": 8,
        "payer": Payer.COMMERCIAL,
        "primary_clinician_id": staff_uuid(COUNSELOR),
    }
    return Enrolled(episode_id=episode_id, on=day(on), **{**fields, **other})


def attended(
    session_id: UUID, arrived: str | None = None, left: str | None = None, *, episode_id: UUID = EPISODE
) -> AttendanceRecorded:
    """Present from arrival to leaving; for the whole planned session where times are left out."""
    plan = PLANNED[session_id]
    return AttendanceRecorded(
        episode_id=episode_id,
        session_id=session_id,
        outcome=Outcome.ATTENDED,
        method="roster",
        arrived_at=local(arrived) if arrived else plan.starts_at,
        left_at=local(left) if left else plan.ends_at,
    )


def absent(session_id: UUID, *, excused: bool = False) -> AttendanceRecorded:
    outcome = Outcome.ABSENT_EXCUSED if excused else Outcome.ABSENT_UNEXCUSED
    return AttendanceRecorded(episode_id=EPISODE, session_id=session_id, outcome=outcome, method="roster")


def corrected(version: int, anew: AttendanceRecorded) -> AttendanceCorrected:
    """The record of a version, said anew."""
    return AttendanceCorrected(
        corrects=version,
        episode_id=anew.episode_id,
        session_id=anew.session_id,
        outcome=anew.outcome,
        method=anew.method,
        arrived_at=anew.arrived_at,
        left_at=anew.left_at,
        family_members=anew.family_members,
    )


def admitted(session_id: UUID, *, on: str | None = None) -> Admitted:
    program_day = PLANNED[session_id].starts_at.astimezone(ZONE).date()
    return Admitted(episode_id=EPISODE, on=day(on) if on else program_day, session_id=session_id)


def hold_started(on: str) -> HoldStarted:
    return HoldStarted(episode_id=EPISODE, on=day(on), cause="hospital")


def hold_ended(on: str) -> HoldEnded:
    return HoldEnded(episode_id=EPISODE, on=day(on))


def discharged(
    on: str, last_service_on: str = "2026-03-02", reason: DischargeReason = DischargeReason.DROPPED_OUT
) -> Discharged:
    return Discharged(episode_id=EPISODE, on=day(on), last_service_on=day(last_service_on), reason=reason)


def not_admitted(on: str = "2026-02-28") -> NotAdmitted:
    return NotAdmitted(episode_id=EPISODE, on=day(on), cause="went elsewhere")


def voided(version: int) -> DischargeVoided:
    return DischargeVoided(episode_id=EPISODE, corrects=version)


INQUIRED = (registered, inquired())
ASSESSED = (*INQUIRED, assessed())
ENROLLED = (*ASSESSED, suitability(), enrolled())
"""Versions 1 to 5."""
ACTIVE = (*ENROLLED, attended(MONDAY))
"""Versions 1 to 7: version 6 is the first attendance, version 7 the admission that follows from it."""


# ---- reports

REPORT = UUID(int=0xE01)
issued = ReportIssued(
    kind=ReportKind.WEEKLY,
    parameters=ReportParameters(week="2026-W10"),
    rule_set="landmark-iop",
    rule_set_version="1",
    as_of=day("2026-03-08"),
    known_at=local("2026-03-09 08:00"),
    at_position=100,
    rows=7,
    sha256="0" * 64,
    requested_by=COMPLIANCE_OFFICER.id,
    purpose="operations",
)
