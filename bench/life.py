"""One patient's way through a program, told fact by fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from bench.telling import Telling, local
from domain.chart.after import AftercareStarted
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome, OutreachAttempted
from domain.chart.consent import ConsentGiven
from domain.chart.enrollment import Admitted, Enrolled
from domain.chart.entry import InquiryReceived, IntakeAssessed, Suitability, SuitabilityDecided
from domain.chart.exit import Discharged, DischargeReason, DischargeSummarySigned
from domain.chart.identity import PatientRegistered
from domain.chart.level_of_care import LevelOfCareAssessed
from domain.chart.plan import Goal, TreatmentPlanReviewed, TreatmentPlanSigned, TriggerIdentified
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    BreathAlcoholMeasured,
    CollectionMissed,
    PresumptiveReported,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    ValidityReported,
)
from domain.program import Payer
from domain.record import Person, Source, stream_name

SYSTEM: Final = Person("system", "Stepdown", "system")
LAB: Final = Person("system", "Lab interface", "lab")

MISSED: Final = 0.25
"""Share of sessions that a patient doesn't come to; a third of them excused."""
CORRECTED: Final = 0.03
"""Share of attendance records that are corrected."""
NOT_COLLECTED: Final = 0.15
"""Share of screens without a specimen."""

NEXT_DAY: Final = timedelta(hours=22)
"""From a session to the work of the day after."""

