"""Instants as text of a site's zone, in ISO 8601 with the offset, a column at a time.

To ask a zone for each instant costs more than all the rest of its cell. Within an hour of UTC a zone mostly keeps its
offset, so that all instants of it differ from one another behind the hour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

_HOUR: Final = len("2026-03-02T23")
_MINUTES: Final = len("2026-03-02T23:00:00")
_UTC: Final = "+00:00"
_MOST: Final = 200_000
"""Hours kept, about: more than twenty years of them."""


class LocalTexts:
    """Texts of instants, and what was learned of the hours that they were in."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hours: dict[str, tuple[str, str] | None] = {}

    def of(self, values: Sequence[datetime | None]) -> list[str]:
        """As long as `values`; "" where there is none. The instants may have any offset."""
        told = [value for value in values if value is not None]
        if not told:
            return [""] * len(values)
        array = orjson.dumps(told)
        in_utc = array.count(f'{_UTC}"'.encode()) == len(told)
        local = self._local(parted(array), told) if in_utc else self._asked(told)
        if len(told) == len(values):
            return local
        texts = iter(local)
        return ["" if value is None else next(texts) for value in values]

    def _local(self, texts: Sequence[str], values: Sequence[datetime]) -> list[str]:
        """Of instants in UTC, which are these texts."""
        hours = self._hours
        if len(hours) > _MOST:
            hours.clear()
        there = {text[:_HOUR] for text in texts}
        for hour in there - hours.keys():
            hours[hour] = self._learned(hour)
        if any(hours[hour] is None for hour in there):
            return self._asked(values)
        return [
            of_hour[0] + text[_HOUR : -len(_UTC)] + of_hour[1] for text in texts if (of_hour := hours[text[:_HOUR]])
        ]

    def _asked(self, values: Sequence[datetime]) -> list[str]:
        """Of any instants, by asking the zone for each."""
        return written([value.astimezone(self._zone) for value in values])

    def _learned(self, hour: str) -> tuple[str, str] | None:
        """What stands before and behind the minutes of an hour of UTC; None where the clock shows other minutes, or is
        put forward or back within it."""
        begins = datetime.fromisoformat(f"{hour}:00:00{_UTC}")
        ends = begins + timedelta(hours=1, microseconds=-1)
        first, last = begins.astimezone(self._zone), ends.astimezone(self._zone)
        if first.utcoffset() != last.utcoffset() or (first.minute, first.second) != (0, 0):
            return None
        [text] = written([first])
        return text[:_HOUR], text[_MINUTES:]


def written(values: Sequence[Any]) -> list[str]:
    """Dates and instants as they are, "" for None: orjson writes a column of them several times as fast as they do
    themselves."""
    texts = iter(parted(orjson.dumps([value for value in values if value is not None])))
    return ["" if value is None else next(texts) for value in values]


def parted(array: bytes) -> list[str]:
    """The texts of a JSON array, none of which holds a quotation mark."""
    return array.decode()[2:-2].split('","')
