"""An excuse given in advance, of a day that a hold or the end of the episode covers since."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.chart.exit import DischargeReason
from domain.record import Person
from domain.session import SessionRescheduled
from domain.status import present
from tests.domain.cast import (
    ACTIVE,
    CHART,
    ENROLLED,
    MONDAY,
    NEXT_MONDAY,
    NEXT_THURSDAY,
    NEXT_TUESDAY,
    SUPERVISOR,
    THURSDAY,
    TUESDAY,
    absent,
    attended,
    corrected,
    credentialed,
    day,
    discharged,
    hold_ended,
    hold_started,
    local,
    not_admitted,
)
from tests.domain.given import Said, given, of, said, strike

NOT_ENROLLED = "attendance.not-enrolled"


def late(fact: Any) -> Said:
    return said(fact, reason="Found in the sign-in book.")


EXCUSED = said(absent(NEXT_THURSDAY, excused=True), at="2026-03-03 12:00")
OVER = (discharged("2026-03-04"), discharged("2026-03-04", reason=DischargeReason.DIED), hold_started("2026-03-04"))


@pytest.mark.parametrize("fact", OVER, ids=["discharged", "died", "on hold"])
def test_an_excuse_given_in_advance_is_in_the_way_of_no_discharge_and_no_hold(fact: Any) -> None:
    story = given(*ACTIVE, EXCUSED)
    story.when(fact, by=SUPERVISOR).recorded()
    assert not story.broken


def test_an_excuse_given_in_advance_is_in_the_way_of_nobody_who_is_not_admitted() -> None:
    story = given(*ENROLLED, EXCUSED)
    story.when(not_admitted("2026-03-04")).recorded()


def test_a_session_excused_may_be_moved_into_a_hold() -> None:
    moved = SessionRescheduled(starts_at=local("2026-03-06 18:00"), ends_at=local("2026-03-06 21:00"))
    story = given(*ACTIVE, absent(TUESDAY, excused=True), hold_started("2026-03-05"))
    story.when(of(TUESDAY, said(moved, reason="It was on the wrong day in the plan."))).recorded()


def test_an_absence_without_excuse_and_care_are_in_the_way_as_ever() -> None:
    for fact in (attended(THURSDAY), absent(THURSDAY)):
        story = given(*ACTIVE, fact)
        story.when(hold_started("2026-03-04"), reason="Found later.").refused("episode.breaks-history")


def test_an_excuse_needs_the_enrollment_by_its_day() -> None:
    story = given(*ENROLLED, absent(MONDAY, excused=True))
    story.when(strike(5)).refused("correction.breaks-history", naming=f"{CHART}@6")
    moved = SessionRescheduled(starts_at=local("2026-02-20 18:00"), ends_at=local("2026-02-20 21:00"))
    story.when(of(MONDAY, late(moved))).refused("correction.breaks-history", naming=f"{CHART}@6")


def test_nobody_is_excused_during_a_hold_or_corrected_to_be() -> None:
    story = given(*ACTIVE, EXCUSED, hold_started("2026-03-04"))
    story.when(absent(THURSDAY, excused=True)).refused(NOT_ENROLLED)
    story.when(late(corrected(8, absent(NEXT_THURSDAY, excused=True)))).refused(NOT_ENROLLED)
    story.tell(hold_ended("2026-03-06"))
    story.when(absent(NEXT_MONDAY, excused=True)).recorded()


def test_an_excuse_of_a_day_on_hold_counts_nowhere() -> None:
    """It stands between two absences without excuse, and is no end of their run."""
    story = given(
        *ACTIVE,
        said(absent(NEXT_MONDAY, excused=True), at="2026-03-03 12:00"),
        absent(TUESDAY),
        hold_started("2026-03-09"),
        hold_ended("2026-03-09"),
        absent(NEXT_TUESDAY),
    )
    scene = story.scene(story.clock)
    document = present(
        story.chart,
        facility=scene.facility,
        sessions=scene.sessions,
        cohorts=scene.cohorts,
        as_of=day("2026-03-10"),
        known_at=story.clock,
        position=1,
    )
    assert document["attendance"]["consecutive_unexcused"] == 2


def test_an_excuse_given_in_advance_is_an_act_of_the_day_on_which_it_is_given() -> None:
    """Whoever may excuse today may, although their credential has ended by the day of the session."""
    leaving = Person(id=f"staff/{UUID(int=0xA21)}", name="Staff 33", role="counselor", credential="LADC")
    story = given(*ACTIVE, credentialed(leaving, last="2026-03-06"))
    story.when(EXCUSED, by=leaving).recorded()
    story.when(said(absent(THURSDAY, excused=True), at="2026-03-07 12:00", reason="Told late."), by=leaving).recorded()
    told_late = said(absent(NEXT_MONDAY, excused=True), at="2026-03-10 12:00")
    story.when(told_late, by=leaving).refused("act.not-credentialed")
