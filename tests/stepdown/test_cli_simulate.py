"""`stepdown simulate`: files that an import takes, and what they came to."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson

from tests.stepdown.command import run

SMALL = ("--patients", "12", "--weeks", "10", "--seed", "7")


def test_people_see_what_was_aimed_at_and_reached(tmp_path: Path) -> None:
    shown = run("simulate", *SMALL, "--out", str(tmp_path / "lives.ndjson")).done().text
    assert "facts of lexington." in shown
    assert "sessions attended" in shown
    assert "75.0 %" in shown


def test_programs_get_an_object_with_a_file_a_facility(tmp_path: Path) -> None:
    out = tmp_path / "lives.ndjson.gz"
    document = run("simulate", "--facilities", "3", *SMALL, "--out", str(out), "--json").done().document
    assert [Path(file["path"]).name for file in document["files"]] == [
        "lives-lexington.ndjson.gz",
        "lives-louisville.ndjson.gz",
        "lives-lexington-2.ndjson.gz",
    ]
    for file in document["files"]:
        lines = gzip.decompress(Path(file["path"]).read_bytes()).splitlines()
        assert len(lines) == file["facts"] > 300
        assert {orjson.loads(line)["ledger"] for line in lines} == {file["ledger"]}
    assert {"name", "aimed", "reached", "unit", "of"} == document["measures"][0].keys()


def test_what_nobody_can_simulate_is_usage(tmp_path: Path) -> None:
    run("simulate", "--weeks", "0", "--out", str(tmp_path / "lives.ndjson")).not_understood("--weeks")
    run("simulate").not_understood("--out")


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    run("simulate", *SMALL, "--out", str(tmp_path / "nowhere" / "lives.ndjson")).refused("can't be written")
