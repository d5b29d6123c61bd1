"""Given these facts, the read tables hold these rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome
from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from domain.chart.enrollment import Admitted, Enrolled
from domain.chart.entry import InquiryReceived, NotAdmitted
from domain.chart.exit import Discharged, DischargeReason, DischargeVoided
from domain.chart.identity import PatientRegistered
from domain.program import Payer
from domain.record import EnteredInError, stream_uuid
from domain.room import StaffArrived, StaffLeft
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
    SessionTimesCorrected,
)
from projections.follower import Follower
from store.store import Store
from tests.projections.tables import folded, written
from tests.store.given import AMES, new

PATIENT = UUID("5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c01")
EPISODE = UUID("5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c02")
SESSION = UUID("5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c03")
COHORT = UUID("5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c04")
CHART = f"chart/{PATIENT}"
MONDAY = date(2026, 3, 2)
AT_SIX = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

REGISTERED = PatientRegistered(
    mrn="MRN-1", given_name="Ottoline", family_name="Quillfeather", birth_date=date(1987, 5, 4), sex="female"
)
INQUIRED = InquiryReceived(episode_id=EPISODE, first_contact_at=AT_SIX - 400 * HOUR, referral_source="self")
ENROLLED = Enrolled(
    episode_id=EPISODE,
    program="iop",
    level_of_care="2.1",
    cohort_id=COHORT,
    planned_weeks=8,
    payer=Payer.COMMERCIAL,
    primary_clinician_id=uuid4(),
    on=MONDAY,
)
ADMITTED = Admitted(episode_id=EPISODE, on=MONDAY, session_id=SESSION)
ATTENDED = AttendanceRecorded(
    episode_id=EPISODE,
    session_id=SESSION,
    outcome=Outcome.ATTENDED,
    method="roster",
    arrived_at=AT_SIX,
    left_at=AT_SIX + 3 * HOUR,
)
DISCHARGED = Discharged(
    episode_id=EPISODE, on=date(2026, 4, 20), last_service_on=date(2026, 4, 17), reason=DischargeReason.COMPLETED
)
SCHEDULED = SessionScheduled(
    kind=SessionKind.GROUP,
    starts_at=AT_SIX,
    ends_at=AT_SIX + 3 * HOUR,
    modality=Modality.IN_PERSON,
    cohort_id=COHORT,
    topic="triggers",
)
HELD = SessionHeld(
    started_at=AT_SIX,
    ended_at=AT_SIX + 3 * HOUR,
    staff=({"staff_id": stream_uuid(AMES.id), "role": "counselor", "from": AT_SIX, "to": AT_SIX + 3 * HOUR},),
)


def corrected(corrects: int, outcome: Outcome = Outcome.ABSENT_EXCUSED) -> AttendanceCorrected:
    return AttendanceCorrected(
        corrects=corrects, episode_id=EPISODE, session_id=SESSION, outcome=outcome, method="roster"
    )


class Given:
    """Facts in streams of their own, followed up to here after each call: every way to cut them is the right one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: dict[str, int] = {}
        self._follower = Follower(store)

    def __call__(self, stream: str, *facts: Any) -> None:
        for fact in facts:
            version = self._versions.get(stream, 0) + 1
            self._store.ledger("lexington").append([new(stream, version, fact)])
            self._versions[stream] = version
        self._follower.catch_up()
        assert self.then == folded(self._store.ledger("lexington").facts())

    @property
    def then(self) -> Any:
        return written(self._store, "lexington")


@pytest.fixture
def given(store: Store) -> Given:
    return Given(store)


