"""Status, replay, weekly report and facts of the sample program, on the command line."""

from __future__ import annotations

import csv
import gzip
import io
import stat
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from domain.access import AccessDenied, ChartRead, ExportMade, SearchMade
from domain.acts import CASE_MANAGER, OPERATOR
from domain.chart.attendance import AttendanceCorrected
from exchange.rows import COLUMNS
from tests.domain.compliance.test_expected_rows import REPORTS, as_of_in
from tests.exchange.export.opened_xlsx import Opened
from tests.sample_program import EXPECTED, Asked, read_rows, sample
from tests.stepdown.command import PATIENT, SAMPLE, run
from tests.stepdown.conftest import Program

CUT = ("--as-of", "2026-04-17", "--known-at", "2026-04-18T03:59:59Z")
MRN = "SYN-LEX-00022"
STRANGER = "00000000-0000-4000-8000-000000000000"


def staff(role: str) -> str:
    """Somebody of the sample in this role."""
    return next(str(f.fact.staff_id) for f in sample() if getattr(f.fact, "role", None) == role)


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("status-*.json")), ids=lambda path: path.stem[:15])
def test_the_status_is_the_expected_document(program: Program, path: Path) -> None:
    expected = orjson.loads(path.read_bytes())
    document = run("status", expected["patient_id"], *CUT, "--json").done().document
    assert set(document["flags"]) >= set(expected["flags"])
    assert document | {"flags": expected["flags"]} == expected


def test_a_patient_is_found_by_mrn_in_any_spelling(program: Program) -> None:
    by_id = run("status", PATIENT, *CUT, "--json").done()
    assert run("status", MRN, *CUT, "--json").done().out == by_id.out
    assert run("status", f" {MRN.lower()} ", *CUT, "--json").done().out == by_id.out


def test_people_get_a_table_of_the_status(program: Program) -> None:
    shown = run("status", MRN, *CUT).done().text
    assert "tapering" in shown
    assert "two_unexcused, unexpected_positive" in shown
    assert "position 2964" in shown


def test_a_known_at_after_the_last_fact_is_answered_as_that_and_says_so(program: Program) -> None:
    later = run("status", PATIENT, "--known-at", "2100-01-01T00:00:00Z", "--as-of", "2026-04-17", "--json").done()
    assert "Nothing was recorded after" in later.err
    assert later.document["known_at"] < "2100"


TIMED: dict[str, tuple[str, ...]] = {
    "status": ("status", PATIENT, "--json"),
    "replay": ("replay", PATIENT, "--json"),
    "report": ("report", "weekly", "--week", "2026-W10", "--format", "json"),
    "what-if": ("what-if", "weekly", "--week", "2026-W10", "--rule-set", "az-s9480", "--json"),
    "findings": ("findings", PATIENT, "--json"),
    "at-risk": ("at-risk", "--json"),
    "export": ("export", "census"),
}
"""Commands that take both times."""


@pytest.mark.parametrize("words", TIMED.values(), ids=TIMED)
def test_both_times_mean_the_same_to_every_command(program: Program, words: tuple[str, ...]) -> None:
    """In the sentences that HTTP says, beside the answer."""
    nothing = "Nothing was on record of this facility at that time: ask for a later `--known-at`."
    run(*words, "--known-at", "2020-01-01T00:00:00Z").refused(nothing)
    later = run(*words, "--known-at", "2100-01-01T00:00:00Z", "--as-of", "2026-04-17").done()
    assert "this is what was known then." in later.err
    ahead = run(*words, "--known-at", "2026-04-10T22:00:00Z", "--as-of", "2026-04-19").done()
    assert "2026-04-19 was still to come when this was known: plans count" in ahead.err
    usual = run(*words, "--known-at", "2026-04-10T22:00:00Z").done()
    assert "known then" not in usual.err
    assert "to come" not in usual.err


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_the_expected_rows(program: Program, name: str) -> None:
    asked = Asked.parse(REPORTS[name])
    words = ["--as-of", str(as_of_in(asked))] + [
        word for key, value in asked.arguments.items() if key != "as-of" for word in (f"--{key}", value)
    ]
    kind = "monthly" if "month" in asked.arguments else "weekly"
    report = run("report", kind, "--facility", "lexington", "--format", "csv", *words).done()
    rows = list(csv.DictReader(io.StringIO(report.text)))
    expected = read_rows(EXPECTED / name)
    assert expected
    assert [{key: value for key, value in row.items() if key != "evidence"} for row in rows] == expected


