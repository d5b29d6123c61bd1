"""Clinical days and weeks. Dates come from local time in the facility's zone, durations from instants.

A week is Monday to Sunday, labelled as ISO 8601 does (`2026-W10`). Weeks are never computed by adding 168 hours: the
weeks in which daylight-saving time changes have 167 or 169.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEK_MINUTES = 7 * 24 * 60

EARLIEST_YEAR: Final = 1880
LATEST_YEAR: Final = 2200
"""Of what may be asked for or recorded: no patient was born earlier, and nothing is planned later. Dates near the ends
of the calendar can't be turned into another zone or counted on from, and are typing errors anyway."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def can_be_meant(on: date) -> bool:
    """Whether it is of a year from EARLIEST_YEAR to LATEST_YEAR."""
    return EARLIEST_YEAR <= on.year <= LATEST_YEAR


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the facility's wall at that instant."""
    return instant.astimezone(zone).date()


def weekday(on: date) -> str:
    """`mon` … `sun`."""
    return WEEKDAYS[on.weekday()]


def days(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def business_days(after: date, upto: date, holidays: Container[date]) -> int:
    """Mondays to Fridays, less the holidays, after one date and up to another, that one included."""
    return sum(1 for on in days(after + timedelta(days=1), upto) if on.weekday() < 5 and on not in holidays)


def last_business_day(after: date, count: int, holidays: Container[date]) -> date:
    """The last date by which no more than so many business days have passed since one date: a weekend or a holiday
    behind the last of them belongs to it."""
    on = after
    while business_days(after, on + timedelta(days=1), holidays) <= count:
        on += timedelta(days=1)
    return on


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week, known by its Monday."""

    monday: date

    @classmethod
    def of(cls, on: date) -> Week:
        return cls(on - timedelta(days=on.weekday()))

    @classmethod
    def parse(cls, label: str) -> Week:
        """`2026-W10`. ValueError, with one sentence, where there is no such week or none that can be meant."""
        year, dash, number = label.partition("-W")
        try:
            if not dash or len(year) != 4 or len(number) != 2 or not (year + number).isascii():
                raise ValueError(label)
            week = cls(date.fromisocalendar(int(year), int(number), 1))
        except ValueError:
            raise ValueError("There is no such week: write year and ISO week, like 2026-W10.") from None
        if not can_be_meant(week.monday):
            raise ValueError(
                f"No such week can be meant: its Monday is of no year from {EARLIEST_YEAR} to {LATEST_YEAR}."
            )
        return week

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(days(self.monday, self.sunday))

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"
