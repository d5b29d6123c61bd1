"""`stepdown export teds-a` and `teds-d`: a submission, and the one after it."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from pathlib import Path

from domain.access import AccessDenied, ExportMade
from domain.acts import CASE_MANAGER
from tests.stepdown.command import run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import staff

CUT = ("--as-of", "2026-05-10")
EARLIER = ("--known-at", "2026-03-25T17:20:00Z")
"""When a discharge was on record that was voided later."""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_submission_is_shown_as_csv_where_no_file_is_named(program: Program) -> None:
    ended = run("export", "teds-a", *CUT).done()
    found = rows(ended.text)
    assert len(found) == 39
    assert {row["system_transaction"] for row in found} == {"A"}
    assert ended.err == "39 rows: 39 to add, 0 to change, 0 to delete.\n"
    made = program.accesses()[-1].fact
    assert made == ExportMade(what="export_teds_a", purpose="operations", rows=39, sha256=sha256(ended.out).hexdigest())


def test_a_second_submission_holds_what_changed_since_the_first(program: Program, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run("export", "teds-d", *CUT, *EARLIER, "--out", first).done()
    ended = run("export", "teds-d", *CUT, "--against", f"{first}.manifest.json", "--out", second).done()
    assert ended.err == f"{second}: 26 rows: 25 to add, 0 to change, 1 to delete.\n"
    deleted, *added = rows(second.read_text())
    assert (deleted["system_transaction"], deleted["discharged_on"], deleted["LOS"]) == ("D", "2026-03-25", "")
    assert {row["system_transaction"] for row in added} == {"A"}
    manifest = json.loads((tmp_path / "second.csv.manifest.json").read_text())
    assert (manifest["what"], manifest["rows"], manifest["transactions"]) == ("teds-d", 26, {"A": 25, "C": 0, "D": 1})
    assert manifest["sha256"] == sha256(second.read_bytes()).hexdigest()
    position = str(manifest["parameters"]["since_position"])
    by_position = run("export", "teds-d", *CUT, "--since-position", position).done()
    # As of the day of that position, the same two discharges were there.
    assert by_position.out == second.read_bytes()
    by_files = run("export", "teds-d", *CUT, "--sent", first, "--sent", second).done()
    assert rows(by_files.text) == []


def test_several_formats_at_once_have_a_manifest_each(program: Program, tmp_path: Path) -> None:
    run("export", "teds-a", *CUT, "--format", "csv,ndjson,xlsx", "--out", tmp_path / "teds").done()
    assert sorted(path.name for path in tmp_path.glob("teds*")) == sorted(
        name for form in ("csv", "ndjson", "xlsx") for name in (f"teds.{form}", f"teds.{form}.manifest.json")
    )


def test_another_state_has_another_code(program: Program) -> None:
    (first, *_) = rows(run("export", "teds-a", *CUT, "--state", "18").done().text)
    assert (first["STFIPS"], first["REGION"], first["DIVISION"]) == ("18", "2", "3")
    run("export", "teds-a", *CUT, "--state", "3").refused("Kentucky's is 21")


def test_what_contradicts_itself_is_not_understood(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "first.csv"
    run("export", "teds-a", *CUT, "--out", path).done()
    manifest = Path(f"{path}.manifest.json")
    run("export", "attendance", "--against", manifest).not_understood("--against", "teds-a and teds-d")
    run("export", "facts", "--state", "21").not_understood("--state", "teds-a and teds-d")
    run("export", "teds-a", "--against", manifest, "--sent", path).not_understood("--sent", "contradicts --against")
    run("export", "teds-a", "--against", tmp_path / "none.json").not_understood("--against", "none.json")
    run("export", "teds-d", *CUT, "--against", manifest).refused("manifest of another export")
    run("export", "teds-a", *CUT, "--against", path).refused("first.csv is no manifest")
    run("export", "teds-d", *CUT, "--sent", path).refused("first.csv doesn't follow")
    run("export", "teds-a", *CUT, "--since-position", "999999").refused("stands at")


def test_who_may_not_take_tables_gets_none_and_that_is_on_record(program: Program) -> None:
    run("export", "teds-a", *CUT, "--by", staff(CASE_MANAGER)).refused("case_manager")
    denied = program.accesses()[-1].fact
    assert isinstance(denied, AccessDenied)
    assert denied.what == "export_teds_a"
