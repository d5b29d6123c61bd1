"""What a session that is moved, cancelled, revived or struck does to the charts that name it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.chart.episode import State
from domain.chart.exit import DischargeReason
from domain.decision import THE_SYSTEM, judge
from domain.record import EnteredInError, Entry, Envelope, Source
from domain.refused import Refused
from domain.resting import looks_at_charts, naming
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
)
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    AFTERCARE,
    ASSESSED,
    CHART,
    COUNSELOR,
    ENROLLED,
    EPISODE,
    EVENINGS,
    INQUIRED,
    MAKE_UP,
    MONDAY,
    NEXT_MONDAY,
    THURSDAY,
    TUESDAY,
    absent,
    admitted,
    attended,
    corrected,
    day,
    discharged,
    enrolled,
    formed,
    hold_ended,
    hold_started,
    local,
    not_admitted,
    suitability,
)
from tests.domain.every_fact import EVERY
from tests.domain.given import Said, Story, given, of, of_cohort, said, strike

NEW = UUID(int=0xC0FFEE)
CANCELLED = SessionCancelled(cause=CancellationCause.WEATHER)


def moved(session_id: UUID, on: str, starts: str = "18:00", ends: str = "21:00") -> Said:
    fact = SessionRescheduled(starts_at=local(f"{on} {starts}"), ends_at=local(f"{on} {ends}"))
    return of(session_id, said(fact, at="2026-03-20 09:00", reason="It was on the wrong day in the plan."))


def of_late(session_id: UUID, fact: Any) -> Said:
    return of(session_id, said(fact, at="2026-03-20 09:00", reason="Found in the log."))


def struck(session_id: UUID, version: int) -> Said:
    return said(strike(version), stream=f"session/{session_id}")


def admission(story: Story) -> tuple[str, UUID] | None:
    found = story.episode.admission
    return None if found is None else (found.on.isoformat(), found.session_id)


# ---- the admission follows


def test_a_first_session_that_is_moved_takes_the_admission_along() -> None:
    story = given(*ACTIVE)
    story.when(moved(MONDAY, "2026-03-04")).recorded(
        moved(MONDAY, "2026-03-04"), EnteredInError(target=7), admitted(MONDAY, on="2026-03-04")
    )
    assert admission(story) == ("2026-03-04", MONDAY)
    assert story.episode.state_on(day("2026-03-03")) is State.ENROLLED
    assert not story.broken


def test_a_first_session_that_is_moved_behind_another_leaves_the_admission_to_that() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    story.when(moved(MONDAY, "2026-03-04")).recorded(
        moved(MONDAY, "2026-03-04"), EnteredInError(target=7), admitted(TUESDAY)
    )
    assert admission(story) == ("2026-03-03", TUESDAY)


def test_a_later_session_that_is_moved_before_the_first_one_admits() -> None:
    story = given(*ENROLLED, attended(TUESDAY), attended(THURSDAY))
    story.when(moved(THURSDAY, "2026-03-02")).recorded()
    assert admission(story) == ("2026-03-02", THURSDAY)


def test_a_move_within_the_day_leaves_the_admission_alone() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    for move in (moved(MONDAY, "2026-03-02", "17:00", "21:00"), moved(TUESDAY, "2026-03-04")):
        story.when(move).recorded(move)


def test_of_two_sessions_of_the_first_day_the_one_that_is_named_moves_away() -> None:
    """The other one is the first then, on the same day: the admission has to name it."""
    story = given(*ACTIVE, attended(NEXT_MONDAY), moved(NEXT_MONDAY, "2026-03-02", "09:00", "12:00"))
    assert admission(story) == ("2026-03-02", NEXT_MONDAY)
    story.when(moved(NEXT_MONDAY, "2026-03-04")).recorded()
    assert admission(story) == ("2026-03-02", MONDAY)


def test_a_cancelled_session_admits_nobody_any_more() -> None:
    story = given(*ACTIVE)
    story.when(of_late(MONDAY, CANCELLED)).recorded(CANCELLED, EnteredInError(target=7))
    assert admission(story) is None
    assert story.episode.state_on(day("2026-03-20")) is State.ENROLLED


def test_a_cancelled_session_leaves_the_admission_to_the_next_one_attended() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    story.when(of_late(MONDAY, CANCELLED)).recorded(CANCELLED, EnteredInError(target=7), admitted(TUESDAY))


def test_a_session_that_is_revived_admits_again() -> None:
    story = given(*ACTIVE, attended(TUESDAY), of_late(MONDAY, CANCELLED))
    story.when(struck(MONDAY, 2)).recorded(EnteredInError(target=2), EnteredInError(target=10), admitted(MONDAY))
    assert admission(story) == ("2026-03-02", MONDAY)


def test_a_move_that_is_struck_moves_the_admission_back() -> None:
    story = given(*ACTIVE, moved(MONDAY, "2026-03-04"))
    story.when(struck(MONDAY, 2)).recorded(EnteredInError(target=2), EnteredInError(target=9), admitted(MONDAY))


def test_times_corrected_move_nobody() -> None:
    """The program day is that of the plan, not of when it was held."""
    story = given(*ACTIVE, of(MONDAY, EVERY["SessionHeld"]))
    correction = of(MONDAY, said(EVERY["SessionTimesCorrected"], reason="By the door log."))
    story.when(correction).recorded(correction)


def test_an_absence_and_a_class_of_aftercare_move_nobody() -> None:
    story = given(*ENROLLED, absent(MONDAY), attended(TUESDAY))
    for move in (moved(MONDAY, "2026-03-04"), of_late(MONDAY, CANCELLED), of_late(AFTERCARE, CANCELLED)):
        story.when(move).recorded(move)


def test_what_follows_is_the_systems_and_names_the_move() -> None:
    story = given(*ACTIVE, moved(MONDAY, "2026-03-04"))
    move = story.streams[f"session/{MONDAY}"][-1]
    for entry in story.streams[CHART][-2:]:
        assert (entry.envelope.by, entry.envelope.source) == (THE_SYSTEM, Source.SYSTEM)
        assert entry.envelope.causation_id == f"session/{MONDAY}@2"
        assert entry.envelope.correlation_id == move.envelope.correlation_id
        assert entry.envelope.reason == "It was on the wrong day in the plan."
        assert entry.recorded_at == move.recorded_at


# ---- what would break


@pytest.mark.parametrize("change", [of_late(MONDAY, CANCELLED), moved(MONDAY, "2026-03-07")], ids=["off", "moved"])
def test_a_hold_needs_the_admission_before_it(change: Said) -> None:
    story = given(*ACTIVE, hold_started("2026-03-03"))
    story.when(change).refused("correction.breaks-history", naming=f"{CHART}@8")


def test_a_discharge_needs_the_admission_before_it() -> None:
    story = given(*ACTIVE, discharged("2026-03-05"))
    story.when(of_late(MONDAY, CANCELLED)).refused("correction.breaks-history", naming=f"{CHART}@8")


def test_a_service_is_not_moved_behind_the_last_one_of_the_discharge() -> None:
    story = given(*ACTIVE, attended(TUESDAY), discharged("2026-03-05", "2026-03-03"))
    story.when(moved(TUESDAY, "2026-03-04")).refused("correction.breaks-history", naming=f"{CHART}@9")
    story.when(moved(TUESDAY, "2026-03-03", "09:00", "12:00")).recorded()


def test_a_session_attended_is_not_moved_into_a_hold() -> None:
    story = given(*ACTIVE, attended(TUESDAY), hold_started("2026-03-04"), hold_ended("2026-03-05"))
    story.when(moved(TUESDAY, "2026-03-04")).refused("correction.breaks-history", naming=f"{CHART}@8")


def test_a_session_attended_is_not_moved_before_the_enrollment() -> None:
    given(*ACTIVE).when(moved(MONDAY, "2026-02-20")).refused("correction.breaks-history", naming=f"{CHART}@6")


def test_a_session_is_not_revived_beside_the_record_that_took_its_place() -> None:
    story = given(*ACTIVE, of_late(MONDAY, CANCELLED), attended(MAKE_UP, "2026-03-02 19:30", "2026-03-02 21:00"))
    story.when(struck(MONDAY, 2)).refused("correction.breaks-history", naming=f"{CHART}@9")


def test_a_session_is_not_revived_for_somebody_who_was_not_admitted_meanwhile() -> None:
    story = given(*ACTIVE, of_late(MONDAY, CANCELLED), said(not_admitted("2026-03-02"), reason="Late."))
    story.when(struck(MONDAY, 2)).refused("correction.breaks-history", naming=f"{CHART}@9")


def test_a_session_is_not_moved_behind_the_end_of_an_episode_that_nobody_was_admitted_to() -> None:
    """The admission that would follow is on no record: the attendance is named."""
    story = given(*ACTIVE, of_late(MONDAY, CANCELLED), said(not_admitted("2026-03-02"), reason="Late."))
    story.restored(f"session/{MONDAY}", EnteredInError(target=2))
    story.when(moved(MONDAY, "2026-03-04")).refused("correction.breaks-history", naming=f"{CHART}@6")


def test_a_session_attended_is_not_moved_to_a_day_to_come() -> None:
    story = given(*ENROLLED, attended(MONDAY), attended(TUESDAY))
    for session_id in (MONDAY, TUESDAY):
        story.when(moved(session_id, "2026-03-21")).refused("session.attended")
    story.when(moved(session_id, "2026-03-20")).recorded()


def test_a_session_missed_may_be_moved_to_a_day_to_come() -> None:
    given(*ACTIVE, absent(TUESDAY, excused=True)).when(moved(TUESDAY, "2026-03-21")).recorded()


def test_a_cohort_that_is_lost_forbids_no_move() -> None:
    story = given(*ACTIVE).restored(f"cohort/{EVENINGS}", EnteredInError(target=1))
    story.when(moved(MONDAY, "2026-03-04")).recorded()


# ---- strikes of what charts rest on


def test_the_plan_of_a_session_is_struck_while_no_chart_rests_on_it() -> None:
    story = given(*ACTIVE)
    story.when(struck(MONDAY, 1)).refused("correction.breaks-history", naming=f"{CHART}@6")
    story.when(struck(TUESDAY, 1)).recorded()


def test_a_struck_record_rests_on_nothing() -> None:
    story = given(*ENROLLED, absent(MONDAY))
    story.when(struck(MONDAY, 1)).refused("correction.breaks-history", naming=f"{CHART}@6")
    story.tell(strike(6))
    story.when(struck(MONDAY, 1)).recorded()
    story.when(absent(TUESDAY)).recorded()


def test_the_last_correction_is_what_rests_on_it() -> None:
    story = given(*ENROLLED, absent(MONDAY))
    story.tell(said(corrected(6, absent(MONDAY, excused=True)), reason="The family called."))
    story.when(struck(MONDAY, 1)).refused("correction.breaks-history", naming=f"{CHART}@7")


def test_the_forming_of_a_cohort_is_struck_while_nobody_was_enrolled_in_it() -> None:
    story = given(*ASSESSED, suitability(), of_cohort(NEW, formed()), enrolled(cohort_id=NEW))
    story.when(said(strike(1), stream=f"cohort/{NEW}")).refused("correction.breaks-history", naming=f"{CHART}@5")
    story.tell(strike(5))
    story.when(said(strike(1), stream=f"cohort/{NEW}")).recorded()


def test_the_forming_of_a_cohort_is_struck_while_no_session_is_planned_for_it() -> None:
    """Held, cancelled or still to come: a session that names it is of no cohort without it."""
    plan = SessionScheduled(
        cohort_id=NEW,
        kind=SessionKind.GROUP,
        starts_at=local("2026-03-07 09:00"),
        ends_at=local("2026-03-07 12:00"),
        modality=Modality.IN_PERSON,
    )
    story = given(of_cohort(NEW, formed()), of(NEW, plan))
    forming = said(strike(1), stream=f"cohort/{NEW}")
    story.when(forming).refused("correction.breaks-history", naming=f"session/{NEW}@1")
    story.tell(of(NEW, CANCELLED))
    story.when(forming).refused("correction.breaks-history", naming=f"session/{NEW}@1")
    story.tell(struck(NEW, 2), struck(NEW, 1))
    story.when(forming).recorded()


def test_an_assignment_rests_on_its_cohort_until_it_is_struck() -> None:
    story = given(*ENROLLED, of_cohort(NEW, formed()), care.assigned("2026-03-02", cohort_id=NEW))
    story.when(said(strike(1), stream=f"cohort/{NEW}")).refused("correction.breaks-history", naming=f"{CHART}@6")
    story.tell(strike(6))
    story.when(said(strike(1), stream=f"cohort/{NEW}")).recorded()


# ---- what is looked at


def test_charts_are_looked_at_where_something_in_them_may_change() -> None:
    story = given(*ACTIVE, of(MONDAY, EVERY["SessionHeld"]))
    history = story.streams[f"session/{MONDAY}"]
    assert looks_at_charts(CANCELLED, history)
    assert looks_at_charts(EnteredInError(target=1), history)
    assert not looks_at_charts(EnteredInError(target=2), history)
    assert not looks_at_charts(EnteredInError(target=9), history)
    assert not looks_at_charts(EVERY["SessionHeld"], history)
    assert not looks_at_charts(attended(TUESDAY), story.streams[CHART])


def test_charts_rest_on_sessions_and_cohorts_and_sessions_on_cohorts_by_their_facts_alone() -> None:
    assert {"AttendanceRecorded", "AttendanceCorrected", "Admitted"} <= set(naming(f"session/{MONDAY}"))
    assert {"Enrolled", "CohortAssigned"} <= set(naming(f"cohort/{EVENINGS}"))
    assert "SessionScheduled" in naming(f"cohort/{EVENINGS}")
    assert "SessionScheduled" not in naming(f"session/{MONDAY}")
    assert naming(CHART) == ()


# ---- a file told line by line


def line(story: Story, session_id: UUID, fact: Any) -> Any:
    """A line of a file about a session, judged alone: what follows is told by further lines."""
    stream = f"session/{session_id}"
    history = story.streams[stream]
    envelope = Envelope(by=COUNSELOR, source=Source.IMPORT, correlation_id=EPISODE, reason="From the old system.")
    entry = Entry(version=len(history) + 1, recorded_at=local("2026-03-20 09:00"), envelope=envelope, fact=fact)
    scene = story.scene(entry.recorded_at)
    return judge(stream, story.state(stream), history, entry, scene, story.beside(stream, fact))


def test_a_line_that_moves_a_session_is_judged_by_the_charts_that_name_it() -> None:
    story = given(*ACTIVE, attended(TUESDAY), discharged("2026-03-05", "2026-03-03", DischargeReason.DROPPED_OUT))
    with pytest.raises(Refused, match=rf"correction\.breaks-history: {CHART}@9"):
        line(story, TUESDAY, moved(TUESDAY, "2026-03-04").fact)
    assert line(story, MONDAY, CANCELLED).cancelled is CancellationCause.WEATHER
    assert admission(story) == ("2026-03-02", MONDAY)


def test_a_session_without_charts_is_moved_as_it_is() -> None:
    given(*INQUIRED).when(moved(MONDAY, "2026-03-04")).recorded(moved(MONDAY, "2026-03-04"))
