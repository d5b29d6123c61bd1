"""A session: planned once, then moved, cancelled or held; what was held is neither moved nor cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.cohort import CohortClosed
from domain.record import EnteredInError
from domain.session import (
    ONE_TO_ONE,
    CancellationCause,
    Held,
    Modality,
    Plan,
    Session,
    SessionCancelled,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
    SessionTimesCorrected,
    StaffPresence,
    evolve,
)
from tests.domain.cast import (
    ADMINISTRATOR,
    COUNSELOR,
    CRISIS,
    EVENINGS,
    FRONT_DESK,
    MONDAY,
    PLANNED,
    TALK,
    TUESDAY,
    ZONE,
    formed,
    local,
    staff_uuid,
)
from tests.domain.every_fact import EVERY, held
from tests.domain.given import Said, Story, given, of, of_cohort, said, strike

NEW = UUID(int=0x5FF)
cancelled = SessionCancelled(cause=CancellationCause.WEATHER)
moved = SessionRescheduled(starts_at=local("2026-03-04 18:00"), ends_at=local("2026-03-04 21:00"))
ended_early: SessionTimesCorrected = EVERY["SessionTimesCorrected"]


def corrects_times(times: SessionTimesCorrected = ended_early) -> Said:
    return said(of(MONDAY, times), reason="By the door log.")


def struck(version: int) -> Said:
    return said(strike(version), stream=f"session/{MONDAY}")


def monday(story: Story) -> Session:
    session: Session = story.state(f"session/{MONDAY}")
    return session


# ---- planning


def test_a_session_is_planned_once() -> None:
    given().when(of(MONDAY, PLANNED[MONDAY])).refused("session.already-scheduled")


def test_a_session_that_was_never_planned_is_unknown() -> None:
    for fact in (moved, cancelled, held):
        given().when(of(NEW, fact)).refused("session.unknown")
    given().when(said(of(NEW, ended_early), reason="By the door log.")).refused("session.unknown")


@pytest.mark.parametrize("ends", ["2026-03-02 18:00", "2026-03-02 17:59", "2026-03-02 08:00"])
def test_a_session_ends_after_it_starts(ends: str) -> None:
    story, later = given(), "2026-03-02 22:00"
    backwards = replace(PLANNED[MONDAY], ends_at=local(ends))
    story.when(of(NEW, backwards)).refused("session.ends-before-it-starts")
    story.when(of(MONDAY, replace(moved, ends_at=local(ends)))).refused("session.ends-before-it-starts")
    story.when(of(MONDAY, replace(held, ended_at=local(ends))), at=later).refused("session.ends-before-it-starts")
    story.tell(of(MONDAY, held))
    wrong = replace(ended_early, ended_at=local(ends))
    story.when(corrects_times(wrong), at=later).refused("session.ends-before-it-starts")


def test_nobody_leaves_the_room_before_coming() -> None:
    presence: StaffPresence = {
        "staff_id": staff_uuid(COUNSELOR),
        "role": "lead",
        "from": local("2026-03-02 19:00"),
        "to": local("2026-03-02 18:00"),
    }
    given().when(of(MONDAY, replace(held, staff=(presence,)))).refused("session.ends-before-it-starts")


@pytest.mark.parametrize("kind", sorted(ONE_TO_ONE))
def test_a_one_to_one_session_has_no_cohort(kind: SessionKind) -> None:
    with_cohort = replace(PLANNED[MONDAY], kind=kind)
    given().when(of(NEW, with_cohort)).refused("session.one-to-one-with-cohort")
    given().when(of(NEW, replace(with_cohort, cohort_id=None))).recorded()


@pytest.mark.parametrize("kind", sorted(set(SessionKind) - ONE_TO_ONE))
def test_a_group_may_be_planned_without_a_cohort(kind: SessionKind) -> None:
    """A make-up group, aftercare, an evening for alumni: expected of those only who have a record in it."""
    given().when(of(NEW, replace(PLANNED[MONDAY], kind=kind, cohort_id=None))).recorded()


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_session_lasts_no_longer_than_anybody_could_stay(kind: SessionKind) -> None:
    plan = replace(PLANNED[MONDAY], kind=kind, cohort_id=None)
    given().when(of(NEW, replace(plan, ends_at=local("2026-03-03 06:00")))).recorded()
    given().when(of(NEW, replace(plan, ends_at=local("2026-03-03 06:01")))).refused("session.too-long", naming="12")


def test_moved_and_held_a_session_lasts_no_longer_either() -> None:
    long = replace(moved, ends_at=local("2026-03-05 18:00"))
    given().when(of(MONDAY, long)).refused("session.too-long")
    given().when(of(MONDAY, replace(held, ended_at=local("2026-03-03 21:00")))).refused("session.too-long")


def test_a_session_lasts_by_the_clock_that_nobody_turns() -> None:
    """Through the night in which the clock goes forward, twelve hours on the wall are eleven."""
    night = replace(PLANNED[MONDAY], starts_at=local("2026-03-07 20:00"), ends_at=local("2026-03-08 09:00"))
    given().when(of(NEW, night)).recorded()


def test_staff_and_rooms_may_be_planned_twice() -> None:
    in_the_room = replace(PLANNED[MONDAY], room="1")
    given(of(NEW, in_the_room)).when(of(UUID(int=0x5FE), in_the_room)).recorded()


def test_a_session_is_planned_within_the_life_of_its_cohort() -> None:
    story = given(of_cohort(EVENINGS, CohortClosed(on=PLANNED[MONDAY].starts_at.astimezone(ZONE).date())))
    story.when(of(NEW, PLANNED[TUESDAY])).refused("session.cohort-closed")
    story.when(of(MONDAY, moved)).refused("session.cohort-closed")
    story.when(of(UUID(int=0x5FE), PLANNED[MONDAY])).recorded()
    story.when(of(NEW, replace(PLANNED[TUESDAY], cohort_id=None))).recorded()


def test_a_session_is_planned_for_a_cohort_that_exists() -> None:
    for_nobody = replace(PLANNED[MONDAY], cohort_id=NEW)
    given().when(of(NEW, for_nobody)).refused("cohort.unknown")


def test_a_session_is_not_planned_for_a_cohort_whose_forming_was_struck() -> None:
    story = given(of_cohort(NEW, formed())).restored(f"cohort/{NEW}", EnteredInError(target=1))
    story.when(of(NEW, replace(PLANNED[MONDAY], cohort_id=NEW))).refused("cohort.unknown")


# ---- moving, cancelling, holding


def test_a_moved_session_has_its_new_times_and_its_new_program_day() -> None:
    session = monday(given(of(MONDAY, moved)))
    assert (session.starts_at, session.ends_at, session.scheduled_version) == (moved.starts_at, moved.ends_at, 2)
    assert session.program_day(ZONE) == date(2026, 3, 4)


def test_a_session_may_be_moved_again() -> None:
    again = SessionRescheduled(starts_at=local("2026-03-06 18:00"), ends_at=local("2026-03-06 21:00"))
    assert monday(given(of(MONDAY, moved), of(MONDAY, again))).starts_at == again.starts_at


def test_a_program_day_is_that_of_the_start_also_through_midnight() -> None:
    crisis: Session = given().state(f"session/{CRISIS}")
    assert crisis.program_day(ZONE) == date(2026, 3, 5)
    with pytest.raises(LookupError):
        Session(session_id=NEW).program_day(ZONE)


def test_a_held_session_is_neither_moved_nor_cancelled() -> None:
    story = given(of(MONDAY, held))
    story.when(of(MONDAY, moved)).refused("session.was-held")
    story.when(of(MONDAY, cancelled)).refused("session.was-held")


def test_a_session_is_held_once_and_corrected_afterwards() -> None:
    story = given(of(MONDAY, held))
    story.when(of(MONDAY, held)).refused("session.already-held")
    story.when(corrects_times()).recorded(ended_early)


def test_a_session_that_was_not_held_has_no_times_to_correct() -> None:
    given().when(corrects_times()).refused("session.not-held")


def test_a_cancelled_session_is_neither_held_nor_moved_nor_cancelled_again() -> None:
    story = given(of(MONDAY, cancelled))
    for fact in (held, moved, cancelled):
        story.when(of(MONDAY, fact)).refused("session.cancelled")


def test_a_cancelled_session_that_is_revived_may_be_held() -> None:
    story = given(of(MONDAY, cancelled), struck(2))
    assert monday(story).cancelled is None
    story.when(of(MONDAY, held)).recorded()


def test_administrators_move_and_cancel_but_hold_no_session() -> None:
    given().when(of(MONDAY, moved), by=ADMINISTRATOR).recorded()
    given().when(of(MONDAY, cancelled), by=ADMINISTRATOR).recorded()
    given().when(of(MONDAY, held), by=ADMINISTRATOR).refused("act.not-permitted")
    given().when(of(MONDAY, held), by=FRONT_DESK).refused("act.not-permitted")


# ---- what the facts add up to


def test_a_session_is_what_was_planned() -> None:
    plan: SessionScheduled = replace(PLANNED[MONDAY], topic="coping", room="2", modality=Modality.TELEHEALTH)
    session: Session = given(of(NEW, plan)).state(f"session/{NEW}")
    assert session == Session(
        session_id=NEW,
        version=1,
        cohort_id=EVENINGS,
        kind=SessionKind.GROUP,
        modality=Modality.TELEHEALTH,
        topic="coping",
        room="2",
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        scheduled_version=1,
        plans=(Plan(starts_at=plan.starts_at, version=1),),
    )
    assert session.interval is None


def test_the_latest_times_recorded_win() -> None:
    story = given(of(MONDAY, held))
    assert monday(story).interval == Held(started_at=held.started_at, ended_at=held.ended_at, staff=(), version=2)
    story.tell(corrects_times())
    assert monday(story).interval == Held(
        started_at=held.started_at, ended_at=ended_early.ended_at, staff=(), version=3
    )


def test_a_cancelled_session_has_no_interval() -> None:
    session = monday(given(of(MONDAY, cancelled)))
    assert (session.cancelled, session.cancelled_version, session.interval) == (CancellationCause.WEATHER, 2, None)


def test_individual_case_management_and_crisis_are_one_to_one() -> None:
    kinds = {kind for kind in SessionKind if Session(session_id=NEW, kind=kind).one_to_one}
    assert kinds == {SessionKind.INDIVIDUAL, SessionKind.CASE_MANAGEMENT, SessionKind.CRISIS}


def test_aftercare_and_alumni_come_after_treatment() -> None:
    kinds = {kind for kind in SessionKind if Session(session_id=NEW, kind=kind).after_treatment}
    assert kinds == {SessionKind.AFTERCARE, SessionKind.ALUMNI}


def test_a_strange_fact_in_a_session_is_an_error() -> None:
    entry = given().streams[f"session/{MONDAY}"][0]
    with pytest.raises(TypeError, match="EnteredInError"):
        evolve(Session(session_id=MONDAY), replace(entry, fact=EnteredInError(target=1)))


# ---- strikes


def test_striking_a_correction_brings_back_the_times_before_it() -> None:
    story = given(of(MONDAY, held), corrects_times(), struck(3))
    found = monday(story).interval
    assert found is not None
    assert (found.version, found.ended_at) == (2, held.ended_at)


def test_striking_a_move_brings_back_the_plan() -> None:
    assert monday(given(of(MONDAY, moved), struck(2))).starts_at == PLANNED[MONDAY].starts_at


def test_a_held_session_is_not_struck_from_under_its_correction() -> None:
    story = given(of(MONDAY, held), corrects_times())
    story.when(struck(2)).refused("correction.breaks-history", naming=f"session/{MONDAY}@3")


@pytest.mark.parametrize("since", [of(MONDAY, moved), of(MONDAY, cancelled), of(MONDAY, held)], ids=str)
def test_a_plan_is_not_struck_from_under_what_came_of_it(since: Said) -> None:
    given(since).when(struck(1)).refused("correction.breaks-history", naming=f"session/{MONDAY}@2")


def test_a_session_that_was_struck_may_be_planned_anew() -> None:
    story = given(struck(1))
    assert monday(story) == Session(session_id=MONDAY, version=2)
    story.when(of(MONDAY, PLANNED[MONDAY])).recorded()


def test_a_session_of_a_cohort_that_was_struck_since_can_still_be_put_right() -> None:
    """What is lost is eligibility alone: that is flagged, and forbids no strike that has nothing to do with it."""
    story = given(of_cohort(NEW, formed()), of(NEW, replace(PLANNED[MONDAY], cohort_id=NEW)), of(NEW, held))
    story.restored(f"cohort/{NEW}", EnteredInError(target=1))
    story.when(said(strike(2), stream=f"session/{NEW}")).recorded()


@pytest.mark.parametrize("fact", [EVERY["AttendanceRecorded"], EVERY["CohortFormed"]], ids=lambda f: type(f).__name__)
def test_a_fact_of_another_kind_does_not_belong_to_a_session(fact: Any) -> None:
    given().when(of(TALK, fact)).refused("fact.other-stream")


def test_times_are_instants() -> None:
    assert isinstance(PLANNED[MONDAY].starts_at, datetime)
    assert PLANNED[MONDAY].starts_at.isoformat() == "2026-03-02T23:00:00+00:00"
