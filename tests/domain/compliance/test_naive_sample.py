"""The naive rules give the rows expected of the sample program and of the worked examples: they can be relied on."""

from __future__ import annotations

from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from domain.record import Recorded
from domain.week import Week
from tests.domain.compliance import naive_rules
from tests.domain.compliance.naive import read
from tests.domain.compliance.test_expected_rows import WEEKLY
from tests.sample_program import EXAMPLES, EXPECTED, Asked, example, known, read_rows, sample

RULES = ("HRS-1", "HRS-2", "ATT-1", "RAT-1", "FAM-1")

LANDMARK = [name for name, asked in WEEKLY.items() if "--rule-set" not in asked]


def expected_rows(path: Path) -> list[list[str]]:
    return sorted([cell for name, cell in row.items() if name != "subject"] for row in read_rows(path, RULES))


def of_an_example(args: Path) -> list[list[str]]:
    """Nothing where it is about a month or another rule set."""
    asked = args.read_text()
    about_these = "--week" in asked and "--rule-set" not in asked
    return expected_rows(args.with_name(f"{args.stem}.expected.csv")) if about_these else []


WORKED = [args for args in sorted(EXAMPLES.glob("*.args")) if of_an_example(args)]


def naive_rows(facts: tuple[Recorded, ...], asked: Asked) -> list[list[str]]:
    """What the naive rules say, as text; without `as-of` as of the week's Sunday."""
    week = Week.parse(asked.arguments["week"])
    as_of = date.fromisoformat(asked.arguments["as-of"]) if "as-of" in asked.arguments else week.sunday
    site = read(known(facts), as_of, asked.known_at or facts[-1].recorded_at)
    rules = (naive_rules.hours, naive_rules.ratio, naive_rules.family)
    return sorted([str(cell) for cell in line] for line in chain.from_iterable(rule(site, week) for rule in rules))


@pytest.mark.parametrize("name", LANDMARK)
def test_the_sample_program_gives_the_expected_rows(name: str) -> None:
    expected = expected_rows(EXPECTED / name)
    assert expected
    assert naive_rows(sample(), Asked.parse(WEEKLY[name])) == expected


@pytest.mark.parametrize("args", WORKED, ids=lambda args: args.stem)
def test_a_worked_example_gives_the_expected_rows(args: Path) -> None:
    rows = naive_rows(example(args.name[:2]), Asked.parse(args.read_text()))
    for expected in of_an_example(args):
        assert expected in rows
