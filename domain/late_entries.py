"""How late a site records: the time between when things happened and when they were recorded, in figures."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.record import Entry, first_recorded_at
from domain.recording import is_late, lateness
from domain.week import Week, local_date

_MINUTE_SECONDS: Final = 60


class Per(StrEnum):
    """What entries are counted together: the type of the fact, who recorded it, or the week of recording."""

    KIND = "kind"
    PERSON = "person"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """An entry that tells of something dated. `recorded_on`: the site's date on which it was first recorded."""

    kind: str
    by: str
    recorded_on: date
    minutes: int
    is_late: bool
    has_reason: bool

    def counted(self, per: Per) -> str:
        match per:
            case Per.KIND:
                return self.kind
            case Per.PERSON:
                return self.by
            case Per.WEEK:
                return str(Week.of(self.recorded_on))


def timed(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> Timed | None:
    """None of an entry that tells of nothing dated. Of an absence, `scheduled_end` is its session's, as was known."""
    passed = lateness(entry, zone, scheduled_end=scheduled_end)
    if passed is None:
        return None
    return Timed(
        kind=type(entry.fact).__name__,
        by=entry.envelope.by.id,
        recorded_on=recorded_on(entry, zone),
        minutes=int(passed.total_seconds()) // _MINUTE_SECONDS,
        is_late=is_late(entry, zone, scheduled_end=scheduled_end),
        has_reason=bool((entry.envelope.reason or "").strip()),
    )


def recorded_on(entry: Entry, zone: ZoneInfo) -> date:
    """Of an entry that was imported, where it was recorded first."""
    return local_date(first_recorded_at(entry), zone)


class Tally:
    """The figures of entries that are counted together: eight bytes an entry."""

    def __init__(self) -> None:
        self._minutes = array("q")
        self._explained = self._unexplained = 0

    def add(self, one: Timed) -> None:
        self._minutes.append(one.minutes)
        if one.is_late:
            self._explained += one.has_reason
            self._unexplained += not one.has_reason

    def record(self) -> dict[str, Any]:
        """JSON-ready. Percentiles by nearest rank: each is the lateness of some entry."""
        ordered, late = sorted(self._minutes), self._explained + self._unexplained
        return {
            "entries": len(ordered),
            "median_minutes": _ranked(ordered, 50),
            "p90_minutes": _ranked(ordered, 90),
            "longest_minutes": _ranked(ordered, 100),
            "late": late,
            "late_share": round(late / len(ordered), 4) if ordered else None,
            "late_with_reason": self._explained,
            "late_without_reason": self._unexplained,
        }


def _ranked(ordered: list[int], percent: int) -> int | None:
    """The smallest that so many percent are not above."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
