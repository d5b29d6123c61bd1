"""The site that imports are measured with: the same for a seed, of the shape it says, and by the rules."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.synthetic import program, write_program
from domain.record import Person, stream_kind
from exchange.importing import import_file
from store.store import Store

FACTS = 3000


def test_the_same_seed_gives_the_same_site() -> None:
    first, again = (list(program("north", seed=1, facts=300)) for _ in range(2))
    assert first == again
    assert len(first) == 300
    others = [list(program(ledger, seed=seed, facts=300)) for ledger, seed in (("north", 2), ("south", 1))]
    charts = [{fact.stream for fact in facts if stream_kind(fact.stream) == "chart"} for facts in (first, *others)]
    assert not charts[0] & charts[1]
    assert not charts[0] & charts[2]


def test_positions_and_versions_are_whole_and_times_never_fall() -> None:
    facts = list(program("north", seed=1, facts=FACTS))
    assert [fact.position for fact in facts] == list(range(1, FACTS + 1))
    assert [fact.recorded_at for fact in facts] == sorted(fact.recorded_at for fact in facts)
    versions: Counter[str] = Counter()
    for fact in facts:
        versions[fact.stream] += 1
        assert fact.version == versions[fact.stream]


def test_a_chart_comes_to_about_a_hundred_facts() -> None:
    facts = list(program("north", seed=1, facts=10_000))
    charts = Counter(fact.stream for fact in facts if stream_kind(fact.stream) == "chart")
    ended = {fact.stream for fact in facts if type(fact.fact).__name__ == "DischargeSummarySigned"}
    assert len(ended) > 50
    assert 85 <= sum(charts[stream] for stream in ended) / len(ended) <= 115
    assert sum(charts.values()) > 0.8 * len(facts)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_of_it_is_refused(seed: int, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "north.ndjson"
    write_program(path, ledger="north", seed=seed, facts=FACTS)
    imported = import_file(store, path, by=Person("operator/bench", "B. Operator", "operator"))
    assert (imported.facts, imported.skipped, imported.rejects) == (FACTS, 0, 0)
    # The import's own closing fact comes after them.
    assert store.ledger("north").head().position == FACTS + 1
