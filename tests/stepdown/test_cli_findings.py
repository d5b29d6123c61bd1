"""`stepdown findings` on the sample program: what the rules say of one patient, for people and for programs."""

from __future__ import annotations

import re

import pytest

from domain.access import AccessDenied, ChartRead
from domain.acts import CASE_MANAGER
from tests.stepdown.command import run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import staff

SHORT = "1c034a63-709b-4440-bcd0-9969f71a0575"
"""A patient short of nine hours in week 16, whose excuse was taken back on the 20th."""
WEEK = ("--as-of", "2026-04-19")
MONDAY = (*WEEK, "--known-at", "2026-04-20T12:00:00Z")


def test_people_see_verdict_figure_and_what_it_rests_on(program: Program) -> None:
    shown = run("findings", SHORT, *WEEK).done().text
    assert re.search(r"^HRS-1 +2026-04-13 to 2026-04-19 +not met +410 of 540$", shown, re.MULTILINE)
    assert "by landmark-iop 1, as of 2026-04-19" in shown
    assert re.search(r"evidence: .*attendance recorded @\d+.*; \d+ facts of sessions", shown)
    before = run("findings", SHORT, *MONDAY).done().text
    assert re.search(r"^HRS-1 .* not met excused +410 of 540$", before, re.MULTILINE)


def test_what_was_looked_for_and_not_found_is_said_in_words(program: Program) -> None:
    document = run("findings", SHORT, *WEEK, "--json").done().document
    shown = " ".join(run("findings", SHORT, *WEEK).done().text.split())
    missing = [item for row in document["findings"] for item in row["missing"]]
    assert missing
    assert all(item.replace(f"chart/{SHORT}@", "@") in shown for item in missing)


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_narrow_terminal_no_id_is_broken(program: Program, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    document = run("findings", SHORT, *WEEK, "--json").done().document
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("findings", SHORT, *WEEK).done().text
    assert max(map(len, shown.splitlines())) <= columns
    sessions = {m for row in document["findings"] for one in row["missing"] for m in re.findall(r"session/\S{36}", one)}
    assert all(session in shown for session in (SHORT, *sessions))


def test_programs_get_what_http_answers_and_the_look_is_on_record(program: Program) -> None:
    document = run("findings", SHORT, *MONDAY, "--json", "--by", staff("counselor"), "--purpose", "treatment")
    told = document.done().document
    assert (told["patient_id"], told["as_of"], told["rule_set"]) == (SHORT, "2026-04-19", "landmark-iop")
    [hours] = [row for row in told["findings"] if row["rule"] == "HRS-1"]
    assert (hours["verdict"], hours["value"], hours["of"]) == ("not_met_excused", 410, 540)
    assert all(re.fullmatch(r"\w+/\S+@\d+", name) for name in hours["evidence"])
    read = program.accesses()[-1]
    assert isinstance(read.fact, ChartRead)
    assert (str(read.fact.patient_id), read.fact.what, read.fact.purpose) == (SHORT, "read_compliance", "treatment")
    assert read.fact.at_version == told["version"]


def test_the_rules_may_be_another_set_or_a_payers(program: Program) -> None:
    other = run("findings", SHORT, *WEEK, "--rule-set", "az-s9480").done().text
    assert "by az-s9480 1, as of 2026-04-19" in other
    run("findings", SHORT, *WEEK, "--rule-set", "house-rules").refused("rule set")


def test_who_may_not_read_histories_is_refused_and_that_is_on_record(program: Program) -> None:
    run("findings", SHORT, "--by", staff(CASE_MANAGER)).refused("case_manager")
    assert isinstance(program.accesses()[-1].fact, AccessDenied)


def test_a_patient_is_unknown_before_the_registration(program: Program) -> None:
    run("findings", SHORT, "--known-at", "2026-02-03T00:00:00Z").refused("no such chart at that time")
    run("findings", "SYN-LEX-99999").refused("No patient of lexington")