class TestAttendance:
    def test_a_record_is_one_row_of_patient_and_session(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
        [(key, row)] = given.then.attendance.items()
        assert key == (PATIENT, SESSION)
        assert (row.outcome, row.arrived_at, row.left_at) == (Outcome.ATTENDED, AT_SIX, AT_SIX + 3 * HOUR)

    def test_a_correction_takes_the_place_of_the_record(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
        given(CHART, corrected(4))
        [row] = given.then.attendance.values()
        assert (row.outcome, row.arrived_at, row.version) == (Outcome.ABSENT_EXCUSED, None, 5)
        assert [corrected for _, corrected in given.then.recordings.values()] == [True]

    def test_a_correction_in_the_same_batch_wins(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED, corrected(4))
        assert [row.version for row in given.then.attendance.values()] == [5]

    def test_a_struck_correction_brings_the_record_back(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED, corrected(4))
        given(CHART, EnteredInError(target=5))
        assert [row.version for row in given.then.attendance.values()] == [4]
        assert [corrected for _, corrected in given.then.recordings.values()] == [False]

    def test_a_struck_record_is_no_row(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
        given(CHART, EnteredInError(target=4))
        assert not given.then.attendance


class TestCensus:
    def test_an_inquiry_opens_an_episode(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED)
        row = given.then.census[PATIENT, EPISODE]
        assert (row.first_contact_at, row.enrolled_on, row.ended_on) == (INQUIRED.first_contact_at, None, None)

    def test_one_that_was_carried_over_is_admitted(self, given: Given) -> None:
        carried = EpisodeCarriedOver(
            episode_id=EPISODE,
            state=CarriedState.TAPERING,
            admitted_on=MONDAY,
            cohort_id=COHORT,
            primary_clinician_id=uuid4(),
            from_system="paper",
        )
        given(CHART, REGISTERED)
        given(CHART, carried)
        row = given.then.census[PATIENT, EPISODE]
        assert (row.enrolled_on, row.admitted_on, row.ended_on) == (MONDAY, MONDAY, None)
        given(CHART, DISCHARGED)
        assert given.then.census[PATIENT, EPISODE].ended_on == DISCHARGED.on

    def test_its_dates_come_one_by_one(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED)
        given(CHART, ENROLLED, ATTENDED, ADMITTED)
        given(CHART, DISCHARGED)
        row = given.then.census[PATIENT, EPISODE]
        assert (row.enrolled_on, row.admitted_on, row.ended_on) == (MONDAY, MONDAY, DISCHARGED.on)

    def test_who_is_not_admitted_is_not_open(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, NotAdmitted(episode_id=EPISODE, on=MONDAY, cause="never came"))
        assert given.then.census[PATIENT, EPISODE].ended_on == MONDAY

    def test_a_voided_discharge_opens_the_episode_again(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED, ADMITTED, DISCHARGED)
        given(CHART, DischargeVoided(corrects=6, episode_id=EPISODE))
        assert given.then.census[PATIENT, EPISODE].ended_on is None

    def test_discharged_voided_and_discharged_again_in_one_batch_ends_on_the_last(self, given: Given) -> None:
        later = Discharged(
            episode_id=EPISODE, on=date(2026, 5, 4), last_service_on=MONDAY, reason=DischargeReason.DROPPED_OUT
        )
        voided = DischargeVoided(corrects=6, episode_id=EPISODE)
        given(CHART, REGISTERED, INQUIRED, ENROLLED, ATTENDED, ADMITTED, DISCHARGED, voided, later)
        assert given.then.census[PATIENT, EPISODE].ended_on == later.on

    def test_a_struck_inquiry_leaves_no_episode(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED)
        given(CHART, EnteredInError(target=2))
        assert not given.then.census


class TestSessions:
    STREAM = f"session/{SESSION}"

    def test_a_session_is_planned_moved_and_held(self, given: Given) -> None:
        given(self.STREAM, SCHEDULED)
        given(self.STREAM, SessionRescheduled(starts_at=AT_SIX + HOUR, ends_at=AT_SIX + 4 * HOUR))
        given(self.STREAM, HELD)
        session = given.then.sessions[SESSION]
        assert (session.starts_at, session.topic, session.scheduled_version) == (AT_SIX + HOUR, "triggers", 2)
        assert session.held.staff == HELD.staff

    def test_corrected_times_take_the_place_of_those_held(self, given: Given) -> None:
        given(self.STREAM, SCHEDULED, HELD)
        given(self.STREAM, SessionTimesCorrected(started_at=AT_SIX, ended_at=AT_SIX + 2 * HOUR, staff=()))
        held = given.then.sessions[SESSION].held
        assert (held.ended_at, held.staff, held.version) == (AT_SIX + 2 * HOUR, (), 3)

    def test_staff_noted_at_the_door_stays_with_the_session(self, given: Given) -> None:
        who = stream_uuid(AMES.id)
        given(self.STREAM, SCHEDULED, StaffArrived(staff_id=who, role="lead", at=AT_SIX))
        given(self.STREAM, StaffLeft(staff_id=who, at=AT_SIX + HOUR))
        [stay] = given.then.sessions[SESSION].stays
        assert (stay.staff_id, stay.role, stay.arrived_at, stay.left_at) == (who, "lead", AT_SIX, AT_SIX + HOUR)

    def test_a_struck_cancellation_revives_the_session(self, given: Given) -> None:
        given(self.STREAM, SCHEDULED, SessionCancelled(cause=CancellationCause.WEATHER))
        assert given.then.sessions[SESSION].cancelled is CancellationCause.WEATHER
        given(self.STREAM, EnteredInError(target=2))
        assert given.then.sessions[SESSION].cancelled is None


class TestStatus:
    def test_a_chart_is_at_the_version_of_its_last_fact(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED)
        given(CHART, ENROLLED)
        assert given.then.status[PATIENT].version == 3
        assert given.then.status[PATIENT].identity.family_name == "Quillfeather"

    def test_a_strike_folds_the_chart_anew(self, given: Given) -> None:
        given(CHART, REGISTERED, INQUIRED, ENROLLED)
        given(CHART, EnteredInError(target=3))
        chart = given.then.status[PATIENT]
        assert (chart.version, chart.episodes[EPISODE].enrollment) == (4, None)
