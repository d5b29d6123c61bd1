"""The rows that the sample program and the worked examples are expected to give, every one of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from domain.compliance.monthly import assess_month
from domain.compliance.verdict import Row
from domain.compliance.weekly import assess_week
from domain.month import Month
from domain.record import Recorded, live
from domain.site import Site
from domain.week import Week
from tests.rule_sets import RULE_SETS
from tests.sample_program import EXAMPLES, EXPECTED, Asked, example, known, read_rows, sample, site_of

REPORTS = {
    "weekly-2026-W09.csv": "--week 2026-W09",
    "weekly-2026-W10.csv": "--week 2026-W10",
    "weekly-2026-W10.as-of-2026-03-04.csv": "--week 2026-W10 --as-of 2026-03-04",
    "weekly-2026-W10.asam-2.1.csv": "--week 2026-W10 --rule-set asam-2.1",
    "weekly-2026-W10.az-s9480.csv": "--week 2026-W10 --rule-set az-s9480",
    "weekly-2026-W10.teds-iop.csv": "--week 2026-W10 --rule-set teds-iop",
    "weekly-2026-W15.csv": "--week 2026-W15",
    "weekly-2026-W16.csv": "--week 2026-W16",
    "weekly-2026-W16.known-at-2026-04-20.csv": "--week 2026-W16 --known-at 2026-04-20T12:00:00Z",
    "monthly-2026-03.csv": "--month 2026-03 --as-of 2026-04-30",
}
"""Expected report → what is asked for; without `as-of` as of the last date of the period."""


WEEKLY = {name: asked for name, asked in REPORTS.items() if "--week" in asked}

ASKED = sorted(EXAMPLES.glob("*.args"))


def expected_of(args: Path) -> list[dict[str, str]]:
    return read_rows(args.with_name(f"{args.stem}.expected.csv"))


def period_of(asked: Asked) -> Week | Month:
    return Week.parse(asked.arguments["week"]) if "week" in asked.arguments else Month.parse(asked.arguments["month"])


def as_of_in(asked: Asked) -> date:
    if "as-of" in asked.arguments:
        return date.fromisoformat(asked.arguments["as-of"])
    period = period_of(asked)
    return period.sunday if isinstance(period, Week) else period.last


def asked_for(facts: tuple[Recorded, ...], asked: Asked, site: Site | None = None) -> list[Row]:
    """The report that the arguments ask for, of the site that the facts known by then tell of unless it is given."""
    period, as_of = period_of(asked), as_of_in(asked)
    site = site or site_of(facts, asked.known_at)
    last = period.sunday if isinstance(period, Week) else period.last
    rule_set = RULE_SETS.applying(site.facility, last, asked=asked.arguments.get("rule-set"))
    known_at = asked.known_at or facts[-1].recorded_at
    if isinstance(period, Week):
        return assess_week(site, period, rule_set=rule_set, as_of=as_of, known_at=known_at)
    return assess_month(site, period, rule_set=rule_set, as_of=as_of, known_at=known_at)


def as_text(row: Row) -> dict[str, str]:
    names = ("rule", "subject", "subject_id", "period_start", "period_end", "verdict", "value", "of")
    return {name: str(getattr(row, name)) for name in names}


def test_every_expected_report_is_compared() -> None:
    assert {path.name for path in EXPECTED.glob("*ly-*.csv")} == set(REPORTS)
    assert {path.stem for path in ASKED} == {path.name.removesuffix(".expected.csv") for path in EXAMPLES.glob("*.csv")}


@pytest.mark.parametrize("name", REPORTS)
def test_the_sample_program_gives_the_expected_rows(name: str) -> None:
    expected = read_rows(EXPECTED / name)
    assert expected
    assert [as_text(row) for row in asked_for(sample(), Asked.parse(REPORTS[name]))] == expected


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.stem)
def test_a_worked_example_gives_the_expected_rows(path: Path) -> None:
    """An example shows the rows that it is about, a part of its report."""
    rows = asked_for(example(path.name[:2]), Asked.parse(path.read_text()))
    given = [as_text(row) for row in rows]
    for expected in expected_of(path):
        assert expected in given


@pytest.mark.parametrize("name", ["weekly-2026-W10.csv", "weekly-2026-W16.csv", "monthly-2026-03.csv"])
def test_evidence_names_live_facts(name: str) -> None:
    """Of a patient's row they are those of their own chart, of sessions and of cohorts."""
    on_record = {fact.name for entries in known(sample()).values() for fact in live(entries)}
    rows = asked_for(sample(), Asked.parse(REPORTS[name]))
    assert all(row.evidence for row in rows)
    for row in rows:
        assert on_record.issuperset(row.evidence), row
        charts = {name.partition("@")[0] for name in row.evidence if name.startswith("chart/")}
        assert row.subject != "patient" or charts == {f"chart/{row.subject_id}"}
