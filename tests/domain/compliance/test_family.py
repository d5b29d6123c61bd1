"""FAM-1: windows of fourteen days from the admission of 23 February: the first ends on 8 March, in 2026-W10."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from domain.chart.attendance import AttendanceRecorded, FamilyExemptionGranted, Outcome
from domain.chart.exit import Discharged, DischargeReason
from domain.session import SessionKind
from tests.domain.compliance.evenings import SUNDAY, TUESDAY, WEDNESDAY, Evenings
from tests.domain.program import local

FIRST = date(2026, 2, 23)


def family_evening(program: Evenings, starts: str = "18:00", ends: str = "21:00", on: date = WEDNESDAY) -> UUID:
    return program.held(program.cohort_id, f"{on} {starts}", f"{on} {ends}", kind=SessionKind.FAMILY)


def came(program: Evenings, session_id: UUID, family_members: int = 1, left: str = f"{WEDNESDAY} 21:00") -> int:
    held = program.site().sessions[session_id].held
    assert held is not None
    record = AttendanceRecorded(
        episode_id=program.ann.episode_id,
        session_id=session_id,
        outcome=Outcome.ATTENDED,
        method="roster",
        arrived_at=held.started_at,
        left_at=local(left),
        family_members=family_members,
    )
    return program.ann.records(record)


def exempt(program: Evenings, from_on: date, to_on: date | None = None) -> int:
    granted = FamilyExemptionGranted(
        episode_id=program.ann.episode_id, from_on=from_on, to_on=to_on, cause="no family available"
    )
    return program.ann.records(granted)


def test_three_hours_with_a_family_member_meet_it_before_the_window_is_over() -> None:
    program = Evenings()
    came(program, family_evening(program))
    assert program.finding("FAM-1", as_of=WEDNESDAY) == ("met", 1, 1)


@pytest.mark.parametrize(("family_members", "left"), [(0, "21:00"), (2, "20:59:59")])
def test_without_family_or_short_of_three_hours_it_is_not_met(family_members: int, left: str) -> None:
    program = Evenings()
    came(program, family_evening(program), family_members, f"{WEDNESDAY} {left}")
    assert program.finding("FAM-1", as_of=WEDNESDAY) == ("pending", 0, 1)
    assert program.finding("FAM-1") == ("not_met", 0, 1)


def test_two_sessions_of_ninety_minutes_are_not_one_of_three_hours() -> None:
    program = Evenings()
    for starts, ends in (("18:00", "19:30"), ("19:30", "21:00")):
        came(program, family_evening(program, starts, ends), left=f"{WEDNESDAY} {ends}")
    assert program.finding("FAM-1") == ("facility_shortfall", 0, 1)


def test_what_was_missed_with_an_excuse_is_excused() -> None:
    program = Evenings()
    program.ann.absent(family_evening(program), excused=True)
    assert program.finding("FAM-1") == ("not_met_excused", 0, 1)


def test_an_exemption_has_to_cover_every_date_of_the_window() -> None:
    program = Evenings()
    exempt(program, FIRST, TUESDAY)
    assert program.finding("FAM-1") == ("facility_shortfall", 0, 1)
    version = exempt(program, WEDNESDAY)
    assert program.finding("FAM-1") == ("not_applicable", 0, 1)
    program.ann.strikes(version)
    exempt(program, WEDNESDAY, date(2026, 3, 7))
    assert program.finding("FAM-1") == ("facility_shortfall", 0, 1)


def test_a_window_has_a_row_in_the_week_in_which_it_ends() -> None:
    program = Evenings()
    weeks = ("2026-W09", "2026-W10", "2026-W11", "2026-W12")
    rows = [[r.period_end for r in program.report(week) if r.rule == "FAM-1"] for week in weeks]
    assert rows == [[], [SUNDAY], [], [date(2026, 3, 22)]]


def test_a_window_that_begins_after_the_discharge_is_none() -> None:
    for last, ends in ((SUNDAY, []), (date(2026, 3, 9), ["partial"])):
        program = Evenings()
        program.ann.discharged(last)
        assert [r.verdict.value for r in program.report("2026-W12") if r.rule == "FAM-1"] == ends


def test_facts_of_another_episode_do_not_count() -> None:
    """Discharged on Wednesday after the family evening, back on Thursday: the new episode has windows of its own."""
    program = Evenings()
    came(program, family_evening(program))
    gone = Discharged(
        episode_id=program.ann.episode_id, on=WEDNESDAY, last_service_on=WEDNESDAY, reason=DischargeReason.OTHER
    )
    program.ann.records(gone)
    program.ann.enrolled(program.cohort_id, date(2026, 3, 5))
    program.ann.admitted(date(2026, 3, 5))
    assert program.finding("FAM-1") == ("partial", 1, 1)
    (row,) = (row for row in program.report("2026-W12") if row.period_start == date(2026, 3, 5))
    assert (row.verdict, row.value) == ("facility_shortfall", 0)
