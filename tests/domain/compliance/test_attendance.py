"""ATT-1 and IND-1. The cohort meets Mon/Thu; the week is 2026-W10."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

from domain.session import CancellationCause, SessionCancelled, SessionHeld, SessionKind
from tests.domain.program import Patient, Program, local

MONDAY, THURSDAY = date(2026, 3, 2), date(2026, 3, 5)
THURSDAY_19H = datetime(2026, 3, 6, 0, 0, tzinfo=UTC)
"""An hour into Thursday's evening in New York."""


def program_of_two_evenings() -> tuple[Program, Patient, UUID, UUID]:
    program = Program()
    cohort_id = program.cohort("mon", "thu")
    ann = program.patient(cohort_id, date(2026, 2, 20))
    ann.admitted(date(2026, 2, 23))
    evenings = [program.held(cohort_id, f"{on} 18:00", f"{on} 21:00") for on in (MONDAY, THURSDAY)]
    return program, ann, evenings[0], evenings[1]


def test_a_session_without_a_record_was_expected_and_not_attended() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    ann.attended(monday)
    (row,) = (row for row in program.report() if row.rule == "ATT-1")
    assert (row.verdict, row.value, row.of) == ("not_met", 1, 2)
    assert row.missing == (f"attendance record in session/{thursday}",)


def test_evidence_of_expectation_is_episode_cohort_record_and_session() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    record = ann.attended(monday)
    (row,) = (row for row in program.report() if row.rule == "ATT-1")
    inquired, enrolled, admitted = 2, 5, 6
    assert row.evidence == (
        *(f"{ann.stream}@{version}" for version in (inquired, enrolled, admitted, record)),
        f"cohort/{UUID(int=1)}@1",
        *(f"session/{session_id}@{version}" for session_id in (monday, thursday) for version in (1, 2)),
    )


def test_attended_is_what_was_recorded_as_attended_however_short() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    ann.attended(monday, "2026-03-02 20:59", "2026-03-02 21:00")
    ann.attended(thursday)
    assert program.finding("ATT-1") == ("met", 2, 2)


def test_excused_absences_stay_in_the_divisor() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    ann.attended(monday)
    ann.absent(thursday, excused=True)
    assert program.finding("ATT-1") == ("not_met_excused", 1, 2)


def test_one_absence_without_excuse_outweighs_the_excused_ones() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    ann.absent(monday)
    ann.absent(thursday, excused=True)
    assert program.finding("ATT-1") == ("not_met", 0, 2)


def test_a_full_week_in_which_nothing_was_expected_is_not_applicable() -> None:
    program, _, monday, thursday = program_of_two_evenings()
    for session_id in (monday, thursday):
        program.record(f"session/{session_id}", SessionCancelled(cause=CancellationCause.HOLIDAY))
    assert program.finding("ATT-1") == ("not_applicable", 0, 0)


def test_one_to_one_sessions_are_expected_of_those_with_a_record_only() -> None:
    program, ann, monday, thursday = program_of_two_evenings()
    ann.attended(monday)
    ann.attended(thursday)
    for kind in (SessionKind.INDIVIDUAL, SessionKind.CASE_MANAGEMENT, SessionKind.CRISIS):
        program.held(None, f"{MONDAY} 12:00", f"{MONDAY} 13:00", kind=kind)
    assert program.finding("ATT-1") == ("met", 2, 2)
    ann.absent(program.individual(f"{THURSDAY} 12:00", f"{THURSDAY} 13:00"))
    assert program.finding("ATT-1") == ("not_met", 2, 3)


def test_a_cohort_makes_nobody_expected_in_a_one_to_one_session() -> None:
    """Live facts refuse a cohort for these kinds; a ledger restored from elsewhere may hold one."""
    program = Program()
    cohort_id = program.cohort("mon")
    program.patient(cohort_id, date(2026, 2, 20)).admitted(date(2026, 2, 23))
    program.held(cohort_id, f"{MONDAY} 16:00", f"{MONDAY} 17:00", kind=SessionKind.INDIVIDUAL)
    assert program.finding("ATT-1") == ("not_applicable", 0, 0)


