"""Calendar months of local dates, written `2026-03`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from domain.week import EARLIEST_YEAR, LATEST_YEAR, can_be_meant


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """Known by its first date."""

    first: date

    @classmethod
    def parse(cls, label: str) -> Month:
        """`2026-03`. ValueError, with one sentence, where there is no such month or none that can be meant."""
        year, dash, number = label.partition("-")
        try:
            if not dash or len(year) != 4 or len(number) != 2 or not (year + number).isascii():
                raise ValueError(label)
            month = cls(date(int(year), int(number), 1))
        except ValueError:
            raise ValueError("There is no such month: write year and month, like 2026-03.") from None
        if not can_be_meant(month.first):
            raise ValueError(f"No such month can be meant: it is of no year from {EARLIEST_YEAR} to {LATEST_YEAR}.")
        return month

    @property
    def last(self) -> date:
        next_month = (self.first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return next_month - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first.year:04d}-{self.first.month:02d}"
