"""A small program to tell test stories with: facts are recorded one after the other, then looked at from any cut.

    program = Program()
    evenings = program.cohort("mon", "tue", "thu")
    ann = program.patient(cohort=evenings, enrolled_on=date(2026, 2, 27))
    ann.admitted(on=…)
    ann.attended(program.held(evenings, "2026-03-02 18:00", "2026-03-02 21:00"))

Times are local to the site, `2026-03-02 18:00`. Facts are recorded a second apart from 2026-01-01, unless said.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome
from domain.chart.enrollment import Admitted, CohortAssigned, Enrolled, HoldEnded, HoldStarted
from domain.chart.entry import InquiryReceived, IntakeAssessed, Suitability, SuitabilityDecided
from domain.chart.exit import Discharged, DischargeReason
from domain.chart.identity import PatientRegistered
from domain.cohort import CohortFormed
from domain.compliance.findings import assess_chart
from domain.compliance.rule_set import RuleSet
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.facility import FacilityOpened
from domain.program import Payer
from domain.record import EnteredInError, Entry, Envelope, Person, Source
from domain.session import Modality, SessionHeld, SessionKind, SessionScheduled
from domain.site import Site, fold_site
from domain.staff import StaffCredentialed
from domain.week import Week
from tests.rule_sets import LANDMARK_IOP

ZONE = ZoneInfo("America/New_York")
BY = Person(id=f"staff/{UUID(int=1)}", name="A. Counselor", role="counselor", credential="LCADC")
ENVELOPE = Envelope(by=BY, source=Source.API, correlation_id=UUID(int=0))
START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def local(text: str) -> datetime:
    """`2026-03-02 18:00` on the facility's wall."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


class Program:
    """One site. Ids are counted, so that rows come out in the order in which patients came."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Entry]] = {}
        self._ids = 0
        self._clock = START
        self.record("facility/lexington", FacilityOpened(code="lexington", name="Lexington", zone=ZONE.key))
        listed = StaffCredentialed(
            staff_id=UUID(int=1), name=BY.name, role=BY.role, credential=BY.credential, valid_from=date(2000, 1, 1)
        )
        self.record("facility/lexington", listed)

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def record(self, stream: str, fact: Any, at: datetime | None = None) -> int:
        """Append a fact; its version."""
        self._clock += timedelta(seconds=1)
        entries = self.streams.setdefault(stream, [])
        recorded_at = self._clock if at is None else at
        entries.append(Entry(version=len(entries) + 1, recorded_at=recorded_at, envelope=ENVELOPE, fact=fact))
        return len(entries)

    def strike(self, stream: str, version: int, at: datetime | None = None) -> int:
        return self.record(stream, EnteredInError(target=version), at)

    def cohort(self, *weekdays: str) -> UUID:
        cohort_id = self.new_id()
        formed = CohortFormed(
            name="Evening",
            program="iop",
            weekdays=weekdays,
            starts="18:00",
            ends="21:00",
            capacity=12,
            on=date(2025, 12, 1),
        )
        self.record(f"cohort/{cohort_id}", formed)
        return cohort_id

    def planned(
        self,
        cohort_id: UUID | None,
        starts: str,
        ends: str,
        *,
        kind: SessionKind = SessionKind.GROUP,
        modality: Modality = Modality.IN_PERSON,
    ) -> UUID:
        session_id = self.new_id()
        scheduled = SessionScheduled(
            cohort_id=cohort_id, kind=kind, starts_at=local(starts), ends_at=local(ends), modality=modality
        )
        self.record(f"session/{session_id}", scheduled)
        return session_id

    def held(
        self,
        cohort_id: UUID | None,
        starts: str,
        ends: str,
        *,
        kind: SessionKind = SessionKind.GROUP,
        modality: Modality = Modality.IN_PERSON,
    ) -> UUID:
        """Planned, and held as planned."""
        session_id = self.planned(cohort_id, starts, ends, kind=kind, modality=modality)
        self.record(f"session/{session_id}", SessionHeld(started_at=local(starts), ended_at=local(ends), staff=()))
        return session_id

    def individual(self, starts: str, ends: str) -> UUID:
        return self.held(None, starts, ends, kind=SessionKind.INDIVIDUAL)

    def patient(self, cohort_id: UUID, enrolled_on: date, *, birth_date: date = date(1990, 5, 1)) -> Patient:
        patient = Patient(self, self.new_id())
        patient.registered(birth_date)
        patient.enrolled(cohort_id, enrolled_on)
        return patient

    def site(self, known_at: datetime = LATER) -> Site:
        return fold_site({s: [e for e in found if e.recorded_at <= known_at] for s, found in self.streams.items()})

    def report(
        self,
        week: str = "2026-W10",
        *,
        as_of: date | None = None,
        known_at: datetime = LATER,
        rule_set: RuleSet = LANDMARK_IOP,
    ) -> list[Row]:
        """The week's report, as of its Sunday unless said, with everything known unless said."""
        label = Week.parse(week)
        return assess_week(
            self.site(known_at), label, rule_set=rule_set, as_of=as_of or label.sunday, known_at=known_at
        )

    def of_patients(self, week: str = "2026-W10", **asked: Any) -> list[Row]:
        """The report's rows about patients."""
        return [row for row in self.report(week, **asked) if row.subject == "patient"]

    def findings(self, rule: str, as_of: date, *, known_at: datetime = LATER) -> list[Row]:
        """What the rule says of the only patient."""
        site = self.site(known_at)
        (chart,) = site.charts.values()
        rows = assess_chart(
            chart,
            facility=site.facility,
            sessions=site.sessions,
            cohorts=site.cohorts,
            rule_set=LANDMARK_IOP,
            as_of=as_of,
            known_at=known_at,
        )
        return [row for row in rows if row.rule == rule]

    def finding(self, rule: str, week: str = "2026-W10", **asked: Any) -> tuple[str, int, int]:
        """Verdict, value and `of` of the only patient's row."""
        (row,) = (row for row in self.report(week, **asked) if row.rule == rule)
        return row.verdict.value, row.value, row.of


