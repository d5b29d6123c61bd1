"""The sample program as a file: its lines as they stand, changed as a test needs them, and written again."""

from __future__ import annotations

import copy
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from domain.record import Person
from exchange.exporting import export_facts
from store.store import Store
from tests.sample_program import SAMPLE as FOLDER

SAMPLE = FOLDER / "lexington.ndjson.gz"
FACTS = 4183
OPERATOR = Person("operator/tests", "T. Operator", "operator")

Values = dict[str, Any]


@cache
def _sample() -> tuple[bytes, ...]:
    return tuple(gzip.decompress(SAMPLE.read_bytes()).splitlines())


def sample_lines() -> list[Values]:
    """The values of every line, to be changed at will."""
    return [json.loads(line) for line in _sample()]


def first_of(lines: Iterable[Values], type_: str, **fact: Any) -> Values:
    """The first line with such a fact."""
    return next(line for line in lines if line["type"] == type_ and fact.items() <= line["fact"].items())


def changed(line: Values, **values: Any) -> Values:
    """A copy of a line; `fact` is merged into its fact."""
    made = copy.deepcopy(line)
    made["fact"] |= values.pop("fact", {})
    return made | values


def write(path: Path, lines: Iterable[Values | bytes]) -> Path:
    """A file of these lines: values as JSON, bytes as they are."""
    texts = (line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode() for line in lines)
    path.write_bytes(b"".join(text + b"\n" for text in texts))
    return path


def read_rejects(path: Path) -> list[Values]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def exported(store: Store, ledger: str = "lexington") -> list[Values]:
    """Every fact of a ledger, as lines."""
    out = io.BytesIO()
    export_facts(store, ledger, out=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def content(line: Mapping[str, Any]) -> Values:
    """What an import keeps of a line: all but ledger, position and times of recording."""
    passing = {"ledger", "position", "recorded_at", "recorded_elsewhere_at"}
    return {name: value for name, value in line.items() if name not in passing}
