"""Times of another day than the session's are refused when they are recorded; of a session that is moved afterwards
they are flagged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.record import EnteredInError
from domain.room import StaffArrived, StaffLeft
from domain.session import SessionHeld, SessionRescheduled, SessionTimesCorrected, StaffPresence
from domain.status import present
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    COUNSELOR,
    CRISIS,
    ENROLLED,
    MONDAY,
    PLANNED,
    THURSDAY,
    TUESDAY,
    absent,
    attended,
    corrected,
    day,
    local,
    staff_uuid,
)
from tests.domain.given import Said, Story, given, of, said, strike

WHO = staff_uuid(COUNSELOR)
OTHER = "attendance.other-day"
FLAG = "record_of_another_day"


def held_on(on: str, starts: str = "18:00", ends: str = "21:00", came: str | None = None) -> SessionHeld:
    begun, over = local(f"{on} {starts}"), local(f"{on} {ends}")
    if over < begun:
        over += timedelta(days=1)
    there: StaffPresence = {"staff_id": WHO, "role": "lead", "from": local(came) if came else begun, "to": over}
    return SessionHeld(started_at=begun, ended_at=over, staff=(there,))


def moved(on: str) -> Said:
    fact = SessionRescheduled(starts_at=local(f"{on} 18:00"), ends_at=local(f"{on} 21:00"))
    return of(TUESDAY, said(fact, at="2026-03-20 09:00", reason="It was on the wrong day in the plan."))


def late(fact: Any) -> Said:
    return said(fact, at="2026-03-20 10:00", reason="Found in the sign-in book.")


def flags(story: Story) -> list[str]:
    scene = story.scene(story.clock)
    document = present(
        story.chart,
        sessions=scene.sessions,
        cohorts=scene.cohorts,
        facility=scene.facility,
        as_of=day("2026-03-21"),
        known_at=story.clock,
        position=1,
    )
    told: list[str] = document["flags"]
    return told


# ---- attendance


@pytest.mark.parametrize("on", ["2026-03-01", "2026-03-03", "2026-02-02"])
def test_nobody_attends_on_another_day_than_the_session_is_on(on: str) -> None:
    given(*ENROLLED).when(late(attended(MONDAY, f"{on} 18:00", f"{on} 21:00"))).refused(OTHER)
    given(*ENROLLED).when(attended(MONDAY, "2026-03-02 08:00", "2026-03-02 08:30")).recorded()


def test_whoever_corrects_a_record_gives_times_of_the_day_of_the_session() -> None:
    other = attended(MONDAY, "2026-03-03 18:00", "2026-03-03 21:00")
    given(*ACTIVE).when(late(corrected(6, other))).refused(OTHER)
    given(*ACTIVE).when(late(corrected(6, absent(MONDAY)))).recorded()


def test_a_session_through_midnight_is_attended_on_both_dates() -> None:
    given(*ACTIVE).when(attended(CRISIS, "2026-03-06 00:20", "2026-03-06 01:00")).recorded()
    given(*ACTIVE).when(attended(CRISIS, "2026-03-07 00:20", "2026-03-07 01:00")).refused(OTHER)
    given(*ACTIVE).when(attended(CRISIS, "2026-03-04 23:00", "2026-03-05 01:00")).refused(OTHER)


def test_a_session_that_ends_at_midnight_is_not_of_the_next_day() -> None:
    plan = SessionRescheduled(starts_at=PLANNED[THURSDAY].starts_at, ends_at=local("2026-03-06 00:00"))
    story = given(*ACTIVE, of(THURSDAY, plan))
    story.when(attended(THURSDAY, "2026-03-06 00:00", "2026-03-06 01:00")).refused(OTHER)


def test_a_session_that_was_held_into_the_night_is_attended_on_the_date_after() -> None:
    came = attended(THURSDAY, "2026-03-06 00:10", "2026-03-06 00:40")
    given(*ACTIVE).when(came).refused(OTHER)
    given(*ACTIVE, of(THURSDAY, held_on("2026-03-05", "18:00", "00:45"))).when(came).recorded()


def test_who_comes_before_midnight_to_a_session_right_after_it_is_of_its_day() -> None:
    plan = SessionRescheduled(starts_at=local("2026-03-06 00:30"), ends_at=local("2026-03-06 01:30"))
    story = given(*ACTIVE, of(CRISIS, plan))
    story.when(attended(CRISIS, "2026-03-05 23:50", "2026-03-06 01:30")).recorded()
    later = given(*ACTIVE, of(CRISIS, replace(plan, starts_at=local("2026-03-06 01:00"))))
    later.when(attended(CRISIS, "2026-03-05 23:50", "2026-03-06 01:30")).refused(OTHER)


# ---- at the door


def test_nobody_arrives_on_another_day_than_the_session_is_on() -> None:
    given(*ENROLLED).when(late(care.arrived("2026-03-01 17:55"))).refused(OTHER)
    given(*ENROLLED).when(late(care.arrived("2026-03-03 17:55"))).refused(OTHER)
    given(*ENROLLED).when(care.arrived("2026-03-02 16:00")).recorded()


def test_nobody_leaves_the_room_the_next_morning() -> None:
    story = given(*ENROLLED, care.arrived("2026-03-02 18:00"))
    story.when(care.departed("2026-03-03 06:01")).refused("attendance.too-long", naming="12")
    story.when(care.departed("2026-03-03 00:10")).recorded()


def test_staff_arrives_on_the_day_of_the_session_and_leaves_within_hours() -> None:
    def arrives(at: str) -> Said:
        return of(MONDAY, StaffArrived(staff_id=WHO, role="lead", at=local(at)))

    def leaves(at: str) -> Said:
        return of(MONDAY, StaffLeft(staff_id=WHO, at=local(at)))

    given().when(late(arrives("2026-03-01 17:50"))).refused("session.other-day")
    given().when(arrives("2026-03-03 17:50")).refused("session.other-day")
    given(arrives("2026-03-02 17:50")).when(leaves("2026-03-03 05:51")).refused("staff.too-long", naming="12")
    given(arrives("2026-03-02 17:50")).when(leaves("2026-03-03 05:50")).recorded()


# ---- holding


@pytest.mark.parametrize("on", ["2026-03-01", "2026-03-03", "2026-03-10"])
def test_a_session_is_held_on_its_day(on: str) -> None:
    given().when(of(MONDAY, late(held_on(on)))).refused("session.other-day")


def test_a_session_may_be_held_at_another_hour_of_its_day_and_through_midnight() -> None:
    given().when(of(MONDAY, held_on("2026-03-02", "09:00", "12:00"))).recorded()
    given().when(of(MONDAY, held_on("2026-03-02", "20:00", "00:30", came="2026-03-03 00:05"))).recorded()
    given().when(of(CRISIS, held_on("2026-03-06", "00:15", "01:30"))).recorded()


def test_the_staff_of_a_session_comes_on_its_day() -> None:
    early = held_on("2026-03-03", "09:00", "10:00", came="2026-03-02 23:00")
    given().when(of(TUESDAY, early)).refused("session.other-day")


def test_times_are_corrected_to_the_day_of_the_session() -> None:
    other = held_on("2026-03-03")
    fact = SessionTimesCorrected(started_at=other.started_at, ended_at=other.ended_at, staff=other.staff)
    given(of(MONDAY, held_on("2026-03-02"))).when(of(MONDAY, late(fact))).refused("session.other-day")


# ---- a session that is moved afterwards


def test_a_session_that_is_moved_keeps_its_records_and_they_are_flagged() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    assert FLAG not in flags(story)
    story.when(moved("2026-03-04")).recorded()
    assert FLAG in flags(story)
    assert story.broken == []
    story.when(attended(THURSDAY), reason="Found in the sign-in book.").recorded()
    right = attended(TUESDAY, "2026-03-04 18:00", "2026-03-04 21:00")
    story.when(late(corrected(8, right))).recorded()
    assert FLAG not in flags(story)


def test_a_move_that_was_wrong_is_struck_although_the_session_was_held_by_it() -> None:
    """What took place stands: its holding says when, and is corrected next."""
    story = given(moved("2026-03-04"), of(TUESDAY, held_on("2026-03-04")))
    story.when(said(strike(2), stream=f"session/{TUESDAY}")).recorded(EnteredInError(target=2))


def test_an_absence_has_no_time_that_could_be_of_another_day() -> None:
    story = given(*ACTIVE, absent(TUESDAY), moved("2026-03-04"))
    assert FLAG not in flags(story)
