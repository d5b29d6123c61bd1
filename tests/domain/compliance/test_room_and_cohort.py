"""HRS-3, HRS-4 and RAT-1: what the site offers, how much is too much, and who is in the room. The week is 2026-W10."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from domain.chart.merging import ChartsMerged, MergedInto
from domain.cohort import CohortClosed, CohortFormed
from domain.compliance.verdict import Row
from domain.session import CancellationCause, SessionCancelled, SessionHeld, SessionKind, StaffPresence
from domain.staff import CredentialEnded, StaffCredentialed
from tests.domain.compliance.evenings import MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY, Evenings, ann_of
from tests.domain.program import Program, local

# ---- HRS-3


def offered(program: Program, as_of: date = SUNDAY) -> tuple[str, int, int]:
    (row,) = (row for row in program.report(as_of=as_of) if row.rule == "HRS-3")
    assert row.subject == "cohort"
    return row.verdict.value, row.value, row.of


def test_three_evenings_held_are_enough_whoever_came() -> None:
    program = Evenings()
    program.three_evenings()
    assert offered(program) == ("met", 3, 3)


def test_a_cancelled_evening_is_a_shortfall_once_the_week_is_over() -> None:
    program = Evenings()
    thursday = program.three_evenings()[2]
    program.record(f"session/{thursday}", SessionCancelled(cause=CancellationCause.HOLIDAY))
    assert offered(program, THURSDAY) == ("pending", 2, 3)
    assert offered(program) == ("facility_shortfall", 2, 3)


def test_sessions_of_one_day_are_added_without_what_overlaps() -> None:
    program = Evenings()
    program.evening(MONDAY, "18:00", "20:00")
    program.evening(MONDAY, "19:00", "20:59")
    assert offered(program)[1] == 0
    program.evening(MONDAY, "20:59", "21:00")
    assert offered(program)[1] == 1


@pytest.mark.parametrize(
    ("closed_on", "verdict"),
    [(THURSDAY, "met"), (WEDNESDAY, "partial"), (date(2026, 3, 1), None), (date(2026, 3, 9), "met")],
)
def test_a_cohort_is_judged_by_the_dates_on_which_it_existed(closed_on: date, verdict: str | None) -> None:
    program = Evenings()
    program.three_evenings()
    program.record(f"cohort/{program.cohort_id}", CohortClosed(on=closed_on))
    rows = [row.verdict.value for row in program.report() if row.rule == "HRS-3"]
    assert rows == ([] if verdict is None else [verdict])


def test_a_cohort_that_forms_after_its_last_evening_of_the_week_is_not_judged() -> None:
    program = Program()
    formed = CohortFormed(
        name="New", program="iop", weekdays=("mon",), starts="18:00", ends="21:00", capacity=12, on=WEDNESDAY
    )
    program.record(f"cohort/{program.new_id()}", formed)
    assert offered(program) == ("not_applicable", 0, 3)
    assert [row for row in program.report(as_of=TUESDAY) if row.rule == "HRS-3"] == []


# ---- HRS-4


def test_more_than_nineteen_hours_are_told_before_the_week_is_over() -> None:
    program = Evenings()
    ann_of(program, *(program.evening(on, "10:00", "20:00") for on in (MONDAY, TUESDAY)))
    assert program.finding("HRS-4", as_of=TUESDAY) == ("not_met", 1200, 1140)


def test_nineteen_hours_are_within_the_limit_and_that_is_known_on_sunday() -> None:
    program = Evenings()
    ann_of(program, program.evening(MONDAY, "10:00", "20:00"), program.evening(TUESDAY, "11:00", "20:00"))
    assert program.finding("HRS-4", as_of=THURSDAY) == ("pending", 1140, 1140)
    assert program.finding("HRS-4") == ("met", 1140, 1140)


# ---- RAT-1

COUNSELOR, THERAPIST, AIDE = (UUID(int=n) for n in (1, 900, 901))
"""The first is on the staff list of every program."""


class Room(Program):
    """A room, with two who have a credential and one who has none."""

    def __init__(self) -> None:
        super().__init__()
        self.cohort_id = self.cohort("mon")
        for staff_id, credential in ((THERAPIST, "LMFT"), (AIDE, None)):
            listed = StaffCredentialed(
                staff_id=staff_id, name="X", role="therapist", credential=credential, valid_from=date(2026, 1, 1)
            )
            self.record("facility/lexington", listed)

    def evening(self, patients: int, *staff: tuple[UUID, str, str], starts: str = "18:00", ends: str = "21:00") -> UUID:
        """So many patients all evening, and staff from one time of Monday to another."""
        session_id = self.planned(self.cohort_id, f"{MONDAY} {starts}", f"{MONDAY} {ends}")
        there: Sequence[StaffPresence] = [
            {"staff_id": key, "role": "lead", "from": local(f"{MONDAY} {came}"), "to": local(f"{MONDAY} {left}")}
            for key, came, left in staff
        ]
        started, ended = local(f"{MONDAY} {starts}"), local(f"{MONDAY} {ends}")
        held = SessionHeld(started_at=started, ended_at=ended, staff=tuple(there))
        self.record(f"session/{session_id}", held)
        for _ in range(patients):
            self.patient(self.cohort_id, date(2026, 2, 20)).attended(session_id)
        return session_id

    def row(self) -> Row:
        (row,) = (row for row in self.report() if row.rule == "RAT-1")
        return row

    def ratio(self) -> tuple[str, int]:
        return self.row().verdict.value, self.row().value


def test_twelve_with_two_are_fine_until_one_leaves() -> None:
    room = Room()
    room.evening(12, (COUNSELOR, "18:00", "21:00"), (THERAPIST, "18:00", "19:30"))
    row = room.row()
    assert (row.verdict, row.value, row.of) == ("not_met", 90, 0)
    assert dict(row.figures) == {"peak_patients": 12, "staff_at_peak_ratio": 1, "critical": 0}


def test_a_violation_of_a_second_is_one() -> None:
    room = Room()
    room.evening(7, (COUNSELOR, "18:00", "21:00"), (THERAPIST, "18:00:01", "21:00"))
    assert room.ratio() == ("not_met", 0)


def test_patients_alone_are_critical() -> None:
    room = Room()
    room.evening(1, (COUNSELOR, "18:10", "21:00"))
    assert room.ratio() == ("not_met", 10)
    assert dict(room.row().figures)["critical"] == 1


def test_who_has_no_credential_is_not_counted_and_nobody_twice() -> None:
    room = Room()
    room.evening(7, (COUNSELOR, "18:00", "21:00"), (COUNSELOR, "18:00", "21:00"), (AIDE, "18:00", "21:00"))
    assert room.ratio() == ("not_met", 180)
    assert room.row().missing == (f"credential of staff/{AIDE} on {MONDAY}",)


def test_the_last_day_of_a_credential_counts() -> None:
    for ended_on, verdict in ((MONDAY, "met"), (date(2026, 3, 1), "not_met")):
        room = Room()
        room.evening(7, (COUNSELOR, "18:00", "21:00"), (THERAPIST, "18:00", "21:00"))
        ended = CredentialEnded(staff_id=THERAPIST, credential="LMFT", on=ended_on, reason="Lapsed.")
        version = room.record("facility/lexington", ended)
        assert room.ratio()[0] == verdict
        assert f"facility/lexington@{version}" in room.row().evidence


def test_staff_and_patients_count_within_the_session_alone() -> None:
    """Six came early, and one of the staff stayed on: the session is what counts."""
    room = Room()
    session_id = room.evening(6, (COUNSELOR, "17:00", "21:00"), (THERAPIST, "21:00", "22:00"))
    late = room.patient(room.cohort_id, date(2026, 2, 20))
    late.attended(session_id, f"{MONDAY} 21:00", f"{MONDAY} 22:00")
    assert room.ratio() == ("met", 0)


def test_a_session_of_any_kind_that_was_held_has_a_row_and_others_have_none() -> None:
    room = Room()
    room.held(None, f"{MONDAY} 18:00", f"{MONDAY} 19:00", kind=SessionKind.ALUMNI)
    room.planned(room.cohort_id, f"{MONDAY} 18:00", f"{MONDAY} 21:00")
    assert room.ratio() == ("met", 0)


def test_an_evening_across_midnight_is_of_its_program_day() -> None:
    room = Room()
    session_id = room.planned(room.cohort_id, f"{SUNDAY} 22:00", "2026-03-09 01:00")
    held = SessionHeld(started_at=local(f"{SUNDAY} 22:00"), ended_at=local("2026-03-09 01:00"), staff=())
    room.record(f"session/{session_id}", held)
    assert (room.row().period_start, room.row().period_end) == (SUNDAY, SUNDAY)


def test_in_the_night_of_the_clock_change_minutes_are_those_that_passed() -> None:
    """From one to four on the clock, on 8 March, are two hours."""
    room = Room()
    session_id = room.planned(None, f"{SUNDAY} 01:00", f"{SUNDAY} 04:00")
    held = SessionHeld(started_at=local(f"{SUNDAY} 01:00"), ended_at=local(f"{SUNDAY} 04:00"), staff=())
    room.record(f"session/{session_id}", held)
    room.patient(room.cohort_id, date(2026, 2, 20)).attended(session_id)
    assert room.ratio() == ("not_met", 120)


def test_a_person_with_two_charts_that_were_merged_is_one() -> None:
    room = Room()
    session_id = room.evening(6, (COUNSELOR, "18:00", "21:00"))
    twice = room.patient(room.cohort_id, date(2026, 2, 20))
    twice.attended(session_id)
    assert room.ratio()[0] == "not_met"
    first = next(chart for chart in room.site().charts.values() if chart.patient_id != twice.patient_id)
    room.record(f"chart/{first.patient_id}", ChartsMerged(from_chart=twice.patient_id))
    merged = twice.records(MergedInto(chart=first.patient_id))
    assert room.ratio()[0] == "met"
    assert f"{twice.stream}@{merged}" in room.row().evidence
