"""The random draw: anybody who has seed and pool draws the same; the decision refuses any other."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from domain.random_draw import draw, how_many, pool_of, rank
from domain.record import Person
from domain.refused import Refused
from tests.domain.care import drawn
from tests.domain.cast import COUNSELOR, NURSE, THERAPIST
from tests.domain.given import given

POOL = tuple(UUID(int=n) for n in range(1, 9))


def test_who_is_drawn_follows_from_seed_and_pool_alone() -> None:
    """The digests were made by `printf '5eed/<id>' | sha256sum`."""
    assert rank("5eed", POOL[0]) == "2b3328078125f41b8080120efb06da1423eaf43e1af691756b53094c1eb5ab0b"
    assert rank("5eed", POOL[1]) == "6ef71d94626db0014364543b835a2b1b3abaca215a54e39387f168b9aba506eb"
    assert draw("5eed", POOL[:2], 1) == (min(POOL[:2], key=lambda key: rank("5eed", key)),)


@any_of(
    seed=st.text().map("5eed".__add__),
    pool=st.sets(st.uuids(), min_size=2),
    count=st.integers(1, 30),
    chaos=st.randoms(),
)
def test_the_order_of_the_pool_makes_no_difference(seed: str, pool: set[UUID], count: int, chaos: Random) -> None:
    shuffled, count = list(pool), min(count, len(pool) - 1)
    chaos.shuffle(shuffled)
    first = draw(seed, pool, count)
    assert draw(seed, shuffled, count) == first
    assert len(set(first)) == count
    assert set(first) <= pool
    # Whoever is drawn among few is drawn among more.
    assert draw(seed, shuffled, count + 1)[: len(first)] == first


def test_over_many_seeds_all_have_the_same_chance() -> None:
    times = dict.fromkeys(POOL, 0)
    for seed in range(8000):
        for patient_id in draw(str(seed), POOL, 2):
            times[patient_id] += 1
    assert all(1850 < count < 2150 for count in times.values())


@pytest.mark.parametrize("by", [COUNSELOR, THERAPIST])
def test_a_draw_is_recorded_as_it_was_made(by: Person) -> None:
    made = drawn(pool=POOL, count=3)
    given().when(made, by=by).recorded(made)


def test_only_those_who_may_draw_do() -> None:
    given().when(drawn(pool=POOL), by=NURSE).refused("act.not-permitted")


def test_nobody_is_drawn_whom_the_seed_does_not_draw() -> None:
    made = drawn(pool=POOL, count=2)
    for other in (tuple(reversed(made.drawn)), (made.drawn[1],), draw("else", POOL, 2), (made.drawn[0], UUID(int=99))):
        given().when(replace(made, drawn=other)).refused("draw.not-as-drawn")
    given().when(replace(made, seed="5eeb")).refused("draw.not-as-drawn")


def test_a_draw_needs_a_seed_a_pool_and_somebody_drawn() -> None:
    made = drawn(pool=POOL, count=2)
    given().when(replace(made, seed=" ")).refused("draw.without-seed")
    given().when(replace(made, pool=(), drawn=())).refused("draw.empty-pool")
    given().when(replace(made, pool=(*POOL, POOL[0]))).refused("draw.twice-in-pool")
    given().when(replace(made, drawn=())).refused("draw.count")
    given().when(drawn(pool=POOL, count=8)).recorded()
    given().when(replace(made, drawn=(*POOL, POOL[0]))).refused("draw.count")


def test_the_pool_is_everybody_active_or_those_named_of_them() -> None:
    states = {POOL[2]: "active", POOL[0]: "active", POOL[1]: "tapering", POOL[3]: "on_hold"}
    assert pool_of(states, None) == (POOL[0], POOL[2])
    assert pool_of(states, [POOL[2]]) == (POOL[2],)
    assert pool_of({}, None) == ()
    for other in (POOL[1], POOL[3], POOL[7]):
        with pytest.raises(Refused) as refused:
            pool_of(states, [POOL[0], other])
        assert refused.value.rule == "draw.not-active"


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.1, 1), (0.25, 2), (0.3, 3), (0.5, 4), (1, 8), (1.01, 9)])
def test_a_share_is_whole_patients_rounded_up(share: float, count: int) -> None:
    assert how_many(share, POOL) == count


def test_a_share_is_taken_as_it_is_written() -> None:
    """Not as the nearest binary fraction, of which 0.07 of 100 would be a little more than 7."""
    assert how_many(0.07, tuple(UUID(int=n) for n in range(100))) == 7
