"""The stretch of local dates that a rule looks at: a week, a month, or days counted from an admission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from domain.month import Month
from domain.week import Week, days


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def of_week(cls, week: Week) -> Period:
        return cls(week.monday, week.sunday)

    @classmethod
    def of_month(cls, month: Month) -> Period:
        return cls(month.first, month.last)

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(days(self.first, self.last))

    def __contains__(self, on: date) -> bool:
        return self.first <= on <= self.last


def windows(first: date, length: int, upto: date) -> Iterator[Period]:
    """Consecutive windows of so many days, the first beginning on `first`, that begin by `upto`."""
    begins = first
    while begins <= upto:
        yield Period(begins, begins + timedelta(days=length - 1))
        begins += timedelta(days=length)
