"""Every refusal of the domain, found where it is raised, and `docs/rules.md`, the page that lists them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from domain.claims import _TAKEN
from domain.sources import source_of

ROOT: Final = Path(__file__).parents[1]

HEAD: Final = """\
# Refusals

A decision that the record does not allow is refused: 409 over HTTP with the rule's id in `rule`, a line in the rejects
of an import. Each rule is raised in one place and says in one sentence what to do; `…` stands for a name, a version or
a date. Sources are kept in `domain/sources.py`. Made by `make docs`; don't edit.

"""


class Raised(NamedTuple):
    """A rule's id, its sentence as it stands in the code, and where."""

    rule: str
    sentence: ast.expr
    place: str

    @property
    def topic(self) -> str:
        return self.rule.partition(".")[0]

    @property
    def text(self) -> str:
        match self.sentence:
            case ast.Constant(value=str(because)):
                return because
            case ast.JoinedStr(values=parts):
                return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
            case _:
                raise ValueError(f"{self.place}: write the sentence where the rule is raised")


def refusals() -> Iterator[Raised]:
    """In the order of the files. ValueError where a rule is not named where it is raised."""
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Constant(value=str(rule)), sentence]):
                    yield Raised(rule, sentence, f"{path.relative_to(ROOT)}:{node.lineno}")
                case ast.Call(func=ast.Name(id="Refused"), args=[ast.Starred(), *_]) if path.name == "claims.py":
                    continue
                case ast.Call(func=ast.Name(id="Refused")):
                    raise ValueError(f"{path}:{node.lineno}: a rule is a plain word, followed by one sentence")
                case _:
                    continue
    for rule, because in _TAKEN.values():
        yield Raised(rule, ast.Constant(because), "domain/claims.py")


def page(found: Iterable[Raised]) -> str:
    """`docs/rules.md`: a table for each topic."""
    topics = groupby(sorted(found, key=lambda raised: raised.rule), key=lambda raised: raised.topic)
    return HEAD + "\n".join(_table(topic, list(raised)) for topic, raised in topics)


def _table(topic: str, found: list[Raised]) -> str:
    rows = [f"| `{raised.rule}` | {raised.text} | {source_of(raised.rule)} |" for raised in found]
    return "\n".join([f"## {topic}", "", "| rule | says | source |", "|---|---|---|", *rows, ""])
