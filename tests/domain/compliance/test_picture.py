"""What a weekly report shows beside its rows. The cohort meets Mon/Tue/Thu, 18:00 to 21:00; the week is 2026-W10."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.chart.screening import SpecimenCollected
from domain.compliance.picture import Mark, Strip, WeekPicture, picture_screens, picture_week
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.month import Month
from domain.program import Payer
from domain.session import CancellationCause, SessionCancelled, SessionKind, SessionRescheduled
from domain.site import Site
from domain.week import Week
from tests.domain.compliance.evenings import FRIDAY, MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY, Evenings
from tests.domain.program import LATER, local
from tests.rule_sets import ASAM_2_1, LANDMARK_IOP
from tests.sample_program import sample, site_of

W10 = Week.parse("2026-W10")


def picture(program: Evenings, **asked: Any) -> WeekPicture:
    known_at = asked.pop("known_at", LATER)
    return picture_week(
        program.site(known_at),
        W10,
        rule_set=asked.pop("rule_set", LANDMARK_IOP),
        as_of=asked.pop("as_of", SUNDAY),
        known_at=known_at,
        **asked,
    )


def marks(program: Evenings, **asked: Any) -> list[tuple[date, Mark]]:
    """Of the only patient."""
    [strip] = picture(program, **asked).strips
    return [(marked.day, marked.mark) for marked in strip.marks]


def test_each_session_has_the_mark_of_what_became_of_it() -> None:
    program = Evenings()
    monday, tuesday, _ = program.three_evenings()
    wednesday, friday = program.evening(WEDNESDAY), program.evening(FRIDAY)
    program.ann.attended(monday)
    program.ann.absent(tuesday, excused=True)
    program.ann.absent(wednesday)
    program.record(f"session/{friday}", SessionCancelled(cause=CancellationCause.WEATHER))
    assert marks(program) == [
        (MONDAY, Mark.ATTENDED),
        (TUESDAY, Mark.EXCUSED),
        (WEDNESDAY, Mark.UNEXCUSED),
        (THURSDAY, Mark.NO_RECORD),
        (FRIDAY, Mark.CANCELLED),
    ]


def test_a_session_that_is_not_over_counts_against_nobody() -> None:
    program = Evenings()
    program.planned(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    during = datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert marks(program, as_of=MONDAY, known_at=during) == [(MONDAY, Mark.TO_COME)]
    after = datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert marks(program, as_of=MONDAY, known_at=after) == [(MONDAY, Mark.NO_RECORD)]


def test_with_a_record_it_has_the_mark_of_the_record_even_while_it_lasts() -> None:
    program = Evenings()
    monday = program.planned(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    program.ann.absent(monday, excused=True)
    assert marks(program, as_of=MONDAY, known_at=datetime(2026, 3, 3, 1, tzinfo=UTC)) == [(MONDAY, Mark.EXCUSED)]


def test_a_session_that_was_moved_stands_on_its_new_day_alone() -> None:
    program = Evenings()
    monday = program.planned(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    moved = SessionRescheduled(starts_at=local(f"{WEDNESDAY} 18:00"), ends_at=local(f"{WEDNESDAY} 21:00"))
    program.record(f"session/{monday}", moved)
    assert marks(program) == [(WEDNESDAY, Mark.NO_RECORD)]
    program.record(f"session/{monday}", SessionCancelled(cause=CancellationCause.FACILITY))
    assert marks(program) == [(WEDNESDAY, Mark.CANCELLED)]


def test_a_cancelled_one_to_one_session_is_shown_to_whom_it_has_a_record_of_and_once() -> None:
    program = Evenings()
    alone = program.individual(f"{MONDAY} 16:00", f"{MONDAY} 17:00")
    group = program.evening(MONDAY)
    other = program.patient(program.cohort_id, date(2026, 2, 20))
    other.admitted(date(2026, 2, 23))
    for session in (alone, group):
        program.ann.attended(session)
        program.record(f"session/{session}", SessionCancelled(cause=CancellationCause.OTHER))
    ann, without = sorted(picture(program).strips, key=lambda strip: -len(strip.marks))
    assert [marked.session.session_id for marked in ann.marks] == [alone, group]
    assert [marked.session.session_id for marked in without.marks] == [group]
    assert {marked.mark for marked in (*ann.marks, *without.marks)} == {Mark.CANCELLED}


def test_four_weeks_are_shown_and_only_who_is_enrolled_in_the_last() -> None:
    program = Evenings()
    for on in ("2026-02-05", "2026-02-24", "2026-03-03"):
        program.ann.attended(program.held(program.cohort_id, f"{on} 18:00", f"{on} 21:00"))
    gone = program.patient(program.cohort_id, date(2026, 1, 2))
    gone.admitted(date(2026, 1, 5))
    gone.discharged(date(2026, 2, 27))
    found = picture(program)
    assert [str(week) for week in found.weeks] == ["2026-W07", "2026-W08", "2026-W09", "2026-W10"]
    [strip] = found.strips
    assert strip.patient_id == program.ann.patient_id
    assert [marked.day.isoformat() for marked in strip.marks] == ["2026-02-24", "2026-03-03"]


def test_on_days_on_hold_nothing_is_expected() -> None:
    program = Evenings()
    program.three_evenings()
    program.ann.hold(MONDAY, WEDNESDAY)
    assert marks(program) == [(THURSDAY, Mark.NO_RECORD)]


def test_aftercare_and_sessions_that_a_rule_set_does_not_count_are_not_shown() -> None:
    program = Evenings()
    program.held(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00", kind=SessionKind.AFTERCARE)
    assert marks(program) == []


def test_patients_stand_by_cohort_and_a_cohort_of_the_same_name_is_another() -> None:
    program = Evenings()
    second = program.cohort("mon")
    for cohort in (second, program.cohort_id, second):
        program.patient(cohort, date(2026, 2, 20)).admitted(date(2026, 2, 23))
    cohorts = [strip.cohort.cohort_id for strip in picture(program).strips if strip.cohort]
    assert cohorts == [program.cohort_id, program.cohort_id, second, second]


def test_a_payers_picture_has_its_episodes_alone() -> None:
    program = Evenings()
    assert len(picture(program, payer=Payer.COMMERCIAL).strips) == 1
    assert picture(program, payer=Payer.SELF_PAY).strips == ()


# ---- held against the rows of the report


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of(sample())


def rows_of(site: Site, week: Week, as_of: date, rule: str) -> dict[str, Row]:
    known_at = sample()[-1].recorded_at
    rows = assess_week(site, week, rule_set=LANDMARK_IOP, as_of=as_of, known_at=known_at)
    return {row.subject_id: row for row in rows if row.rule == rule}


@pytest.mark.parametrize("as_of", ["2026-03-08", "2026-03-04", "2026-04-12", "2026-04-15", "2026-04-19"])
def test_the_marks_of_the_week_are_the_figures_of_att_1(site: Site, as_of: str) -> None:
    on = date.fromisoformat(as_of)
    week = Week.of(on)
    known_at = sample()[-1].recorded_at
    found = picture_week(site, week, rule_set=LANDMARK_IOP, as_of=on, known_at=known_at)
    rows = rows_of(site, week, on, "ATT-1")
    assert {str(strip.patient_id) for strip in found.strips} == set(rows) != set()
    for strip in found.strips:
        row = rows[str(strip.patient_id)]
        assert counts(strip, week) == (row.value, row.of, dict(row.figures)["excused"])


def counts(strip: Strip, week: Week) -> tuple[int, int, int]:
    """Attended, expected, excused."""
    found = [marked.mark for marked in strip.marks if Week.of(marked.day) == week]
    expected = [mark for mark in found if mark not in (Mark.CANCELLED, Mark.TO_COME)]
    return expected.count(Mark.ATTENDED), len(expected), expected.count(Mark.EXCUSED)


def test_the_months_are_the_six_up_to_the_last_date_with_the_figures_of_scr_3(site: Site) -> None:
    found = picture_screens(site, date(2026, 4, 19), rule_set=LANDMARK_IOP, as_of=date(2026, 4, 19))
    assert found is not None
    assert [str(one.month) for one in found] == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    march = found[4]
    assert (march.month, march.unexpected, march.valid, march.over) == (Month.parse("2026-03"), 9, 59, True)
    assert [one.over for one in found] == [True, True, True, True, True, False]


def test_collected_specimens_after_the_date_asked_for_are_in_no_month(site: Site) -> None:
    found = picture_screens(site, date(2026, 3, 31), rule_set=LANDMARK_IOP, as_of=date(2026, 2, 28))
    assert found is not None
    assert (found[-1].valid, found[-1].over) == (0, False)
    assert any(isinstance(fact.fact, SpecimenCollected) for fact in sample())


def test_a_rule_set_without_positivity_shows_none() -> None:
    assert picture(Evenings(), rule_set=ASAM_2_1).screened is None
