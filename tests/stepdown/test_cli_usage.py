"""What the arguments alone show to be wrong: one sentence, code 2, and no database is touched."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from tests.stepdown.command import REPOSITORY, environment, run

NOBODYS = str(UUID(int=7))


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A data folder that no command could make."""
    monkeypatch.setenv("STEPDOWN_DATA", "/dev/null/stepdown")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("week", ["2026-W54", "2026-W00", "2026-10", "26-W10", "2026-W1", "next"])
def test_a_week_that_does_not_exist_is_not_understood(week: str) -> None:
    run("report", "weekly", "--week", week).not_understood("--week", "There is no such week", "2026-W10")


def test_a_time_without_offset_is_not_understood() -> None:
    run("status", "SYN-1", "--known-at", "2026-04-20T12:00:00").not_understood("--known-at", "offset")


def test_between_takes_two_moments_the_earlier_one_first_and_no_other_cut() -> None:
    early, late = "2026-04-20T12:00:00Z", "2026-04-21T12:00:00Z"
    run("replay", "SYN-1", "--between", late, early).not_understood("--between", "comes before the first")
    run("replay", "SYN-1", "--between", early, "2026-04-21T12:00:00").not_understood("--between", "offset")
    run("replay", "SYN-1", "--between", early).not_understood("--between")
    run("replay", "SYN-1", "--between", early, late, "--known-at", late).not_understood("--known-at", "--between")


@pytest.mark.parametrize("date", ["2026-02-30", "20260417", "2026-4-17", "today", "2026-04-17T00:00"])
def test_a_date_that_does_not_exist_is_not_understood(date: str) -> None:
    run("replay", "SYN-1", "--as-of", date).not_understood("--as-of", "no such date", "2026-04-17")


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        (("report", "weekly", "--week", "0001-W01"), "--week"),
        (("report", "weekly", "--week", "9999-W52"), "--week"),
        (("report", "weekly", "--week", "2202-W01", "--format", "html"), "--week"),
        (("what-if", "weekly", "--rule-set", "teds-iop", "--week", "9999-W52"), "--week"),
        (("at-risk", "--week", "1879-W52"), "--week"),
        (("report", "monthly", "--month", "0001-01"), "--month"),
        (("report", "monthly", "--month", "9999-12"), "--month"),
        (("export", "attendance", "--to", "9999-12-31"), "--to"),
        (("export", "attendance", "--from", "0001-01-01"), "--from"),
        (("report", "weekly", "--week", "2026-W10", "--as-of", "9999-12-31"), "--as-of"),
        (("replay", "SYN-1", "--as-of", "1879-12-31"), "--as-of"),
        (("status", "SYN-1", "--known-at", "9999-12-31T23:59:59-05:00"), "--known-at"),
        (("status", "SYN-1", "--known-at", "0001-01-01T00:00:00+09:00"), "--known-at"),
    ],
)
def test_what_is_of_a_year_that_nobody_means_is_not_understood(asked: tuple[str, ...], option: str) -> None:
    run(*asked).not_understood(option, "can be meant", "from 1880 to 2200")


@pytest.mark.parametrize("name", ["ods", "docx"])
def test_a_format_that_reports_do_not_have_yet_is_answered_with_those_they_have(name: str) -> None:
    report = run("report", "weekly", "--week", "2026-W10", "--format", name)
    report.not_understood("--format", "'table'", "'csv'", "'json'", "'pdf'", "'html'")


@pytest.mark.parametrize("asked", [("report", "weekly", "--week", "2026-W10", "--format", "pdf"), ("roster", NOBODYS)])
def test_a_pdf_is_nothing_for_a_terminal(tmp_path: Path, asked: tuple[str, ...]) -> None:
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb"), os.fdopen(end, "wb") as out:
        command = [sys.executable, "-m", "stepdown", *asked]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment({}), stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 2
    assert "a PDF is nothing for a terminal" in ended.stderr


def test_a_session_is_named_by_id() -> None:
    run("roster", "Evening", "--format", "html").not_understood("SESSION", "session_id")


def test_an_export_is_of_a_kind_and_in_formats_that_there_are() -> None:
    run("export", "patients").not_understood("WHAT", "'attendance'")
    run("export", "attendance", "--format", "csv,pdf").not_understood("--format", "'pdf'", "parquet")


def test_what_is_nothing_for_a_terminal_needs_a_file() -> None:
    run("export", "attendance", "--format", "xlsx").not_understood("--out")
    run("export", "attendance", "--format", "csv,ndjson").not_understood("--out")
    run("report", "weekly", "--week", "2026-W10", "--format", "xlsx").not_understood("--out")


def test_a_census_is_of_one_date() -> None:
    run("export", "census", "--from", "2026-04-01").not_understood("--from", "--as-of")
    run("export", "census", "--to", "2026-04-01").not_understood("--to", "--as-of")


def test_dates_to_choose_by_are_in_order() -> None:
    run("export", "attendance", "--from", "2026-04-02", "--to", "2026-04-01").not_understood("--to")


def test_facts_are_not_chosen_by_clinical_date() -> None:
    run("export", "facts", "--as-of", "2026-04-17").not_understood("--as-of", "--known-at")


def test_an_issued_report_is_named_by_id_and_listed_by_what_it_can_be_of() -> None:
    for word in ("read", "delta", "attest"):
        run("report", word).not_understood("REPORT")
        run("report", word, "2026-W10").not_understood("report_id")
    run("report", "issued", "--kind", "daily").not_understood("--kind", "'monthly'")
    run("report", "attest", "0198c2a0-b5f2-4c90-9a3e-4d5c6b7a8990", "--on", "today").not_understood("no such date")


def test_a_purpose_that_the_record_does_not_know_is_not_understood() -> None:
    run("status", "SYN-1", "--purpose", "curiosity").not_understood("--purpose", "'audit'")


def test_a_person_is_named_by_id() -> None:
    run("status", "SYN-1", "--by", "R. Ames").not_understood("--by", "staff_id")


def test_a_restore_has_no_rejects() -> None:
    run("import", "a.ndjson", "--restore", "--rejects", "b.ndjson").not_understood("--rejects")


@pytest.mark.parametrize("arguments", [["status"], ["import"], ["report", "weekly"], ["token"], ["sing"]])
def test_what_is_missing_or_unknown_is_named_with_where_help_is(arguments: list[str]) -> None:
    run(*arguments).not_understood("--help")


def test_help_is_quick_because_it_loads_no_database_and_no_server() -> None:
    script = "import sys; from stepdown.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    started = time.monotonic()
    help_ = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, env=environment({}), capture_output=True, text=True, check=True
    )
    assert time.monotonic() - started < 5
    assert "replay" in help_.stdout
    loaded = set(help_.stderr.split())
    assert not loaded & {"fastapi", "uvicorn", "psycopg", "eventsourcing", "cryptography", "pydantic_settings"}
