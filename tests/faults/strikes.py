"""A process that kills itself at its k-th statement: before it is sent, once it is sent, or once it is answered.

Statements are counted where psycopg and the store's round trips hand them to libpq, over whichever connection. In a
pipeline nothing would leave the process before its end: there, what was queued so far is pushed out first, so that the
server is as far as the statement says when its client dies.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from typing import Any

import psycopg
from psycopg import BaseConnection
from psycopg.pq.abc import PGconn

from store import round_trip

_PATIENCE_MS = 2000


class Moment(StrEnum):
    """How far the k-th statement is when the process dies."""

    UNSENT = "unsent"
    SENT = "sent"
    ANSWERED = "answered"


def arm(number: int, moment: Moment) -> None:
    """From here on statements are counted, and at the given one (from 1) this process is gone."""
    numbers = count(1)
    execute = psycopg.Cursor.execute
    command = BaseConnection._exec_command
    send = round_trip._send

    def before(connection: PGconn) -> bool:
        """Whether this is the statement."""
        ours = next(numbers) == number
        if ours and moment is Moment.UNSENT:
            _push_out(connection)
            _die()
        if ours and moment is Moment.SENT and not connection.pipeline_status:
            # Outside of a pipeline the call returns with the answer.
            _die_within()
        return ours

    def after(connection: PGconn) -> None:
        _push_out(connection)
        if moment is Moment.ANSWERED:
            _hear_out(connection)
        _die()

    def counted_execute(self: psycopg.Cursor[Any], *given: Any, **named: Any) -> Any:
        ours = before(self.connection.pgconn)
        answer = execute(self, *given, **named)
        if ours:
            after(self.connection.pgconn)
        return answer

    def counted_command(self: BaseConnection[Any], *given: Any, **named: Any) -> Iterator[Any]:
        ours = before(self.pgconn)
        answer = yield from command(self, *given, **named)
        if ours:
            after(self.pgconn)
        return answer

    def counted_send(connection: PGconn, *given: Any) -> None:
        ours = before(connection)
        send(connection, *given)
        if ours:
            after(connection)

    round_trip._send = counted_send  # type: ignore[assignment]
    psycopg.Cursor.execute = counted_execute  # type: ignore[method-assign]
    BaseConnection._exec_command = counted_command  # type: ignore[method-assign, assignment]


def _push_out(connection: PGconn) -> None:
    if connection.pipeline_status:
        connection.send_flush_request()
        while connection.flush():
            select.select([], [connection.socket], [])


def _hear_out(connection: PGconn) -> None:
    """Waits until the server has answered all that was pushed out: it says nothing more."""
    if connection.pipeline_status:
        answers = select.poll()
        answers.register(connection.socket, select.POLLIN)
        patience = _PATIENCE_MS
        while answers.poll(patience):
            os.read(connection.socket, 65536)
            patience = 20


def _die_within() -> None:
    """A millisecond from now, while the answer is waited for."""
    threading.Timer(0.001, _die).start()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
