"""Who is in the room: in once, then out, until the attendance is on record."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.chart.presence import Stay, in_the_room
from domain.record import EnteredInError
from domain.session import CancellationCause, SessionCancelled
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    COUNSELOR,
    ENROLLED,
    EPISODE,
    FRONT_DESK,
    INQUIRED,
    MEDICAL_DIRECTOR,
    MONDAY,
    TUESDAY,
    absent,
    attended,
    discharged,
    inquired,
    local,
    registered,
)
from tests.domain.given import given, of, said, strike

came = care.arrived()
went = care.departed()
PRESENT = (*ENROLLED, came)
"""Versions 1 to 6."""


def test_who_came_is_in_the_room_until_they_go() -> None:
    story = given(*ENROLLED).when(came, by=FRONT_DESK).recorded(came)
    there = Stay(episode_id=EPISODE, arrived_at=local("2026-03-02 17:55"), version=6)
    assert in_the_room(story.chart, MONDAY) == there
    assert in_the_room(story.chart, TUESDAY) is None
    story.when(went, by=FRONT_DESK).recorded(went)
    assert in_the_room(story.chart, MONDAY) is None
    [stay] = story.chart.presences[MONDAY]
    assert (stay.arrived_at, stay.left_at, stay.left_version) == (
        local("2026-03-02 17:55"),
        local("2026-03-02 21:00"),
        7,
    )


def test_who_is_in_the_room_cannot_come_in() -> None:
    given(*PRESENT).when(care.arrived("2026-03-02 18:05")).refused("presence.in-the-room")


def test_who_goes_out_for_a_while_comes_in_again_and_not_before() -> None:
    outside = (*PRESENT, care.departed("2026-03-02 19:00"))
    given(*outside).when(care.arrived("2026-03-02 18:59")).refused("presence.in-the-room")
    story = given(*outside).when(care.arrived("2026-03-02 19:15")).recorded()
    assert len(story.chart.presences[MONDAY]) == 2
    assert in_the_room(story.chart, MONDAY) is not None


def test_a_departure_needs_an_arrival_and_is_not_before_it() -> None:
    given(*ENROLLED).when(went).refused("presence.not-in-the-room")
    given(*PRESENT, went).when(care.departed("2026-03-02 21:01")).refused("presence.not-in-the-room")
    given(*PRESENT).when(care.departed("2026-03-02 17:54")).refused("presence.left-before-arriving")
    given(*PRESENT).when(care.departed("2026-03-02 17:55")).recorded()


def test_nobody_comes_to_a_session_that_does_not_take_place() -> None:
    cancelled = SessionCancelled(cause=CancellationCause.WEATHER)
    given(*ENROLLED, of(MONDAY, cancelled)).when(came).refused("attendance.session-cancelled")
    given(*ENROLLED).when(care.arrived(session_id=UUID(int=1))).refused("attendance.unknown-session")


def test_only_who_may_attend_is_noted() -> None:
    given(*INQUIRED).when(came).refused("attendance.not-enrolled")
    given(registered).when(came).refused("episode.unknown")
    given().when(came).refused("patient.not-registered")


@pytest.mark.parametrize("record", [attended(MONDAY), absent(MONDAY)])
@pytest.mark.parametrize("note", [care.arrived("2026-03-02 21:30"), care.departed("2026-03-02 21:30")])
def test_a_record_closes_the_notes(record: object, note: object) -> None:
    story = given(*PRESENT, record)
    assert in_the_room(story.chart, MONDAY) is None
    story.when(note).refused("presence.already-recorded", naming="correct version 7")


def test_a_record_that_is_struck_opens_them_again() -> None:
    story = given(*PRESENT, absent(MONDAY)).when(strike(7)).recorded()
    assert in_the_room(story.chart, MONDAY) is not None
    story.when(said(went, reason="After the strike.")).recorded()


def test_notes_earn_nothing_and_admit_nobody() -> None:
    story = given(*PRESENT, went)
    assert not story.chart.attendances
    assert story.episode.admission is None
    story.when(attended(MONDAY)).recorded()
    assert story.episode.admission is not None


def test_a_note_is_made_live_or_says_why_not() -> None:
    given(*ENROLLED).when(came, at="2026-03-03 17:56").refused("entry.late-without-reason")
    given(*ENROLLED).when(came, at="2026-03-03 17:56", reason="The tablet was down.").recorded()
    given(*ENROLLED).when(came, at="2026-03-03 17:54").recorded()
    given(*PRESENT).when(went, at="2026-03-03 21:01").refused("entry.late-without-reason")
    given(*ENROLLED).when(came, at="2026-03-02 17:49").refused("entry.in-the-future", naming="arrived_at")


def test_who_notes_was_on_the_staff_list_when_it_happened() -> None:
    given(*ENROLLED).when(came, by=MEDICAL_DIRECTOR).refused("act.not-permitted")


def test_an_arrival_is_struck_after_its_departure_only() -> None:
    story = given(*PRESENT, went)
    story.when(strike(6), by=COUNSELOR).refused("correction.breaks-history", naming="@7")
    story.when(strike(7), by=COUNSELOR).recorded()
    assert in_the_room(story.chart, MONDAY) is not None
    story.when(strike(6)).recorded()
    assert MONDAY not in story.chart.presences


def test_a_departure_between_two_arrivals_is_not_struck() -> None:
    story = given(*PRESENT, care.departed("2026-03-02 19:00"), care.arrived("2026-03-02 19:15"))
    story.when(strike(7)).refused("correction.breaks-history", naming="@8")


def test_an_enrollment_is_not_struck_under_somebody_in_the_room() -> None:
    story = given(*PRESENT)
    story.when(strike(5)).refused("correction.breaks-history", naming="@6")
    given(*ACTIVE, care.arrived("2026-03-03 18:00", TUESDAY)).when(
        discharged("2026-03-02"), at="2026-03-03 18:10"
    ).refused("episode.breaks-history", naming="@8")


def test_a_restored_departure_without_an_arrival_is_read_and_found_broken() -> None:
    story = given(*PRESENT, went).restored("chart/" + str(UUID(int=0xABC)), EnteredInError(target=6))
    [stay] = story.chart.presences[MONDAY]
    assert (stay.arrived_at, stay.left_version) == (None, 7)
    assert story.broken == [7]
    assert in_the_room(story.chart, MONDAY) is None


def test_a_second_inquiry_is_no_way_around_an_episode_in_the_room() -> None:
    given(*PRESENT).when(inquired(UUID(int=0xE02), "2026-03-02 18:00")).refused("episode.already-open")
