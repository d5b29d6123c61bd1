from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.compliance.interval import Interval, between, minutes, overlap, union

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

intervals = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(
        lambda pair: Interval(NOON + timedelta(minutes=pair[0]), NOON + timedelta(minutes=pair[0] + pair[1]))
    ),
    max_size=8,
)


@given(intervals)
def test_the_union_holds_each_minute_once(some: list[Interval]) -> None:
    each = {
        n for i in some for n in range((i.start - NOON) // timedelta(minutes=1), (i.end - NOON) // timedelta(minutes=1))
    }
    assert minutes(some) == len(each)


@given(intervals)
def test_the_union_is_made_of_intervals_that_neither_overlap_nor_touch(some: list[Interval]) -> None:
    joined = union(some)
    assert all(one.end < other.start for one, other in pairwise(joined))


def test_minutes_are_rounded_down_once_and_not_interval_by_interval() -> None:
    half = timedelta(seconds=30)
    assert minutes([Interval(NOON, NOON + half), Interval(NOON + 4 * half, NOON + 5 * half)]) == 1
    assert minutes([Interval(NOON, NOON + timedelta(minutes=180) - timedelta(microseconds=1))]) == 179


def test_intervals_that_only_touch_have_nothing_in_common() -> None:
    assert (
        overlap(
            Interval(NOON, NOON + timedelta(hours=1)), Interval(NOON + timedelta(hours=1), NOON + timedelta(hours=2))
        )
        is None
    )
    assert between(NOON, NOON) is None
    assert between(NOON, NOON - timedelta(hours=1)) is None


def test_an_hour_that_the_clock_skips_is_not_counted() -> None:
    """In New York the clock goes from 02:00 to 03:00 on 2026-03-08."""
    new_york = ZoneInfo("America/New_York")
    night = between(datetime(2026, 3, 7, 23, tzinfo=new_york), datetime(2026, 3, 8, 3, 30, tzinfo=new_york))
    assert night is not None
    assert minutes([night]) == 210
