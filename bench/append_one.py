"""B1a: one fact a command, one ledger, 1, 8 and 32 writers; the store alone.

Floor: raw INSERTs of such rows into a table of the same columns and indexes, in no order, on as many connections.
Peer: the library's `Application.save`. Ours: encrypt, check versions, stamp, keep the idempotency key, commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from typing import Final, LiteralString

import psycopg

from bench.attendances import Attendances
from bench.lab import Lab, Spread, Work, rate
from bench.peer import PeerChart, peer_record
from domain.record import stream_name
from store.append import Command, NewFact
from store.body import encode_body
from store.keys import FileKeyring
from store.migrate import migrate
from store.sealing import ChartKey, bound
from store.store import Store

WRITERS: Final = (1, 8, 32)

# Share of the floor, and times the peer, that ours should reach (None: no bar).
BARS: Final[dict[int, tuple[float | None, float]]] = {1: (None, 1.2), 8: (0.5, 5.0), 32: (0.8, 8.0)}

_FLOOR: Final[LiteralString] = """
CREATE TABLE fact (
    position bigint NOT NULL, version bigint NOT NULL, recorded_at timestamptz NOT NULL,
    ledger text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (ledger, position), UNIQUE (ledger, stream, version)
)
"""
_INSERT: Final[LiteralString] = (
    "INSERT INTO fact (ledger, position, stream, version, type, recorded_at, body)"
    " VALUES (%s, %s, %s, %s, %s, clock_timestamp(), %b)"
)

Contender = Callable[[int], Iterator[list[Work]]]


@dataclass(frozen=True)
class Figures:
    """Facts a second of each contender by number of writers, round by round."""

    floor: dict[int, list[float]]
    peer: dict[int, list[float]]
    ours: dict[int, list[float]]


def run(lab: Lab) -> list[str]:
    """The lines of the table."""
    floor_owner, _ = lab.make_database("floor")
    peer_owner, _ = lab.make_database("peer")
    ours_owner, ours_app = lab.make_database("ours")
    with psycopg.connect(floor_owner) as connection:
        connection.execute(_FLOOR)
    migrate(ours_owner, "stepdown")
    numbers = count(1)
    contenders = {
        "floor": lambda writers: _floor(floor_owner, lab.seed, numbers, writers),
        "peer": lambda writers: _peer(peer_owner, lab.seed, numbers, writers),
        "ours": lambda writers: _ours(ours_app, lab, numbers, writers),
    }
    figures: dict[str, dict[int, list[float]]] = {name: {n: [] for n in WRITERS} for name in contenders}
    order = list(contenders)
    for turn in range(lab.rounds):
        for writers in WRITERS:
            for name in order[turn % 3 :] + order[: turn % 3]:
                with contextmanager(contenders[name])(writers) as works:
                    figures[name][writers].append(rate(works, lab.seconds))
    return table(Figures(figures["floor"], figures["peer"], figures["ours"]))


def _floor(owner: str, seed: int, numbers: Iterator[int], writers: int) -> Iterator[list[Work]]:
    positions = count(next(numbers) * 10**9)
    connections = [psycopg.connect(owner, autocommit=True) for _ in range(writers)]

    def writer(connection: psycopg.Connection[tuple[object, ...]]) -> Work:
        attendances = Attendances.of(seed, next(numbers))
        stream = stream_name("chart", attendances.patient_id)
        # Encrypted once, beforehand: the floor moves bytes and does nothing else.
        envelope, fact = next(iter(attendances))
        body = ChartKey(bytes(32)).seal(encode_body(envelope, fact), bound(stream))
        versions = count(1)

        def insert() -> None:
            row = ("bench", next(positions), stream, next(versions), "AttendanceRecorded", body)
            connection.execute(_INSERT, row)

        return insert

    try:
        yield [writer(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()


def _peer(owner: str, seed: int, numbers: Iterator[int], writers: int) -> Iterator[list[Work]]:
    with peer_record(owner, writers=writers) as record:

        def writer() -> Work:
            chart = PeerChart()
            record.save(chart)
            attendances = iter(Attendances.of(seed, next(numbers)))

            def save() -> None:
                envelope, fact = next(attendances)
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
                record.save(chart)

            return save

        yield [writer() for _ in range(writers)]


def _ours(app: str, lab: Lab, numbers: Iterator[int], writers: int) -> Iterator[list[Work]]:
    with Store(app, FileKeyring(lab.folder / "master.key"), pool_size=writers) as store:
        ledger = store.ledger("bench")

        def writer() -> Work:
            attendances = Attendances.of(lab.seed, next(numbers))
            stream = stream_name("chart", attendances.patient_id)
            facts = iter(attendances)
            versions = count(1)

            def append() -> None:
                envelope, fact = next(facts)
                version = next(versions)
                new = NewFact(stream=stream, version=version, envelope=envelope, fact=fact)
                command = Command("staff|POST attendance", f"{stream}@{version}", b"{}")
                ledger.append([new], reads={stream: version - 1}, command=command)

            return append

        yield [writer() for _ in range(writers)]


def table(figures: Figures) -> list[str]:
    """Markdown; ratios are taken within a round, then their median."""
    lines = [
        "| writers | floor, facts/s | peer, facts/s | ours, facts/s | ours ÷ floor | bar | ours ÷ peer | bar |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for writers in WRITERS:
        floor, peer, ours = (of[writers] for of in (figures.floor, figures.peer, figures.ours))
        of_floor = Spread([o / f for o, f in zip(ours, floor, strict=True)])
        of_peer = Spread([o / p for o, p in zip(ours, peer, strict=True)])
        floor_bar, peer_bar = BARS[writers]
        cells = [
            str(writers),
            Spread(floor).shown(),
            Spread(peer).shown(),
            Spread(ours).shown(),
            of_floor.shown(2),
            "" if floor_bar is None else _judged(of_floor.median, floor_bar),
            of_peer.shown(1),
            _judged(of_peer.median, peer_bar),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _judged(reached: float, bar: float) -> str:
    return f"≥ {bar:g} {'reached' if reached >= bar else 'missed'}"
