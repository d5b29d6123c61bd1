"""Evidence and what is missing explain a row: nothing else on record changes it, and something of it would.

Asked of the sample program, with a strike of one fact at a time. In the suite that is a choice of the facts, which is
the same each time; with `--full` each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any, Final

import pytest

from domain import chart as charts
from domain.compliance.findings import assess_chart
from domain.compliance.verdict import Row, Verdict
from domain.facility import FacilityOpened
from domain.record import EnteredInError, Recorded, live, stream_kind, stream_uuid
from domain.site import Site, fold_cohort, fold_facility, fold_session
from tests.domain.compliance.test_expected_rows import REPORTS, asked_for
from tests.rule_sets import LANDMARK_IOP
from tests.sample_program import Asked, known, sample, site_of

CHOSEN: Final = 260
"""Facts struck in the suite, for each report."""

ASKED: Final = ("weekly-2026-W10.csv", "weekly-2026-W15.csv", "weekly-2026-W16.csv", "monthly-2026-03.csv")

FINDINGS: Final = "findings"


@cache
def streams() -> dict[str, list[Recorded]]:
    return known(sample())


@cache
def whole() -> Site:
    return site_of(sample())


def without(fact: Recorded) -> Site:
    """The site once this fact is struck, whatever rests on it."""
    site, entries = whole(), streams()[fact.stream]
    strike = replace(entries[-1], version=entries[-1].version + 1, fact=EnteredInError(target=fact.version))
    told = [*entries, strike]
    match stream_kind(fact.stream):
        case "facility":
            return replace(site, facility=fold_facility(told))
        case "cohort":
            key = stream_uuid(fact.stream)
            return replace(site, cohorts={**site.cohorts, key: fold_cohort(key, told)})
        case "session":
            key = stream_uuid(fact.stream)
            others = {k: one for k, one in site.sessions.items() if k != key}
            session = fold_session(key, told)
            return replace(site, sessions=others if session.starts_at is None else {**others, key: session})
        case _:
            key = stream_uuid(fact.stream)
            return replace(site, charts={**site.charts, key: charts.fold(key, told)})


def rows_of(name: str, site: Site) -> list[Row]:
    if name != FINDINGS:
        return asked_for(sample(), Asked.parse(REPORTS[name]), site)
    return [row for chart in site.charts.values() for row in findings(chart, site)]


def findings(chart: charts.Chart, site: Site) -> list[Row]:
    last = sample()[-1]
    return assess_chart(
        chart,
        facility=site.facility,
        sessions=site.sessions,
        cohorts=site.cohorts,
        rule_set=LANDMARK_IOP,
        as_of=last.recorded_at.date(),
        known_at=last.recorded_at,
    )


def counting() -> list[Recorded]:
    """The facts that count, but the opening: without it there is no site."""
    return [
        fact for entries in streams().values() for fact in live(entries) if not isinstance(fact.fact, FacilityOpened)
    ]


def by_place(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    return {(row.rule, row.subject_id, row.period_start, row.period_end): row for row in rows}


def changed(name: str, fact: Recorded) -> Iterator[Row]:
    """The rows that a strike changes, or ends."""
    after = by_place(rows_of(name, without(fact)))
    for place, row in by_place(rows_of(name, whole())).items():
        if after.get(place) != row:
            yield row


@pytest.mark.parametrize("name", ASKED)
def test_a_strike_of_a_fact_outside_the_evidence_leaves_a_row_unchanged(request: pytest.FixtureRequest, name: str) -> None:
    facts = counting()
    if not request.config.option.full:
        facts = Random(name).sample(facts, CHOSEN)
    unexplained = [(fact.name, type(fact.fact).__name__, row.rule) for fact in facts for row in changed(name, fact) if fact.name not in row.evidence]
    assert unexplained == []
