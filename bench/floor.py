"""The floor: the same bytes into a table of the same columns and indexes, by raw statements, in no order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Final, LiteralString

import psycopg

from bench.attendances import Attendances
from bench.lab import Lab, Work
from domain.record import stream_name
from store.body import encode_body
from store.sealing import ChartKey, bound

_TABLE: Final[LiteralString] = """
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
_INSERT_ALL: Final[LiteralString] = """
INSERT INTO fact (ledger, position, stream, version, type, recorded_at, body)
SELECT %(ledger)s, new.position, new.stream, %(version)s, %(type)s, clock_timestamp(), new.body
FROM unnest(%(positions)b::bigint[], %(streams)b::text[], %(bodies)b::bytea[]) AS new (position, stream, body)
"""
_COPY_OUT: Final[LiteralString] = """
COPY (SELECT position, version, recorded_at, ledger, stream, type, body FROM fact
      WHERE type <> 'ImportCompleted' ORDER BY ledger, position)
TO STDOUT (FORMAT BINARY)
"""
_COPY_IN: Final[LiteralString] = (
    "COPY fact (position, version, recorded_at, ledger, stream, type, body) FROM STDIN (FORMAT BINARY)"
)
_BLOCK: Final = 2**18
_TYPE: Final = "AttendanceRecorded"


def finished_rows(owner: str) -> list[bytes]:
    """The facts that an import left in a database but for its own closing ones, as COPY moves them, in blocks."""
    blocks, block = [], bytearray()
    with psycopg.connect(owner) as connection, connection.cursor().copy(_COPY_OUT) as copy:
        for data in copy:
            block += data
            if len(block) >= _BLOCK:
                blocks.append(bytes(block))
                block.clear()
    return [*blocks, bytes(block)]


class Floor:
    """The table in a database of its own."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self._positions = count(1)
        self._numbers = count(1)
        self.owner, _ = lab.make_database(name)
        with psycopg.connect(self.owner) as connection:
            connection.execute(_TABLE)

    @contextmanager
    def inserts(self, ledgers: Sequence[str]) -> Iterator[list[Work]]:
        """For each of these ledgers a writer with a connection of its own, who inserts one row after the other."""
        with self._connections(len(ledgers)) as connections:
            yield [self._one(connection, ledger) for connection, ledger in zip(connections, ledgers, strict=True)]

    @contextmanager
    def rosters(self, ledger: str, size: int) -> Iterator[list[Work]]:
        """One writer, who inserts a row for each of `size` streams by one statement."""
        with self._connections(1) as [connection]:
            yield [self._roster(connection, ledger, size)]

    def copy(self, rows: Sequence[bytes]) -> None:
        """All rows in one transaction, given as `finished_rows` answers them."""
        with psycopg.connect(self.owner) as connection, connection.cursor().copy(_COPY_IN) as copy:
            for block in rows:
                copy.write(block)

    @contextmanager
    def _connections(self, number: int) -> Iterator[list[psycopg.Connection[tuple[object, ...]]]]:
        with ExitStack() as stack:
            yield [stack.enter_context(psycopg.connect(self.owner, autocommit=True)) for _ in range(number)]

    def _row(self) -> tuple[str, bytes]:
        """A stream and a body, encrypted beforehand: the floor moves bytes and does nothing else."""
        attendances = Attendances.of(self._lab.seed, next(self._numbers))
        stream = stream_name("chart", attendances.patient_id)
        envelope, fact = next(iter(attendances))
        return stream, ChartKey(bytes(32)).seal(encode_body(envelope, fact), bound(stream))

    def _one(self, connection: psycopg.Connection[tuple[object, ...]], ledger: str) -> Work:
        stream, body = self._row()
        versions = count(1)

        def insert() -> None:
            connection.execute(_INSERT, (ledger, next(self._positions), stream, next(versions), _TYPE, body))

        return insert

    def _roster(self, connection: psycopg.Connection[tuple[object, ...]], ledger: str, size: int) -> Work:
        streams, bodies = map(list, zip(*(self._row() for _ in range(size)), strict=True))
        versions = count(1)

        def insert() -> None:
            row = {
                "ledger": ledger,
                "positions": [next(self._positions) for _ in range(size)],
                "streams": streams,
                "version": next(versions),
                "type": _TYPE,
                "bodies": bodies,
            }
            connection.execute(_INSERT_ALL, row)

        return insert
