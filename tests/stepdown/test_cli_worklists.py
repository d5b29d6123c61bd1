"""Lists of a site to work from, on the terminal: tables for people, objects for programs, who looked at whom on record.

Nobody follows the ledger of these tests: what is about now is folded from it.
"""

from __future__ import annotations

import pytest

from domain.access import AccessDenied, ChartRead, SearchMade
from tests.stepdown.command import PATIENT, run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import CUT, staff

LISTS: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "census": (("census",), "read_census", ("census as of 2026-04-17", "tapering", "admitted on")),
    "screenings": (
        ("screenings", "--from", "2026-04-06", "--to", "2026-04-17"),
        "read_site_screenings",
        ("screenings as of 2026-04-17", "unexpected positive", "waits for"),
    ),
    "due": (("screenings", "--due", "discussion"), "read_site_screenings", ("discussion by 2026-04-",)),
    "step-downs": (
        ("step-downs", "--stage", "in_effect"),
        "read_site_step_downs",
        ("step-downs as of 2026-04-17", "in effect"),
    ),
    "weeks": (
        ("weeks", "--week", "2026-W15"),
        "read_site_week",
        ("week 2026-W15 as of 2026-04-17", " of 540", "full"),
    ),
}
"""Words, the question as the record names it, and what people see."""


@pytest.mark.parametrize(("words", "what", "shown"), LISTS.values(), ids=LISTS)
def test_people_see_a_table(program: Program, words: tuple[str, ...], what: str, shown: tuple[str, ...]) -> None:
    text = run(*words, *CUT).done().text
    assert [part for part in shown if part not in text] == []


@pytest.mark.parametrize(("words", "what", "shown"), LISTS.values(), ids=LISTS)
def test_programs_get_an_object_and_whoever_is_in_it_is_on_record(
    program: Program, words: tuple[str, ...], what: str, shown: tuple[str, ...]
) -> None:
    document = run(*words, *CUT, "--by", staff("counselor"), "--purpose", "treatment", "--json").done().document
    assert (document["as_of"], document["position"]) == ("2026-04-17", 2964)
    assert document["rows"]
    seen = program.accesses()[-1].fact
    assert isinstance(seen, SearchMade)
    assert (seen.what, seen.purpose) == (what, "treatment")
    assert sorted(map(str, seen.patient_ids)) == sorted({row["patient_id"] for row in document["rows"]})


@pytest.mark.parametrize("words", [words for words, _, _ in LISTS.values()], ids=LISTS)
def test_without_a_time_they_are_about_now(program: Program, words: tuple[str, ...]) -> None:
    document = run(*words, "--json").done().document
    assert document["position"] >= 4183
    assert document["as_of"] > "2026-05"


@pytest.mark.parametrize("words", [words for words, _, _ in LISTS.values()], ids=LISTS)
def test_both_times_mean_what_they_mean_to_every_command(program: Program, words: tuple[str, ...]) -> None:
    run(*words, "--known-at", "2020-01-01T00:00:00Z").refused("Nothing was on record of this facility at that time")
    ahead = run(*words, "--known-at", "2026-04-10T22:00:00Z", "--as-of", "2026-04-19").done()
    assert "2026-04-19 was still to come when this was known" in ahead.err
    later = run(*words, "--known-at", "2100-01-01T00:00:00Z", "--as-of", "2026-04-17").done()
    assert "this is what was known then." in later.err


@pytest.mark.parametrize("words", [words for words, _, _ in LISTS.values()], ids=LISTS)
def test_for_a_purpose_that_it_is_not_read_for_it_is_not_shown(program: Program, words: tuple[str, ...]) -> None:
    run(*words, "--by", staff("counselor"), "--purpose", "payment").refused("may not")
    assert isinstance(program.accesses()[-1].fact, AccessDenied)


def test_days_that_make_no_list_are_told_so(program: Program) -> None:
    run("screenings", "--from", "2026-04-02", "--to", "2026-04-01").not_understood("--to", "before the first")
    run("step-downs", "--from", "2026-04-02", "--to", "2026-04-01").not_understood("--to", "before the first")
    run("screenings", "--from", "2025-01-01", "--to", "2026-04-01").refused("at most 92 days")
    run("screenings", "--due", "payment").not_understood("--due")
    run("weeks", PATIENT, "--week", "2026-W10").not_understood("--week")


def test_all_weeks_of_a_patient_and_the_chart_read_is_on_record(program: Program) -> None:
    shown = run("weeks", PATIENT, *CUT).done().text
    assert f"weeks of {PATIENT} as of 2026-04-17" in shown
    document = run("weeks", PATIENT, *CUT, "--json").done().document
    assert [row["week"] for row in document["weeks"]] == sorted({row["week"] for row in document["weeks"]})
    assert document["weeks"][-1]["week"] == "2026-W16"
    read = program.accesses()[-1].fact
    assert isinstance(read, ChartRead)
    assert (read.what, str(read.patient_id), read.at_version) == ("read_weeks", PATIENT, document["version"])
    run("weeks", PATIENT, "--known-at", "2026-02-17T00:00:00Z").refused("no such chart at that time")


def test_who_did_what(program: Program) -> None:
    asked = ("activity", "--patient", PATIENT, "--kind", "AttendanceRecorded", "--limit", "5")
    shown = run(*asked).done().text
    assert "AttendanceRecorded" in shown
    assert "more with --after" in shown
    document = run(*asked, "--json").done().document
    assert {(row["type"], row["patient_id"]) for row in document["rows"]} == {("AttendanceRecorded", PATIENT)}
    seen = program.accesses()[-1].fact
    assert isinstance(seen, SearchMade)
    assert (seen.what, [str(key) for key in seen.patient_ids]) == ("read_activity", [PATIENT])
    person = document["rows"][0]["by"]["id"]
    theirs = run("activity", "--person", person, "--to", "2026-03-01", "--json").done().document["rows"]
    assert {row["by"]["id"] for row in theirs} == {person}
    run("activity", "--person", "R. Ames").refused("Name the person")
    run("activity", "--kind", "Attendance").refused("no such kind")
    run("activity", "--from", "2026-04-02", "--to", "2026-04-01").not_understood("--to", "before the first")
    run("activity", "--by", staff("counselor"), "--purpose", "payment").refused("may not")
