"""Files taken in by the command line: what becomes of them, and that nothing is half written."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from stepdown import progress
from tests.stepdown.command import SAMPLE, Ended, run
from tests.stepdown.conftest import Program

FIRST = 400
"""Lines of the sample that most of these tests take: facility, cohorts, the first weeks."""


@pytest.fixture
def lines() -> list[bytes]:
    with gzip.open(SAMPLE, "rb") as file:
        return [line for line, _ in zip(file, range(FIRST), strict=False)]


@pytest.fixture
def facts(tmp_path: Path, lines: list[bytes]) -> Path:
    path = tmp_path / "facts.ndjson"
    path.write_bytes(b"".join(lines))
    return path


def counts(imported: Ended) -> tuple[int, int, int]:
    document = imported.document
    return document["facts"], document["skipped"], document["rejects"]


def nothing_is_on_record() -> bool:
    return run("export", "facts").err.startswith("No facility is on record yet")


def test_a_second_import_of_the_same_file_adds_nothing_and_says_so(empty_program: Program, facts: Path) -> None:
    assert f"{FIRST} facts added into lexington" in run("import", facts).done().text
    before = run("export", "facts").done().out
    again = run("import", facts).done().text
    assert "nothing added" in again
    assert f"{FIRST} were in already" in again
    assert run("export", "facts").done().out == before
    assert counts(run("import", facts, "--json").done()) == (0, FIRST, 0)


def test_of_a_file_with_a_broken_line_the_rest_comes_in_and_the_rejects_say_why(
    empty_program: Program, tmp_path: Path, facts: Path, lines: list[bytes]
) -> None:
    chart = orjson.loads(next(line for line in lines if b'"PatientRegistered"' in line))["stream"]
    of_chart = [number for number, line in enumerate(lines) if orjson.loads(line)["stream"] == chart]
    broken = orjson.loads(lines[of_chart[1]])
    broken["fact"]["first_contact_at"] = "2026-02-16T09:59:00"
    lines[of_chart[1]] = orjson.dumps(broken, option=orjson.OPT_APPEND_NEWLINE)
    facts.write_bytes(b"".join(lines))
    rejects = tmp_path / "rejects.ndjson"
    imported = run("import", facts, "--rejects", rejects)
    refused = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert imported.code == 1
    assert imported.err == f"{len(refused)} lines were refused: see {rejects}.\n"
    assert {line["line"] for line in refused} >= {number + 1 for number in of_chart[1:]}
    assert "offset" in refused[0]["because"]
    assert f"{FIRST - len(refused)} facts added" in imported.text
    assert "with --rejects FILE" in run("import", facts).err


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"type": "AttendanceForgotten"}, "`type` names no fact"),
        ({"recorded_at": "2026-01-07T13:00:00"}, "offset"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=["type", "time", "field"],
)
def test_a_line_that_is_no_fact_is_refused(
    empty_program: Program, tmp_path: Path, lines: list[bytes], change: dict[str, str], because: str
) -> None:
    path, rejects = tmp_path / "facts.ndjson", tmp_path / "rejects.ndjson"
    path.write_bytes(orjson.dumps(orjson.loads(lines[0]) | change))
    assert run("import", path, "--rejects", rejects).code == 1
    [reject] = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert (reject["line"], reject["input"]) == (1, path.read_text())
    assert "Traceback" not in reject["because"]
    run("import", "--restore", path).refused("Line 1", "Nothing was restored")
    assert nothing_is_on_record()


def test_a_file_that_is_cut_off_comes_in_not_at_all(empty_program: Program, tmp_path: Path) -> None:
    cut_off = tmp_path / "cut-off.ndjson.gz"
    cut_off.write_bytes(SAMPLE.read_bytes()[:-1000])
    run("import", cut_off).refused("cut-off.ndjson.gz is cut off")
    run("import", "--restore", cut_off).refused("cut-off.ndjson.gz is cut off")
    assert nothing_is_on_record()


def test_a_file_that_is_not_there_or_no_facts_is_refused(empty_program: Program, tmp_path: Path) -> None:
    run("import", tmp_path / "missing.ndjson").refused("missing.ndjson", "No such file")
    run("import", tmp_path).refused("no regular file")
    (tmp_path / "letter.txt").write_text("Dear colleague,\nplease find\n")
    run("import", tmp_path / "letter.txt").refused("letter.txt holds no facts")


def test_rejects_that_can_not_be_written_stop_the_import_before_it_begins(
    empty_program: Program, tmp_path: Path, facts: Path
) -> None:
    run("import", facts, "--rejects", tmp_path / "missing" / "rejects.ndjson").refused("rejects.ndjson")
    assert nothing_is_on_record()


def test_a_restore_is_into_an_empty_ledger_alone(empty_program: Program, facts: Path) -> None:
    assert "as they stood" in run("import", "--restore", facts).done().text
    run("import", "--restore", facts).refused("holds facts already")
    exported = run("export", "facts").done().out.splitlines()
    assert [orjson.loads(line)["position"] for line in exported] == list(range(1, FIRST + 2))


def test_a_restore_with_one_bad_line_writes_nothing(empty_program: Program, facts: Path, lines: list[bytes]) -> None:
    facts.write_bytes(b"".join(lines[:200] + lines[201:]))
    run("import", "--restore", facts).refused("Line 201", "position")
    assert nothing_is_on_record()


def test_who_watches_a_terminal_sees_how_far_it_is_and_nobody_else(
    empty_program: Program, facts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("import", facts).done().err == ""
    watched = io.StringIO()
    monkeypatch.setattr(progress, "notes", lambda: Console(file=watched, force_terminal=True))
    answer = run("import", facts).done()
    assert "Recording" in watched.getvalue()
    assert "100%" in watched.getvalue()
    assert "nothing added" in answer.text
