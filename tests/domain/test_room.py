"""Staff in the room: in once, then out, by who is on the staff list, until the session is on record as held."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.record import EnteredInError
from domain.room import StaffArrived, StaffLeft, StaffStay, present
from domain.session import CancellationCause, Session, SessionCancelled
from tests.domain.cast import COUNSELOR, FRONT_DESK, MONDAY, NURSE, THERAPIST, credentialed, local, staff_uuid
from tests.domain.every_fact import held
from tests.domain.given import Said, Story, given, of, said, strike

WHO = staff_uuid(COUNSELOR)


def arrives(at: str = "2026-03-02 17:50", who: UUID = WHO) -> Said:
    return of(MONDAY, StaffArrived(staff_id=who, role="lead", at=local(at)))


def leaves(at: str = "2026-03-02 21:05", who: UUID = WHO) -> Said:
    return of(MONDAY, StaffLeft(staff_id=who, at=local(at)))


def monday(story: Story) -> Session:
    session: Session = story.state(f"session/{MONDAY}")
    return session


def struck(version: int) -> Said:
    return said(strike(version), stream=f"session/{MONDAY}")


def times(story: Story) -> list[tuple[datetime | None, datetime | None]]:
    return [(stay.arrived_at, stay.left_at) for stay in monday(story).stays]


def test_staff_is_in_the_room_from_arriving_to_leaving() -> None:
    story = given().when(arrives(), by=FRONT_DESK).recorded()
    there = StaffStay(staff_id=WHO, role="lead", arrived_at=local("2026-03-02 17:50"))
    assert present(monday(story).stays, WHO) == there
    assert present(monday(story).stays, staff_uuid(THERAPIST)) is None
    story.when(leaves()).recorded()
    assert present(monday(story).stays, WHO) is None
    assert times(story) == [(local("2026-03-02 17:50"), local("2026-03-02 21:05"))]


def test_staff_comes_in_once_and_again_after_leaving() -> None:
    given(arrives()).when(arrives("2026-03-02 18:10")).refused("staff.in-the-room")
    outside = given(arrives(), leaves("2026-03-02 19:30"))
    outside.when(arrives("2026-03-02 19:29")).refused("staff.in-the-room")
    assert len(times(outside.when(arrives("2026-03-02 19:40")).recorded())) == 2
    given(arrives()).when(arrives("2026-03-02 18:00", staff_uuid(THERAPIST))).recorded()


def test_staff_cannot_leave_before_arriving() -> None:
    given().when(leaves()).refused("staff.not-in-the-room")
    given(arrives()).when(leaves(who=staff_uuid(THERAPIST))).refused("staff.not-in-the-room")
    given(arrives()).when(leaves("2026-03-02 17:49")).refused("staff.left-before-arriving")


def test_who_is_not_on_the_staff_list_that_day_is_not_noted() -> None:
    given().when(arrives(who=UUID(int=7))).refused("staff.not-listed")
    ended = credentialed(NURSE.__class__(id=f"staff/{UUID(int=8)}", name="Gone", role="nurse"), last="2026-03-01")
    given(ended).when(arrives(who=UUID(int=8))).refused("staff.not-listed")


def test_staff_comes_to_a_session_that_takes_place() -> None:
    cancelled = SessionCancelled(cause=CancellationCause.WEATHER)
    given(of(MONDAY, cancelled)).when(arrives()).refused("session.cancelled")
    unknown: Any = of(UUID(int=5), arrives().fact)
    given().when(unknown).refused("session.unknown")


def test_the_holding_closes_the_notes() -> None:
    story = given(arrives(), of(MONDAY, held))
    story.when(leaves()).refused("staff.session-held")
    story.when(arrives("2026-03-02 21:10")).refused("staff.session-held")
    story.when(struck(3)).recorded()
    story.when(leaves()).recorded()


def test_notes_are_made_live_or_say_why_not() -> None:
    given().when(arrives(), at="2026-03-03 17:51").refused("entry.late-without-reason")
    given().when(arrives(), at="2026-03-02 17:44").refused("entry.in-the-future", naming="at")


def test_an_arrival_is_struck_after_the_leaving_only() -> None:
    story = given(arrives(), leaves())
    story.when(struck(2)).refused("correction.breaks-history", naming=f"session/{MONDAY}@3")
    story.when(struck(3)).recorded()
    story.when(struck(2)).recorded()
    assert times(story) == []


def test_a_restored_leaving_without_an_arrival_is_read() -> None:
    story = given(arrives(), leaves()).restored(f"session/{MONDAY}", EnteredInError(target=2))
    assert times(story) == [(None, local("2026-03-02 21:05"))]
