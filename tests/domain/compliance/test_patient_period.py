"""Active dates, scheduled dates and full weeks, as HRS-1 and ATT-1 show them. The week is 2026-W10."""

from __future__ import annotations

from datetime import date

import pytest

from domain.chart.step_down import StepDownRecommended, StepDownTookEffect
from tests.domain.compliance.evenings import FRIDAY, MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY, Evenings, ann_of
from tests.domain.program import Program


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [
        (date(2026, 2, 26), date(2026, 3, 1), "not_met"),  # over before Monday
        (date(2026, 2, 26), MONDAY, "partial"),  # its last date does not count as active
        (WEDNESDAY, WEDNESDAY, "not_met"),  # the cohort does not meet then
        (THURSDAY, FRIDAY, "partial"),  # its first date does not count as active
        (FRIDAY, None, "not_met"),  # every scheduled date was active
        (MONDAY, SUNDAY, "not_applicable"),
    ],
)
def test_a_hold_takes_its_first_and_its_last_date_out(first: date, last: date | None, verdict: str) -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings()[:1]).hold(first, last)
    assert program.finding("HRS-1") == (verdict, 180, 540)


def test_the_discharge_date_is_active_and_earns_credit_and_the_next_does_not() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann_of(program, monday, tuesday, thursday).discharged(TUESDAY)
    assert program.finding("HRS-1") == ("partial", 360, 540)
    assert program.finding("ATT-1") == ("partial", 2, 2)


def test_a_week_whose_scheduled_dates_all_lie_by_the_discharge_is_full() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings()).discharged(THURSDAY)
    assert program.finding("HRS-1") == ("met", 540, 540)


def test_before_the_admission_a_week_is_not_applicable() -> None:
    program = Program()
    evenings = program.cohort("mon", "tue", "thu")
    program.patient(evenings, THURSDAY)
    assert program.finding("HRS-1") == ("not_applicable", 0, 540)


def test_who_is_not_enrolled_on_a_date_of_the_week_has_no_row() -> None:
    program = Program()
    evenings = program.cohort("mon", "tue", "thu")
    program.patient(evenings, date(2026, 3, 9))
    gone = program.patient(evenings, date(2026, 2, 16))
    gone.admitted(date(2026, 2, 16))
    gone.discharged(date(2026, 3, 1))
    assert program.of_patients() == []
    assert len(program.of_patients("2026-W11", as_of=date(2026, 3, 9))) == 6
    assert program.of_patients("2026-W11", as_of=SUNDAY) == []


def test_two_episodes_in_a_week_are_one_row_and_a_date_is_active_if_it_is_in_either() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann = ann_of(program, monday)
    ann.discharged(MONDAY)
    ann.enrolled(program.cohort_id, TUESDAY)
    ann.admitted(TUESDAY)
    ann_of(program, tuesday, thursday)
    assert program.finding("HRS-1") == ("met", 540, 540)
    assert program.finding("ATT-1") == ("met", 3, 3)


def test_scheduled_dates_are_those_of_the_cohort_of_each_date() -> None:
    """Tuesday is scheduled before the change, Friday after it; Thursday never."""
    program = Evenings()
    other = program.cohort("mon", "wed", "fri")
    monday, tuesday, _ = program.three_evenings()
    ann = ann_of(program, monday, tuesday)
    ann.assigned(other, WEDNESDAY)
    held = [program.held(other, f"{on} 18:00", f"{on} 21:00") for on in (MONDAY, WEDNESDAY, FRIDAY)]
    ann.attended(held[1])
    ann.hold(THURSDAY, THURSDAY)
    assert program.finding("HRS-1") == ("met", 540, 540)
    assert program.finding("ATT-1") == ("not_met", 3, 4)


def test_a_change_of_cohort_counts_from_its_effective_date() -> None:
    """From Thursday the patient is in a cohort that does not meet on Thursdays."""
    program = Evenings()
    program.three_evenings()
    program.ann.assigned(program.cohort("mon"), THURSDAY)
    assert program.finding("ATT-1")[2] == 2


def test_a_week_without_a_scheduled_date_is_never_full() -> None:
    """Thursday's cohort until Monday, Monday's from Tuesday."""
    program = Program()
    ann = program.patient(program.cohort("thu"), date(2026, 2, 20))
    ann.admitted(date(2026, 2, 23))
    ann.assigned(program.cohort("mon"), TUESDAY)
    assert program.finding("HRS-1") == ("partial", 0, 540)


def test_tapering_ends_the_full_week_but_not_the_credit() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings())
    taper(program, THURSDAY)
    assert program.finding("HRS-1") == ("partial", 540, 540)
    assert program.finding("ATT-1") == ("partial", 2, 2)


def test_what_was_held_on_a_date_that_is_not_active_was_not_offered() -> None:
    """Thursday was not held; Friday was, but the patient tapers by then."""
    program = Evenings()
    ann = ann_of(program, program.evening(MONDAY), program.evening(TUESDAY))
    taper(program, FRIDAY)
    ann.absent(program.evening(FRIDAY))
    assert program.finding("HRS-1") == ("facility_shortfall", 360, 540)


def test_an_excuse_after_the_discharge_excuses_nothing() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann = ann_of(program, monday, tuesday)
    ann.absent(thursday)
    ann.absent(program.evening(FRIDAY), excused=True)
    ann.discharged(THURSDAY)
    assert program.finding("HRS-1") == ("not_met", 360, 540)


def taper(program: Evenings, on: date) -> None:
    """A step-down recommended on Monday takes effect."""
    ann, key = program.ann, program.new_id()
    recommended = StepDownRecommended(
        episode_id=ann.episode_id,
        step_down_id=key,
        to_level="1.0",
        weekly_minutes=180,
        effective_on=on,
        criteria=("stable",),
        on=MONDAY,
    )
    ann.records(recommended)
    ann.records(StepDownTookEffect(episode_id=ann.episode_id, step_down_id=key, on=on))
