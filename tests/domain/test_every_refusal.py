"""Every refusal has an id of its own, raised in one place, tested in one place at least, and says nothing personal."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from domain.claims import _TAKEN

ROOT: Final = Path(__file__).parents[2]
DOMAIN: Final = ROOT / "domain"
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
        "_known(by.role)",
    }
)
"""What a sentence may be filled in with: words of the program, versions, dates; nothing of what was sent."""


class Raised(NamedTuple):
    rule: str
    sentence: ast.expr
    place: str


def refusals() -> Iterator[Raised]:
    for path in sorted(DOMAIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Constant(value=str(rule)), sentence]):
                    yield Raised(rule, sentence, f"{path.relative_to(ROOT)}:{node.lineno}")
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Starred(), *_]):
                    assert path.name == "claims.py", f"{path}: name the rule where it is raised"
                case ast.Call(func=ast.Name(id="Refused")):
                    raise AssertionError(f"{path}:{node.lineno}: a rule is a plain word, followed by one sentence")
                case _:
                    continue
    for rule, because in _TAKEN.values():
        yield Raised(rule, ast.Constant(because), "domain/claims.py")


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