def test_a_month_is_shown_as_a_table_too(program: Program) -> None:
    table = run("report", "monthly", "--month", "2026-03", "--as-of", "2026-04-30").done().text
    assert "month 2026-03: landmark-iop 1" in table
    assert "SCR-3" in table


def test_a_payers_report_needs_a_rule_set_that_is_adopted_for_it_or_named(program: Program) -> None:
    asked = ("report", "weekly", "--week", "2026-W10", "--payer", "commercial")
    run(*asked).refused("No rule set is adopted for this payer")
    document = run(*asked, "--rule-set", "az-s9480", "--format", "json").done().document
    assert (document["payer"], document["rules"]) == ("commercial", ["HRS-1", "HRS-2"])
    assert {row["subject"] for row in document["rows"]} == {"patient"}


def test_people_get_a_table_of_the_report_and_programs_an_object(program: Program) -> None:
    asked = ("report", "weekly", "--week", "2026-W10", "--as-of", "2026-03-08")
    table = run(*asked).done().text
    document = run(*asked, "--format", "json").done().document
    assert document["sha256"] in table
    assert "facility shortfall" in table
    assert len(document["rows"]) == document["row_count"] > 50


def test_a_report_is_written_whole_for_its_owner_alone_and_the_file_is_on_record(
    program: Program, tmp_path: Path
) -> None:
    out = tmp_path / "week.csv"
    report = run("report", "weekly", "--week", "2026-W10", "--format", "csv", "--out", out).done()
    assert report.out == b""
    assert str(out) in report.err
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["week.csv", "week.csv.manifest.json"]
    manifest = orjson.loads((tmp_path / "week.csv.manifest.json").read_bytes())
    assert (manifest["what"], manifest["parameters"]) == ("weekly", {"week": "2026-W10"})
    assert (manifest["rule_set"], manifest["sha256"]) == ("landmark-iop", sha256(out.read_bytes()).hexdigest())
    searched, exported = (entry.fact for entry in program.accesses()[-2:])
    assert isinstance(searched, SearchMade)
    assert len(searched.patient_ids) > 10
    assert isinstance(exported, ExportMade)
    assert exported.sha256 == sha256(out.read_bytes()).hexdigest()
    assert exported.rows == len(out.read_bytes().splitlines()) - 1


def test_a_report_goes_into_a_spreadsheet_with_dates_as_dates(program: Program, tmp_path: Path) -> None:
    asked = ("report", "weekly", "--week", "2026-W10", "--as-of", "2026-03-08")
    document = run(*asked, "--format", "json").done().document
    for out in (tmp_path / "week.xlsx", tmp_path / "again.xlsx"):
        run(*asked, "--format", "xlsx", "--out", out).done()
    assert (tmp_path / "week.xlsx").read_bytes() == (tmp_path / "again.xlsx").read_bytes()
    book = Opened((tmp_path / "week.xlsx").read_bytes())
    header, *rows = book.rows(1)
    assert [cell.text for cell in header.values()] == list(COLUMNS)
    assert [row["C"].text for row in rows] == [row["subject_id"] for row in document["rows"]]
    assert [row["D"].moment.date().isoformat() for row in rows] == [row["period_start"] for row in document["rows"]]
    said = [[cell.text for cell in row.values()] for row in book.rows(2)]
    assert ["rule set", "", "landmark-iop 1"] in said
    assert document["sha256"] in said[0][2]


