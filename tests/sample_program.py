"""The sample program and the worked examples, read into the domain's own facts, and folded at any cut."""

from __future__ import annotations

import csv
import gzip
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from domain.catalog import BY_NAME
from domain.record import Envelope, Recorded
from domain.site import Site, fold_site

SAMPLE = Path(__file__).parent / "sample"
EXPECTED = SAMPLE / "expected"
EXAMPLES = SAMPLE / "examples"

_ENVELOPE = ("by", "source", "correlation_id", "reason", "causation_id", "recorded_elsewhere_at")


def read_line(line: bytes | str) -> Recorded:
    """One line of NDJSON as the fact it holds, in its envelope."""
    raw: dict[str, Any] = msgspec.json.decode(line)
    return Recorded(
        ledger=raw["ledger"],
        position=raw["position"],
        stream=raw["stream"],
        version=raw["version"],
        recorded_at=msgspec.convert(raw["recorded_at"], datetime),
        envelope=msgspec.convert({k: raw[k] for k in _ENVELOPE if k in raw}, Envelope),
        fact=msgspec.convert(raw["fact"], BY_NAME[raw["type"]]),
    )


@cache
def sample() -> tuple[Recorded, ...]:
    """Every fact of the sample program, in order."""
    with gzip.open(SAMPLE / "lexington.ndjson.gz", "rb") as lines:
        return tuple(read_line(line) for line in lines)


@cache
def partly_elsewhere() -> tuple[Recorded, ...]:
    """The sample program, as if every ninth fact had been recorded elsewhere an hour before."""
    return tuple(
        replace(fact, envelope=replace(fact.envelope, recorded_elsewhere_at=fact.recorded_at - timedelta(hours=1)))
        if fact.position % 9 == 0
        else fact
        for fact in sample()
    )


@cache
def example(number: str) -> tuple[Recorded, ...]:
    """The facts of a worked example, `01` to `15`."""
    return tuple(read_line(line) for line in (EXAMPLES / f"{number}.ndjson").read_bytes().splitlines())


def known(facts: Iterable[Recorded], known_at: datetime | None = None) -> dict[str, list[Recorded]]:
    """The facts recorded by then, by stream."""
    streams: dict[str, list[Recorded]] = {}
    for fact in facts:
        if known_at is None or fact.recorded_at <= known_at:
            streams.setdefault(fact.stream, []).append(fact)
    return streams


def site_of(facts: Iterable[Recorded], known_at: datetime | None = None) -> Site:
    """The site as it was known then; as it is known now without `known_at`."""
    return fold_site(known(facts, known_at))


def read_rows(path: Path, rules: Iterable[str] | None = None) -> list[dict[str, str]]:
    """The rows of an expected report (those about these rules alone, where they are named), without the evidence, which
    the file leaves empty."""
    wanted = None if rules is None else set(rules)
    with path.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if wanted is None or row["rule"] in wanted]
    return [{name: value for name, value in row.items() if name != "evidence"} for row in rows]


@dataclass(frozen=True)
class Asked:
    """The arguments of a report, as `stepdown report` takes them."""

    arguments: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Asked:
        words = shlex.split(text)
        return cls(dict(zip((w.removeprefix("--") for w in words[::2]), words[1::2], strict=True)))

    @property
    def known_at(self) -> datetime | None:
        given = self.arguments.get("known-at")
        return None if given is None else datetime.fromisoformat(given)
