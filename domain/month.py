"""Calendar months of local dates, written `2026-03`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """Known by its first date."""

    first: date

    @classmethod
    def parse(cls, label: str) -> Month:
        """`2026-03`. ValueError, with one sentence, where there is no such month."""
        year, dash, number = label.partition("-")
        try:
            if not dash or len(year) != 4 or len(number) != 2 or not (year + number).isascii():
                raise ValueError(label)
            return cls(date(int(year), int(number), 1))
        except ValueError:
            raise ValueError("There is no such month: write year and month, like 2026-03.") from None

    @property
    def last(self) -> date:
        next_month = (self.first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return next_month - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first.year:04d}-{self.first.month:02d}"
