"""The state machine of an episode: every state with every transition, and the state of a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any, Final

import pytest

from domain.chart.states import TRANSITIONS, Broken, State, Step, walk
from tests.domain import care
from tests.domain.cast import (
    ACTIVE,
    ASSESSED,
    COUNSELOR,
    ENROLLED,
    INQUIRED,
    MONDAY,
    NEXT_MONDAY,
    TUESDAY,
    absent,
    admitted,
    assessed,
    attended,
    day,
    detox_answered,
    detox_referred,
    discharged,
    enrolled,
    hold_ended,
    hold_started,
    not_admitted,
    suitability,
    voided,
    waitlisted,
)
from tests.domain.given import Story, given, said, strike

INQUIRY, ON_HOLD, DISCHARGED, NOT_ADMITTED = State.INQUIRY, State.ON_HOLD, State.DISCHARGED, State.NOT_ADMITTED
FOLLOWS: Final[Mapping[State, Mapping[str, State]]] = {
    State.INQUIRY: {
        "IntakeAssessed": State.ASSESSED,
        "NotAdmitted": NOT_ADMITTED,
        "EpisodeCarriedOver": State.ACTIVE,
    },
    State.ASSESSED: {
        "IntakeAssessed": State.ASSESSED,
        "Waitlisted": State.WAITLISTED,
        "DetoxReferred": State.DETOX_REFERRED,
        "DetoxAnswered": State.ASSESSED,
        "Enrolled": State.ENROLLED,
        "NotAdmitted": NOT_ADMITTED,
    },
    State.WAITLISTED: {
        "DetoxAnswered": State.WAITLISTED,
        "Enrolled": State.ENROLLED,
        "NotAdmitted": NOT_ADMITTED,
    },
    State.DETOX_REFERRED: {
        "IntakeAssessed": State.ASSESSED,
        "DetoxAnswered": State.ASSESSED,
        "NotAdmitted": NOT_ADMITTED,
    },
    State.ENROLLED: {"DetoxAnswered": State.ENROLLED, "Admitted": State.ACTIVE, "NotAdmitted": NOT_ADMITTED},
    State.ACTIVE: {
        "StepDownTookEffect": State.TAPERING,
        "StepUpDecided": State.ACTIVE,
        "DetoxReferred": State.ACTIVE,
        "DetoxAnswered": State.ACTIVE,
        "HoldStarted": ON_HOLD,
        "Discharged": DISCHARGED,
    },
    State.TAPERING: {
        "StepDownTookEffect": State.TAPERING,
        "StepUpDecided": State.ACTIVE,
        "DetoxReferred": State.TAPERING,
        "DetoxAnswered": State.TAPERING,
        "HoldStarted": ON_HOLD,
        "Discharged": DISCHARGED,
    },
    State.ON_HOLD: {
        "DetoxReferred": ON_HOLD,
        "DetoxAnswered": ON_HOLD,
        "HoldEnded": State.ACTIVE,
        "Discharged": DISCHARGED,
    },
    State.DISCHARGED: {"DetoxAnswered": DISCHARGED},
    State.NOT_ADMITTED: {"DetoxAnswered": NOT_ADMITTED},
}
"""State → fact → the state it leads to, as the contract names them. What is not named here is refused. A refusal by the
detox provider may come when the patient has moved on, or the episode is over."""

EVERY_PAIR: Final = list(product(State, TRANSITIONS))
RECORDED: Final = [(before, name) for before, name in EVERY_PAIR if name != "EpisodeCarriedOver"]
"""One that is carried over opens the episode itself."""
UNCONDITIONAL: Final = ("IntakeAssessed", "Waitlisted", "DetoxReferred", "NotAdmitted", "HoldStarted", "HoldEnded")
"""What rests on nothing but the state."""
NOT_NAMED: Final = [(before, name) for before, name in product(State, UNCONDITIONAL) if name not in FOLLOWS[before]]

ON: Final = "2026-03-12"
SECOND: Final = care.SECOND_STEP_DOWN
AGAIN: Final = (
    care.recommended("2026-03-11", step_down_id=SECOND),
    care.answered("2026-03-11", step_down_id=SECOND),
    care.cosigned("2026-03-11", step_down_id=SECOND),
    care.decided("2026-03-11", step_down_id=SECOND),
)
"""A second step-down, decided while the first one tapers."""
ON_THE_WAY_TO: Final[Mapping[State, tuple[Any, ...]]] = {
    State.INQUIRY: INQUIRED,
    State.ASSESSED: (*ASSESSED, suitability()),
    State.WAITLISTED: (*ASSESSED, suitability(), waitlisted()),
    State.DETOX_REFERRED: (*ASSESSED, suitability(), detox_referred()),
    State.ENROLLED: ENROLLED,
    State.ACTIVE: (*ACTIVE, *care.AGREED),
    State.TAPERING: (*ACTIVE, *care.AGREED, care.took_effect("2026-03-10"), *AGAIN),
    State.ON_HOLD: (*ACTIVE, *care.AGREED, hold_started("2026-03-11")),
    State.DISCHARGED: (*ACTIVE, *care.AGREED, discharged("2026-03-11")),
    State.NOT_ADMITTED: (*ASSESSED, suitability(), not_admitted()),
}

TRANSITION: Final[Mapping[str, Any]] = {
    "IntakeAssessed": assessed(ON),
    "Waitlisted": waitlisted(ON),
    "DetoxReferred": detox_referred(ON),
    "DetoxAnswered": detox_answered(accepted=False, on=ON),
    "Enrolled": enrolled(ON),
    "NotAdmitted": not_admitted(ON),
    "Admitted": said(admitted(MONDAY), by=COUNSELOR, reason="Forgotten."),
    "StepDownTookEffect": care.took_effect(ON),
    "StepUpDecided": care.step_up(ON),
    "HoldStarted": hold_started(ON),
    "HoldEnded": hold_ended(ON),
    "Discharged": discharged(ON),
}


def state(story: Story, on: str) -> State:
    return story.episode.state_on(day(on))


# ---- the table


def test_the_table_names_every_transition() -> None:
    assert {*TRANSITION, "EpisodeCarriedOver"} == set(TRANSITIONS)
    assert set(FOLLOWS) == set(ON_THE_WAY_TO) == set(State)


@pytest.mark.parametrize(("before", "name"), EVERY_PAIR, ids=str)
def test_a_step_follows_the_states_that_the_contract_names(before: State, name: str) -> None:
    """The walk alone, from each state by the shortest way to it."""
    steps = [*_way_to(before), Step(name=name, on=day(ON), version=99, to=State.ACTIVE)]
    if (to := FOLLOWS[before].get(name)) is not None:
        assert walk(steps, strict=True)[-1] is to
        return
    with pytest.raises(Broken) as broken:
        walk(steps, strict=True)
    assert (broken.value.step.version, broken.value.state) == (99, before)


def _way_to(state: State) -> Iterator[Step]:
    ways: dict[State, tuple[str, ...]] = {State.INQUIRY: (), State.ASSESSED: ("IntakeAssessed",)}
    ways[State.NOT_ADMITTED] = ("NotAdmitted",)
    ways[State.WAITLISTED] = (*ways[State.ASSESSED], "Waitlisted")
    ways[State.DETOX_REFERRED] = (*ways[State.ASSESSED], "DetoxReferred")
    ways[State.ENROLLED] = (*ways[State.ASSESSED], "Enrolled")
    ways[State.ACTIVE] = (*ways[State.ENROLLED], "Admitted")
    ways[State.TAPERING] = (*ways[State.ACTIVE], "StepDownTookEffect")
    ways[State.ON_HOLD] = (*ways[State.ACTIVE], "HoldStarted")
    ways[State.DISCHARGED] = (*ways[State.ACTIVE], "Discharged")
    for n, name in enumerate(ways[state], start=1):
        yield Step(name=name, on=day("2026-03-02"), version=n)


@pytest.mark.parametrize(("before", "name"), RECORDED, ids=str)
def test_a_transition_is_recorded_where_the_contract_names_it_and_refused_elsewhere(before: State, name: str) -> None:
    """Through the door, with everything else that the fact needs on record, as far as the state allows it."""
    story = given(*ON_THE_WAY_TO[before])
    if name == "DetoxAnswered" and before in REFERRED_IN:
        story = _with_a_referral(before)
    assert state(story, "2026-03-11") is before
    when = story.when(_possible(before, name))
    if (to := FOLLOWS[before].get(name)) is None:
        assert when.refusal is not None
        return
    # The last date of a hold belongs to it.
    assert state(when.recorded(), "2026-03-13" if name == "HoldEnded" else ON) is to


REFERRED_IN: Final = frozenset(State) - {State.INQUIRY, State.DETOX_REFERRED}


def _with_a_referral(before: State) -> Story:
    """On the way to a state, a referral to detox of the last day before it, which nobody has answered."""
    match before:
        case State.DISCHARGED:
            return given(*ACTIVE, *care.AGREED, detox_referred("2026-03-11"), discharged("2026-03-11"))
        case State.NOT_ADMITTED:
            return given(*ASSESSED, suitability(), detox_referred(), not_admitted())
        case State.ASSESSED | State.WAITLISTED | State.ENROLLED:
            returned = (*ASSESSED, suitability(), detox_referred(on="2026-02-26"), assessed("2026-02-26"))
            return given(*returned, *ON_THE_WAY_TO[before][len(ASSESSED) :])
        case _:
            return given(*ON_THE_WAY_TO[before], detox_referred("2026-03-11"))


def _possible(before: State, name: str) -> Any:
    if before is State.TAPERING and name == "StepDownTookEffect":
        return said(care.took_effect(ON, SECOND))
    if before is State.ENROLLED and name == "Admitted":
        return attended(NEXT_MONDAY)
    return TRANSITION[name]


@pytest.mark.parametrize(("before", "name"), NOT_NAMED)
def test_a_transition_that_is_not_named_is_refused_as_such(before: State, name: str) -> None:
    given(*ON_THE_WAY_TO[before]).when(TRANSITION[name]).refused("episode.transition")


def test_a_second_discharge_is_refused() -> None:
    given(*ACTIVE, discharged("2026-03-11")).when(discharged(ON)).refused("episode.transition")


@pytest.mark.parametrize("before", [State.ACTIVE, State.TAPERING, State.ON_HOLD])
def test_a_voided_discharge_gives_back_the_state_before_it(before: State) -> None:
    story = given(*ON_THE_WAY_TO[before], discharged(ON))
    assert state(story, ON) is State.DISCHARGED
    story.tell(said(voided(story.chart.version), reason="Wrong chart."))
    assert state(story, ON) is before
    assert story.episode.ended_on() is None


def test_a_hold_gives_back_the_state_before_it() -> None:
    for before in (State.ACTIVE, State.TAPERING):
        story = given(*ON_THE_WAY_TO[before], hold_started("2026-03-12"), hold_ended("2026-03-13"))
        assert state(story, "2026-03-13") is State.ON_HOLD
        assert state(story, "2026-03-14") is before


@pytest.mark.parametrize(
    "fact", [care.transferred(), care.self_reduction(), care.level_assessed("2026-03-10"), care.assigned("2026-03-10")]
)
def test_what_is_no_transition_changes_no_state(fact: Any) -> None:
    story = given(*ACTIVE).when(fact).recorded()
    assert state(story, "2026-03-12") is State.ACTIVE


# ---- the state of a date


def states(story: Story, *dates: str) -> list[str]:
    return [state(story, f"2026-03-{on}").value for on in dates]


def test_an_episode_is_enrolled_until_the_first_service() -> None:
    story = given(*ACTIVE)
    assert state(story, "2026-02-26") is State.ASSESSED
    assert states(story, "01", "02", "03") == ["enrolled", "active", "active"]


def test_a_state_is_that_of_the_date_not_of_the_day_of_recording() -> None:
    """The hold was entered after the discharge, out of order."""
    story = given(*ACTIVE, discharged("2026-03-12"), hold_started("2026-03-04"), hold_ended("2026-03-06"))
    found = states(story, "03", "04", "06", "07", "11", "12")
    assert found == ["active", "on_hold", "on_hold", "active", "active", "discharged"]
    assert not story.broken


def test_a_hold_lasts_from_its_first_date_to_its_last() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"))
    assert states(story, "03", "04", "05", "06", "07") == ["active", "on_hold", "on_hold", "on_hold", "active"]


def test_a_hold_may_last_one_date() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-04"))
    assert states(story, "03", "04", "05") == ["active", "on_hold", "active"]


def test_one_hold_may_follow_another() -> None:
    holds = (hold_started("2026-03-04"), hold_ended("2026-03-05"), hold_started("2026-03-06"), hold_ended("2026-03-06"))
    story = given(*ACTIVE, *holds)
    assert states(story, "05", "06", "07") == ["on_hold", "on_hold", "active"]


def test_a_hold_does_not_end_before_it_starts() -> None:
    given(*ACTIVE, hold_started("2026-03-04")).when(hold_ended("2026-03-03")).refused("episode.transition")


def test_a_hold_that_has_not_ended_goes_on() -> None:
    assert states(given(*ACTIVE, hold_started("2026-03-04")), "05", "31") == ["on_hold", "on_hold"]


def test_a_patient_on_hold_may_be_discharged() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), discharged("2026-03-06"))
    assert states(story, "05", "06") == ["on_hold", "discharged"]


def test_tapering_begins_on_its_date() -> None:
    story = given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-12"))
    assert states(story, "11", "12", "13") == ["active", "tapering", "tapering"]


def test_a_discharge_may_be_on_the_day_of_admission() -> None:
    story = given(*ACTIVE, discharged("2026-03-02"))
    assert states(story, "01", "02") == ["enrolled", "discharged"]
    assert story.episode.state_during(day("2026-03-02")) is State.ACTIVE
    assert story.episode.active_on(day("2026-03-02"))
    assert not story.broken


def test_assessment_enrollment_and_first_service_may_be_on_one_day() -> None:
    on = "2026-03-02"
    story = given(*INQUIRED, assessed(on), suitability(on=on), enrolled(on), attended(MONDAY))
    assert states(story, "01", "02") == ["inquiry", "active"]


def active_on(story: Story, *dates: str, as_of: date | None = None) -> list[bool]:
    return [story.episode.active_on(day(f"2026-03-{on}"), as_of=as_of) for on in dates]


def test_the_first_date_of_a_hold_and_its_last_are_not_active() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"))
    assert active_on(story, "03", "04", "05", "06", "07") == [True, False, False, False, True]


def test_admission_and_discharge_dates_are_active_and_the_step_down_date_is_not() -> None:
    story = given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-12"), discharged("2026-03-16"))
    assert active_on(story, "01", "02", "11", "12", "16") == [False, True, True, False, False]
    assert story.episode.state_during(day("2026-03-16")) is State.TAPERING
    story = given(*ACTIVE, discharged("2026-03-16"))
    assert active_on(story, "15", "16", "17") == [True, True, False]


def test_without_services_an_episode_stays_active_until_discharged() -> None:
    assert active_on(given(*ACTIVE), "31") == [True]


def test_what_happened_after_the_date_asked_for_does_not_count_and_what_holds_goes_on() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"), discharged("2026-03-16"))
    during_the_hold = day("2026-03-05")
    assert active_on(story, "03", "07", as_of=during_the_hold) == [True, False]
    assert story.episode.state_on(day("2026-03-20"), as_of=during_the_hold) is State.ON_HOLD
    assert story.episode.state_on(day("2026-03-20"), as_of=day("2026-03-15")) is State.ACTIVE
    assert story.episode.ended_on(as_of=day("2026-03-15")) is None
    assert story.episode.ended_on(as_of=day("2026-03-16")) == day("2026-03-16")


def test_the_level_of_care_is_that_of_the_enrollment_and_then_of_each_step_in_effect() -> None:
    episode = given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-12")).episode
    levels = {on: episode.level_of_care(day(on)) for on in ("2026-02-26", "2026-02-27", "2026-03-11", "2026-03-12")}
    assert levels == {"2026-02-26": None, "2026-02-27": "2.1", "2026-03-11": "2.1", "2026-03-12": "1.5"}


# ---- what is entered between others


def test_a_late_hold_is_refused_where_a_step_down_took_effect_in_it() -> None:
    story = given(*ACTIVE, *care.AGREED, care.took_effect("2026-03-12"))
    story.when(hold_started("2026-03-11"), reason="Found later.").refused("episode.breaks-history", naming="@13")


def test_a_late_hold_is_refused_where_the_patient_came() -> None:
    story = given(*ACTIVE, attended(TUESDAY))
    story.when(hold_started("2026-03-03"), reason="Found later.").refused("episode.breaks-history", naming="@8")


def test_a_late_discharge_is_refused_where_the_patient_was_expected_later() -> None:
    story = given(*ACTIVE, absent(TUESDAY))
    story.when(discharged("2026-03-02"), reason="Found later.").refused("episode.breaks-history", naming="@8")


def test_a_hold_is_not_struck_from_under_its_end() -> None:
    story = given(*ACTIVE, hold_started("2026-03-04"), hold_ended("2026-03-06"))
    story.when(strike(8)).refused("correction.breaks-history", naming="@9")
    story.tell(strike(9))
    assert states(story, "07") == ["on_hold"]
    story.tell(strike(8))
    assert states(story, "05", "07") == ["active", "active"]
