"""What the measurements rest on. No test looks at a time."""

from __future__ import annotations

from functools import partial
from itertools import islice
from time import perf_counter

import pytest

from bench.attendances import Attendances
from bench.lab import in_turn, rate, rate_of
from store.body import decode_body, encode_body


def test_the_same_seed_gives_the_same_facts() -> None:
    first, again, other = (list(islice(Attendances.of(seed, 3), 5)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({fact.session_id for _, fact in first}) == 5
    for envelope, fact in first:
        assert decode_body("AttendanceRecorded", encode_body(envelope, fact)) == (envelope, fact)


def test_every_writer_works_and_is_counted() -> None:
    worked: set[int] = set()
    writers = [partial(worked.add, number) for number in range(3)]
    assert rate(writers, 0.05) > 0
    assert worked == {0, 1, 2}


def test_so_many_units_of_each_writer_are_all_that_is_done() -> None:
    worked: list[int] = []
    writers = [partial(worked.append, number) for number in range(3)]
    began = perf_counter()
    rate = rate_of(writers, 4)
    assert sorted(worked) == sorted([0, 1, 2] * 4)
    assert rate >= 12 / (perf_counter() - began)
    with pytest.raises(IndexError):
        rate_of([[1, 2].pop], 3)


def test_contenders_take_turns_and_each_round_begins_with_another() -> None:
    called: list[str] = []

    def contender(name: str) -> float:
        called.append(name)
        return len(called)

    figures = in_turn(3, {name: partial(contender, name) for name in ("floor", "peer", "ours")})
    assert called == ["floor", "peer", "ours", "peer", "ours", "floor", "ours", "floor", "peer"]
    assert figures == {"floor": [1, 6, 8], "peer": [2, 4, 9], "ours": [3, 5, 7]}


def test_a_writer_that_fails_ends_the_measurement() -> None:
    left = list(range(100))
    with pytest.raises(IndexError):
        rate([left.pop], 0.05)
    with pytest.raises(ZeroDivisionError):
        rate([lambda: 1 // 0, lambda: 1], 0.05)
