"""The days on which a site is closed: the holidays of a year, by their rules, and storms, by chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


def holidays(first: date, last: date) -> Iterator[tuple[date, str]]:
    """Those between two dates, both included, in order."""
    for year in range(first.year, last.year + 1):
        for on, name in _of(year):
            if first <= on <= last:
                yield on, name


def _of(year: int) -> list[tuple[date, str]]:
    return [
        (date(year, 1, 1), "New Year's Day"),
        (easter(year) + _DAY, "Easter Monday"),
        (_nth_monday(date(year, 6, 1) - 7 * _DAY), "Memorial Day"),
        (date(year, 7, 4), "Independence Day"),
        (_nth_monday(date(year, 9, 1)), "Labor Day"),
        (_thanksgiving(year), "Thanksgiving"),
        (date(year, 12, 25), "Christmas Day"),
    ]


def _nth_monday(from_on: date) -> date:
    """The first Monday from a date on."""
    return from_on + _DAY * (-from_on.weekday() % 7)


def _thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + _DAY * ((3 - first.weekday()) % 7 + 21)


def easter(year: int) -> date:
    """Easter Sunday, by the anonymous Gregorian computus."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def stormy(on: date) -> float:
    """The chance of a storm: some in winter, few in summer."""
    return 0.03 if on.month in (12, 1, 2) else 0.005
