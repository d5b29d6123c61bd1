"""Attendance: one live record for each session, of a session that takes place, for a patient who may attend it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from domain.chart.attendance import Attendance, AttendanceRecorded, Outcome
from domain.chart.exit import DischargeReason
from domain.record import EnteredInError
from domain.session import CancellationCause, SessionCancelled, SessionRescheduled
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    AFTERCARE,
    ALUMNI,
    ASSESSED,
    BESIDE,
    CHART,
    CRISIS,
    ENROLLED,
    EPISODE,
    INQUIRED,
    MAKE_UP,
    MONDAY,
    NEXT_MONDAY,
    NEXT_TUESDAY,
    SECOND_EPISODE,
    TALK,
    THURSDAY,
    TUESDAY,
    absent,
    assessed,
    attended,
    corrected,
    discharged,
    enrolled,
    hold_ended,
    hold_started,
    inquired,
    local,
    not_admitted,
    suitability,
)
from tests.domain.given import Said, given, of, said, strike

NOWHERE = UUID(int=0x5FE)
NOT_ENROLLED = "attendance.not-enrolled"
cancelled = SessionCancelled(cause=CancellationCause.WEATHER)


def late(fact: Any) -> Said:
    return said(fact, reason="Found in the sign-in book.")


# ---- of a session that takes place


def test_a_record_is_of_a_session_that_was_planned() -> None:
    given(*ENROLLED).when(replace(attended(MONDAY), session_id=NOWHERE)).refused("attendance.unknown-session")


def test_a_record_is_of_a_session_that_was_not_struck() -> None:
    story = given(*ACTIVE).restored(f"session/{TUESDAY}", EnteredInError(target=1))
    story.when(attended(TUESDAY)).refused("attendance.unknown-session")


@pytest.mark.parametrize("record", [attended(TUESDAY), absent(TUESDAY), absent(TUESDAY, excused=True)])
def test_nobody_attends_or_misses_a_cancelled_session(record: AttendanceRecorded) -> None:
    given(*ACTIVE, of(TUESDAY, cancelled)).when(record).refused("attendance.session-cancelled")


def test_a_session_that_was_revived_may_be_attended() -> None:
    revived = said(strike(2), stream=f"session/{TUESDAY}")
    given(*ACTIVE, of(TUESDAY, cancelled), revived).when(attended(TUESDAY)).recorded()


def test_a_record_in_a_session_that_was_cancelled_since_stays_and_breaks_nothing() -> None:
    story = given(*ACTIVE, attended(TUESDAY), of(TUESDAY, cancelled))
    assert TUESDAY in story.chart.attendances
    assert not story.broken
    story.when(hold_started("2026-03-03")).recorded()


# ---- one record, both times or none


def test_a_session_is_recorded_once_and_corrected_afterwards() -> None:
    story = given(*ACTIVE)
    story.when(late(attended(MONDAY))).refused("attendance.already-recorded", naming="version 6")
    story.when(late(absent(MONDAY))).refused("attendance.already-recorded", naming="version 6")


def test_a_corrected_record_is_named_by_its_correction() -> None:
    story = given(*ACTIVE, late(corrected(6, attended(MONDAY, arrived="2026-03-02 18:10"))))
    story.when(late(attended(MONDAY))).refused("attendance.already-recorded", naming="version 8")


def test_a_record_that_was_struck_is_made_anew() -> None:
    given(*ENROLLED, absent(MONDAY), strike(6)).when(late(attended(MONDAY))).recorded()


PLAN = attended(MONDAY)
TIMES = [(PLAN.arrived_at, PLAN.left_at), (PLAN.arrived_at, None), (None, PLAN.left_at)]


@pytest.mark.parametrize("outcome", [Outcome.ABSENT_EXCUSED, Outcome.ABSENT_UNEXCUSED])
@pytest.mark.parametrize(("arrived_at", "left_at"), TIMES)
def test_an_absence_has_no_times(outcome: Outcome, arrived_at: datetime | None, left_at: datetime | None) -> None:
    record = replace(PLAN, outcome=outcome, arrived_at=arrived_at, left_at=left_at)
    given(*ENROLLED).when(record, at="2026-03-02 21:30").refused("attendance.absent-with-times")


@pytest.mark.parametrize(("arrived_at", "left_at"), [*TIMES[1:], (None, None)])
def test_who_came_has_both_times(arrived_at: datetime | None, left_at: datetime | None) -> None:
    record = replace(PLAN, arrived_at=arrived_at, left_at=left_at)
    given(*ENROLLED).when(record, at="2026-03-02 21:30").refused("attendance.times-missing")


def test_nobody_leaves_before_arriving() -> None:
    backwards = attended(MONDAY, arrived="2026-03-02 19:00", left="2026-03-02 18:59")
    given(*ENROLLED).when(backwards, at="2026-03-02 21:00").refused("attendance.left-before-arriving")
    at_once = attended(MONDAY, arrived="2026-03-02 19:00", left="2026-03-02 19:00")
    given(*ENROLLED).when(at_once).recorded()


def test_nobody_stays_longer_than_a_session_lasts() -> None:
    too_long = attended(MONDAY, "2026-03-02 09:00", "2026-03-02 21:01")
    given(*ENROLLED).when(too_long).refused("attendance.too-long")
    given(*ENROLLED).when(attended(MONDAY, "2026-03-02 09:00", "2026-03-02 21:00")).recorded()
    given(*ACTIVE).when(corrected(6, too_long), reason="The sheet says so.").refused("attendance.too-long")


def test_who_comes_along_is_counted_from_none_on() -> None:
    given(*ENROLLED).when(replace(attended(MONDAY), family_members=-1)).refused("attendance.family-members")
    given(*ENROLLED).when(replace(attended(MONDAY), family_members=0)).recorded()


def test_a_record_says_who_came_with_the_patient() -> None:
    with_two = replace(attended(MONDAY), family_members=2)
    plan = attended(MONDAY)
    assert given(*ENROLLED, with_two).chart.attendances == {
        MONDAY: Attendance(
            episode_id=EPISODE,
            session_id=MONDAY,
            outcome=Outcome.ATTENDED,
            arrived_at=plan.arrived_at,
            left_at=plan.left_at,
            family_members=2,
            version=6,
        )
    }
    assert given(*ENROLLED, absent(MONDAY)).chart.attendances[MONDAY].family_members == 0


# ---- corrections


def test_a_correction_says_everything_anew() -> None:
    correction = corrected(6, absent(MONDAY, excused=True))
    story = given(*ENROLLED, replace(attended(MONDAY), family_members=2), late(correction))
    record = story.chart.attendances[MONDAY]
    assert (record.outcome, record.arrived_at, record.left_at, record.family_members, record.version) == (
        Outcome.ABSENT_EXCUSED,
        None,
        None,
        0,
        8,
    )


def test_a_correction_keeps_the_session() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    story.when(late(corrected(6, attended(THURSDAY)))).refused("attendance.other-session")
    story.when(late(corrected(6, attended(TUESDAY)))).refused("attendance.other-session")


def test_striking_a_correction_brings_back_the_record_before_it() -> None:
    story = given(*ENROLLED, absent(MONDAY))
    story.tell(late(corrected(6, absent(MONDAY, excused=True))), late(corrected(7, attended(MONDAY))))
    assert story.chart.attendances[MONDAY].outcome is Outcome.ATTENDED
    story.tell(strike(8))
    assert (story.chart.attendances[MONDAY].outcome, story.chart.attendances[MONDAY].version) == (
        Outcome.ABSENT_EXCUSED,
        7,
    )
    story.tell(strike(7))
    assert story.chart.attendances[MONDAY].version == 6


def test_a_correction_is_judged_like_a_record() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    for wrong, rule in (
        (replace(attended(TUESDAY), left_at=None), "attendance.times-missing"),
        (replace(attended(TUESDAY), outcome=Outcome.ABSENT_EXCUSED), "attendance.absent-with-times"),
        (attended(TUESDAY, "2026-03-03 19:00", "2026-03-03 18:00"), "attendance.left-before-arriving"),
    ):
        story.when(late(corrected(8, wrong)), at="2026-03-04 09:00").refused(rule)
    story.tell(of(TUESDAY, cancelled))
    story.when(late(corrected(8, absent(TUESDAY)))).refused("attendance.session-cancelled")


# ---- by whom


@pytest.mark.parametrize("so_far", [INQUIRED, ASSESSED, (*ASSESSED, not_admitted("2026-03-01"))], ids=len)
def test_who_is_not_enrolled_attends_nothing(so_far: tuple[Any, ...]) -> None:
    given(*so_far).when(attended(MONDAY)).refused(NOT_ENROLLED)


def test_attendance_begins_with_the_enrollment() -> None:
    story = given(*ASSESSED, suitability(), enrolled("2026-03-03"))
    story.when(late(attended(MONDAY))).refused(NOT_ENROLLED)
    story.when(attended(TUESDAY)).recorded()


def test_the_date_of_discharge_is_included_and_the_next_is_not() -> None:
    story = given(*ACTIVE, discharged("2026-03-05", last_service_on="2026-03-05"))
    story.when(attended(THURSDAY)).recorded()
    story.when(attended(NEXT_MONDAY)).refused(NOT_ENROLLED)


def test_a_late_entry_counts_on_its_program_day_not_on_the_day_of_recording() -> None:
    story = given(*ACTIVE, discharged("2026-03-09", last_service_on="2026-03-09"))
    story.when(late(attended(TUESDAY)), at="2026-03-20 09:00").recorded()


def test_the_dates_of_a_hold_are_not_attended() -> None:
    story = given(*ACTIVE, hold_started("2026-03-03"), hold_ended("2026-03-05"))
    for session_id in (TUESDAY, TALK, THURSDAY):
        story.when(late(attended(session_id))).refused(NOT_ENROLLED)
        story.when(late(absent(session_id))).refused(NOT_ENROLLED)
    story.when(attended(NEXT_MONDAY)).recorded()


def test_a_session_through_midnight_belongs_to_the_day_of_its_start() -> None:
    """Crisis from Thursday evening into Friday, on which the hold begins."""
    given(*ACTIVE, hold_started("2026-03-06")).when(late(attended(CRISIS))).recorded()


def test_who_is_tapering_attends() -> None:
    given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-09")).when(attended(NEXT_TUESDAY)).recorded()


def test_a_graduate_is_a_guest_once_aftercare_began() -> None:
    completed = (*ACTIVE, discharged("2026-03-05", reason=DischargeReason.COMPLETED))
    given(*completed).when(attended(AFTERCARE)).refused(NOT_ENROLLED)
    story = given(*completed, care.aftercare("2026-03-10"))
    story.when(late(attended(NEXT_MONDAY))).refused(NOT_ENROLLED)
    story.when(attended(NEXT_TUESDAY)).recorded(attended(NEXT_TUESDAY))
    story.when(attended(AFTERCARE)).recorded(attended(AFTERCARE))


def test_aftercare_of_one_episode_makes_nobody_a_guest_of_another() -> None:
    story = given(
        *ACTIVE,
        discharged("2026-03-03", reason=DischargeReason.COMPLETED),
        care.aftercare("2026-03-03"),
        inquired(SECOND_EPISODE, "2026-03-04 12:00"),
    )
    story.when(attended(NEXT_MONDAY, episode_id=SECOND_EPISODE)).refused(NOT_ENROLLED)
    story.when(attended(NEXT_MONDAY)).recorded()


def test_an_active_patient_may_come_to_the_alumni() -> None:
    given(*ACTIVE).when(attended(ALUMNI)).recorded(attended(ALUMNI))


def test_a_record_is_in_the_episode_of_its_date() -> None:
    story = given(
        *ACTIVE,
        discharged("2026-03-03"),
        inquired(SECOND_EPISODE, "2026-03-04 12:00"),
        assessed("2026-03-04", SECOND_EPISODE),
        suitability(on="2026-03-04", episode_id=SECOND_EPISODE),
        enrolled("2026-03-05", SECOND_EPISODE),
    )
    story.when(attended(THURSDAY)).refused(NOT_ENROLLED)
    story.when(attended(THURSDAY, episode_id=SECOND_EPISODE)).recorded()


# ---- in one place at a time


def test_a_patient_is_in_one_group_at_a_time() -> None:
    given(*ACTIVE).when(late(attended(MAKE_UP))).refused("attendance.overlapping")


@pytest.mark.parametrize(("order"), [(MONDAY, BESIDE), (BESIDE, MONDAY)], ids=["group first", "one-to-one first"])
def test_who_is_taken_out_of_group_for_one_to_one_work_has_both_records(order: tuple[UUID, UUID]) -> None:
    given(*ENROLLED, late(attended(order[0]))).when(late(attended(order[1]))).recorded()


def test_presences_may_touch() -> None:
    left = attended(MONDAY, left="2026-03-02 19:30")
    given(*ENROLLED, left).when(attended(MAKE_UP)).recorded()
    story = given(*ENROLLED, attended(MAKE_UP))
    story.when(late(left)).recorded()
    assert not story.broken
    a_second_longer = replace(left, left_at=local("2026-03-02 19:30:01"))
    given(*ENROLLED, a_second_longer).when(attended(MAKE_UP)).refused("attendance.overlapping")


def test_what_overlaps_is_presence_not_the_plan() -> None:
    there_later = attended(MAKE_UP, arrived="2026-03-02 21:00")
    given(*ACTIVE).when(there_later).recorded()


def test_an_absence_overlaps_nothing() -> None:
    given(*ACTIVE).when(late(absent(MAKE_UP))).recorded()
    given(*ENROLLED, absent(MONDAY)).when(late(attended(MAKE_UP))).recorded()


def test_a_record_in_a_session_that_was_cancelled_since_is_in_nobodys_way() -> None:
    given(*ACTIVE, of(MONDAY, cancelled)).when(late(attended(MAKE_UP))).recorded()


def test_a_correction_does_not_overlap_what_it_corrects() -> None:
    longer = corrected(6, attended(MONDAY, left="2026-03-02 21:15"))
    given(*ACTIVE).when(late(longer)).recorded()


def test_a_correction_overlaps_other_records() -> None:
    story = given(*ENROLLED, attended(MONDAY, left="2026-03-02 19:30"), attended(MAKE_UP))
    longer = corrected(6, attended(MONDAY, left="2026-03-02 20:00"))
    story.when(late(longer)).refused("attendance.overlapping")


def test_a_strike_that_brings_back_an_overlap_is_refused() -> None:
    """Corrected to an absence, since the patient was in the other group: that record has to go first."""
    story = given(*ACTIVE, attended(TUESDAY), late(corrected(6, absent(MONDAY))), late(attended(MAKE_UP)))
    last = story.facts.index(attended(MAKE_UP)) + 1
    correction = story.chart.attendances[MONDAY].version
    story.when(strike(correction)).refused("correction.breaks-history", naming=f"{CHART}@{last}")
    story.tell(strike(last))
    story.when(strike(correction)).recorded()


def test_a_move_into_a_hold_is_no_reason_to_refuse_what_is_recorded_next() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
    story = given(*ACTIVE, attended(TUESDAY), hold_started("2026-03-04")).restored(f"session/{TUESDAY}", moved)
    assert story.broken == [8]
    story.when(hold_ended("2026-03-05")).recorded()


def test_nobody_attends_a_session_of_a_day_to_come() -> None:
    """The times are those of Monday's session, the session that is named is next Monday's."""
    early = attended(NEXT_MONDAY, arrived="2026-03-02 18:00", left="2026-03-02 21:00")
    given(*ENROLLED).when(early).refused("attendance.session-to-come")
    given(*ENROLLED).when(absent(NEXT_MONDAY, excused=True)).recorded()


def test_nobody_is_in_the_room_of_a_session_of_a_day_to_come() -> None:
    given(*ENROLLED).when(care.arrived("2026-03-02 17:55", NEXT_MONDAY)).refused("attendance.session-to-come")
