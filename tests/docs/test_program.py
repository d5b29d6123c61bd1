"""docs/program.md: thirty-three facts of the program, each with what became of it, in places and tests that exist."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

import pytest

from docs.refusals import ROOT, refusals
from domain.catalog import BY_NAME

KINDS = ("fact", "rule", "word", "outside")


class Row(NamedTuple):
    number: int
    said: str
    kind: str
    place: str
    test: str


def rows() -> list[Row]:
    text = (ROOT / "docs" / "program.md").read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if re.match(r"\| \d", line)]
    return [Row(int(number), *rest) for number, *rest in cells]


ROWS = rows()
RULES = {raised.rule for raised in refusals()}
TESTED = [row for row in ROWS if row.kind in ("fact", "rule")]


def test_nothing_that_the_program_says_is_lost() -> None:
    assert [row.number for row in ROWS] == list(range(1, 34))
    assert {row.kind for row in ROWS} <= set(KINDS)
    assert all(row.said and row.place for row in ROWS)


@pytest.mark.parametrize("row", TESTED, ids=lambda row: str(row.number))
def test_a_fact_or_a_rule_names_a_test_that_exists(row: Row) -> None:
    path, _, name = row.test.strip("`").partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_the_places_that_a_row_names_exist(row: Row) -> None:
    for word in re.findall(r"`([^`]+)`", row.place):
        if word.endswith(".py"):
            assert (ROOT / word).is_file(), word
        elif re.fullmatch(r"[a-z-]+\.[a-z-]+", word):
            assert word in RULES
        elif word[0].isupper():
            fact, _, field = word.partition(".")
            assert not field or field in BY_NAME[fact].__dataclass_fields__, word
            assert fact in BY_NAME, word
