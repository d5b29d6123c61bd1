"""A payer is shown its own episodes; and months of a site."""

from __future__ import annotations

from datetime import date

import pytest

from domain.chart.enrollment import Enrolled
from domain.compliance.monthly import assess_month
from domain.compliance.payer import of_payer
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.facility import RuleSetAdopted
from domain.month import Month
from domain.program import Payer
from domain.week import Week
from tests.domain.compliance.evenings import SUNDAY, Evenings, ann_of
from tests.domain.program import LATER, Program
from tests.rule_sets import AZ_S9480, LANDMARK_IOP, RULE_SETS, TEDS_IOP

WEEK = Week.parse("2026-W10")


def rows_for(program: Program, payer: Payer | None) -> list[Row]:
    return assess_week(program.site(), WEEK, rule_set=LANDMARK_IOP, as_of=SUNDAY, known_at=LATER, payer=payer)


def two_payers() -> Evenings:
    """Ann's insurance pays, Bea pays herself; both come to everything."""
    program = Evenings()
    evenings = program.three_evenings()
    ann_of(program, *evenings)
    bea = program.patient(program.cohort_id, date(2026, 2, 20))
    paying = Enrolled(
        episode_id=bea.episode_id,
        program="iop",
        level_of_care="2.1",
        cohort_id=program.cohort_id,
        planned_weeks=8,
        payer=Payer.SELF_PAY,
        primary_clinician_id=program.new_id(),
        on=date(2026, 2, 20),
    )
    bea.strikes(5)
    bea.records(paying)
    bea.admitted(date(2026, 2, 23))
    for evening in evenings:
        bea.attended(evening)
    return program


def test_a_payer_is_shown_the_rows_of_its_own_episodes_alone() -> None:
    program = two_payers()
    everything = rows_for(program, None)
    shares = [rows_for(program, payer) for payer in Payer]
    assert sorted([*shares[0], *shares[1]], key=lambda row: row.place) == [
        r for r in everything if r.subject == "patient"
    ]
    assert len({row.subject_id for share in shares for row in share}) == 2
    assert all(len({row.subject_id for row in share}) == 1 for share in shares)


def test_a_month_of_a_payer_counts_its_own_episodes_alone() -> None:
    program = two_payers()

    def shown(payer: Payer | None) -> tuple[int, int]:
        rows = assess_month(
            program.site(),
            Month.parse("2026-03"),
            rule_set=LANDMARK_IOP,
            as_of=date(2026, 3, 31),
            known_at=LATER,
            payer=payer,
        )
        return rows[0].value, rows[0].of

    assert shown(None) == (6, 6)
    assert shown(Payer.COMMERCIAL) == shown(Payer.SELF_PAY) == (3, 3)


def test_a_chart_of_one_payer_is_whole() -> None:
    program = two_payers()
    chart = program.site().charts[program.ann.patient_id]
    assert of_payer(chart, Payer.COMMERCIAL) is chart
    none_of_it = of_payer(chart, Payer.SELF_PAY)
    assert (none_of_it.episodes, none_of_it.attendances) == ({}, {})


def test_the_rule_set_of_a_payer_is_the_one_adopted_for_it_and_there_is_no_default() -> None:
    program = Program()
    for name, payer in (("teds-iop", None), ("az-s9480", "commercial")):
        adopted = RuleSetAdopted(rule_set=name, version="1", effective_on=SUNDAY, payer=payer)
        program.record("facility/lexington", adopted)
    facility = program.site().facility
    assert RULE_SETS.applying(facility, SUNDAY) is TEDS_IOP
    assert RULE_SETS.applying(facility, SUNDAY, payer=Payer.COMMERCIAL) is AZ_S9480
    assert RULE_SETS.applying(facility, SUNDAY, asked="teds-iop", payer=Payer.SELF_PAY) is TEDS_IOP
    for on, payer in ((SUNDAY, Payer.SELF_PAY), (date(2026, 3, 7), Payer.COMMERCIAL)):
        with pytest.raises(ValueError, match="No rule set is adopted for this payer"):
            RULE_SETS.applying(facility, on, payer=payer)


def test_a_month_in_which_nothing_was_expected_has_no_rate() -> None:
    rows = assess_month(
        Program().site(), Month.parse("2026-12"), rule_set=LANDMARK_IOP, as_of=date(2027, 1, 1), known_at=LATER
    )
    assert [(row.rule, row.subject_id, row.verdict.value, row.of) for row in rows] == [
        ("ATT-1", "lexington", "not_applicable", 0),
        ("SCR-3", "lexington", "not_applicable", 0),
    ]
    assert (rows[0].period_start, rows[0].period_end) == (date(2026, 12, 1), date(2026, 12, 31))


@pytest.mark.parametrize("label", ["2026-3", "2026-13", "2026/03", "26-03", "2026-W1", ""])
def test_a_month_is_written_with_year_and_month(label: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no such month: write year and month, like 2026-03\.$"):
        Month.parse(label)
