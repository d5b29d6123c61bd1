"""A decision: the fact as the next entry of its stream, what follows from it, and what it rests on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.decision import Decision, judge
from domain.record import EnteredInError, Entry, Envelope, Person, Source
from domain.refused import Refused
from domain.session import SessionRescheduled
from domain.streams import fold_stream
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ANN,
    BESIDE,
    CHART,
    COUNSELOR,
    CRISIS,
    ENROLLED,
    EPISODE,
    EVENINGS,
    FACILITY,
    INTAKE_CLINICIAN,
    MONDAY,
    NEXT_MONDAY,
    SUPERVISOR,
    SYSTEM,
    TALK,
    THURSDAY,
    TUESDAY,
    absent,
    attended,
    corrected,
    discharged,
    local,
    not_admitted,
    registered,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Story, given, of, of_cohort, said, strike


def decision(story: Story, telling: Any) -> Decision:
    return story.decided(telling, needs_reason=True)


_NAMES = {MONDAY: "monday", TUESDAY: "tuesday", THURSDAY: "thursday", BESIDE: "beside", TALK: "talk", CRISIS: "crisis"}


# ---- the entry


def test_a_fact_becomes_the_next_entry_of_its_stream() -> None:
    story = given(*ENROLLED)
    telling = said(care.trigger(), by=COUNSELOR, at="2026-03-02 12:00")
    (entry,) = decision(story, telling).entries
    assert (entry.version, entry.recorded_at, entry.fact) == (6, local("2026-03-02 12:00"), care.trigger())
    assert entry.envelope == Envelope(by=COUNSELOR, source=Source.WEB, correlation_id=UUID(int=1))


def test_a_stream_begins_with_version_1() -> None:
    (entry,) = decision(given(), registered).entries
    assert entry.version == 1
    assert decision(given(), registered).stream == CHART


def test_a_decision_carries_the_state_before_it_and_after_it() -> None:
    story = given(*ENROLLED)
    found = decision(story, attended(MONDAY))
    assert found.before == story.chart
    story.add(found)
    assert found.after == fold_stream(CHART, story.streams[CHART])
    for telling in (
        of(TUESDAY, EVERY["SessionCancelled"]),
        of_cohort(ANN, EVERY["CohortFormed"]),
        EVERY["HolidayDeclared"],
    ):
        found = decision(story, telling)
        story.add(found)
        assert found.after == fold_stream(found.stream, story.streams[found.stream])


def test_the_state_after_a_strike_is_that_of_what_stands() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    for telling in (strike(6), said(corrected(8, absent(TUESDAY)), reason="Wrong box.")):
        found = decision(story, telling)
        story.add(found)
        assert found.after == fold_stream(CHART, story.streams[CHART])


# ---- places


@pytest.mark.parametrize("stream", [FACILITY, f"cohort/{EVENINGS}", f"session/{MONDAY}"])
def test_a_fact_belongs_to_streams_of_its_kind(stream: str) -> None:
    given().when(said(registered, stream=stream), by=INTAKE_CLINICIAN).refused("fact.other-stream")


@pytest.mark.parametrize("name", ["FacilityOpened", "CohortFormed", "SessionHeld", "ImportCompleted"])
def test_facts_of_other_streams_do_not_belong_to_a_chart(name: str) -> None:
    given(registered).when(said(EVERY[name], stream=CHART)).refused("fact.other-stream")


def test_attendance_in_another_kind_of_stream_is_refused_before_anything_is_decided() -> None:
    given(*ENROLLED).when(said(attended(MONDAY), stream=FACILITY)).refused("fact.other-stream")


def test_streams_of_files_and_of_access_are_not_folded() -> None:
    with pytest.raises(LookupError):
        fold_stream("import/1", [])


# ---- a file told line by line


def told_again(story: Story) -> Story:
    """The chart judged line by line, each at the time at which it was recorded, as an import judges it."""
    again = given()
    for stream, entries in story.streams.items():
        if stream not in again.streams:
            again.streams[stream] = []
        known = again.streams[stream]
        for entry in entries[len(known) :]:
            judge(stream, again.state(stream), known, entry, again.scene(entry.recorded_at))
            known.append(entry)
    return again


def test_what_was_decided_is_judged_alike_line_by_line() -> None:
    story = given(*ACTIVE, attended(TUESDAY), *care.AGREED, care.took_effect(), discharged("2026-03-16", "2026-03-03"))
    assert told_again(story).chart == story.chart


def test_an_admission_that_was_moved_is_told_line_by_line() -> None:
    """Between the system's strike and its new admission the discharge has no ground; it gets it back at once."""
    story = given(*ACTIVE, attended(TUESDAY), discharged("2026-03-05", "2026-03-05"))
    story.tell(said(corrected(6, absent(MONDAY)), reason="Wrong box."))
    assert [type(fact).__name__ for fact in story.facts[-3:]] == ["AttendanceCorrected", "EnteredInError", "Admitted"]
    assert told_again(story).chart == story.chart
    assert not story.broken


def line(story: Story, fact: Any, by: Person, at: str = "2026-03-06 12:00") -> Any:
    """The chart with one more line of a file, judged alone; nothing follows from it of itself."""
    envelope = Envelope(by=by, source=Source.IMPORT, correlation_id=EPISODE, reason="Another one is the first.")
    history = story.streams[CHART]
    entry = Entry(version=len(history) + 1, recorded_at=local(at), envelope=envelope, fact=fact)
    return judge(CHART, story.chart, history, entry, story.scene(entry.recorded_at))


@pytest.mark.parametrize("by", [SYSTEM, SUPERVISOR], ids=lambda by: by.role)
def test_a_line_is_judged_with_the_admission_that_follows_from_it(by: Person) -> None:
    """A strike of the admission takes the ground from the discharge, which the next line of the file gives back."""
    story = given(*ACTIVE, discharged("2026-03-05"))
    assert line(story, EnteredInError(target=7), by).episodes[EPISODE].admission is None


def test_a_line_that_leaves_nobody_to_admit_is_refused() -> None:
    story = given(*ACTIVE, discharged("2026-03-05"))
    with pytest.raises(Refused, match=r"correction\.breaks-history: chart/.*@8"):
        line(story, corrected(6, absent(MONDAY)), COUNSELOR)
    with pytest.raises(Refused, match=r"episode\.breaks-history: chart/.*@6"):
        line(given(*ENROLLED, not_admitted("2026-03-02")), attended(MONDAY), COUNSELOR, "2026-03-02 22:00")


def test_a_late_admission_through_midnight_has_a_reason_of_its_own() -> None:
    """Recorded in time after the patient left, more than a day after the end of the program day."""
    story = given(*ENROLLED)
    found = decision(story, said(attended(CRISIS), at="2026-03-07 00:30"))
    assert found.entries[0].envelope.reason is None
    assert found.entries[1].envelope.reason


def test_an_admission_that_a_restored_move_left_behind_follows_with_the_next_record() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
    story = given(*ACTIVE, attended(TUESDAY)).restored(f"session/{MONDAY}", moved)
    found = decision(story, attended(NEXT_MONDAY))
    assert [type(entry.fact).__name__ for entry in found.entries] == [
        "AttendanceRecorded",
        "EnteredInError",
        "Admitted",
    ]
    assert found.entries[-1].fact.session_id == TUESDAY
