"""Statements that go to the server together and are answered together, by way of libpq.

psycopg's own pipeline hands statements over one by one, and lets go of Python's lock each time: other threads would run
in between, while a ledger's head is locked. Here all are on their way before anybody else runs.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from time import monotonic
from typing import Any, Final, LiteralString

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from store import database
from store.database import Connection

_HEAD: Final = Struct("!iiIii")
_EMPTY: Final = Struct("!iiI")
_BIGINT: Final = Struct("!q")
_ELEMENT: Final = Struct("!iq")
_LENGTH: Final = Struct("!i")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TEXT_OID, _BYTEA_OID, _INT8_OID = 25, 17, 20


def texts(values: Sequence[str]) -> bytes:
    """A `text[]`, as Postgres reads it."""
    if not values:
        return _EMPTY.pack(0, 0, _TEXT_OID)
    return b"".join([_HEAD.pack(1, 0, _TEXT_OID, len(values), 1), *map(_text, values)])


@lru_cache(50_000)
def _text(value: str) -> bytes:
    # The same streams, types and ledgers are named again and again. Nothing else is a text here.
    raw = value.encode()
    return _LENGTH.pack(len(raw)) + raw


def blobs(values: Sequence[bytes]) -> bytes:
    """A `bytea[]`."""
    if not values:
        return _EMPTY.pack(0, 0, _BYTEA_OID)
    parts = [_HEAD.pack(1, 0, _BYTEA_OID, len(values), 1)]
    for value in values:
        parts.append(_LENGTH.pack(len(value)))
        parts.append(value)
    return b"".join(parts)


def bigints(values: Sequence[int]) -> bytes:
    """A `bigint[]`."""
    if not values:
        return _EMPTY.pack(0, 0, _INT8_OID)
    head = _HEAD.pack(1, 0, _INT8_OID, len(values), 1)
    return b"".join([head, *[_ELEMENT.pack(_BIGINT.size, value) for value in values]])


def bigint(value: int) -> bytes:
    return _BIGINT.pack(value)


def instant(value: datetime) -> bytes:
    """A `timestamptz`: microseconds since the year 2000."""
    return _BIGINT.pack((value - _EPOCH) // _MICROSECOND)


def as_bigint(raw: bytes) -> int:
    number: int = _BIGINT.unpack(raw)[0]
    return number


def as_instant(raw: bytes) -> datetime:
    """As `instant`, the other way."""
    return _EPOCH + timedelta(microseconds=as_bigint(raw))


@dataclass(frozen=True, slots=True)
class Statement:
    """One that a connection prepares once. Its parameters are binary; `$1::text[]` says of each what it is."""

    name: bytes
    sql: bytes

    @classmethod
    def of(cls, name: LiteralString, sql: LiteralString) -> Statement:
        return cls(f"stepdown_{name}".encode(), sql.encode())


Sent = tuple[Statement, Sequence[bytes]]
"""A statement and its parameters."""


BEGIN: Final = Statement.of("begin", database.BEGIN)
BEGIN_READ: Final = Statement.of("begin_read", database.BEGIN_READ)
AS_WRITER: Final = Statement.of("as_writer", database.AS_WRITER)
AS_READER: Final = Statement.of("as_reader", database.AS_READER)
COMMIT: Final = Statement.of("commit", database.COMMIT)


def round_trip(connection: Connection, sent: Sequence[Sent]) -> list[PGresult]:
    """The result of each statement. They fail together: the first error is raised, as psycopg would.

    In a transaction that the statements themselves, or the caller, began.
    """
    try:
        return _sent(connection, sent)
    except psycopg.errors.InvalidSqlStatementName:
        if sent[0][0] not in (BEGIN, BEGIN_READ):
            raise
        # psycopg made the server forget all that was prepared, behind our back. Nothing was done.
        connection.rollback()
        return _sent(connection, sent)


def rows_in(connection: Connection, result: PGresult) -> list[tuple[Any, ...]]:
    """The rows of a result of this connection, each value as psycopg would give it."""
    values = Transformer(connection)
    values.set_pgresult(result)
    return values.load_rows(0, result.ntuples, tuple)


def _sent(connection: Connection, sent: Sequence[Sent]) -> list[PGresult]:
    pgconn = connection.pgconn
    prepared = connection.prepared
    expected: list[Statement | None] = []
    try:
        pgconn.enter_pipeline_mode()
        for statement, parameters in sent:
            if statement.name not in prepared and statement not in expected:
                # It may be there without our knowing; that it isn't is no error.
                pgconn.send_close_prepared(statement.name)
                pgconn.send_prepare(statement.name, statement.sql)
                expected += [statement, statement]
            _send(pgconn, statement, parameters)
            expected.append(None)
        pgconn.pipeline_sync()
        results = _answers(pgconn, monotonic() + database.ANSWER_SECONDS)
        pgconn.exit_pipeline_mode()
    except BaseException:
        # It is not known what this connection would say next.
        pgconn.finish()
        raise
    answers = []
    for result, preparing in zip(results, expected, strict=True):
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_of(result)
        if preparing is None:
            answers.append(result)
        else:
            prepared.add(preparing.name)
    return answers


def _send(pgconn: PGconn, statement: Statement, parameters: Sequence[bytes]) -> None:
    formats = [Format.BINARY] * len(parameters)
    pgconn.send_query_prepared(statement.name, parameters, formats, Format.BINARY)


def _answers(pgconn: PGconn, until: float) -> list[PGresult]:
    """All results up to the end of the pipeline. Statements after one that failed have one too, that says so."""
    while pgconn.flush():
        _wait(pgconn, select.POLLIN | select.POLLOUT, until)
        pgconn.consume_input()
    results: list[PGresult] = []
    ended = False
    while True:
        while pgconn.is_busy():
            _wait(pgconn, select.POLLIN, until)
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if ended:
                raise psycopg.OperationalError("The connection ended in the middle of an answer.")
            ended = True
            continue
        ended = False
        if result.status == ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)


def answer(pgconn: PGconn, until: float) -> PGresult:
    """The result of a statement that was sent by itself, good or bad."""
    while pgconn.flush():
        _wait(pgconn, select.POLLIN | select.POLLOUT, until)
        pgconn.consume_input()
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            _wait(pgconn, select.POLLIN, until)
            pgconn.consume_input()
        if (result := pgconn.get_result()) is None:
            break
        results.append(result)
    return results[-1]


def _wait(pgconn: PGconn, events: int, until: float) -> None:
    waiting = select.poll()
    waiting.register(pgconn.socket, events)
    if not waiting.poll(max(0.0, until - monotonic()) * 1000):
        raise psycopg.OperationalError("The server didn't answer in time.")


def error_of(result: PGresult) -> psycopg.Error:
    """What psycopg would raise for a statement that failed, without what the server said: it may name a patient."""
    sqlstate = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind = psycopg.errors.lookup(sqlstate)
    except KeyError:
        kind = psycopg.DatabaseError
    return kind(f"SQLSTATE {sqlstate}")