def test_a_report_for_programs_is_a_line_a_row(program: Program) -> None:
    asked = ("report", "weekly", "--week", "2026-W10", "--as-of", "2026-03-08")
    document = run(*asked, "--format", "json").done().document
    lines = run(*asked, "--format", "ndjson").done().out.splitlines()
    assert [orjson.loads(line) for line in lines] == document["rows"]


def test_replay_shows_the_uncorrected_record_before_a_correction_and_the_corrected_one_after(program: Program) -> None:
    correction = next(fact for fact in sample() if isinstance(fact.fact, AttendanceCorrected))
    patient = correction.stream.removeprefix("chart/")
    before = correction.recorded_at - timedelta(microseconds=1)
    week = correction.fact.arrived_at or correction.recorded_at
    as_of = (week.date() + timedelta(days=6 - week.weekday())).isoformat()

    def known(at: datetime) -> tuple[list[dict[str, object]], str]:
        asked = ("replay", patient, "--known-at", at.isoformat(), "--as-of", as_of)
        lines = [orjson.loads(line) for line in run(*asked, "--json").done().out.splitlines()]
        return lines, run(*asked).done().text

    lines_before, shown_before = known(before)
    lines_after, shown_after = known(correction.recorded_at)
    assert [line["version"] for line in lines_before] == list(range(1, correction.version))
    assert lines_after[correction.version - 1]["type"] == "AttendanceCorrected"
    assert "AttendanceCorrected" not in shown_before
    assert "AttendanceCorrected" in shown_after
    assert lines_after[correction.fact.corrects - 1]["replaced_by"] == correction.version
    assert "replaced by" not in shown_before
    assert "replaced by" in " ".join(shown_after.split())
    late = [line for line in lines_after if line.get("late")]
    assert ("late by" in " ".join(shown_after.split())) == bool(late)
    asked = ("status", patient, "--json", "--as-of", as_of, "--known-at")
    week_before = run(*asked, before.isoformat()).done().document["week"]
    week_after = run(*asked, correction.recorded_at.isoformat()).done().document["week"]
    assert week_before["minutes"] != week_after["minutes"]
    assert _shows_minutes(shown_before, week_before["minutes"])
    assert _shows_minutes(shown_after, week_after["minutes"])


def _shows_minutes(shown: str, minutes: int) -> bool:
    line = next(line for line in shown.splitlines() if "week: minutes" in line)
    return line.split()[-1] == str(minutes)


