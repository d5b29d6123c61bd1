"""The fact that is appended when appending is measured: one attendance, the most frequent of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.record import Envelope, Person, Source


@dataclass(frozen=True)
class Attendances:
    """The attendances of one patient in one chart, the same for the same seed."""

    patient_id: UUID
    episode_id: UUID
    random: Random

    @classmethod
    def of(cls, seed: int, number: int) -> Attendances:
        random = Random(f"{seed}/{number}")
        return cls(_uuid(random), _uuid(random), random)

    def __iter__(self) -> Iterator[tuple[Envelope, AttendanceRecorded]]:
        by = Person(f"staff/{_uuid(self.random)}", "R. Ames", "counselor", "LCADC")
        arrived = datetime(2026, 3, 2, 23, tzinfo=UTC)
        while True:
            arrived += timedelta(days=1)
            envelope = Envelope(by=by, source=Source.API, correlation_id=_uuid(self.random))
            fact = AttendanceRecorded(
                episode_id=self.episode_id,
                session_id=_uuid(self.random),
                outcome=Outcome.ATTENDED,
                method="roster",
                arrived_at=arrived,
                left_at=arrived + timedelta(hours=3),
            )
            yield envelope, fact


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)
