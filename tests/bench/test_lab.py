"""What the measurements rest on. No test looks at a time."""

from __future__ import annotations

from functools import partial
from itertools import islice

import pytest

from bench.append_one import WRITERS, Figures, table
from bench.attendances import Attendances
from bench.lab import Spread, rate
from store.body import decode_body, encode_body


def test_the_same_seed_gives_the_same_facts() -> None:
    first, again, other = (list(islice(Attendances.of(seed, 3), 5)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({fact.session_id for _, fact in first}) == 5
    for envelope, fact in first:
        assert decode_body("AttendanceRecorded", encode_body(envelope, fact)) == (envelope, fact)


def test_a_spread_shows_its_median_and_its_ends() -> None:
    assert Spread([3.0, 1.0, 2000.0]).shown() == "3 (1 to 2,000)"
    assert Spread([0.125, 0.25]).shown(2) == "0.19 (0.12 to 0.25)"


def test_every_writer_works_and_is_counted() -> None:
    worked: set[int] = set()
    writers = [partial(worked.add, number) for number in range(3)]
    assert rate(writers, 0.05) > 0
    assert worked == {0, 1, 2}


def test_ratios_are_taken_within_a_round_and_held_against_the_bars() -> None:
    figures = Figures(
        floor={writers: [100.0, 1000.0, 10.0] for writers in WRITERS},
        peer={writers: [10.0, 100.0, 1.0] for writers in WRITERS},
        ours={writers: [60.0, 600.0, 6.0] for writers in WRITERS},
    )
    _, _, one, eight, many = table(figures)
    assert one.split(" | ")[4:] == ["0.60 (0.60 to 0.60)", "", "6.0 (6.0 to 6.0)", "≥ 1.2 reached |"]
    assert eight.split(" | ")[5:] == ["≥ 0.5 reached", "6.0 (6.0 to 6.0)", "≥ 5 reached |"]
    assert many.split(" | ")[5:] == ["≥ 0.8 missed", "6.0 (6.0 to 6.0)", "≥ 8 missed |"]


def test_a_writer_that_fails_ends_the_measurement() -> None:
    left = list(range(100))
    with pytest.raises(IndexError):
        rate([left.pop], 0.05)
    with pytest.raises(ZeroDivisionError):
        rate([lambda: 1 // 0, lambda: 1], 0.05)
