"""The rules of hours, family and room against a second, naive reading of the same sentences, on whatever history.

Short in the suite; `--full` tries twenty thousand histories a rule, from a seed that it prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.week import Week
from tests.domain.compliance import naive_rules
from tests.domain.compliance.histories import History, fortnights, full_rooms, weeks_of_care
from tests.domain.compliance.naive import Known, read
from tests.rule_sets import LANDMARK_IOP

SHORT, FULL = 120, 20_000


def agree(
    histories: st.SearchStrategy[History],
    rules: frozenset[str],
    naively: Callable[[Known, Week], Iterator[naive_rules.Line]],
    config: pytest.Config,
) -> None:
    """Tries histories until the rows of these rules differ, and says where."""
    full: bool = config.option.full
    rule_set = replace(LANDMARK_IOP, rules=tuple(terms for terms in LANDMARK_IOP.rules if terms.rule in rules))

    @seed(config.option.seed)
    @settings(
        max_examples=FULL if full else SHORT,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @drawn(history=histories)
    def rows_are_the_same(history: History) -> None:
        known = read(history.program.streams, history.as_of, history.known_at)
        rows = history.program.report(
            str(history.week), as_of=history.as_of, known_at=history.known_at, rule_set=rule_set
        )
        really = sorted(
            (row.rule, str(row.subject_id), row.period_start, row.period_end, str(row.verdict), row.value, row.of)
            for row in rows
        )
        naive = sorted((rule, str(key), *rest) for rule, key, *rest in naively(known, history.week))
        assert really == naive, str(history)

    rows_are_the_same()


def test_hours_are_what_plain_counting_gives(pytestconfig: pytest.Config) -> None:
    agree(weeks_of_care(), frozenset({"HRS-1", "HRS-2", "ATT-1"}), naive_rules.hours, pytestconfig)


def test_family_sessions_are_what_plain_counting_gives(pytestconfig: pytest.Config) -> None:
    agree(fortnights(), frozenset({"FAM-1"}), naive_rules.family, pytestconfig)


def test_the_ratio_is_what_counting_each_second_gives(pytestconfig: pytest.Config) -> None:
    agree(full_rooms(), frozenset({"RAT-1"}), naive_rules.ratio, pytestconfig)
