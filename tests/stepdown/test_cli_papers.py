"""Reports and sheets for people, on the command line: files with their manifests, the same bytes in every process."""

from __future__ import annotations

import stat
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pypdf import PdfReader

from domain.access import AccessDenied, ExportMade, SearchMade
from domain.acts import THERAPIST
from tests.stepdown.command import run, run_apart
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import staff

SESSION = "929c56b0-08dd-48e9-aaef-4ea197417424"
WEEK = ("report", "weekly", "--week", "2026-W16", "--as-of", "2026-04-19")


@pytest.mark.parametrize("asked", [WEEK, ("report", "monthly", "--month", "2026-03"), ("roster", SESSION)])
@pytest.mark.parametrize("form", ["pdf", "html"])
def test_two_processes_write_the_same_bytes(
    program: Program, tmp_path: Path, asked: tuple[str, ...], form: str
) -> None:
    when = () if asked[0] == "roster" else ("--as-of", "2026-04-19")
    asked = (*asked, *when) if asked[:2] == ("report", "monthly") else asked
    here = run(*asked, "--format", form).done().out
    out = tmp_path / f"there.{form}"
    elsewhere = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7", **program.variables}
    run_apart(*asked, "--format", form, "--purpose", "audit", "--out", str(out), cwd=tmp_path, **elsewhere).done()
    assert out.read_bytes() == here


def test_a_report_for_people_is_written_with_its_manifest(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "week.pdf"
    ended = run(*WEEK, "--format", "pdf", "--out", out).done()
    assert ended.out == b""
    assert str(out) in ended.err
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    manifest = orjson.loads((tmp_path / "week.pdf.manifest.json").read_bytes())
    rows = run(*WEEK, "--format", "json").done().document
    assert manifest["what"] == "weekly"
    assert manifest["parameters"] == {"week": "2026-W16"}
    assert (manifest["rows"], manifest["rows_sha256"]) == (rows["row_count"], rows["sha256"])
    assert (manifest["rule_set"], manifest["rule_set_version"]) == ("landmark-iop", "1")
    assert (manifest["as_of"], manifest["position"]) == ("2026-04-19", rows["position"])
    assert manifest["sha256"] == sha256(out.read_bytes()).hexdigest()
    assert manifest["size_bytes"] == out.stat().st_size
    assert len(PdfReader(BytesIO(out.read_bytes())).pages) > 5


@pytest.mark.parametrize("named", [SESSION, f"session/{SESSION}"])
def test_a_sheet_to_sign_is_a_pdf_unless_said_and_on_record(program: Program, tmp_path: Path, named: str) -> None:
    out = tmp_path / "sheet.pdf"
    run("roster", named, "--out", out).done()
    assert out.read_bytes().startswith(b"%PDF")
    searched, exported = (entry.fact for entry in program.accesses()[-2:])
    assert isinstance(searched, SearchMade)
    assert isinstance(exported, ExportMade)
    assert (len(searched.patient_ids), searched.what) == (3, "read_roster")
    assert (exported.rows, exported.sha256) == (3, sha256(out.read_bytes()).hexdigest())
    manifest = orjson.loads((tmp_path / "sheet.pdf.manifest.json").read_bytes())
    assert (manifest["what"], manifest["parameters"]) == ("roster", {"session_id": SESSION})


def test_what_goes_into_a_pipe_is_on_record_as_well(program: Program) -> None:
    written = run(*WEEK, "--format", "html").done().out
    exported = program.accesses()[-1].fact
    assert isinstance(exported, ExportMade)
    assert exported.sha256 == sha256(written).hexdigest()


def test_who_may_not_have_a_sheet_gets_none_and_the_denial_is_on_record(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "sheet.pdf"
    run("roster", SESSION, "--by", staff(THERAPIST), "--purpose", "payment", "--out", out).refused(THERAPIST)
    assert list(tmp_path.iterdir()) == []
    assert isinstance(program.accesses()[-1].fact, AccessDenied)


def test_a_session_that_is_not_there_has_no_sheet(program: Program) -> None:
    run("roster", "00000000-0000-4000-8000-000000000000").refused("There is no such session")


def test_a_sheet_as_known_then_stands_on_that_cut(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "sheet.html"
    then = ("roster", SESSION, "--format", "html", "--out", out, "--known-at")
    run(*then, "2020-01-01T00:00:00Z").refused("Nothing was on record of this facility at that time")
    assert "this is what was known then" in run(*then, "2100-01-01T00:00:00Z").done().err
    run(*then, "2026-05-01T12:00:00Z").done()
    manifest = orjson.loads((tmp_path / "sheet.html.manifest.json").read_bytes())
    assert manifest["known_at"] == "2026-05-01T12:00:00Z"
