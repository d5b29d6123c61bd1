"""`stepdown what-if` on the sample program."""

from __future__ import annotations

from domain.access import SearchMade
from tests.stepdown.command import run
from tests.stepdown.conftest import Program

W10 = ("what-if", "weekly", "--facility", "lexington", "--week", "2026-W10", "--as-of", "2026-03-08")


def test_people_get_verdicts_by_rule_and_the_rows_that_differ(program: Program) -> None:
    shown = run(*W10, "--set", "HRS-1.at_least_minutes=400").done().text
    assert "what if landmark-iop 1 with HRS-1.at_least_minutes=400" in shown
    assert "rows differ" in shown
    seen = program.accesses()[-1].fact
    assert isinstance(seen, SearchMade)
    assert seen.what == "compare_rule_sets"
    assert all(f"patient {patient_id}" in shown for patient_id in seen.patient_ids)


def test_programs_get_an_object_with_all_rows_when_asked(program: Program) -> None:
    changed = run(*W10, "--rule-set", "az-s9480@1", "--json").done().document
    seen = program.accesses()[-1].fact
    assert isinstance(seen, SearchMade)
    assert sorted(map(str, seen.patient_ids)) == sorted(
        {row["subject_id"] for row in changed["rows"] if row["subject"] == "patient"}
    )
    assert seen.patient_ids
    everything = run(*W10, "--rule-set", "az-s9480@1", "--json", "--all").done().document
    assert len(changed["rows"]) == changed["changed_count"] < len(everything["rows"]) == everything["row_count"]
    assert all(row["changed"] for row in changed["rows"])


def test_a_month_is_compared_too(program: Program) -> None:
    asked = ("what-if", "monthly", "--month", "2026-03", "--as-of", "2026-04-30", "--rule-set", "teds-iop")
    document = run(*asked, "--json", "--all").done().document
    assert [(row["rule"], row["other"]) for row in document["rows"]] == [("ATT-1", None), ("SCR-3", None)]
    assert run(*asked, "--json").done().document["rows"] == []
    assert "month 2026-03" in run(*asked).done().text


def test_what_there_is_not_is_one_line_on_stderr(program: Program) -> None:
    run(*W10).refused("nothing would differ")
    run(*W10, "--rule-set", "teds-iop", "--set", "HRS-1.at_least_minutes=480").refused("HRS-1 is no rule")
    run(*W10, "--set", "HRS-1.minutes=480").refused("HRS-1 has no such threshold: it has at_least_minutes")
    run("what-if", "weekly", "--week", "2026-W99", "--rule-set", "teds-iop").not_understood("no such week")
