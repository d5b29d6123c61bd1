"""Who is measured when facts are appended one a command by the store alone, over one ledger or several.

Floor: raw INSERTs of such rows into a table of the same columns and indexes, in no order, on as many connections.
Peer: the library's `Application.save`, an application with tables of its own for each ledger. Ours: encrypt, check
versions, stamp, keep the idempotency key, commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from itertools import count
from typing import Final, LiteralString

import psycopg

from bench.attendances import Attendances
from bench.lab import Lab, Work, in_turn, rate
from bench.peer import PeerChart, peer_record
from domain.record import stream_name
from store.append import Command, NewFact
from store.body import encode_body
from store.keys import FileKeyring
from store.migrate import migrate
from store.sealing import ChartKey, bound
from store.store import Store

FLOOR_TABLE: Final[LiteralString] = """
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

CONTENDERS: Final = ("floor", "peer", "ours")


class Appending:
    """The three, each in a database of its own; `ledgers` of them, to which the writers go in turn."""

    def __init__(self, lab: Lab, ledgers: int) -> None:
        self._lab = lab
        self.ledgers = [f"bench-{number:02}" for number in range(1, ledgers + 1)]
        self._numbers = count(1)
        self.floor_owner, _ = lab.make_database("append-floor")
        self.peer_owner, _ = lab.make_database("append-peer")
        self.ours_owner, self.ours_app = lab.make_database("append-ours")
        with psycopg.connect(self.floor_owner) as connection:
            connection.execute(FLOOR_TABLE)
        migrate(self.ours_owner, "stepdown")

    def rates(self, writers: int) -> dict[str, list[float]]:
        """Facts a second of each contender, round by round."""
        return in_turn(self._lab.rounds, {name: partial(self._rate, name, writers) for name in CONTENDERS})

    def _rate(self, name: str, writers: int) -> float:
        with self.works(name, writers) as works:
            return rate(works, self._lab.seconds)

    def works(self, name: str, writers: int) -> AbstractContextManager[list[Work]]:
        """What each writer of a contender does again and again: append one fact."""
        made = {"floor": self._floor, "peer": self._peer, "ours": self._ours}
        return contextmanager(made[name])(writers)

    def _ledger_of(self, writer: int) -> str:
        return self.ledgers[writer % len(self.ledgers)]

    def _attendances(self) -> Attendances:
        return Attendances.of(self._lab.seed, next(self._numbers))

    def _floor(self, writers: int) -> Iterator[list[Work]]:
        positions = count(next(self._numbers) * 10**9)
        with ExitStack() as stack:
            connections = [
                stack.enter_context(psycopg.connect(self.floor_owner, autocommit=True)) for _ in range(writers)
            ]

            def insert(writer: int) -> Work:
                attendances = self._attendances()
                stream = stream_name("chart", attendances.patient_id)
                # Encrypted once, beforehand: the floor moves bytes and does nothing else.
                envelope, fact = next(iter(attendances))
                body = ChartKey(bytes(32)).seal(encode_body(envelope, fact), bound(stream))
                versions = count(1)
                ledger, connection = self._ledger_of(writer), connections[writer]

                def work() -> None:
                    row = (ledger, next(positions), stream, next(versions), "AttendanceRecorded", body)
                    connection.execute(_INSERT, row)

                return work

            yield [insert(writer) for writer in range(writers)]

    def _peer(self, writers: int) -> Iterator[list[Work]]:
        with ExitStack() as stack:
            each = -(-writers // len(self.ledgers))
            records = {
                ledger: stack.enter_context(peer_record(self.peer_owner, name=ledger, writers=each))
                for ledger in self.ledgers[:writers]
            }

            def save(writer: int) -> Work:
                record, chart = records[self._ledger_of(writer)], PeerChart()
                record.save(chart)
                attendances = iter(self._attendances())

                def work() -> None:
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

                return work

            yield [save(writer) for writer in range(writers)]

    def _ours(self, writers: int) -> Iterator[list[Work]]:
        with Store(self.ours_app, FileKeyring(self._lab.folder / "master.key"), pool_size=writers) as store:

            def append(writer: int) -> Work:
                ledger, attendances = store.ledger(self._ledger_of(writer)), self._attendances()
                stream = stream_name("chart", attendances.patient_id)
                facts, versions = iter(attendances), count(1)

                def work() -> None:
                    envelope, fact = next(facts)
                    version = next(versions)
                    new = NewFact(stream=stream, version=version, envelope=envelope, fact=fact)
                    command = Command("staff|POST attendance", f"{stream}@{version}", b"{}")
                    ledger.append([new], reads={stream: version - 1}, command=command)

                return work

            yield [append(writer) for writer in range(writers)]
