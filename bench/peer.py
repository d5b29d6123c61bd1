"""The peer: the `eventsourcing` library with its own Postgres recorder, as its documentation says, unencrypted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench.lab import host_and_port
from domain.chart.attendance import AttendanceRecorded
from domain.record import Envelope


class PeerChart(Aggregate):
    @event("Opened")
    def __init__(self) -> None:
        self.sessions: dict[UUID, str] = {}

    @event("AttendanceRecorded")
    def record_attendance(
        self,
        by: dict[str, str | None],
        source: str,
        correlation_id: UUID,
        episode_id: UUID,
        session_id: UUID,
        outcome: str,
        method: str,
        arrived_at: datetime | None,
        left_at: datetime | None,
    ) -> None:
        self.sessions[session_id] = outcome


def attend(chart: PeerChart, envelope: Envelope, fact: AttendanceRecorded) -> None:
    """The same fact as ours, under the same envelope, as an event of the chart."""
    chart.record_attendance(
        by=asdict(envelope.by),
        source=envelope.source.value,
        correlation_id=envelope.correlation_id,
        episode_id=fact.episode_id,
        session_id=fact.session_id,
        outcome=fact.outcome.value,
        method=fact.method,
        arrived_at=fact.arrived_at,
        left_at=fact.left_at,
    )


def grown(attendances: Iterable[tuple[Envelope, AttendanceRecorded]], events: int) -> PeerChart:
    """A chart of so many events, its opening among them, not saved yet."""
    chart = PeerChart()
    for envelope, fact in islice(attendances, events - 1):
        attend(chart, envelope, fact)
    return chart


class PeerRecord(Application[UUID]):
    """One application on the library's own tables."""


def peer_record(owner: str, *, writers: int, name: str = "bench") -> PeerRecord:
    """`owner` is the login that makes the library's tables, which are called by `name`.

    Never with its database functions: they lose events.
    """
    login: dict[str, Any] = host_and_port(owner)
    named: type[PeerRecord] = type("NamedPeerRecord", (PeerRecord,), {"name": name})
    return named(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": login["dbname"],
            "POSTGRES_HOST": login["host"],
            "POSTGRES_PORT": login["port"],
            "POSTGRES_USER": login["user"],
            "POSTGRES_PASSWORD": login["password"],
            "POSTGRES_POOL_SIZE": str(writers),
            "POSTGRES_MAX_OVERFLOW": "0",
            "POSTGRES_CONNECT_TIMEOUT": "5",
            "POSTGRES_LOCK_TIMEOUT": "30",
        }
    )
