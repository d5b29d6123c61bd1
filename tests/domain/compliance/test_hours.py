"""HRS-1 and HRS-2. The cohort meets Mon/Tue/Thu from 18:00 to 21:00; the week is 2026-W10."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.chart.attendance import Outcome
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionRescheduled,
    SessionTimesCorrected,
)
from tests.domain.compliance.evenings import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, Evenings, ann_of
from tests.domain.program import Program, local
from tests.rule_sets import ASAM_2_1, LANDMARK_IOP, TEDS_IOP


def test_three_evenings_of_three_hours_meet_both_rules() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings())
    assert program.finding("HRS-1") == ("met", 540, 540)
    assert program.finding("HRS-2") == ("met", 3, 3)


def test_a_minute_that_is_not_full_does_not_count() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann_of(program, monday, tuesday).attended(thursday, "2026-03-05 18:00:01")
    assert program.finding("HRS-1") == ("not_met", 539, 540)
    assert program.finding("HRS-2") == ("not_met", 2, 3)


def test_presence_before_the_start_and_after_the_end_earns_nothing() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann_of(program, monday, tuesday).attended(thursday, "2026-03-05 17:00", "2026-03-05 22:00")
    assert program.finding("HRS-1") == ("met", 540, 540)


def test_individual_therapy_during_group_is_counted_once() -> None:
    program = Evenings()
    monday = program.evening(MONDAY)
    alone = program.individual("2026-03-02 19:00", "2026-03-02 19:45")
    ann_of(program, monday, alone)
    assert program.finding("HRS-1")[1] == 180


def test_two_sessions_of_one_day_are_added_and_the_gap_between_them_is_not() -> None:
    program = Evenings()
    alone = program.individual("2026-03-02 16:00", "2026-03-02 17:00")
    ann_of(program, alone, program.evening(MONDAY, "18:00", "20:00"))
    assert program.finding("HRS-1")[1] == 180
    assert program.finding("HRS-2")[1] == 1


def test_aftercare_and_alumni_meetings_earn_no_hours() -> None:
    program = Evenings()
    for kind in (SessionKind.AFTERCARE, SessionKind.ALUMNI):
        ann_of(program, program.held(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00", kind=kind))
    assert program.finding("HRS-1")[1] == 0
    assert program.finding("ATT-1")[2] == 0


def test_modalities_that_the_rule_set_does_not_name_earn_no_hours() -> None:
    program = Evenings()
    seen = program.held(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00", modality=Modality.TELEHEALTH)
    ann_of(program, seen)
    on_site = replace(LANDMARK_IOP, modalities=frozenset({Modality.IN_PERSON}))
    assert program.finding("HRS-1")[1] == 180
    assert program.finding("HRS-1", rule_set=on_site)[1] == 0
    assert program.finding("ATT-1", rule_set=on_site)[2] == 0


# ---- days, weeks, clocks


def test_a_session_across_midnight_counts_for_the_day_on_which_it_was_to_start() -> None:
    program = Evenings()
    night = program.held(None, "2026-03-08 22:30", "2026-03-09 01:30", kind=SessionKind.CRISIS)
    ann_of(program, night)
    assert program.finding("HRS-1")[1] == 180
    assert program.finding("HRS-2")[1] == 1
    assert program.finding("HRS-1", "2026-W11")[1] == 0


def test_an_hour_that_daylight_saving_skips_is_not_earned() -> None:
    """In the night to 2026-03-08 the clock goes from 02:00 to 03:00: four hours on the wall are three."""
    program = Evenings()
    ann_of(program, program.held(None, "2026-03-07 23:30", "2026-03-08 03:30", kind=SessionKind.CRISIS))
    assert program.finding("HRS-1")[1] == 180


def test_an_hour_that_daylight_saving_repeats_is_earned() -> None:
    """On 2026-11-01 the hour from 01:00 comes twice: three hours on the wall are four. The week has 169 hours."""
    program = Evenings()
    ann_of(program, program.held(None, "2026-11-01 00:00", "2026-11-01 03:00", kind=SessionKind.CRISIS))
    assert program.finding("HRS-1", "2026-W44")[1] == 240
    ann_of(program, program.held(None, "2026-11-02 00:00", "2026-11-02 03:00", kind=SessionKind.CRISIS))
    assert program.finding("HRS-1", "2026-W45")[1] == 180


def test_a_session_moved_to_another_day_counts_there() -> None:
    program = Evenings()
    moved = program.planned(program.cohort_id, f"{TUESDAY} 18:00", f"{TUESDAY} 21:00")
    stream = f"session/{moved}"
    program.record(stream, SessionRescheduled(starts_at=local("2026-03-09 18:00"), ends_at=local("2026-03-09 21:00")))
    program.record(
        stream, SessionHeld(started_at=local("2026-03-09 18:00"), ended_at=local("2026-03-09 21:00"), staff=())
    )
    ann_of(program, moved)
    assert program.finding("HRS-1")[1] == 0
    assert program.finding("HRS-1", "2026-W11")[1] == 180
    assert program.finding("ATT-1", "2026-W11")[1:] == (1, 1)


def test_the_latest_times_recorded_of_a_session_win() -> None:
    program = Evenings()
    monday = program.evening(MONDAY)
    ann_of(program, monday)
    shorter = SessionTimesCorrected(started_at=local("2026-03-02 18:00"), ended_at=local("2026-03-02 20:45"), staff=())
    version = program.record(f"session/{monday}", shorter)
    assert program.finding("HRS-1")[1] == 165
    program.strike(f"session/{monday}", version)
    assert program.finding("HRS-1")[1] == 180


# ---- cancelled, corrected, struck


def test_a_record_in_a_cancelled_session_counts_nowhere_until_the_session_is_revived() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann_of(program, monday, tuesday, thursday)
    version = program.record(f"session/{thursday}", SessionCancelled(cause=CancellationCause.WEATHER))
    assert program.finding("HRS-1") == ("facility_shortfall", 360, 540)
    assert program.finding("ATT-1") == ("met", 2, 2)
    program.strike(f"session/{thursday}", version)
    assert program.finding("HRS-1") == ("met", 540, 540)
    assert program.finding("ATT-1") == ("met", 3, 3)


def test_the_live_correction_of_a_correction_counts_and_a_struck_one_brings_back_what_it_replaced() -> None:
    program = Evenings()
    monday = program.evening(MONDAY)
    first = program.ann.absent(monday)
    second = program.ann.corrected(first, monday, Outcome.ATTENDED, f"{MONDAY} 18:00", f"{MONDAY} 19:00")
    third = program.ann.corrected(second, monday, Outcome.ATTENDED, f"{MONDAY} 18:00", f"{MONDAY} 20:00")
    figures = [program.finding("HRS-1")[1]]
    for version in (third, second, first):
        program.ann.strikes(version)
        figures.append(program.finding("HRS-1")[1])
    assert figures == [120, 60, 0, 0]
    assert program.finding("ATT-1")[1:] == (0, 1)


def test_evidence_names_the_live_record_and_not_the_one_it_replaced() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    first = program.ann.absent(monday)
    second = program.ann.corrected(first, monday, Outcome.ATTENDED, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    absent = program.ann.absent(tuesday)
    (row,) = (row for row in program.report() if row.rule == "HRS-1")
    inquired, enrolled, admitted = 2, 5, 6
    chart = (f"{program.ann.stream}@{version}" for version in (inquired, enrolled, admitted, second, absent))
    held = (f"session/{session_id}@{version}" for session_id in (monday, tuesday, thursday) for version in (1, 2))
    assert row.evidence == (*chart, f"cohort/{program.cohort_id}@1", *held)


def test_missing_names_expected_sessions_without_a_record_and_sessions_without_times() -> None:
    program = Evenings()
    planned = program.planned(program.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    (row,) = (row for row in program.report() if row.rule == "HRS-1")
    assert row.missing == (f"attendance record in session/{planned}", f"times held of session/{planned}")


def test_what_was_not_known_yet_does_not_count() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings()[:2])
    thursday = program.evening(THURSDAY)
    record = program.ann.absent(thursday)
    corrected_at = datetime(2026, 3, 11, 12, tzinfo=UTC)
    program.ann.corrected(record, thursday, Outcome.ATTENDED, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00", at=corrected_at)
    before = datetime(2026, 3, 9, 16, tzinfo=UTC)
    assert program.finding("HRS-1", known_at=before) == ("not_met", 360, 540)
    assert program.finding("HRS-1", known_at=corrected_at) == ("met", 540, 540)


# ---- verdicts in their order


def test_a_week_that_is_not_over_is_pending_unless_it_is_met() -> None:
    program = Evenings()
    ann_of(program, *program.three_evenings())
    assert program.finding("HRS-1", as_of=TUESDAY) == ("pending", 360, 540)
    assert program.finding("HRS-1", as_of=THURSDAY) == ("met", 540, 540)
    assert program.finding("ATT-1", as_of=THURSDAY) == ("pending", 3, 3)
    assert program.finding("ATT-1", as_of=TUESDAY) == ("pending", 2, 2)


def test_after_as_of_who_is_active_stays_active() -> None:
    """The discharge of Tuesday has not happened yet on Monday: the week is full as far as anybody can say."""
    program = Evenings()
    ann_of(program, *program.three_evenings()).discharged(TUESDAY)
    assert program.finding("HRS-1", as_of=MONDAY) == ("pending", 180, 540)


def test_plans_count_also_when_they_are_dated_after_as_of() -> None:
    """From Wednesday on the patient is in a cohort that does not meet any more in this week."""
    program = Evenings()
    program.ann.discharged(TUESDAY)
    assert program.finding("HRS-1", as_of=TUESDAY)[0] == "partial"
    program.ann.assigned(program.cohort("mon"), WEDNESDAY)
    assert program.finding("HRS-1", as_of=TUESDAY)[0] == "pending"


def test_a_storm_is_the_facilitys_shortfall_whether_the_patient_came_or_not() -> None:
    program = Evenings()
    monday, tuesday = program.evening(MONDAY), program.evening(TUESDAY)
    program.evening(THURSDAY, ends="20:00")
    ann_of(program, monday, tuesday)
    assert program.finding("HRS-1") == ("facility_shortfall", 360, 540)
    assert program.finding("HRS-2") == ("facility_shortfall", 2, 3)


def test_sessions_of_other_cohorts_are_offered_only_to_those_with_a_record_in_them() -> None:
    program = Evenings()
    other = program.cohort("wed")
    make_up = program.held(other, f"{WEDNESDAY} 18:00", f"{WEDNESDAY} 21:00")
    ann = ann_of(program, program.evening(MONDAY), program.evening(TUESDAY))
    assert program.finding("HRS-1")[0] == "facility_shortfall"
    ann.absent(make_up)
    assert program.finding("HRS-1")[0] == "not_met"


def test_a_session_planned_but_never_held_was_not_offered() -> None:
    program = Evenings()
    ann = ann_of(program, program.evening(MONDAY), program.evening(TUESDAY))
    ann.absent(program.planned(program.cohort_id, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00"))
    assert program.finding("HRS-1")[0] == "facility_shortfall"


def test_excuses_suffice_only_when_what_they_excuse_would_have_met_the_rule() -> None:
    program = Evenings()
    monday, tuesday, thursday = program.three_evenings()
    ann = ann_of(program, monday)
    ann.absent(thursday, excused=True)
    assert program.finding("HRS-1") == ("not_met", 180, 540)
    ann.attended(tuesday)
    assert program.finding("HRS-1") == ("not_met_excused", 360, 540)
    assert program.finding("HRS-2") == ("not_met_excused", 2, 3)


# ---- other rule sets


@pytest.mark.parametrize(
    ("birth_date", "owed"),
    [(date(2008, 3, 2), 540), (date(2008, 3, 3), 360), (date(2012, 2, 29), 360), (date(1990, 1, 1), 540)],
)
def test_who_is_under_18_on_the_weeks_monday_owes_six_hours_by_asam(birth_date: date, owed: int) -> None:
    program = Program()
    young = program.patient(program.cohort("mon"), date(2026, 2, 20), birth_date=birth_date)
    young.admitted(date(2026, 2, 23))
    assert program.finding("HRS-1", rule_set=ASAM_2_1)[2] == owed
    assert program.finding("HRS-1")[2] == 540


def test_two_hours_on_three_days_suffice_for_teds() -> None:
    program = Evenings()
    ann_of(program, *(program.evening(on, ends="20:00") for on in (MONDAY, TUESDAY, THURSDAY)))
    assert [row.rule for row in program.report(rule_set=TEDS_IOP)] == ["HRS-2"]
    assert program.finding("HRS-2", rule_set=TEDS_IOP) == ("met", 3, 3)
    assert program.finding("HRS-2") == ("facility_shortfall", 0, 3)
