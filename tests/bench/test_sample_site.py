"""The site that questions are asked of is a whole ledger, as far as it was recorded by now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from bench import sample_site
from domain.chart.attendance import AttendanceRecorded
from domain.chart.identity import PatientRegistered
from domain.record import EnteredInError, Recorded, stream_kind

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


@cache
def program(seed: int, **size: int) -> Sequence[Recorded]:
    return sample_site.program(seed, NOW, **size)


@pytest.mark.parametrize("size", [{}, {"beside": 2}, {"runs": 2}])
def test_positions_and_versions_have_no_holes_and_times_never_fall(size: dict[str, int]) -> None:
    facts = program(1, **size)
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert all(one.recorded_at <= next_.recorded_at for one, next_ in pairwise(facts))
    versions: Counter[str] = Counter()
    for fact in facts:
        versions[fact.stream] += 1
        assert fact.version == versions[fact.stream]


def test_it_stands_within_a_week_of_now() -> None:
    last = program(1)[-1].recorded_at
    assert NOW - timedelta(days=8) < last <= NOW


def test_the_same_seed_gives_the_same_site_and_another_gives_other_patients() -> None:
    assert program(1) == sample_site.program(1, NOW)
    assert not _charts(program(1)) & _charts(program(2))


def test_what_stands_side_by_side_shares_nothing_but_the_site_and_its_staff() -> None:
    one, two = program(1), program(1, beside=2)
    assert len(_charts(two)) == 2 * len(_charts(one))
    registered = [fact.fact.mrn for fact in two if isinstance(fact.fact, PatientRegistered)]
    assert len(registered) == len(set(registered))
    assert len({fact.stream for fact in two if stream_kind(fact.stream) == "facility"}) == 1


def test_patients_who_come_back_have_one_chart_whose_corrections_name_its_own_versions() -> None:
    facts = program(1, runs=2)
    by_name: dict[tuple[str, int], Any] = {(fact.stream, fact.version): fact.fact for fact in facts}
    corrections = [fact for fact in facts if getattr(fact.fact, "corrects", None) is not None]
    assert len(corrections) > 50
    for each in corrections:
        corrected = by_name[each.stream, each.fact.corrects]
        if isinstance(corrected, AttendanceRecorded):
            assert corrected.session_id == each.fact.session_id
    strikes = [fact for fact in facts if isinstance(fact.fact, EnteredInError)]
    assert all(fact.fact.target < fact.version for fact in strikes)
    assert max(Counter(fact.stream for fact in facts if stream_kind(fact.stream) == "chart").values()) > 200


def _charts(facts: Sequence[Recorded]) -> set[str]:
    return {fact.stream for fact in facts if stream_kind(fact.stream) == "chart"}
