"""Patients in treatment when a site starts: carried over by an import, and not judged for the time before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.chart.carry_over import CarriedState
from domain.chart.enrollment import Admitted
from domain.chart.exit import DischargeReason
from domain.chart.states import State
from domain.record import Source
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    EPISODE,
    FRONT_DESK,
    INQUIRED,
    MONDAY,
    SECOND_EPISODE,
    SUPERVISOR,
    THURSDAY,
    TUESDAY,
    ZONE,
    admitted,
    assessed,
    attended,
    carried_over,
    day,
    discharged,
    hold_ended,
    inquired,
    registered,
)
from tests.domain.given import Said, Story, given, said, strike

ON = "2026-03-03 09:00"
"""Tuesday of the first week of March."""


def carried(state: CarriedState = CarriedState.ACTIVE, **other: Any) -> Said:
    return said(carried_over(state, **other), at=ON)


def begun(state: CarriedState = CarriedState.ACTIVE) -> Story:
    """Version 1 registered, version 2 carried over."""
    return given(registered, carried(state))


@pytest.mark.parametrize("state", CarriedState)
def test_an_episode_goes_on_in_the_state_that_it_was_in(state: CarriedState) -> None:
    episode = begun(state).episode
    assert episode.state_on(day("2026-03-03")).value == state.value
    assert episode.admission is not None
    assert (episode.admission.on, episode.admission.session_id) == (day("2026-02-16"), None)
    assert episode.opened_on(ZONE) == day("2026-03-03")


def test_it_is_carried_over_by_an_import_alone() -> None:
    for source in (Source.API, Source.WEB, Source.SYSTEM, Source.LAB):
        given(registered).when(said(carried_over(), at=ON, source=source)).refused("carry-over.import-only")


def test_a_supervisor_carries_over_and_the_front_desk_does_not() -> None:
    given(registered).when(carried(), by=FRONT_DESK).refused("act.not-permitted")
    given(registered).when(carried(), by=SUPERVISOR).recorded()


def test_one_episode_is_open_at_a_time() -> None:
    given(*INQUIRED).when(carried(episode_id=SECOND_EPISODE)).refused("episode.already-open")
    begun().when(inquired(SECOND_EPISODE, "2026-03-04 12:00")).refused("episode.already-open")


def test_an_episode_that_was_carried_over_has_an_id_of_its_own() -> None:
    story = given(*ACTIVE, discharged("2026-03-03"))
    story.when(said(carried_over(), at="2026-03-04 09:00")).refused("episode.id-in-use")


def test_cohort_and_clinician_are_those_of_this_site() -> None:
    given(registered).when(carried(cohort_id=UUID(int=0xBAD))).refused("cohort.unknown")
    given(registered).when(carried(primary_clinician_id=UUID(int=0xBAD))).refused("enrollment.unknown-clinician")


def test_an_admission_is_never_in_the_future_and_needs_no_reason_when_it_is_long_past() -> None:
    given(registered).when(carried(admitted_on="2026-03-04")).refused("entry.in-the-future")
    given(registered).when(carried(admitted_on="2025-12-01"), by=SUPERVISOR).recorded()


def test_treatment_goes_on_and_the_admission_stays_where_it_was() -> None:
    story = begun().when(attended(TUESDAY)).recorded(attended(TUESDAY))
    assert story.episode.admission is not None
    assert story.episode.admission.on == day("2026-02-16")
    story.when(strike(3)).recorded()
    assert story.episode.admission.on == day("2026-02-16")
    story.tell(attended(THURSDAY), *care.AGREED[1:3])
    assert not any(isinstance(fact, Admitted) for fact in story.facts)


def test_nobody_is_admitted_twice() -> None:
    begun().when(said(admitted(TUESDAY), at="2026-03-03 22:00")).refused("admission.without-service")
    story = begun().tell(attended(TUESDAY))
    story.when(said(admitted(TUESDAY), at="2026-03-03 22:00")).refused("episode.transition")


def test_nobody_attends_before_the_day_of_carrying_over() -> None:
    late = said(attended(MONDAY), at="2026-03-03 12:00", reason="Found later.")
    begun().when(late).refused("attendance.not-enrolled")


def test_a_hold_ends_and_treatment_is_active() -> None:
    story = begun(CarriedState.ON_HOLD).tell(hold_ended("2026-03-05"))
    assert story.episode.state_on(day("2026-03-06")) is State.ACTIVE


def test_who_tapers_steps_up() -> None:
    story = begun(CarriedState.TAPERING).tell(care.step_up("2026-03-10"))
    assert story.episode.state_on(day("2026-03-10")) is State.ACTIVE
    assert story.episode.level_of_care(day("2026-03-10")) == "2.1"


def test_it_is_discharged_as_any_other() -> None:
    story = begun().tell(attended(TUESDAY))
    story.tell(discharged("2026-03-05", "2026-03-03", DischargeReason.COMPLETED), care.aftercare("2026-03-06"))
    assert story.episode.ended_on() == day("2026-03-05")
    story.tell(inquired(SECOND_EPISODE, "2026-03-20 12:00"))


def test_the_last_service_is_not_before_the_admission_elsewhere() -> None:
    begun().when(discharged("2026-03-05", "2026-02-15")).refused("discharge.precedes-care", naming="2026-02-16")
    begun().when(discharged("2026-03-05", "2026-02-20")).recorded()


def test_the_way_in_is_behind_it() -> None:
    begun().when(assessed("2026-03-03")).refused("episode.transition")


def test_it_is_not_struck_from_under_what_followed() -> None:
    story = begun().tell(attended(TUESDAY))
    story.when(strike(2)).refused("correction.breaks-history", naming="@3")
    story.tell(strike(3), strike(2))
    assert EPISODE not in story.chart.episodes


def test_dates_before_it_are_not_of_this_record() -> None:
    episode = begun().episode
    days = ("2026-03-02", "2026-03-03", "2026-03-09")
    assert [episode.judged_on(day(on), ZONE) for on in days] == [False, True, True]
    assert given(*ACTIVE).episode.judged_on(day("2026-03-02"), ZONE)
