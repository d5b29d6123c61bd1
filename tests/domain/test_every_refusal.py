"""Every refusal has an id of its own, raised in one place, tested in one place at least, and says nothing personal."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from docs.refusals import Raised, refusals

ROOT: Final = Path(__file__).parents[2]
TESTS: Final = ROOT / "tests" / "domain"

PLACEHOLDERS: Final = frozenset(
    {
        "name",  # of a fact or a field
        "type(fact).__name__",
        "named",  # stream@version
        "target",
        "standing_in",
        "known.version",
        "on",
        "max(attended)",  # the date of a session
        "ended",  # the date of a discharge
        "_known(by.role)",
        "who",  # roles
        "known.closed_on",
        "what",  # a word for a term of a program
        "LONGEST_HOURS",
    }
)
"""What a sentence may be filled in with: words of the program, versions, dates; nothing of what was sent."""


REFUSALS: Final = tuple(refusals())


def test_there_are_refusals() -> None:
    assert len(REFUSALS) > 60


def test_each_refusal_is_raised_in_one_place() -> None:
    places = Counter(found.rule for found in REFUSALS)
    assert [rule for rule, count in places.items() if count > 1] == []


@pytest.mark.parametrize("found", REFUSALS, ids=lambda found: found.rule)
def test_a_refusal_is_named_by_topic_and_rule(found: Raised) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", found.rule), found.place


@pytest.mark.parametrize("found", REFUSALS, ids=lambda found: found.rule)
def test_a_refusal_says_one_sentence_without_anything_personal(found: Raised) -> None:
    match found.sentence:
        case ast.Constant(value=str(because)):
            assert re.fullmatch(r"[A-Z].{10,120}\.", because), found.place
        case ast.JoinedStr(values=parts):
            filled = {ast.unparse(part.value) for part in parts if isinstance(part, ast.FormattedValue)}
            assert filled <= PLACEHOLDERS, found.place
            assert isinstance(parts[-1], ast.Constant)
            assert str(parts[-1].value).endswith("."), found.place
        case _:
            raise AssertionError(f"{found.place}: write the sentence where the rule is raised")


def _tested() -> frozenset[str]:
    words: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        if path != Path(__file__):
            nodes = ast.walk(ast.parse(path.read_text()))
            words.update(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return frozenset(words)


def test_each_refusal_is_tested() -> None:
    assert sorted({found.rule for found in REFUSALS} - _tested()) == []
