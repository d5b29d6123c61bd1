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
_OFFSET: Final = -len(_UTC)
_MOST: Final = 200_000
"""Hours kept: more than twenty years of them."""


class LocalTexts:
    """Texts of instants, and what was learned of the hours that they were in."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hours: dict[str, tuple[str, str] | None] = {}

    def of(self, values: Sequence[datetime | None]) -> list[str]:
        """As long as `values`; "" where there is none. The instants may have any offset."""
        told = [value for value in values if value is not None]
        array = orjson.dumps(told)
        if array.count(f'{_UTC}"'.encode()) != len(told):
            return written([None if value is None else value.astimezone(self._zone) for value in values])
        texts, hours = parted(array), self._hours
        try:
            local = [(of := hours[text[:_HOUR]])[0] + text[_HOUR:_OFFSET] + of[1] for text in texts]  # type: ignore[index]
        except (KeyError, TypeError):
            # Of an hour that was not met yet, or within which the clock is put forward or back.
            local = [self._local(text, value) for text, value in zip(texts, told, strict=True)]
        if len(told) == len(values):
            return local
        rest = iter(local)
        return ["" if value is None else next(rest) for value in values]

    def _local(self, text: str, value: datetime) -> str:
        try:
            of_hour = self._hours[text[:_HOUR]]
        except KeyError:
            of_hour = self._learned(text[:_HOUR])
        if of_hour is None:
            return written([value.astimezone(self._zone)])[0]
        return of_hour[0] + text[_HOUR:_OFFSET] + of_hour[1]

    def _learned(self, hour: str) -> tuple[str, str] | None:
        """What stands before and behind the minutes of an hour of UTC; None where the clock shows other minutes, or is
        put forward or back within it."""
        begins = datetime.fromisoformat(f"{hour}:00:00{_UTC}")
        ends = begins + timedelta(hours=1, microseconds=-1)
        first, last = begins.astimezone(self._zone), ends.astimezone(self._zone)
        found = None
        if first.utcoffset() == last.utcoffset() and (first.minute, first.second) == (0, 0):
            [text] = written([first])
            found = text[:_HOUR], text[_MINUTES:]
        if len(self._hours) >= _MOST:
            self._hours.clear()
        self._hours[hour] = found
        return found


def written(values: Sequence[Any]) -> list[str]:
    """Dates and instants as they are, "" for None: orjson writes a column of them several times as fast as they do
    themselves."""
    texts = iter(parted(orjson.dumps([value for value in values if value is not None])))
    return ["" if value is None else next(texts) for value in values]


def parted(array: bytes) -> list[str]:
    """The texts of a JSON array, none of which is empty or holds a quotation mark."""
    texts = array.decode()[2:-2]
    return texts.split('","') if texts else []
