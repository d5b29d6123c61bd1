"""A ledger as it is told: streams to which facts are added at their times, and in the end all of them in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import count
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.record import Envelope, Person, Recorded, Source

ZONE: Final = ZoneInfo("America/New_York")


def local(on: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(on, time(hour, minute), tzinfo=ZONE)


class Telling:
    """Everything random in it comes of the seed."""

    def __init__(self, ledger: str, seed: int) -> None:
        self.ledger = ledger
        self.random = Random(f"{seed}/{ledger}")
        self._numbers = count()
        self._told: list[tuple[datetime, int, _Told]] = []

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def stream(self, name: str) -> Stream:
        return Stream(self, name)

    def take(self, told: _Told) -> None:
        self._told.append((told.at, next(self._numbers), told))

    def recorded(self) -> Iterator[Recorded]:
        """The facts in order of time, with the positions that the ledger gives them."""
        for position, (at, _, told) in enumerate(sorted(self._told, key=lambda one: one[:2]), start=1):
            yield Recorded(
                ledger=self.ledger,
                position=position,
                stream=told.stream,
                version=told.version,
                recorded_at=at,
                envelope=told.envelope,
                fact=told.fact,
            )


@dataclass(frozen=True, slots=True)
class _Told:
    at: datetime
    stream: str
    version: int
    envelope: Envelope
    fact: Any


class Stream:
    """One stream: each fact is told after the one before."""

    def __init__(self, telling: Telling, name: str) -> None:
        self.name = name
        self.version = 0
        self._telling = telling
        self._last: datetime | None = None

    def tell(
        self,
        at: datetime,
        by: Person,
        fact: Any,
        *,
        source: Source = Source.WEB,
        reason: str | None = None,
        caused_by: int | None = None,
    ) -> int:
        """The version of the fact, which is recorded at `at`; `caused_by` is the version of what it follows from."""
        if self._last is not None and at < self._last:
            raise ValueError(f"{type(fact).__name__} is told too late: a stream is told in order of time.")
        self._last = at
        self.version += 1
        envelope = Envelope(
            by=by,
            source=source,
            correlation_id=self._telling.uuid(),
            reason=reason,
            causation_id=None if caused_by is None else f"{self.name}@{caused_by}",
        )
        self._telling.take(_Told(at, self.name, self.version, envelope, fact))
        return self.version