# Analyte, LOINC code of its presumptive test, cutoff in ng/mL.
_PANEL: Final = (
    ("amphetamines", "19261-7", 500),
    ("benzoylecgonine", "14314-9", 150),
    ("cannabinoids", "18282-4", 50),
    ("opiates", "19295-5", 2000),
    ("fentanyl", "58379-9", 2),
    ("buprenorphine", "93494-3", 10),
)
_REASONS: Final = (DischargeReason.COMPLETED, DischargeReason.DROPPED_OUT, DischargeReason.TRANSFERRED)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One session of a cohort."""

    session_id: UUID
    starts_at: datetime
    ends_at: datetime


class Life:
    """`chart` is told in order: enroll, attend week by week, discharge. Days are given by their Monday."""

    def __init__(self, telling: Telling, number: int, cohort_id: UUID, *, intake: Person, counselor: Person) -> None:
        self._telling = telling
        self._random = telling.random
        self._number = number
        self._cohort_id = cohort_id
        self._intake = intake
        self._counselor = counselor
        self._episode_id = telling.uuid()
        self._admitted = False
        self._last_service_on: date | None = None
        self.chart = telling.stream(stream_name("chart", telling.uuid()))

    def enroll(self, monday: date) -> None:
        """All of it on the Friday before."""
        friday = monday - timedelta(days=3)
        registered = PatientRegistered(
            mrn=f"SYN-{self._telling.ledger}-{self._number:06}",
            given_name="Notreal",
            family_name=f"Syntheticson-{self._number:06}",
            birth_date=date(1960 + self._number % 40, 1 + self._number % 12, 1 + self._number % 28),
            sex=("female", "male")[self._number % 2],
            phone=f"555-{self._number % 10_000:04}",
        )
        self.chart.tell(local(friday, 10), self._intake, registered)
        contact = InquiryReceived(
            episode_id=self._episode_id, first_contact_at=local(friday, 9, 50), referral_source="self"
        )
        self.chart.tell(local(friday, 10, 1), self._intake, contact)
        assessed = IntakeAssessed(
            episode_id=self._episode_id,
            on=friday,
            diagnoses=("F10.20",),
            substances=("alcohol", "cannabis"),
            ratings=self._ratings(),
            edition="asam-3",
            indicated_level="2.1",
        )
        self.chart.tell(local(friday, 11), self._intake, assessed)
        suitable = SuitabilityDecided(episode_id=self._episode_id, outcome=Suitability.SUITABLE, on=friday)
        self.chart.tell(local(friday, 11, 20), self._intake, suitable)
        enrolled = Enrolled(
            episode_id=self._episode_id,
            program="iop",
            level_of_care="2.1",
            cohort_id=self._cohort_id,
            planned_weeks=8,
            payer=Payer.COMMERCIAL,
            primary_clinician_id=UUID(self._counselor.id.removeprefix("staff/")),
            on=friday,
        )
        self.chart.tell(local(friday, 11, 40), self._intake, enrolled)

    def attend(self, monday: date, sessions: Sequence[Meeting], week: int) -> None:
        """The `week`-th of the stay, from 0, with its six sessions: two on each of three days."""
        screening_id = self._telling.uuid()
        first, second, third = sessions[0:2], sessions[2:4], sessions[4:6]
        screened = self._screen(first[0].starts_at, screening_id)
        noted = self._evening(first)
        self._corrected(noted, first[0].starts_at + NEXT_DAY)
        if week == 0:
            self._begin(first[0].starts_at + NEXT_DAY)
        noted = self._evening(second)
        self._corrected(noted, second[0].starts_at + NEXT_DAY)
        if screened:
            self._validity(local(monday + timedelta(days=2), 17), screening_id)
        self._breath(third[0].starts_at)
        noted = self._evening(third)
        if screened:
            self._discuss(third[-1].ends_at + timedelta(minutes=20), screening_id)
        self._corrected(noted, third[0].starts_at + NEXT_DAY)
        self._friday(monday + timedelta(days=4), week)

    def discharge(self, monday: date) -> None:
        """On the Saturday before."""
        on = monday - timedelta(days=2)
        reason = self._random.choice(_REASONS)
        discharged = Discharged(
            episode_id=self._episode_id,
            on=on,
            last_service_on=self._last_service_on or on,
            reason=reason,
            duration_reason="synthetic" if reason is DischargeReason.COMPLETED else None,
        )
        self.chart.tell(local(on, 15), self._counselor, discharged)
        summary = DischargeSummarySigned(episode_id=self._episode_id, on=on)
        self.chart.tell(local(on, 15, 30), self._counselor, summary)
        if reason is DischargeReason.COMPLETED:
            started = AftercareStarted(episode_id=self._episode_id, on=on)
            self.chart.tell(local(on, 15, 40), self._counselor, started)

    # The days of a week.

    def _evening(self, sessions: Sequence[Meeting]) -> dict[int, AttendanceRecorded]:
        """Attendance of two sessions; those attended, by version."""
        noted = {}
        for session in sessions:
            missed = self._admitted and self._random.random() < MISSED
            fact = self._record(session, missed)
            # The roster is recorded a few minutes after the session.
            at = session.ends_at + timedelta(minutes=3, seconds=self._random.randrange(60))
            version = self.chart.tell(at, self._counselor, fact)
            if missed:
                continue
            noted[version] = fact
            on = session.starts_at.date()
            self._last_service_on = on
            if not self._admitted:
                self._admitted = True
                admitted = Admitted(episode_id=self._episode_id, on=on, session_id=session.session_id)
                self.chart.tell(at, SYSTEM, admitted, source=Source.SYSTEM, caused_by=version)
        return noted

    def _record(self, session: Meeting, missed: bool) -> AttendanceRecorded:
        outcome = Outcome.ATTENDED
        if missed:
            outcome = Outcome.ABSENT_EXCUSED if self._random.random() < 1 / 3 else Outcome.ABSENT_UNEXCUSED
        return AttendanceRecorded(
            episode_id=self._episode_id,
            session_id=session.session_id,
            outcome=outcome,
            method="sign_in",
            arrived_at=None if missed else session.starts_at + timedelta(minutes=self._random.randrange(5)),
            left_at=None if missed else session.ends_at,
        )

    def _corrected(self, noted: dict[int, AttendanceRecorded], at: datetime) -> None:
        for version, fact in noted.items():
            if self._random.random() < CORRECTED and fact.arrived_at is not None:
                corrected = AttendanceCorrected(
                    corrects=version,
                    episode_id=fact.episode_id,
                    session_id=fact.session_id,
                    outcome=fact.outcome,
                    method=fact.method,
                    arrived_at=fact.arrived_at + timedelta(minutes=10),
                    left_at=fact.left_at,
                )
                self.chart.tell(at, self._counselor, corrected, reason="The sign-in sheet says so.")

    def _begin(self, at: datetime) -> None:
        """Consent and plan, on the day after the first sessions."""
        on = at.date()
        consent = ConsentGiven(
            consent_id=self._telling.uuid(),
            who_may_disclose="this program",
            what="attendance and progress",
            recipients=("Family Contact (synthetic)",),
            purpose="family support",
            tpo=False,
            signed_on=on,
        )
        self.chart.tell(at, self._counselor, consent)
        signed = TreatmentPlanSigned(
            episode_id=self._episode_id,
            on=on,
            goals=(Goal(goal_id=self._telling.uuid(), text="long-term sobriety"),),
            diagnoses=("F10.20",),
            planned_weekly_minutes=540,
            patient_signed_on=on,
        )
        self.chart.tell(at, self._counselor, signed)

    def _friday(self, friday: date, week: int) -> None:
        at = local(friday, 16)
        if week % 2 == 1:
            assessed = LevelOfCareAssessed(
                episode_id=self._episode_id,
                on=friday,
                edition="asam-3",
                ratings=self._ratings(),
                indicated_level="2.1",
                actual_level="2.1",
            )
            self.chart.tell(at, self._counselor, assessed)
        if week % 4 == 3:
            reviewed = TreatmentPlanReviewed(episode_id=self._episode_id, on=friday)
            self.chart.tell(at, self._counselor, reviewed)
        if week % 3 == 2:
            trigger = TriggerIdentified(episode_id=self._episode_id, text="synthetic trigger")
            self.chart.tell(at, self._counselor, trigger)
            tried = OutreachAttempted(episode_id=self._episode_id, at=at, method="phone", outcome="reached")
            self.chart.tell(at + timedelta(minutes=5), self._counselor, tried)

    # A screen.

    def _screen(self, starts_at: datetime, screening_id: UUID) -> bool:
        """Ordered and collected as the day begins; whether there is a specimen."""
        episode_id = self._episode_id
        ordered = ScreeningOrdered(
            episode_id=episode_id,
            screening_id=screening_id,
            panel=tuple(analyte for analyte, _, _ in _PANEL),
            random=True,
        )
        self.chart.tell(starts_at - timedelta(minutes=15), SYSTEM, ordered, source=Source.SYSTEM)
        self._breath(starts_at)
        at = starts_at + timedelta(minutes=10)
        if self._random.random() < NOT_COLLECTED:
            missed = CollectionMissed(episode_id=episode_id, screening_id=screening_id, at=at, excused=False)
            self.chart.tell(at, self._counselor, missed)
            return False
        collected = SpecimenCollected(
            episode_id=episode_id,
            screening_id=screening_id,
            collected_at=at,
            matrix="urine",
            observed=True,
            accession=f"SYN{self._random.randrange(10**7):07}-{screening_id.hex[:8]}",
        )
        self.chart.tell(at + timedelta(minutes=2), self._counselor, collected)
        read_at = at + timedelta(minutes=10)
        results = tuple(self._result(analyte, loinc, cutoff) for analyte, loinc, cutoff in _PANEL)
        reported = PresumptiveReported(episode_id=episode_id, screening_id=screening_id, at=read_at, analytes=results)
        self.chart.tell(read_at + timedelta(minutes=2), self._counselor, reported)
        return True

    def _result(self, analyte: str, loinc: str, cutoff: int) -> AnalyteResult:
        positive = self._random.random() < 0.04
        outcome = AnalyteOutcome.POSITIVE if positive else AnalyteOutcome.NEGATIVE
        return AnalyteResult(analyte=analyte, loinc=loinc, outcome=outcome, cutoff_ng_ml=cutoff)

    def _validity(self, at: datetime, screening_id: UUID) -> None:
        reported = ValidityReported(
            episode_id=self._episode_id,
            screening_id=screening_id,
            creatinine_mg_dl=round(self._random.uniform(21, 200), 1),
            specific_gravity=round(self._random.uniform(1.004, 1.03), 3),
            ph=round(self._random.uniform(5, 8.5), 1),
        )
        self.chart.tell(at, LAB, reported, source=Source.LAB)

    def _discuss(self, at: datetime, screening_id: UUID) -> None:
        on = at.date()
        reviewed = ResultReviewed(episode_id=self._episode_id, screening_id=screening_id, on=on)
        self.chart.tell(at, self._counselor, reviewed)
        discussed = ResultDiscussed(episode_id=self._episode_id, screening_id=screening_id, on=on)
        self.chart.tell(at + timedelta(minutes=10), self._counselor, discussed)

    def _breath(self, starts_at: datetime) -> None:
        at = starts_at - timedelta(minutes=3)
        measured = BreathAlcoholMeasured(episode_id=self._episode_id, at=at, grams_per_210_l=0)
        self.chart.tell(at + timedelta(minutes=2), self._counselor, measured)

    def _ratings(self) -> tuple[int, ...]:
        return tuple(self._random.choice((0, 1, 1, 2)) for _ in range(6))