def test_a_session_that_is_not_over_is_expected_only_with_a_record() -> None:
    program = Program()
    cohort_id = program.cohort("mon", "thu")
    ann = program.patient(cohort_id, date(2026, 2, 20))
    ann.admitted(date(2026, 2, 23))
    thursday = program.planned(cohort_id, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00")
    asked = {"as_of": THURSDAY, "known_at": THURSDAY_19H}
    assert program.finding("ATT-1", **asked)[1:] == (0, 0)
    ann.attended(thursday, f"{THURSDAY} 18:00", f"{THURSDAY} 18:30")
    assert program.finding("ATT-1", **asked)[1:] == (1, 1)


def test_a_session_that_ended_early_is_over_when_it_ended() -> None:
    program = Program()
    cohort_id = program.cohort("mon", "thu")
    program.patient(cohort_id, date(2026, 2, 20)).admitted(date(2026, 2, 23))
    thursday = program.planned(cohort_id, f"{THURSDAY} 18:00", f"{THURSDAY} 21:00")
    assert program.finding("ATT-1", as_of=THURSDAY, known_at=THURSDAY_19H)[1:] == (0, 0)
    ended = SessionHeld(started_at=local(f"{THURSDAY} 18:00"), ended_at=local(f"{THURSDAY} 18:45"), staff=())
    program.record(f"session/{thursday}", ended)
    assert program.finding("ATT-1", as_of=THURSDAY, known_at=THURSDAY_19H)[1:] == (0, 1)


def test_an_individual_session_with_a_full_minute_of_credit_meets_the_rule() -> None:
    program, ann, _, _ = program_of_two_evenings()
    alone = program.individual(f"{MONDAY} 16:00", f"{MONDAY} 17:00")
    record = ann.attended(alone, f"{MONDAY} 16:00", f"{MONDAY} 16:00:59")
    assert program.finding("IND-1") == ("not_met", 0, 1)
    ann.strikes(record)
    ann.attended(alone, f"{MONDAY} 16:00", f"{MONDAY} 16:01")
    assert program.finding("IND-1") == ("met", 1, 1)


def test_without_an_individual_session_held_that_the_patient_has_a_record_for_the_facility_fell_short() -> None:
    program, ann, _, _ = program_of_two_evenings()
    program.individual(f"{MONDAY} 16:00", f"{MONDAY} 17:00")
    ann.absent(program.planned(None, f"{THURSDAY} 16:00", f"{THURSDAY} 17:00", kind=SessionKind.INDIVIDUAL))
    assert program.finding("IND-1") == ("facility_shortfall", 0, 1)


def test_missing_an_individual_session_is_excused_only_with_an_excuse() -> None:
    program, ann, _, _ = program_of_two_evenings()
    alone = program.individual(f"{MONDAY} 16:00", f"{MONDAY} 17:00")
    record = ann.absent(alone)
    assert program.finding("IND-1") == ("not_met", 0, 1)
    ann.strikes(record)
    ann.absent(alone, excused=True)
    assert program.finding("IND-1") == ("not_met_excused", 0, 1)
    assert program.finding("IND-1", as_of=THURSDAY) == ("pending", 0, 1)


def test_an_individual_session_that_nobody_recorded_is_said_to_be_missing() -> None:
    program, ann, _, _ = program_of_two_evenings()
    (row,) = (row for row in program.report() if row.rule == "IND-1")
    assert row.missing == ("individual session with a record of the patient",)
    assert {name.partition("/")[0] for name in row.evidence} == {"chart", "cohort"}
    assert ann.stream in {name.partition("@")[0] for name in row.evidence}


def test_rows_are_sorted_by_rule_and_then_by_patient() -> None:
    program, _, _, _ = program_of_two_evenings()
    cohort_id = program.cohort("tue")
    for _ in range(3):
        program.patient(cohort_id, date(2026, 2, 20))
    rows = program.report()
    assert [row.place for row in rows] == sorted(row.place for row in rows)
    assert Counter(row.rule for row in rows) == {
        **dict.fromkeys(("ATT-1", "HRS-1", "HRS-2", "HRS-4", "IND-1", "SCR-1"), 4),
        "FAM-1": 1,
        "HRS-3": 2,
        "RAT-1": 2,
    }
