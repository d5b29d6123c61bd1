"""Pages of a cursor come whole and in order; whoever leaves early, or is left, finds the connection as it should be."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any, Final, LiteralString

import psycopg
import pytest

from store.ahead import ROWS, pages
from store.database import Connection
from store.errors import Unavailable
from store.store import Store
from tests.conftest import Database

COUNT: Final = 3 * ROWS + 7
DECLARE: Final[LiteralString] = (
    "DECLARE numbers NO SCROLL CURSOR FOR SELECT n, 1000 / (%(end)s - n) FROM generate_series(1, %(count)s) AS one (n)"
)


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    with store.database.connection() as connection:
        yield connection


def numbered(connection: Connection, *, end: int = 0) -> Generator[list[tuple[Any, ...]]]:
    """Of a row whose number is `end` it can't be said."""
    connection.execute("BEGIN")
    connection.execute(DECLARE, {"count": COUNT, "end": end})
    return pages(connection, "numbers")


def test_every_row_comes_once_and_in_order(connection: Connection) -> None:
    found = list(numbered(connection))
    assert [len(page) for page in found] == [ROWS, ROWS, ROWS, 7]
    assert list(chain.from_iterable(found)) == [(n, -(1000 // n)) for n in range(1, COUNT + 1)]
    connection.execute("COMMIT")


def test_of_no_rows_there_is_no_page(connection: Connection) -> None:
    connection.execute("BEGIN")
    connection.execute("DECLARE numbers NO SCROLL CURSOR FOR SELECT 1 WHERE false")
    assert list(pages(connection, "numbers")) == []
    connection.execute("COMMIT")


def test_who_leaves_early_can_go_on_with_the_connection(connection: Connection) -> None:
    found = numbered(connection)
    assert len(next(found)) == ROWS
    found.close()
    assert connection.execute("SELECT 7").fetchall() == [(7,)]
    connection.execute("COMMIT")


def test_what_the_server_refuses_on_the_way_is_raised_as_psycopg_does(connection: Connection) -> None:
    found = numbered(connection, end=ROWS + 3)
    assert len(next(found)) == ROWS
    with pytest.raises(psycopg.errors.DivisionByZero):
        next(found)
    connection.rollback()
    assert connection.execute("SELECT 7").fetchall() == [(7,)]


def test_a_server_that_goes_meanwhile_is_away(store: Store, database: Database) -> None:
    def read() -> None:
        with store.database.connection() as connection:
            found = numbered(connection)
            next(found)
            with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            list(found)

    with pytest.raises(Unavailable):
        read()
