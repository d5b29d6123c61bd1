"""Tables on the terminal: files with their manifests, on record before they have a name."""

from __future__ import annotations

import json
import stat
from hashlib import sha256
from pathlib import Path

from domain.access import ExportMade
from domain.acts import COUNSELOR
from tests.stepdown.command import run
from tests.stepdown.conftest import Program
from tests.stepdown.test_cli_reading import staff

WHEN = ("--as-of", "2026-04-17")


def test_several_formats_are_written_at_one_cut_each_with_its_manifest(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "attendance"
    said = run("export", "attendance", *WHEN, "--format", "csv,xlsx,parquet,ndjson", "--out", out).done()
    names = ["csv", "ndjson", "parquet", "xlsx"]
    files = [f"attendance.{name}" for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*files, *(f"{f}.manifest.json" for f in files)])
    made = {entry.fact.sha256: entry.fact for entry in program.accesses()[-4:] if isinstance(entry.fact, ExportMade)}
    positions = set()
    for name in names:
        path = tmp_path / f"attendance.{name}"
        manifest = json.loads(path.with_name(f"{path.name}.manifest.json").read_bytes())
        hashed = sha256(path.read_bytes()).hexdigest()
        assert manifest["sha256"] == hashed
        assert (made[hashed].what, made[hashed].rows) == ("export_attendance", manifest["rows"])
        assert (manifest["format"], manifest["as_of"], manifest["purpose"]) == (name, "2026-04-17", "operations")
        assert manifest["requested_by"].startswith("operator/")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert str(path) in said.err
        positions.add(manifest["position"])
    assert len(positions) == 1


def test_what_goes_to_the_terminal_is_what_goes_into_the_file(program: Program, tmp_path: Path) -> None:
    for kind in ("attendance", "screenings", "step-downs", "census"):
        out = tmp_path / f"{kind}.csv"
        run("export", kind, *WHEN, "--out", out).done()
        piped = run("export", kind, *WHEN).done().out
        assert piped == out.read_bytes()
        made = program.accesses()[-1].fact
        assert isinstance(made, ExportMade)
        assert made.sha256 == sha256(piped).hexdigest()


def test_a_counselor_takes_no_file(program: Program, tmp_path: Path) -> None:
    out = tmp_path / "attendance.csv"
    run("export", "attendance", "--by", staff(COUNSELOR), "--out", out).refused("counselor")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_not_be_written_leaves_no_manifest(program: Program, tmp_path: Path) -> None:
    run("export", "attendance", "--out", tmp_path / "missing" / "a.csv").refused("a.csv")
    assert list(tmp_path.iterdir()) == []
