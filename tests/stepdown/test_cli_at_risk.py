"""`stepdown at-risk` on the sample program, at 17:55 of a Tuesday."""

from __future__ import annotations

from domain.access import AccessDenied, SearchMade
from tests.stepdown.command import run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import staff

ASKED = ("at-risk", "--facility", "lexington", "--known-at", "2026-04-14T17:55:00-04:00")


def test_people_see_who_can_still_reach_the_hours_and_what_is_due(program: Program) -> None:
    shown = run(*ASKED).done().text
    assert "lexington, week 2026-W16: landmark-iop 1, as of 2026-04-14" in shown
    assert "Tue 14 18:00-21:00 group, Thu 16 18:00-21:00 group" in shown
    assert "short by" in shown
    assert "facility shortfall" in shown
    assert "Discuss the result of a screening with the patient." in shown


def test_programs_get_an_object_and_whoever_is_in_it_is_on_record(program: Program) -> None:
    document = run(*ASKED, "--week", "2026-W16", "--json").done().document
    seen = program.accesses()[-1].fact
    assert isinstance(seen, SearchMade)
    assert seen.what == "read_at_risk"
    assert sorted(map(str, seen.patient_ids)) == sorted({row["patient_id"] for row in document["rows"]})


def test_for_a_purpose_that_the_census_is_not_read_for_it_is_not_shown(program: Program) -> None:
    run(*ASKED, "--by", staff("counselor"), "--purpose", "payment").refused("may not")
    assert isinstance(program.accesses()[-1].fact, AccessDenied)


def test_a_week_that_there_is_not_is_usage(program: Program) -> None:
    run(*ASKED, "--week", "2026-W54").not_understood("no such week")
