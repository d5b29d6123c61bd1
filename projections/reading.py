"""Reading the tables: one ledger, one moment, as the reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

from projections.projection import Cursor
from store.database import AS_READER, COMMIT, Query
from store.store import Store

# One snapshot for all queries: rows and the position that they are at belong together.
BEGIN_SNAPSHOT: Final[LiteralString] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Taken before the snapshot is: who waited here for other tables to be put in the place of these sees them whole.
GATE: Final[LiteralString] = "LOCK TABLE projection.position IN ACCESS SHARE MODE"
FOR_LEDGER: Final[LiteralString] = "SELECT set_config('stepdown.ledger', %(ledger)s, true)"
"""What the row-level security of the read tables goes by."""
_SET_ASIDE: Final[LiteralString] = """
SELECT count(DISTINCT position) FROM projection.set_aside WHERE ledger = %(ledger)s
"""


@contextmanager
def snapshot(store: Store, ledger: str) -> Iterator[Cursor]:
    """A cursor on the read tables of one ledger, all as of one moment. Rows of others are not there.

    Statements go out when the first row is fetched: those that don't need each other's rows share a round trip.
    Raises the errors of the store.
    """
    with store.database.connection() as connection, connection.pipeline():
        connection.execute(BEGIN_SNAPSHOT)
        try:
            connection.execute(AS_READER)
            connection.execute(GATE)
            connection.execute(FOR_LEDGER, {"ledger": ledger})
            yield connection.cursor(binary=True)
            connection.execute(COMMIT)
        except BaseException:
            connection.rollback()
            raise


def facts_lacking(cursor: Cursor, ledger: str) -> int:
    """How many facts of a ledger some read table had to leave out."""
    [[many]] = cursor.execute(_SET_ASIDE, {"ledger": ledger}).fetchall()
    return int(many)


def rows_of(store: Store, ledger: str, *queries: Query) -> list[list[tuple[Any, ...]]]:
    """The rows of each query on the read tables of one ledger, all as of one moment, in one round trip.

    Raises the errors of the store.
    """
    with store.database.connection() as connection:
        with connection.pipeline():
            connection.execute(BEGIN_SNAPSHOT)
            connection.execute(AS_READER)
            connection.execute(GATE)
            connection.execute(FOR_LEDGER, {"ledger": ledger})
            cursors = [connection.cursor(binary=True).execute(query, given) for query, given in queries]
            connection.execute(COMMIT)
        return [cursor.fetchall() for cursor in cursors]