@pytest.mark.parametrize("columns", ["20", "80", "100", "160", "400"])
def test_the_trail_fits_a_terminal_of_80_to_160_columns(
    program: Program, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    trail = run("replay", PATIENT, *CUT).done().text.partition("Status of")[0]
    width = min(max(int(columns), 80), 160)
    assert max(map(len, trail.splitlines())) <= width
    assert "\x1b" not in trail
    assert "-> episode" in trail
    assert "; state inquiry" in " ".join(trail.split())
    assert "-> state tapering" in trail


def test_the_trail_for_programs_says_when_it_happened_and_what_was_another_state_after_it(program: Program) -> None:
    lines = [orjson.loads(line) for line in run("replay", PATIENT, "--json").done().out.splitlines()]
    assert [one["state_after"]["state"] for one in lines if "state" in one.get("state_after", {})][:2] == [
        "inquiry",
        "assessed",
    ]
    late = [one for one in lines if one.get("late")]
    assert all(one["lateness_minutes"] // 60 == one["late_hours"] for one in late)
    assert all(one["lateness_minutes"] >= 0 for one in lines if "happened_at" in one)


def test_between_two_moments_people_see_what_was_learned_and_what_it_changed(program: Program) -> None:
    correction = next(fact for fact in sample() if isinstance(fact.fact, AttendanceCorrected))
    patient = correction.stream.removeprefix("chart/")
    before, at = correction.recorded_at - timedelta(microseconds=1), correction.recorded_at
    asked = ("replay", patient, "--as-of", "2026-04-19", "--between", before.isoformat(), at.isoformat())
    document = run(*asked, "--json").done().document
    assert [(one["type"], one["version"]) for one in document["facts"]] == [("AttendanceCorrected", correction.version)]
    assert document["to"]["version"] == correction.version == document["from"]["version"] + 1
    text = run(*asked).done().text
    assert "AttendanceCorrected" in text
    for one in document["changes"]:
        assert one["field"].replace("_", " ").replace(".", ": ") in text
    read = program.accesses()[-1].fact
    assert isinstance(read, ChartRead)
    assert (read.what, read.at_version) == ("read_changes", correction.version)
    nothing = run("replay", patient, "--between", at.isoformat(), at.isoformat()).done().text
    assert nothing.count("\n  nothing\n") == 2
    long_ago = ("2026-02-17T00:00:00Z", "2026-02-17T00:00:00Z")
    run("replay", patient, "--between", *long_ago).refused("no such chart at that time")


def test_how_late_a_site_records_fits_a_terminal(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("late", "--to", "2026-04-17").done().text
    assert "AttendanceRecorded" in shown
    assert "no reason" in shown
    assert "…" not in shown


def test_how_late_a_site_records_is_shown_per_kind_person_and_week(program: Program) -> None:
    period = ("late", "--from", "2026-03-02", "--to", "2026-03-08")
    document = run(*period, "--per", "person", "--json").done().document
    assert (document["per"], document["from"], document["to"]) == ("person", "2026-03-02", "2026-03-08")
    assert document["whole"]["entries"] == sum(row["entries"] for row in document["rows"]) > 50
    shown = " ".join(run(*period, "--per", "week").done().text.split())
    assert f"all {document['whole']['entries']}" in shown
    assert "2026-W10" in shown
    assert "AttendanceRecorded" in run(*period).done().text
    run("late", "--by", staff("counselor"), "--purpose", "treatment").done()
    looked = program.accesses()[-1].fact
    assert isinstance(looked, SearchMade)
    assert (looked.what, looked.patient_ids) == ("read_late_entries", ())
    run("late", "--from", "2026-03-02", "--to", "2026-03-01").not_understood("--to", "before the first")


def test_an_export_gives_back_the_file_that_was_restored_fact_for_fact(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "facts.ndjson"
    run("export", "facts", "--facility", "lexington", "--out", out).done()
    piped = run("export", "facts").done().out
    assert piped == out.read_bytes()
    exported = [orjson.loads(line) for line in piped.splitlines()]
    with gzip.open(SAMPLE, "rb") as lines:
        restored = [orjson.loads(line) for line in lines]
    assert exported[: len(restored)] == restored
    assert [line["type"] for line in exported[len(restored) :]] == ["LedgerRestored"]
    made = program.accesses()[-1].fact
    assert isinstance(made, ExportMade)
    assert (made.rows, made.sha256) == (len(exported), sha256(piped).hexdigest())


def test_an_export_may_be_of_the_facts_recorded_between_two_dates(program: Program) -> None:
    some = run("export", "facts", "--from", "2026-03-02", "--to", "2026-03-03").done().out.splitlines()
    recorded = [orjson.loads(line)["recorded_at"] for line in some]
    assert len(recorded) > 10
    # Local dates of Lexington, five hours behind.
    assert "2026-03-02T05" <= min(recorded) <= max(recorded) < "2026-03-04T05"


def test_reading_a_chart_leaves_who_what_and_why_in_the_access_ledger(program: Program) -> None:
    run("status", MRN, "--purpose", "payment").done()
    run("replay", PATIENT, "--by", staff("counselor"), "--purpose", "treatment").done()
    read, replayed = program.accesses()[-2:]
    assert isinstance(read.fact, ChartRead)
    assert isinstance(replayed.fact, ChartRead)
    assert (str(read.fact.patient_id), read.fact.what, read.fact.purpose) == (PATIENT, "read_status", "payment")
    assert (read.envelope.by.role, read.envelope.by.id.partition("/")[0]) == (OPERATOR, "operator")
    assert (replayed.fact.what, replayed.fact.purpose) == ("read_history", "treatment")
    assert replayed.envelope.by.id == f"staff/{staff('counselor')}"
    assert (replayed.envelope.by.role, replayed.fact.at_version > 20) == ("counselor", True)


def test_who_may_not_read_is_refused_and_the_denial_is_on_record(program: Program) -> None:
    run("replay", PATIENT, "--by", staff(CASE_MANAGER)).refused("case_manager")
    denied = program.accesses()[-1]
    assert isinstance(denied.fact, AccessDenied)
    assert (denied.fact.what, denied.envelope.by.role) == ("read_history", CASE_MANAGER)
    run("status", PATIENT, "--purpose", "research").refused("operator", "research")


@pytest.mark.parametrize("patient", [STRANGER, "SYN-LEX-99999"])
def test_an_unknown_patient_is_refused_without_repeating_who_was_asked_for(program: Program, patient: str) -> None:
    for command in ("status", "replay"):
        answer = run(command, patient)
        answer.refused("No patient of lexington")
        assert patient not in answer.err


def test_a_patient_is_unknown_before_the_registration(program: Program) -> None:
    run("status", PATIENT, "--known-at", "2026-02-17T00:00:00Z").refused("no such chart at that time")
    run("replay", PATIENT, "--known-at", "2026-02-17T00:00:00Z").refused("no such chart at that time")


def test_what_the_record_does_not_know_is_refused_in_one_sentence(program: Program) -> None:
    week = ("report", "weekly", "--week", "2026-W10")
    run(*week, "--facility", "springfield").refused("No facility of this code", "lexington")
    run(*week, "--rule-set", "house-rules").refused("rule set")
    run(*week, "--known-at", "2020-01-01T00:00:00Z").refused("Nothing was on record")
    run("export", "facts", "--known-at", "2020-01-01T00:00:00Z").refused("Nothing was on record")
    run("status", PATIENT, "--by", STRANGER).refused("staff list of lexington")


def test_a_file_that_can_not_be_written_is_refused_and_nothing_lies_about(program: Program, tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "week.csv"
    said = ("week.csv", f"there is no folder {nowhere.parent}. Make it first")
    run("report", "weekly", "--week", "2026-W10", "--format", "csv", "--out", nowhere).refused(*said)
    run("export", "facts", "--out", nowhere).refused(*said)
    # As it was typed, which is less than where it is.
    run("export", "facts", "--out", "missing/week.csv").refused("there is no folder missing. Make it first")
    assert list(tmp_path.iterdir()) == []


def test_access_shows_who_looked_and_is_a_look_itself(program: Program) -> None:
    run("status", PATIENT, "--by", staff("counselor"), "--purpose", "treatment").done()
    told = [orjson.loads(line) for line in run("access", PATIENT, "--json").done().out.splitlines()]
    last = told[-1]
    assert (last["what"], last["purpose"], last["by"]["id"]) == (
        "read_status",
        "treatment",
        f"staff/{staff('counselor')}",
    )
    assert last["at_version"] > 20
    [again] = [orjson.loads(line) for line in run("access", PATIENT, "--json").done().out.splitlines()][len(told) :]
    assert (again["what"], again["by"]["role"]) == ("read_access", "operator")
    assert "read status" in run("access", PATIENT).done().text
    early = run("access", PATIENT, "--json", "--known-at", last["at"]).done().out.splitlines()
    assert len(early) == len(told)
    run("access", PATIENT, "--purpose", "research").refused("operator", "research")
