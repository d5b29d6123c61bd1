"""What is said beside a file: everything that it takes to ask for it again, and nothing of anybody in it."""

from __future__ import annotations

import json
import zoneinfo
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exchange.cut import Knowledge
from exchange.export.columns import Column, Type
from exchange.manifest import Manifest, Taker, manifest_path, time_zone_data, write_manifest

MANIFEST = Manifest(
    what="attendance",
    facility="lexington",
    format="csv",
    taker=Taker(by="staff/0198c2d4", purpose="audit", at=datetime(2026, 4, 20, 12, tzinfo=UTC)),
    knowledge=Knowledge(position=4711, known_at=datetime(2026, 4, 19, 22, 0, 0, 5, tzinfo=UTC)),
    rows=12,
    size_bytes=900,
    sha256="ab" * 32,
    as_of=date(2026, 4, 19),
    zone=ZoneInfo("America/New_York"),
    columns=(Column(name="patient_id", type=Type.UUID, meaning="Whose."),),
    parameters={"from": "2026-04-01", "to": None},
)


def test_a_manifest_says_what_who_why_when_and_at_which_cut() -> None:
    record = MANIFEST.record()
    assert record | {"time_zone_data": "", "program": ""} == {
        "what": "attendance",
        "facility": "lexington",
        "parameters": {"from": "2026-04-01", "to": None},
        "requested_by": "staff/0198c2d4",
        "purpose": "audit",
        "generated_at": "2026-04-20T12:00:00Z",
        "rule_set": None,
        "rule_set_version": None,
        "as_of": "2026-04-19",
        "known_at": "2026-04-19T22:00:00.000005Z",
        "position": 4711,
        "format": "csv",
        "rows": 12,
        "columns": [{"name": "patient_id", "type": "uuid"}],
        "size_bytes": 900,
        "sha256": "ab" * 32,
        "time_zone": "America/New_York",
        "time_zone_data": "",
        "program": "",
    }
    assert record["program"].startswith("stepdown ")


def test_a_manifest_stands_beside_its_file(tmp_path: Path) -> None:
    out = tmp_path / "attendance.csv"
    write_manifest(MANIFEST, out)
    assert manifest_path(out).name == "attendance.csv.manifest.json"
    assert json.loads(manifest_path(out).read_bytes()) == MANIFEST.record()


def test_a_header_has_the_manifest_in_one_line_of_ascii() -> None:
    header = MANIFEST.as_header()
    assert header.isascii()
    assert header.isprintable()
    assert json.loads(header) == {**MANIFEST.record(), "columns": ["patient_id"]}


def test_the_version_of_time_zone_data_is_that_of_the_data_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_zone_data.cache_clear()
    (tmp_path / "Etc").mkdir()
    (tmp_path / "Etc" / "UTC").write_bytes(b"TZif")
    (tmp_path / "tzdata.zi").write_text("# version 1999z\n# more\n", encoding="utf-8")
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path / "nothing"), str(tmp_path)))
    assert time_zone_data() == "1999z"
    time_zone_data.cache_clear()
    (tmp_path / "tzdata.zi").unlink()
    assert time_zone_data() == "unknown"
    time_zone_data.cache_clear()
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    assert time_zone_data()[:2] == "20"
    time_zone_data.cache_clear()