class Patient:
    def __init__(self, program: Program, patient_id: UUID) -> None:
        self.program = program
        self.patient_id = patient_id
        self.stream = f"chart/{patient_id}"
        self.episode_id = UUID(int=0)

    def records(self, fact: Any, at: datetime | None = None) -> int:
        return self.program.record(self.stream, fact, at)

    def registered(self, birth_date: date) -> None:
        registered = PatientRegistered(
            mrn=f"M{self.patient_id.int}", given_name="Given", family_name="Family", birth_date=birth_date, sex="female"
        )
        self.records(registered)

    def enrolled(self, cohort_id: UUID, on: date) -> None:
        """A new episode: contact, assessment and suitability the day before, then enrolled."""
        self.episode_id = self.program.new_id()
        before = on - timedelta(days=1)
        contact = datetime(before.year, before.month, before.day, 12, tzinfo=ZONE)
        self.records(InquiryReceived(episode_id=self.episode_id, first_contact_at=contact, referral_source="self"))
        assessed = IntakeAssessed(
            episode_id=self.episode_id,
            on=before,
            diagnoses=("F10.20",),
            substances=("alcohol",),
            ratings=(0, 0, 1, 2, 2, 1),
            edition="4",
            indicated_level="2.1",
        )
        self.records(assessed)
        self.records(SuitabilityDecided(episode_id=self.episode_id, outcome=Suitability.SUITABLE, on=before))
        enrolled = Enrolled(
            episode_id=self.episode_id,
            program="iop",
            level_of_care="2.1",
            cohort_id=cohort_id,
            planned_weeks=8,
            payer=Payer.COMMERCIAL,
            primary_clinician_id=UUID(int=1),
            on=on,
        )
        self.records(enrolled)

    def admitted(self, on: date) -> int:
        return self.records(Admitted(episode_id=self.episode_id, on=on, session_id=UUID(int=0)))

    def assigned(self, cohort_id: UUID, effective_on: date) -> int:
        assigned = CohortAssigned(episode_id=self.episode_id, cohort_id=cohort_id, effective_on=effective_on)
        return self.records(assigned)

    def hold(self, first: date, last: date | None = None) -> None:
        self.records(HoldStarted(episode_id=self.episode_id, on=first, cause="hospital"))
        if last is not None:
            self.records(HoldEnded(episode_id=self.episode_id, on=last))

    def discharged(self, on: date) -> int:
        discharged = Discharged(
            episode_id=self.episode_id, on=on, last_service_on=on, reason=DischargeReason.DROPPED_OUT
        )
        return self.records(discharged)

    def attended(self, session_id: UUID, arrived: str | None = None, left: str | None = None) -> int:
        """Present from arrival to leaving; for the whole session as it was held, where times are left out."""
        times = self.program.site().sessions[session_id].held
        arrived_at = local(arrived) if arrived else times.started_at if times else None
        left_at = local(left) if left else times.ended_at if times else None
        return self._recorded(session_id, Outcome.ATTENDED, arrived_at, left_at)

    def absent(self, session_id: UUID, *, excused: bool = False) -> int:
        return self._recorded(session_id, Outcome.ABSENT_EXCUSED if excused else Outcome.ABSENT_UNEXCUSED)

    def _recorded(
        self,
        session_id: UUID,
        outcome: Outcome,
        arrived_at: datetime | None = None,
        left_at: datetime | None = None,
    ) -> int:
        record = AttendanceRecorded(
            episode_id=self.episode_id,
            session_id=session_id,
            outcome=outcome,
            method="roster",
            arrived_at=arrived_at,
            left_at=left_at,
        )
        return self.records(record)

    def corrected(
        self,
        version: int,
        session_id: UUID,
        outcome: Outcome,
        arrived: str | None = None,
        left: str | None = None,
        *,
        at: datetime | None = None,
    ) -> int:
        correction = AttendanceCorrected(
            corrects=version,
            episode_id=self.episode_id,
            session_id=session_id,
            outcome=outcome,
            method="roster",
            arrived_at=local(arrived) if arrived else None,
            left_at=local(left) if left else None,
        )
        return self.records(correction, at)

    def strikes(self, version: int, at: datetime | None = None) -> int:
        return self.program.strike(self.stream, version, at)
