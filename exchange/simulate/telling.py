"""A ledger as it is told: facts are given with the time of their recording, and come out in the order of it.

What is told waits until nothing earlier can follow, a day or a fortnight at most. So a life of any length takes the
memory of the facts that wait, and of those who are in care.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from heapq import heappop, heappush
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.record import Envelope, Person, Recorded, Source, stream_name

SYSTEM: Final = Person("system", "Stepdown", "system")
LAB: Final = Person("system", "Lab interface", "lab")


class Stream:
    """Its name, the version of what was recorded in it last, and how much was told of it."""

    __slots__ = ("name", "told", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.told = 0


class Told:
    """One fact on its way. It gets its version when it is recorded: what names it is made only then."""

    __slots__ = ("by", "cause", "fact", "reason", "source", "stream", "version")

    def __init__(
        self, stream: Stream, by: Person, fact: Any, source: Source, reason: str | None, cause: Told | None
    ) -> None:
        self.stream = stream
        self.by = by
        self.fact = fact
        self.source = source
        self.reason = reason
        self.cause = cause
        self.version = 0


class Telling:
    """Everything random in it comes of the seed: no clock and no place decides."""

    def __init__(self, ledger: str, zone: str, seed: int) -> None:
        self.ledger = ledger
        self.zone = zone
        self.random = Random(f"{seed}/{ledger}")
        self.at = _times(zone)
        self._waiting: list[tuple[datetime, int, Told]] = []
        self._told = 0
        self._position = 0
        self._horizon: datetime | None = None

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def stream(self, kind: str, key: UUID | str) -> Stream:
        return Stream(stream_name(kind, key))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def tell(
        self,
        at: datetime,
        stream: Stream,
        by: Person,
        fact: Any,
        *,
        source: Source = Source.WEB,
        reason: str | None = None,
        cause: Told | None = None,
    ) -> Told:
        """To be recorded at `at`. `fact` may be a function without arguments, called when what it names has versions;
        `cause` is what it follows from. ValueError when later facts were recorded already."""
        at = at.astimezone(UTC)
        if self._horizon is not None and at < self._horizon:
            raise ValueError(f"{type(fact).__name__} is told too late: what is later was recorded.")
        told = Told(stream, by, fact, source, reason, cause)
        self._told += 1
        stream.told += 1
        heappush(self._waiting, (at, self._told, told))
        return told

    def system(self, at: datetime, stream: Stream, fact: Any, cause: Told | None = None) -> Told:
        """What the system records itself."""
        return self.tell(at, stream, SYSTEM, fact, source=Source.SYSTEM, cause=cause)

    def until(self, at: datetime) -> Iterator[Recorded]:
        """What is recorded before `at`, in order, with positions and versions. Nothing earlier may be told after it."""
        self._horizon = at = at.astimezone(UTC)
        waiting = self._waiting
        while waiting and waiting[0][0] < at:
            recorded_at, _, told = heappop(waiting)
            yield self._recorded(recorded_at, told)

    def _recorded(self, at: datetime, told: Told) -> Recorded:
        stream, cause = told.stream, told.cause
        self._position += 1
        stream.version += 1
        told.version = stream.version
        fact: Any = told.fact
        return Recorded(
            ledger=self.ledger,
            position=self._position,
            stream=stream.name,
            version=told.version,
            recorded_at=at,
            envelope=Envelope(
                by=told.by,
                source=told.source,
                correlation_id=self.uuid(),
                reason=told.reason,
                causation_id=None if cause is None else f"{cause.stream.name}@{cause.version}",
            ),
            fact=fact() if callable(fact) else fact,
        )


def _times(zone: str) -> Callable[..., datetime]:
    """Local times of a site, with the offset that is in force at noon: sessions and desks keep office hours, and a
    fixed offset is several times as quick as looking it up for each instant."""
    site = ZoneInfo(zone)

    @lru_cache(maxsize=64)
    def offset(on: date) -> timezone:
        noon = datetime(on.year, on.month, on.day, 12, tzinfo=site).utcoffset()
        return timezone(noon or timedelta())

    def at(on: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
        return datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=offset(on))

    return at
