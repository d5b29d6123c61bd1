"""The rows that the sample program and the worked examples are expected to give, for the rules of this room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from domain.compliance.rule_sets import applying
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.record import Recorded
from domain.week import Week
from tests.sample_program import EXAMPLES, EXPECTED, Asked, example, read_rows, sample, site_of

RULES = ("HRS-1", "HRS-2", "ATT-1", "IND-1")

WEEKLY = {
    "weekly-2026-W09.csv": "--week 2026-W09",
    "weekly-2026-W10.csv": "--week 2026-W10",
    "weekly-2026-W10.as-of-2026-03-04.csv": "--week 2026-W10 --as-of 2026-03-04",
    "weekly-2026-W10.asam-2.1.csv": "--week 2026-W10 --rule-set asam-2.1",
    "weekly-2026-W10.az-s9480.csv": "--week 2026-W10 --rule-set az-s9480",
    "weekly-2026-W10.teds-iop.csv": "--week 2026-W10 --rule-set teds-iop",
    "weekly-2026-W15.csv": "--week 2026-W15",
    "weekly-2026-W16.csv": "--week 2026-W16",
    "weekly-2026-W16.known-at-2026-04-20.csv": "--week 2026-W16 --known-at 2026-04-20T12:00:00Z",
}


def about_these_rules(args: Path) -> list[dict[str, str]]:
    return read_rows(args.with_name(f"{args.stem}.expected.csv"), RULES)


WEEKLY_EXAMPLES = sorted(path for path in EXAMPLES.glob("*.args") if about_these_rules(path))


def asked_for(facts: tuple[Recorded, ...], asked: Asked) -> list[Row]:
    """The report that the arguments ask for; without `as-of` as of the week's Sunday."""
    week = Week.parse(asked.arguments["week"])
    as_of = date.fromisoformat(asked.arguments["as-of"]) if "as-of" in asked.arguments else week.sunday
    site = site_of(facts, asked.known_at)
    rule_set = applying(site.facility, week.sunday, asked.arguments.get("rule-set"))
    known_at = asked.known_at or facts[-1].recorded_at
    return assess_week(site, week, rule_set=rule_set, as_of=as_of, known_at=known_at)


def as_text(row: Row) -> dict[str, str]:
    names = ("rule", "subject", "subject_id", "period_start", "period_end", "verdict", "value", "of")
    return {name: str(getattr(row, name)) for name in names}


def test_every_expected_weekly_report_is_compared() -> None:
    assert {path.name for path in EXPECTED.glob("weekly-*.csv")} == set(WEEKLY)


@pytest.mark.parametrize("name", WEEKLY)
def test_the_sample_program_gives_the_expected_rows(name: str) -> None:
    expected = read_rows(EXPECTED / name, RULES)
    assert expected
    assert [as_text(row) for row in asked_for(sample(), Asked.parse(WEEKLY[name]))] == expected


@pytest.mark.parametrize("path", WEEKLY_EXAMPLES, ids=lambda path: path.stem)
def test_a_worked_example_gives_the_expected_rows(path: Path) -> None:
    """An example shows the rows that it is about, a part of its report."""
    rows = asked_for(example(path.name[:2]), Asked.parse(path.read_text()))
    given = [as_text(row) for row in rows]
    for expected in about_these_rules(path):
        assert expected in given


def test_evidence_names_live_facts_of_the_patient_and_of_sessions() -> None:
    on_record = {fact.name for fact in sample()}
    rows = asked_for(sample(), Asked.parse(WEEKLY["weekly-2026-W10.csv"]))
    assert any(row.evidence for row in rows)
    for row in rows:
        assert on_record.issuperset(row.evidence)
        assert {name.partition("@")[0] for name in row.evidence if name.startswith("chart/")} <= {
            f"chart/{row.subject_id}"
        }
