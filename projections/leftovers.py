"""What a rebuild that was killed or stopped left beside: rows that no chart takes along when it is destroyed.

One that is at work has the turn; nobody touches its tables.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from projections.projection import AS_PROJECTOR
from store.database import Connection, without_haste

SCHEMA: Final = "projection_next"

TURN: Final = 0x5EED_0004
"""Key of the advisory lock that one rebuild of a database holds at a time."""

DROP: Final[LiteralString] = "DROP SCHEMA IF EXISTS projection_next CASCADE"

_TRY_TURN: Final[LiteralString] = "SELECT pg_try_advisory_xact_lock(%(key)s)"
_TABLES: Final[LiteralString] = """
SELECT relname FROM pg_class
WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r' AND has_table_privilege(oid, 'DELETE')
ORDER BY relname
"""


def drop_leftovers(owner: psycopg.Connection[Any]) -> None:
    """In a transaction of the owner of the read tables."""
    if _has_turn(owner):
        owner.execute(DROP)


def empty_leftovers(db: Connection) -> None:
    """For the follower, which owns no tables and can't drop them: it deletes their rows."""
    with db.transaction():
        without_haste(db)
        db.execute(AS_PROJECTOR)
        if not _has_turn(db):
            return
        tables = [sql.Identifier(SCHEMA, row[0]) for row in db.execute(_TABLES, {"schema": SCHEMA}).fetchall()]
        if tables:
            # A process that folded for the one that was killed may still be at its last streams.
            db.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(tables)))
        for table in tables:
            db.execute(sql.SQL("DELETE FROM {}").format(table))


def _has_turn(connection: psycopg.Connection[Any]) -> bool:
    [[ours]] = connection.execute(_TRY_TURN, {"key": TURN}).fetchall()
    return bool(ours)
