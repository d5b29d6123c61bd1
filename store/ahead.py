"""The rows of a server's cursor, page by page, in this thread: the server makes the next page while one is worked on.

A thread that waits for them beside the one that works gets Python's lock up to five milliseconds late, for every few
kilobytes: both then stand in each other's way.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from time import monotonic
from typing import Any, Final, LiteralString

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from store import database
from store.database import Connection
from store.round_trip import answer, error_of, rows_in

ROWS: Final = 500
"""Of a page: what the kernel takes from the server before anybody has read it."""


def pages(connection: Connection, cursor: LiteralString) -> Generator[list[tuple[Any, ...]]]:
    """What a cursor that was declared still has; values as psycopg would give them. In a transaction of the caller's,
    who says nothing to the connection meanwhile.

    Raises psycopg's errors. Whoever doesn't go on to the end closes the generator, also after an error of their own.
    """
    statement = f"FETCH FORWARD {ROWS} FROM {cursor}".encode()
    under_way = False

    def send() -> None:
        nonlocal under_way
        connection.pgconn.send_query_params(statement, None, result_format=Format.BINARY)
        connection.pgconn.flush()
        under_way = True

    def receive() -> PGresult:
        nonlocal under_way
        try:
            result = answer(connection.pgconn, monotonic() + database.ANSWER_SECONDS)
        except BaseException:
            # It is not known what this connection would say next.
            connection.pgconn.finish()
            raise
        finally:
            under_way = False
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_of(result)
        return result

    send()
    try:
        while rows := rows_in(connection, receive()):
            send()
            yield rows
    finally:
        if under_way and connection.pgconn.status == ConnStatus.OK:
            # Nobody asks for these rows any more, nor for what is wrong with them.
            with suppress(psycopg.Error):
                receive()
