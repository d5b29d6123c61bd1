"""Admission: recorded by the system with the first session attended, and moved with it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chart.exit import DischargeReason
from domain.chart.states import State
from domain.decision import THE_SYSTEM
from domain.record import EnteredInError, Source
from domain.session import SessionRescheduled
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ALUMNI,
    BESIDE,
    CHART,
    COUNSELOR,
    EARLY_AFTERCARE,
    ENROLLED,
    EPISODE,
    MONDAY,
    NEXT_MONDAY,
    SECOND_EPISODE,
    SUPERVISOR,
    TALK,
    THURSDAY,
    TUESDAY,
    absent,
    admitted,
    assessed,
    attended,
    corrected,
    day,
    discharged,
    enrolled,
    hold_ended,
    hold_started,
    inquired,
    local,
    registered,
    suitability,
)
from tests.domain.given import Said, Story, given, of, said, strike

EARLY = "2026-03-20 09:00"
"""Some day later."""


def late(fact: Any) -> Said:
    return said(fact, at=EARLY, reason="Found in the sign-in book.")


def admission(story: Story) -> tuple[str, int] | None:
    """Its date, and the version that says so."""
    found = story.episode.admission
    return (found.on.isoformat(), found.version) if found else None


# ---- the first service


def test_the_first_session_attended_admits() -> None:
    story = given(*ENROLLED).when(attended(MONDAY)).recorded(attended(MONDAY), admitted(MONDAY))
    assert story.episode.state_on(day("2026-03-01")) is State.ENROLLED
    assert story.episode.state_on(day("2026-03-02")) is State.ACTIVE


def test_an_admission_is_recorded_by_the_system_for_the_attendance() -> None:
    story = given(*ENROLLED, attended(MONDAY))
    attendance, admission = story.streams[CHART][-2:]
    assert admission.envelope.by == THE_SYSTEM
    assert admission.envelope.source is Source.SYSTEM
    assert admission.envelope.causation_id == f"{CHART}@{attendance.version}"
    assert admission.envelope.correlation_id == attendance.envelope.correlation_id
    assert admission.envelope.reason is None
    assert admission.recorded_at == attendance.recorded_at


@pytest.mark.parametrize("excused", [True, False])
def test_an_absence_admits_nobody(excused: bool) -> None:
    given(*ENROLLED).when(absent(MONDAY, excused=excused)).recorded(absent(MONDAY, excused=excused))


def test_the_second_session_attended_admits_nobody_again() -> None:
    given(*ACTIVE).when(attended(TUESDAY)).recorded(attended(TUESDAY))


def test_a_one_to_one_session_admits() -> None:
    given(*ENROLLED).when(attended(TALK)).recorded(attended(TALK), admitted(TALK))


@pytest.mark.parametrize("session_id", [ALUMNI, EARLY_AFTERCARE])
def test_aftercare_and_alumni_sessions_admit_nobody(session_id: Any) -> None:
    story = given(*ENROLLED).when(attended(session_id)).recorded(attended(session_id))
    by_hand = admitted(session_id)
    story.when(by_hand, by=COUNSELOR).refused("admission.without-service")
    story.when(attended(TUESDAY)).recorded(attended(TUESDAY), admitted(TUESDAY))


def test_aftercare_before_the_first_session_does_not_move_the_admission() -> None:
    story = given(*ACTIVE).when(late(attended(EARLY_AFTERCARE))).recorded(attended(EARLY_AFTERCARE))
    assert admission(story) == ("2026-03-02", 7)


def test_a_late_first_attendance_gives_a_late_admission_its_reason() -> None:
    story = given(*ENROLLED, late(attended(MONDAY)))
    assert story.streams[CHART][-1].envelope.reason == "Found in the sign-in book."


# ---- another session is the first


def test_a_late_entry_of_an_earlier_session_moves_the_admission() -> None:
    story = given(*ENROLLED, attended(TUESDAY))
    moved = story.when(late(attended(MONDAY)))
    moved.recorded(attended(MONDAY), EnteredInError(target=7), admitted(MONDAY))
    assert admission(story) == ("2026-03-02", 10)
    assert not story.broken


def test_what_moves_an_admission_tells_why() -> None:
    story = given(*ENROLLED, attended(TUESDAY), late(attended(MONDAY)))
    attendance, strike_of_it, anew = story.streams[CHART][-3:]
    assert attendance.version == 8
    for entry in (strike_of_it, anew):
        assert entry.envelope.by == THE_SYSTEM
        assert entry.envelope.causation_id == f"{CHART}@8"
        assert entry.envelope.reason == "Found in the sign-in book."
        assert entry.recorded_at == attendance.recorded_at


def test_an_earlier_session_of_the_same_day_is_the_one_that_the_admission_names() -> None:
    story = given(*ENROLLED, attended(TUESDAY))
    story.when(late(attended(TALK))).recorded(attended(TALK), EnteredInError(target=7), admitted(TALK))
    assert admission(story) == ("2026-03-03", 10)


def test_a_later_session_of_the_same_day_leaves_the_admission_alone() -> None:
    given(*ENROLLED, attended(TALK)).when(late(attended(TUESDAY))).recorded(attended(TUESDAY))


def test_another_session_of_the_first_day_that_a_file_names_is_left_alone_while_the_first_stays_the_first() -> None:
    story = given(*ENROLLED)
    for fact in (attended(TALK), attended(TUESDAY), admitted(TUESDAY)):
        story.restored(CHART, fact)
    story.when(attended(THURSDAY)).recorded(attended(THURSDAY))


def test_a_correction_to_an_absence_moves_the_admission_to_the_next_session_attended() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    correction = corrected(6, absent(MONDAY))
    story.when(correction, reason="Wrong box.").recorded(correction, EnteredInError(target=7), admitted(TUESDAY))
    assert admission(story) == ("2026-03-03", 11)


def test_without_another_session_attended_the_episode_is_enrolled_again() -> None:
    story = given(*ACTIVE)
    correction = corrected(6, absent(MONDAY))
    story.when(correction, reason="Wrong box.").recorded(correction, EnteredInError(target=7))
    assert admission(story) is None
    assert story.episode.state_on(day("2026-03-10")) is State.ENROLLED


def test_a_correction_to_present_moves_the_admission_back() -> None:
    story = given(*ENROLLED, absent(MONDAY), attended(TUESDAY))
    correction = corrected(6, attended(MONDAY))
    story.when(correction, reason="Came late.").recorded(correction, EnteredInError(target=8), admitted(MONDAY))


def test_a_correction_of_times_leaves_the_admission_alone() -> None:
    correction = corrected(6, attended(MONDAY, arrived="2026-03-02 18:20"))
    given(*ACTIVE).when(correction, reason="Came late.").recorded(correction)


def test_striking_the_first_attendance_moves_the_admission() -> None:
    story = given(*ACTIVE, attended(TUESDAY), strike(6))
    assert story.facts[-3:] == [EnteredInError(target=6), EnteredInError(target=7), admitted(TUESDAY)]
    assert admission(story) == ("2026-03-03", 11)


def test_striking_a_correction_brings_the_admission_back() -> None:
    story = given(*ACTIVE, said(corrected(6, absent(MONDAY)), reason="Wrong box."))
    assert admission(story) is None
    story.tell(strike(8))
    assert story.facts[-2:] == [EnteredInError(target=8), admitted(MONDAY)]


def test_of_two_sessions_on_the_first_day_the_other_admits_when_one_was_not_attended() -> None:
    story = given(*ENROLLED, attended(TALK), attended(TUESDAY), strike(6))
    assert story.facts[-2:] == [EnteredInError(target=7), admitted(TUESDAY)]


def test_an_admission_that_was_struck_is_recorded_anew() -> None:
    """The session was attended all the same."""
    story = given(*ACTIVE)
    story.when(strike(7), by=SUPERVISOR).recorded(EnteredInError(target=7), admitted(MONDAY))
    assert story.episode.state_on(day("2026-03-02")) is State.ACTIVE


def test_an_early_admission_may_be_recorded_on_the_day_of_discharge() -> None:
    """The first day turns out to be an absence; the only service left was given on the day of discharge."""
    story = given(*ACTIVE, attended(TUESDAY), discharged("2026-03-03", last_service_on="2026-03-03"))
    correction = corrected(6, absent(MONDAY))
    story.when(correction, reason="Wrong box.").recorded(correction, EnteredInError(target=7), admitted(TUESDAY))
    assert not story.broken
    assert story.episode.state_during(day("2026-03-03")) is State.ACTIVE
    assert story.episode.state_on(day("2026-03-03")) is State.DISCHARGED


def test_an_admission_has_the_date_of_the_session_as_it_was_moved() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
    story = given(*ENROLLED, of(MONDAY, moved))
    there = attended(MONDAY, "2026-03-04 18:00", "2026-03-04 21:00")
    story.when(there).recorded(there, admitted(MONDAY, on="2026-03-04"))


def test_each_episode_has_its_own_admission() -> None:
    second = SECOND_EPISODE
    story = given(
        *ACTIVE,
        discharged("2026-03-03"),
        inquired(second, "2026-03-04 12:00"),
        assessed("2026-03-04", second),
        suitability(on="2026-03-04", episode_id=second),
        enrolled("2026-03-05", second),
        attended(THURSDAY, episode_id=second),
    )
    admissions = {key: episode.admission for key, episode in story.chart.episodes.items()}
    assert {key: found.session_id if found else None for key, found in admissions.items()} == {
        EPISODE: MONDAY,
        second: THURSDAY,
    }


# ---- what would break


def test_a_correction_that_takes_the_admission_from_under_a_discharge_is_refused() -> None:
    story = given(*ACTIVE, discharged("2026-03-05"))
    correction = corrected(6, absent(MONDAY))
    story.when(correction, reason="Wrong box.").refused("correction.breaks-history", naming=f"{CHART}@8")
    story.when(strike(6)).refused("correction.breaks-history", naming=f"{CHART}@8")


def test_a_correction_that_moves_the_admission_behind_a_hold_is_refused() -> None:
    story = given(*ACTIVE, hold_started("2026-03-03"), hold_ended("2026-03-04"), attended(THURSDAY))
    correction = corrected(6, absent(MONDAY))
    story.when(correction, reason="Wrong box.").refused("correction.breaks-history", naming=f"{CHART}@8")


# ---- by hand


def test_an_admission_by_hand_names_a_session_that_was_attended() -> None:
    story = given(*ENROLLED, absent(MONDAY))
    for session_id in (MONDAY, TUESDAY):
        story.when(said(admitted(session_id), by=COUNSELOR)).refused("admission.without-service")


def test_an_admission_by_hand_is_dated_the_program_day() -> None:
    story = given(*ACTIVE)
    wrong = admitted(MONDAY, on="2026-03-03")
    story.when(wrong, by=COUNSELOR).refused("admission.other-date")


def test_an_admission_names_the_first_session_attended_not_a_later_one() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    story.when(admitted(TUESDAY), by=COUNSELOR).refused("admission.other-date")


def test_nobody_is_admitted_twice() -> None:
    given(*ACTIVE).when(admitted(MONDAY), by=COUNSELOR).refused("episode.transition")


def test_of_sessions_beside_each_other_the_earlier_one_is_the_first() -> None:
    story = given(registered, inquired(), assessed(), suitability(), enrolled(), attended(BESIDE))
    story.when(late(attended(MONDAY))).recorded(attended(MONDAY), EnteredInError(target=7), admitted(MONDAY))


def test_a_completed_program_keeps_its_admission_when_a_guest_comes() -> None:
    completed = discharged("2026-03-05", reason=DischargeReason.COMPLETED)
    story = given(*ACTIVE, completed, care.aftercare("2026-03-06"))
    story.when(attended(NEXT_MONDAY)).recorded(attended(NEXT_MONDAY))
