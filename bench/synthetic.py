"""A synthetic program site that keeps every rule: its staff, cohorts, sessions and patients, from a seed.

Nobody in it exists. Rates are those of adult intensive outpatient care: stays of four to nine weeks, three evenings a
week of two sessions each, a quarter of them missed, a screen a week, three records in a hundred corrected. About four
facts in five are in charts, and a chart comes to about a hundred. For groups that are as full, and stay as long, as a
measurement needs them; programs as they are come of `exchange.simulate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from bench.life import Life, Meeting
from bench.telling import ZONE, Telling, local
from domain.cohort import CohortFormed
from domain.facility import FacilityOpened, RuleSetAdopted
from domain.record import Person, stream_name
from domain.session import Modality, SessionHeld, SessionKind, SessionScheduled
from domain.staff import StaffCredentialed

FIRST_MONDAY: Final = date(2020, 1, 6)
SEATS: Final = 12

_WEEKDAYS: Final = (0, 1, 3)
_STARTS: Final = (18, 9, 13)


@dataclass(frozen=True)
class Group:
    """A cohort with its counselor; `weeks` holds the six sessions of each week."""

    cohort_id: UUID
    counselor: Person
    weeks: list[list[Meeting]]


class Site:
    """The facility is open, its staff credentialed; groups are added."""

    def __init__(self, ledger: str, seed: int) -> None:
        self.telling = Telling(ledger, seed)
        self._patients = 0
        self._facility = self.telling.stream(stream_name("facility", ledger))
        self._now = local(FIRST_MONDAY - timedelta(days=28), 9)
        self._administrator = Person(f"staff/{self.telling.uuid()}", "O. Registrar", "administrator")
        opened = FacilityOpened(code=ledger, name=f"{ledger} (synthetic)", zone=ZONE.key)
        self._facility.tell(self._later(), self._administrator, opened)
        adopted = RuleSetAdopted(rule_set="landmark-iop", version="1", effective_on=self._now.date())
        self._facility.tell(self._later(), self._administrator, adopted)
        self.intake = self._credentialed("H. Staff01", "intake_clinician", "LCSW")

    def _later(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now

    def _credentialed(self, name: str, role: str, credential: str) -> Person:
        staff_id = self.telling.uuid()
        fact = StaffCredentialed(
            staff_id=staff_id, name=name, role=role, credential=credential, valid_from=date(2019, 1, 1)
        )
        self._facility.tell(self._later(), self._administrator, fact)
        return Person(f"staff/{staff_id}", name, role, credential)

    def group(self, number: int, weeks: int) -> Group:
        """A cohort that has met for so many weeks. Its hours differ with its number."""
        counselor = self._credentialed(f"R. Staff{number + 2:02}", "counselor", "LCADC")
        cohort_id, hour = self.telling.uuid(), _STARTS[number % len(_STARTS)]
        formed = CohortFormed(
            name=f"Group {number + 1}",
            program="iop",
            weekdays=("mon", "tue", "thu"),
            starts=f"{hour:02}:00",
            ends=f"{hour + 3:02}:00",
            capacity=SEATS,
            on=self._now.date(),
        )
        self.telling.stream(stream_name("cohort", cohort_id)).tell(self._later(), counselor, formed)
        meetings = [self._week(cohort_id, counselor, hour, week) for week in range(weeks)]
        return Group(cohort_id, counselor, meetings)

    def _week(self, cohort_id: UUID, counselor: Person, hour: int, week: int) -> list[Meeting]:
        monday = FIRST_MONDAY + timedelta(weeks=week)
        meetings = []
        for weekday in _WEEKDAYS:
            first = local(monday + timedelta(days=weekday), hour)
            for n, kind in enumerate((SessionKind.GROUP, SessionKind.PSYCHOEDUCATION)):
                starts_at = first + timedelta(minutes=90 * n)
                meeting = Meeting(self.telling.uuid(), starts_at, starts_at + timedelta(minutes=90))
                meetings.append(meeting)
                self._hold(cohort_id, counselor, kind, meeting, local(monday - timedelta(days=4), 15, len(meetings)))
        return meetings

    def _hold(
        self, cohort_id: UUID, counselor: Person, kind: SessionKind, meeting: Meeting, scheduled_at: datetime
    ) -> None:
        stream = self.telling.stream(stream_name("session", meeting.session_id))
        scheduled = SessionScheduled(
            kind=kind,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            modality=Modality.IN_PERSON,
            cohort_id=cohort_id,
        )
        stream.tell(scheduled_at, counselor, scheduled)
        held = SessionHeld(
            started_at=meeting.starts_at,
            ended_at=meeting.ends_at,
            staff=(
                {
                    "staff_id": UUID(counselor.id.removeprefix("staff/")),
                    "role": "lead",
                    "from": meeting.starts_at,
                    "to": meeting.ends_at,
                },
            ),
        )
        stream.tell(meeting.ends_at + timedelta(minutes=1), counselor, held)

    def patient(self, group: Group, *, first_week: int, weeks: int, stays_on: bool = False) -> str:
        """One patient's stay in a group; the name of the chart. `stays_on`: without a discharge at its end."""
        self._patients += 1
        life = Life(self.telling, self._patients, group.cohort_id, intake=self.intake, counselor=group.counselor)
        life.enroll(FIRST_MONDAY + timedelta(weeks=first_week))
        for week in range(first_week, first_week + weeks):
            life.attend(FIRST_MONDAY + timedelta(weeks=week), group.weeks[week], week - first_week)
        if not stays_on:
            life.discharge(FIRST_MONDAY + timedelta(weeks=first_week + weeks))
        return life.chart.name
