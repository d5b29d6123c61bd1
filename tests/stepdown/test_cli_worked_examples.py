"""The worked examples of the rules, asked on the command line as their files say."""

from __future__ import annotations

import csv
import io
import shlex

import pytest

from tests.domain.compliance.test_expected_rows import ASKED, expected_of
from tests.sample_program import EXAMPLES
from tests.stepdown.command import run
from tests.stepdown.conftest import Program


@pytest.mark.parametrize("number", sorted({path.name[:2] for path in ASKED}))
def test_a_worked_example_gives_the_expected_rows(empty_program: Program, number: str) -> None:
    run("import", "--restore", EXAMPLES / f"{number}.ndjson").done()
    for path in (path for path in ASKED if path.name.startswith(number)):
        words = shlex.split(path.read_text())
        kind = "monthly" if "--month" in words else "weekly"
        text = run("report", kind, *words, "--format", "csv").done().text
        rows = [
            {name: cell for name, cell in row.items() if name != "evidence"}
            for row in csv.DictReader(io.StringIO(text))
        ]
        for expected in expected_of(path):
            assert expected in rows, path.stem
