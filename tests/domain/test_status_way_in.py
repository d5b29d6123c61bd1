"""The status on the way in, and of what comes beside treatment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from domain.chart.carry_over import CarriedState
from domain.chart.entry import InquiryReceived
from domain.chart.exit import DischargeReason
from domain.chart.plan import RelapseReported
from domain.chart.step_up import StepUpDecided
from domain.status import present
from tests.domain import cast
from tests.domain.given import given, said
from tests.domain.program import Patient, local
from tests.domain.told import Told


def test_the_state_is_named_on_the_way_in() -> None:
    program = Told()
    bea = Patient(program, program.new_id())
    bea.registered(date(1990, 5, 1))
    bea.episode_id = program.new_id()
    way = [
        InquiryReceived(episode_id=bea.episode_id, first_contact_at=local("2026-03-02 12:00"), referral_source="self"),
        replace(cast.assessed("2026-03-03"), episode_id=bea.episode_id),
        replace(cast.detox_referred("2026-03-04"), episode_id=bea.episode_id),
        replace(cast.assessed("2026-03-11"), episode_id=bea.episode_id),
        replace(cast.waitlisted("2026-03-12"), episode_id=bea.episode_id),
    ]
    for fact in way:
        bea.records(fact)
    program.ann = bea
    states = [program.status(f"2026-03-{on}")["episode"]["state"] for on in ("02", "03", "04", "11", "12")]
    assert states == ["inquiry", "assessed", "detox_referred", "assessed", "waitlisted"]
    row = program.census("2026-03-12")
    assert row is not None
    assert (row["state"], row["level_of_care"], row["cohort_id"]) == ("waitlisted", None, None)


def test_an_episode_that_was_carried_over_is_shown_from_that_day_on() -> None:
    program = Told()
    bea = Patient(program, program.new_id())
    bea.registered(date(1990, 5, 1))
    carried = cast.carried_over(CarriedState.TAPERING, cohort_id=program.cohort_id)
    bea.records(carried, local("2026-03-03 09:00"))
    program.ann = bea
    assert program.status("2026-03-02")["episode"]["episode_id"] is None
    assert program.census("2026-03-02") is None
    shown = program.status("2026-03-03")
    assert shown["episode"] == {
        "episode_id": str(carried.episode_id),
        "state": "tapering",
        "level_of_care": None,
        "cohort_id": str(program.cohort_id),
        "admitted_on": "2026-02-16",
        "week_of_program": 3,
        "planned_weeks": None,
    }
    assert shown["flags"] == []


def test_the_level_of_care_is_that_of_the_step_up() -> None:
    told = Told()
    told.ann.records(StepUpDecided(episode_id=told.ann.episode_id, to_level="2.5", on=date(2026, 3, 5)))
    levels = [told.status(f"2026-03-{on}")["episode"]["level_of_care"] for on in ("04", "05")]
    assert levels == ["2.1", "2.5"]


def test_a_relapse_of_the_last_thirty_days_is_flagged() -> None:
    told = Told()
    told.ann.records(RelapseReported(episode_id=told.ann.episode_id, on=date(2026, 3, 5)))
    raised = ["relapse_reported" in told.status(on)["flags"] for on in ("2026-03-04", "2026-03-05", "2026-04-03")]
    assert raised == [False, True, True]
    assert "relapse_reported" not in told.status("2026-04-04")["flags"]


def test_of_two_first_contacts_on_one_day_the_later_one_opened_the_last_episode() -> None:
    """Whichever was recorded first: somebody who is entered late is not the one who called last."""
    over = cast.discharged("2026-03-09", reason=DischargeReason.COMPLETED)
    anew = cast.inquired(cast.SECOND_EPISODE, "2026-02-25 00:10")
    story = given(*cast.ACTIVE, over, said(anew, at="2026-03-11 09:00", reason="Found in the book of calls."))
    scene = story.scene(story.clock)
    shown = present(
        story.chart,
        sessions=scene.sessions,
        cohorts=scene.cohorts,
        facility=scene.facility,
        as_of=date(2026, 3, 11),
        known_at=story.clock,
        position=1,
    )
    assert (shown["episode"]["episode_id"], shown["episode"]["state"]) == (str(cast.EPISODE), "discharged")
