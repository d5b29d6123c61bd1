"""The site that full groups are measured on: the same for a seed, of the shape it says, and by the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.synthetic import SEATS, Site
from domain.record import Person, Recorded, stream_kind
from exchange.importing import import_file
from exchange.simulate.writing import line_of
from store.store import Store

WEEKS = 14


def site(ledger: str, *, seed: int, groups: int = 1) -> Sequence[Recorded]:
    """Groups that are full for six weeks, and for six again, with a week between."""
    made = Site(ledger, seed)
    for number in range(groups):
        group = made.group(number, WEEKS)
        for _ in range(SEATS):
            made.patient(group, first_week=0, weeks=6)
            made.patient(group, first_week=7, weeks=6)
    return list(made.telling.recorded())


def test_the_same_seed_gives_the_same_site() -> None:
    first, again = (site("north", seed=1) for _ in range(2))
    assert first == again
    others = [site(ledger, seed=seed) for ledger, seed in (("north", 2), ("south", 1))]
    charts = [{fact.stream for fact in facts if stream_kind(fact.stream) == "chart"} for facts in (first, *others)]
    assert not charts[0] & charts[1]
    assert not charts[0] & charts[2]


def test_positions_and_versions_are_whole_and_times_never_fall() -> None:
    facts = site("north", seed=1)
    assert [fact.position for fact in facts] == list(range(1, len(facts) + 1))
    assert [fact.recorded_at for fact in facts] == sorted(fact.recorded_at for fact in facts)
    versions: Counter[str] = Counter()
    for fact in facts:
        versions[fact.stream] += 1
        assert fact.version == versions[fact.stream]


def test_a_chart_comes_to_about_a_hundred_facts() -> None:
    facts = site("north", seed=1, groups=3)
    charts = Counter(fact.stream for fact in facts if stream_kind(fact.stream) == "chart")
    ended = {fact.stream for fact in facts if type(fact.fact).__name__ == "DischargeSummarySigned"}
    assert len(ended) > 50
    assert 85 <= sum(charts[stream] for stream in ended) / len(ended) <= 115
    assert sum(charts.values()) > 0.8 * len(facts)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_of_it_is_refused(seed: int, store: Store, tmp_path: Path) -> None:
    facts = site("north", seed=seed)
    path = tmp_path / "north.ndjson"
    path.write_bytes(b"".join([line_of(fact) for fact in facts]))
    imported = import_file(store, path, by=Person("operator/bench", "B. Operator", "operator"))
    assert (imported.facts, imported.skipped, imported.rejects) == (len(facts), 0, 0)
    # The import's own closing fact comes after them.
    assert store.ledger("north").head().position == len(facts) + 1
