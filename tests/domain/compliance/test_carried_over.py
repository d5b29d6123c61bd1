"""Who was carried over is judged from the date of carrying over, never for the weeks before. The week is 2026-W10."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.chart.carry_over import CarriedState, EpisodeCarriedOver
from tests.domain.compliance.evenings import MONDAY, THURSDAY, TUESDAY
from tests.domain.program import Patient, Program, local

ON = "2026-03-03 09:00"
"""Tuesday."""


class Evenings(Program):
    """A site with one cohort and nobody in it yet."""

    def __init__(self) -> None:
        super().__init__()
        self.cohort_id = self.cohort("mon", "tue", "thu")

    def three_evenings(self) -> list[UUID]:
        return [self.held(self.cohort_id, f"{on} 18:00", f"{on} 21:00") for on in (MONDAY, TUESDAY, THURSDAY)]


def carried_over(program: Evenings, state: CarriedState = CarriedState.ACTIVE, at: str = ON) -> Patient:
    ann = Patient(program, program.new_id())
    ann.registered(date(1990, 5, 1))
    ann.episode_id = program.new_id()
    fact = EpisodeCarriedOver(
        episode_id=ann.episode_id,
        state=state,
        admitted_on=date(2026, 2, 16),
        cohort_id=program.cohort_id,
        primary_clinician_id=UUID(int=1),
        from_system="paper",
    )
    ann.records(fact, local(at))
    return ann


def test_the_weeks_before_have_no_rows() -> None:
    program = Evenings()
    carried_over(program)
    assert program.of_patients("2026-W08") == program.of_patients("2026-W09") == []
    assert program.of_patients("2026-W10", as_of=date(2026, 3, 2)) == []


def test_the_week_of_carrying_over_is_partial() -> None:
    program = Evenings()
    _, tuesday, thursday = program.three_evenings()
    ann = carried_over(program)
    ann.attended(tuesday)
    ann.attended(thursday)
    assert program.finding("HRS-1") == ("partial", 360, 540)
    assert program.finding("ATT-1") == ("partial", 2, 2)


def test_a_week_is_full_from_the_first_scheduled_date_on() -> None:
    program = Evenings()
    ann = carried_over(program, at="2026-03-02 09:00")
    for evening in program.three_evenings():
        ann.attended(evening)
    assert program.finding("HRS-1") == ("met", 540, 540)


def test_late_in_the_evening_the_date_is_the_one_at_the_site() -> None:
    """In UTC that is Tuesday already."""
    program = Evenings()
    ann = carried_over(program, at="2026-03-02 23:30")
    for evening in program.three_evenings():
        ann.attended(evening)
    assert program.finding("HRS-1") == ("met", 540, 540)


def test_who_tapers_or_is_on_hold_is_judged_as_such() -> None:
    for state in (CarriedState.TAPERING, CarriedState.ON_HOLD):
        program = Evenings()
        carried_over(program, state)
        assert program.finding("HRS-1")[0] == "not_applicable"
