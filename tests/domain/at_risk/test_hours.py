"""Who can still reach nine hours, told as stories. The cohort meets Mon/Tue/Thu from 18:00 to 21:00 in 2026-W10."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.at_risk.hours import Because, Reach
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.chart.step_down import StepDownRecommended, StepDownTookEffect
from domain.session import SessionKind, SessionRescheduled
from tests.domain.at_risk.looking import Ahead, goal, hours, looked_at, only, told
from tests.domain.compliance.evenings import MONDAY, THURSDAY, TUESDAY, WEDNESDAY
from tests.domain.program import Program, local
from tests.rule_sets import ASAM_2_1, AZ_S9480, LANDMARK_IOP, TEDS_IOP

BEFORE_GROUP = f"{TUESDAY} 17:55"


def on_tuesday() -> Ahead:
    program = Ahead()
    program.monday_attended()
    return program


def test_on_tuesday_with_three_hours_tuesday_and_thursday_reach_nine() -> None:
    program = on_tuesday()
    found = looked_at(program, BEFORE_GROUP)
    assert told(goal(found)) == ("can_reach", 180, 540, [program.tuesday, program.thursday])
    assert told(goal(found, "HRS-2")) == ("can_reach", 1, 3, [program.tuesday, program.thursday])
    assert [(chance.day, chance.minutes) for chance in hours(found).ahead] == [(TUESDAY, 180), (THURSDAY, 180)]


def test_with_thursday_cancelled_the_site_offers_too_little() -> None:
    program = on_tuesday()
    program.cancelled(program.thursday)
    found = looked_at(program, BEFORE_GROUP)
    assert told(goal(found)) == ("cannot_reach", 180, 540, [])
    assert (goal(found).short_by, goal(found).because) == (180, Because.FACILITY_SHORTFALL)
    assert (goal(found, "HRS-2").short_by, goal(found, "HRS-2").because) == (1, Because.FACILITY_SHORTFALL)


def test_who_came_late_on_monday_is_short_by_that() -> None:
    program = Ahead()
    program.monday_attended(until="20:40")
    found = goal(looked_at(program, BEFORE_GROUP))
    assert (found.reach, found.value, found.short_by, found.because) == (Reach.CANNOT_REACH, 160, 20, Because.MISSED)


def test_an_excused_absence_is_the_reason_where_it_alone_is_lacking() -> None:
    program = Ahead()
    program.takes_place(program.monday, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    program.ann.absent(program.monday, excused=True)
    found = goal(looked_at(program, BEFORE_GROUP))
    assert (found.reach, found.short_by, found.because) == (Reach.CANNOT_REACH, 180, Because.EXCUSED)


def test_a_make_up_group_counts_and_leaves_one_evening_to_choose() -> None:
    """Of two evenings that would do, the next one is named."""
    program = on_tuesday()
    program.ann.attended(program.held(None, f"{TUESDAY} 09:00", f"{TUESDAY} 12:00"))
    found = looked_at(program, BEFORE_GROUP)
    assert told(goal(found)) == ("can_reach", 360, 540, [program.tuesday])
    assert told(goal(found, "HRS-2")) == ("can_reach", 1 + 1, 3, [program.thursday])


def test_fewest_sessions_go_before_the_next_ones() -> None:
    program = on_tuesday()
    program.ann.attended(program.held(None, f"{TUESDAY} 09:00", f"{TUESDAY} 11:00"))
    short = program.planned(program.cohort_id, f"{WEDNESDAY} 09:00", f"{WEDNESDAY} 10:00")
    long = program.planned(program.cohort_id, f"{WEDNESDAY} 12:00", f"{WEDNESDAY} 16:00")
    found = looked_at(program, BEFORE_GROUP)
    assert told(goal(found)) == ("can_reach", 300, 540, [long])
    assert short in [chance.session.session_id for chance in hours(found).ahead]


def test_the_last_evening_attended_is_safe() -> None:
    program = on_tuesday()
    for session_id, on in ((program.tuesday, TUESDAY), (program.thursday, THURSDAY)):
        program.takes_place(session_id, f"{on} 18:00", f"{on} 21:00")
        program.ann.attended(session_id)
    found = looked_at(program, f"{THURSDAY} 21:05")
    assert told(goal(found)) == ("safe", 540, 540, [])
    assert told(goal(found, "HRS-2")) == ("safe", 3, 3, [])


# ---- while a session lasts, and after it


def test_a_session_that_has_begun_counts_whole_against_nobody_until_it_is_over() -> None:
    program = on_tuesday()
    assert told(goal(looked_at(program, f"{TUESDAY} 20:59")))[0] == "can_reach"
    found = looked_at(program, f"{TUESDAY} 21:00")
    assert (goal(found).reach, goal(found).because) == (Reach.CANNOT_REACH, Because.UNRECORDED)
    assert [chance.session.session_id for chance in hours(found).unrecorded] == [program.tuesday]


def test_who_is_noted_to_have_come_late_can_have_no_more_than_the_rest() -> None:
    program = on_tuesday()
    arrived = ArrivalNoted(
        episode_id=program.ann.episode_id,
        session_id=program.tuesday,
        arrived_at=local(f"{TUESDAY} 18:30"),
        method="sign_in",
    )
    program.ann.records(arrived)
    found = looked_at(program, f"{TUESDAY} 18:35")
    assert [chance.minutes for chance in hours(found).ahead] == [150, 180]
    assert (goal(found).reach, goal(found).short_by) == (Reach.CANNOT_REACH, 30)
    left = DepartureNoted(
        episode_id=program.ann.episode_id, session_id=program.tuesday, left_at=local(f"{TUESDAY} 19:30")
    )
    program.ann.records(left)
    assert [chance.minutes for chance in hours(looked_at(program, f"{TUESDAY} 19:35")).ahead] == [60, 180]


def test_an_individual_session_is_ahead_of_who_is_noted_to_be_in_it() -> None:
    program = on_tuesday()
    alone = program.planned(None, f"{TUESDAY} 16:00", f"{TUESDAY} 17:00", kind=SessionKind.INDIVIDUAL)
    assert len(hours(looked_at(program, f"{TUESDAY} 16:05")).ahead) == 2
    arrived = ArrivalNoted(
        episode_id=program.ann.episode_id, session_id=alone, arrived_at=local(f"{TUESDAY} 16:00"), method="sign_in"
    )
    program.ann.records(arrived)
    found = hours(looked_at(program, f"{TUESDAY} 16:05"))
    assert (found.ahead[0].session.session_id, found.ahead[0].minutes) == (alone, 60)


def test_attended_before_the_times_held_are_on_record_is_as_good_as_planned() -> None:
    program = on_tuesday()
    program.ann.attended(program.tuesday, f"{TUESDAY} 18:00", f"{TUESDAY} 21:00")
    found = looked_at(program, f"{TUESDAY} 21:05")
    assert [chance.session.session_id for chance in hours(found).untimed] == [program.tuesday]
    assert told(goal(found)) == ("can_reach", 180, 540, [program.thursday])


def test_a_session_moved_into_the_week_is_ahead_and_one_moved_out_is_not() -> None:
    program = on_tuesday()
    moved = SessionRescheduled(starts_at=local("2026-03-09 18:00"), ends_at=local("2026-03-09 21:00"))
    program.record(f"session/{program.thursday}", moved)
    assert goal(looked_at(program, BEFORE_GROUP)).because is Because.FACILITY_SHORTFALL
    back = SessionRescheduled(starts_at=local("2026-03-08 18:00"), ends_at=local("2026-03-08 21:00"))
    program.record(f"session/{program.thursday}", back)
    assert told(goal(looked_at(program, BEFORE_GROUP)))[3] == [program.tuesday, program.thursday]


def test_what_happened_after_as_of_does_not_count_and_is_ahead_as_planned() -> None:
    """Asked on Friday about Tuesday: Thursday was attended in part, but on Tuesday all of it lay ahead."""
    program = on_tuesday()
    program.takes_place(program.thursday, f"{THURSDAY} 18:00", f"{THURSDAY} 20:00")
    program.ann.attended(program.thursday)
    found = looked_at(program, "2026-03-06 12:00", as_of=TUESDAY)
    assert [(chance.day, chance.minutes) for chance in hours(found).ahead] == [(THURSDAY, 180)]
    assert goal(found).because is Because.UNRECORDED


# ---- clocks


def test_an_hour_that_daylight_saving_skips_is_not_promised() -> None:
    """In the night to 2026-03-08 the clock goes from 02:00 to 03:00; the session is of Saturday, when it begins."""
    program = on_tuesday()
    program.planned(program.cohort_id, "2026-03-07 23:30", "2026-03-08 03:30")
    night = hours(looked_at(program, BEFORE_GROUP)).ahead[-1]
    assert (night.day, night.minutes) == (date(2026, 3, 7), 180)


def test_a_session_across_midnight_on_sunday_is_of_this_week_and_over_in_the_next() -> None:
    program = on_tuesday()
    night = program.planned(program.cohort_id, "2026-03-08 22:30", "2026-03-09 01:30")
    found = looked_at(program, "2026-03-09 00:30", week="2026-W10", as_of=date(2026, 3, 8))
    assert [chance.session.session_id for chance in hours(found).ahead] == [night]
    assert hours(found).ahead[0].minutes == 180
    over = looked_at(program, "2026-03-09 01:30", week="2026-W10")
    assert hours(over).ahead == ()
    assert night in [chance.session.session_id for chance in hours(over).unrecorded]


# ---- who has hours to reach


def test_on_hold_there_are_no_hours_to_reach() -> None:
    program = Ahead()
    program.ann.hold(date(2026, 2, 27))
    row = only(looked_at(program, BEFORE_GROUP))
    assert (row.hours, row.state.value) == (None, "on_hold")


def test_a_hold_that_began_in_the_week_takes_the_hours_out_of_it() -> None:
    program = on_tuesday()
    program.ann.hold(TUESDAY)
    assert only(looked_at(program, BEFORE_GROUP)).hours is None


def test_who_tapers_has_no_hours_to_reach_from_the_week_on_in_which_that_began() -> None:
    program = on_tuesday()
    key, episode_id = program.new_id(), program.ann.episode_id
    recommended = StepDownRecommended(
        episode_id=episode_id,
        step_down_id=key,
        to_level="1.0",
        weekly_minutes=180,
        effective_on=TUESDAY,
        criteria=("stable",),
        on=MONDAY,
    )
    program.ann.records(recommended)
    assert only(looked_at(program, BEFORE_GROUP)).hours is not None
    program.ann.records(StepDownTookEffect(episode_id=episode_id, step_down_id=key, on=TUESDAY))
    row = only(looked_at(program, BEFORE_GROUP))
    assert (row.hours, row.state.value, row.since) == (None, "tapering", TUESDAY)
    assert only(looked_at(program, "2026-03-10 17:55")).hours is None


def test_who_was_admitted_in_the_week_has_minutes_and_nothing_to_reach() -> None:
    program = Program()
    cohort_id = program.cohort("mon", "tue", "thu")
    program.patient(cohort_id, date(2026, 3, 2)).admitted(TUESDAY)
    program.planned(cohort_id, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00")
    found = looked_at(program, f"{WEDNESDAY} 12:00")
    assert {one.reach for one in hours(found).goals} == {Reach.PARTIAL}
    assert len(hours(found).ahead) == 1


def test_who_is_enrolled_but_not_admitted_is_not_listed() -> None:
    program = Program()
    program.patient(program.cohort("mon"), date(2026, 3, 2))
    assert looked_at(program, BEFORE_GROUP).rows == ()


# ---- thresholds are the rule set's


def test_other_rule_sets_ask_for_other_hours() -> None:
    program = on_tuesday()
    assert [one.rule for one in hours(looked_at(program, BEFORE_GROUP, rule_set=TEDS_IOP)).goals] == ["HRS-2"]
    assert [one.rule for one in hours(looked_at(program, BEFORE_GROUP, rule_set=ASAM_2_1)).goals] == ["HRS-1"]
    days = goal(looked_at(program, BEFORE_GROUP, rule_set=AZ_S9480), "HRS-2")
    assert told(days) == ("can_reach", 1, 2, [program.tuesday])
    nothing = replace(LANDMARK_IOP, rules=tuple(t for t in LANDMARK_IOP.rules if not t.rule.startswith("HRS")))
    assert hours(looked_at(program, BEFORE_GROUP, rule_set=nothing)).goals == ()


@pytest.mark.parametrize(("birth_date", "owed"), [(date(2008, 3, 2), 540), (date(2008, 3, 3), 360)])
def test_who_is_under_18_on_monday_has_fewer_to_reach_by_asam(birth_date: date, owed: int) -> None:
    program = Program()
    program.patient(program.cohort("mon"), date(2026, 2, 20), birth_date=birth_date).admitted(date(2026, 2, 23))
    assert goal(looked_at(program, BEFORE_GROUP, rule_set=ASAM_2_1)).of == owed
