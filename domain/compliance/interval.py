"""Time as intervals between instants. An interval includes its start, not its end.

Durations come from instants in UTC, never from wall-clock times: two times in one zone differ by what the clock shows,
which is an hour off on the days when daylight-saving time changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MINUTE = timedelta(minutes=1)


class Interval(NamedTuple):
    """From `start` up to `end`, both in UTC; never empty."""

    start: datetime
    end: datetime


def between(start: datetime, end: datetime) -> Interval | None:
    """The interval from one instant to another; None when it is empty."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    return Interval(first, last) if first < last else None


def overlap(one: Interval, other: Interval) -> Interval | None:
    """What two intervals have in common; None when that is nothing."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Interval(start, end) if start < end else None


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in intervals that neither overlap nor touch, in order, so that nothing is counted twice."""
    joined: list[Interval] = []
    for interval in sorted(intervals):
        if joined and interval.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, interval.end))
        else:
            joined.append(interval)
    return joined


def minutes(intervals: Iterable[Interval]) -> int:
    """Full minutes in the union: rounded down once, at the end."""
    return sum((i.end - i.start for i in union(intervals)), timedelta()) // MINUTE
