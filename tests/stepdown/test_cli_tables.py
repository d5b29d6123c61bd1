"""Tables taken in by the command line: for which site, what is said, and how it ends."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.stepdown.command import SAMPLE, run
from tests.stepdown.conftest import Program

HEADER = "MRN,Given Name,Family Name,DOB,Sex,Staff,Recorded At\r\n"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "attendance.csv"
ROW = "SYN-CLI-{n},Testa,Simulacrum-{n},1/2/1990,female,H. Staff03,3/2/2026 10:00 AM\r\n"


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(HEADER.encode() + b"".join(ROW.format(n=n).encode() for n in range(3)))
    return path


def test_a_table_comes_in_beside_facts_and_again_adds_nothing(empty_program: Program, patients: Path) -> None:
    said = run("import", SAMPLE, patients, "--facility", "lexington").done().text
    assert "3 facts added into lexington" in said
    again = run("import", patients, "--json").done().document
    assert (again["facts"], again["skipped"], again["rejects"]) == (0, 3, 0)


def test_the_site_must_be_known_before_anything_is_written(empty_program: Program, patients: Path) -> None:
    ended = run("import", SAMPLE, patients)
    assert ended.code == 2
    assert "--facility" in ended.err
    assert run("export", "facts").err.startswith("No facility is on record yet")
    assert "Open the facility first" in run("import", patients, "--facility", "lexington").err


def test_unknown_columns_are_a_mistake_of_use_and_what_is_known_is_listed(
    empty_program: Program, patients: Path
) -> None:
    patients.write_bytes(patients.read_bytes().replace(b"DOB", b"Birthday"))
    ended = run("import", SAMPLE, patients, "--facility", "lexington")
    assert ended.code == 2
    assert "unknown: `birthday`, missing: `birth_date`" in ended.err
    assert "family_name" in ended.err
    assert run("export", "facts").err.startswith("No facility is on record yet")


def test_refused_rows_are_told_by_number_and_rule_alone(empty_program: Program, patients: Path, tmp_path: Path) -> None:
    patients.write_bytes(patients.read_bytes() + b"SYN-CLI-9,Testa,Quillfeather,31/12/1990,female,H. Staff03,\r\n")
    rejects = tmp_path / "rejects.ndjson"
    ended = run("import", SAMPLE, patients, "--facility", "lexington", "--rejects", rejects)
    assert ended.code == 1
    assert "Quillfeather" not in ended.err + ended.text
    [reject] = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert (reject["line"], reject["rule"]) == (5, "line.malformed")
    assert reject["input"] == "SYN-CLI-9,Testa,Quillfeather,31/12/1990,female,H. Staff03,"


def test_the_example_of_the_tour_is_on_record_in_the_sample(empty_program: Program, tmp_path: Path) -> None:
    run("import", "--restore", SAMPLE).done()
    imported = run("import", EXAMPLE, "--json").done().document
    assert (imported["facts"], imported["skipped"], imported["rejects"]) == (0, 2, 0)


def test_options_of_tables_are_for_tables(empty_program: Program) -> None:
    for option in ("--facility", "--reason"):
        ended = run("import", SAMPLE, option, "lexington")
        assert ended.code == 2
        assert "for tables" in ended.err
