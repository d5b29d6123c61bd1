"""What a line of a roster, or a note at the door, becomes with what is on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.exit import DischargeReason
from domain.refused import Refused, RefusedLine
from domain.roster import Arrival, Departure, Draft, Holding, RosterLine, StaffArrival, StaffDeparture, refused_lines
from domain.session import CancellationCause, SessionCancelled
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    CHART,
    COUNSELOR,
    ENROLLED,
    EPISODE,
    MONDAY,
    NEXT_MONDAY,
    NEXT_TUESDAY,
    SECOND_EPISODE,
    THERAPIST,
    attended,
    discharged,
    inquired,
    local,
    registered,
    staff_uuid,
)
from tests.domain.given import Story, given, of
from tests.domain.test_room import arrives, leaves

LINE = RosterLine(session_id=MONDAY, outcome=Outcome.ATTENDED, method="roster")
STARTED, ENDED = local("2026-03-02 18:00"), local("2026-03-02 21:00")


def made(story: Story, draft: Draft, stream: str = CHART, at: str = "2026-03-02 18:02") -> Any:
    return draft.fact(story.state(stream), story.scene(local(at)))


def refused(story: Story, draft: Draft, rule: str, stream: str = CHART) -> None:
    with pytest.raises(Refused) as refusal:
        made(story, draft, stream)
    assert refusal.value.rule == rule


# ---- a line


def test_a_line_is_the_attendance_of_the_episode_that_may_attend() -> None:
    line = replace(LINE, arrived_at=STARTED, left_at=ENDED, family_members=2)
    assert made(given(*ENROLLED), line) == replace(attended(MONDAY), family_members=2)
    assert made(given(*ENROLLED), replace(line, episode_id=EPISODE)) == replace(attended(MONDAY), family_members=2)


def test_times_that_are_left_out_are_those_noted_at_the_door() -> None:
    story = given(*ENROLLED, care.arrived("2026-03-02 18:20"), care.departed("2026-03-02 20:50"))
    assert made(story, LINE) == attended(MONDAY, "2026-03-02 18:20", "2026-03-02 20:50")
    assert made(story, replace(LINE, left_at=ENDED)) == attended(MONDAY, "2026-03-02 18:20", "2026-03-02 21:00")
    assert made(story, replace(LINE, arrived_at=STARTED)) == attended(MONDAY, "2026-03-02 18:00", "2026-03-02 20:50")


def test_an_absence_takes_no_times() -> None:
    story = given(*ENROLLED, care.arrived(), care.departed())
    assert made(story, replace(LINE, outcome=Outcome.ABSENT_UNEXCUSED)) == AttendanceRecorded(
        episode_id=EPISODE, session_id=MONDAY, outcome=Outcome.ABSENT_UNEXCUSED, method="roster"
    )


def test_who_is_still_in_the_room_or_was_never_noted_needs_the_times() -> None:
    for story in (given(*ENROLLED), given(*ENROLLED, care.arrived())):
        story.when(made(story, LINE)).refused("attendance.times-missing")


def test_who_came_and_went_more_than_once_needs_both_times() -> None:
    twice = given(*ENROLLED, care.arrived(), care.departed("2026-03-02 19:00"), care.arrived("2026-03-02 20:00"))
    refused(twice, LINE, "roster.several-stays")
    refused(twice, replace(LINE, arrived_at=STARTED), "roster.several-stays")
    assert made(twice, replace(LINE, arrived_at=STARTED, left_at=ENDED)) == attended(MONDAY)


def test_of_several_episodes_it_is_the_open_one_that_may_attend() -> None:
    completed = discharged("2026-03-05", reason=DischargeReason.COMPLETED)
    aftercare = (*ACTIVE, completed, care.aftercare("2026-03-05"))
    graduate = given(*aftercare)
    line = replace(LINE, session_id=NEXT_MONDAY)
    assert made(graduate, line).episode_id == EPISODE
    again = given(*aftercare, inquired(SECOND_EPISODE, "2026-03-06 12:00"))
    assert made(again, line).episode_id == EPISODE
    story = given(*ACTIVE, discharged("2026-03-05"), inquired(SECOND_EPISODE, "2026-03-06 12:00"))
    assert made(story, LINE).episode_id == EPISODE
    late = made(story, replace(LINE, session_id=NEXT_TUESDAY, outcome=Outcome.ABSENT_UNEXCUSED))
    assert late.episode_id == SECOND_EPISODE
    story.when(late).refused("attendance.not-enrolled")


def test_a_line_of_nobody_is_refused() -> None:
    refused(given(), LINE, "patient.not-registered")
    refused(given(registered), LINE, "roster.no-episode")
    refused(given(*ENROLLED), replace(LINE, episode_id=SECOND_EPISODE), "episode.unknown")
    refused(given(*ENROLLED), replace(LINE, session_id=UUID(int=1)), "attendance.unknown-session")


# ---- notes


def test_a_note_is_of_now_unless_it_says_when() -> None:
    story = given(*ENROLLED, care.arrived("2026-03-02 18:01"))
    came = made(given(*ENROLLED), Arrival(session_id=MONDAY, method="sign_in"))
    assert came == care.arrived("2026-03-02 18:02")
    assert made(given(*ENROLLED), Arrival(session_id=MONDAY, method="sign_in", arrived_at=STARTED)) == care.arrived(
        "2026-03-02 18:00"
    )
    assert made(story, Departure(session_id=MONDAY)) == care.departed("2026-03-02 18:02")
    assert made(story, Departure(session_id=MONDAY, left_at=ENDED)) == care.departed("2026-03-02 21:00")
    who = staff_uuid(COUNSELOR)
    session = f"session/{MONDAY}"
    assert made(story, StaffArrival(staff_id=who, role="lead"), session).at == local("2026-03-02 18:02")
    assert made(story, StaffArrival(staff_id=who, role="lead", at=STARTED), session).at == STARTED
    assert made(story, StaffDeparture(staff_id=who), session).at == local("2026-03-02 18:02")


def test_a_departure_without_an_arrival_is_left_to_the_rules() -> None:
    story = given(*ENROLLED)
    story.when(made(story, Departure(session_id=MONDAY))).refused("presence.not-in-the-room")
    refused(given(registered), Departure(session_id=MONDAY), "roster.no-episode")


def test_nobody_is_noted_in_a_cancelled_session() -> None:
    story = given(*ENROLLED, of(MONDAY, SessionCancelled(cause=CancellationCause.WEATHER)))
    for draft in (LINE, Arrival(session_id=MONDAY, method="x"), Departure(session_id=MONDAY)):
        refused(story, draft, "attendance.session-cancelled")


# ---- the holding


def test_a_holding_takes_the_staff_noted_as_far_as_within_its_times() -> None:
    second = staff_uuid(THERAPIST)
    early = (arrives("2026-03-02 17:00", second), leaves("2026-03-02 17:45", second))
    story = given(*early, arrives(), arrives("2026-03-02 18:30", second), leaves("2026-03-02 19:30", second))
    held = made(story, Holding(started_at=STARTED, ended_at=ENDED), f"session/{MONDAY}")
    assert held.staff == (
        {"staff_id": staff_uuid(COUNSELOR), "role": "lead", "from": STARTED, "to": ENDED},
        {"staff_id": second, "role": "lead", "from": local("2026-03-02 18:30"), "to": local("2026-03-02 19:30")},
    )
    story.when(of(MONDAY, held), by=COUNSELOR).recorded()


def test_a_holding_says_its_staff_where_nobody_was_noted() -> None:
    refused(given(), Holding(started_at=STARTED, ended_at=ENDED), "roster.no-staff", f"session/{MONDAY}")
    left = given(arrives("2026-03-02 17:00"), leaves("2026-03-02 17:45"))
    refused(left, Holding(started_at=STARTED, ended_at=ENDED), "roster.no-staff", f"session/{MONDAY}")
    nobody = Holding(started_at=STARTED, ended_at=ENDED, staff=())
    assert made(given(), nobody, f"session/{MONDAY}").staff == ()


def test_refused_lines_are_told_together() -> None:
    lines = [RefusedLine(2, "attendance.not-enrolled", "The patient is not enrolled.")]
    refusal = refused_lines(lines)
    assert (refusal.rule, refusal.lines) == ("roster.refused-lines", lines)
