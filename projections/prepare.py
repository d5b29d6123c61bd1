"""Making the read tables: rebuilt, never migrated. The only place of this room that logs in as the owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg

from projections.catalog import PROJECTIONS
from projections.definition import BASE, BASE_DEFINITION, ddl
from projections.leftovers import drop_leftovers
from projections.projection import Projection
from store.errors import StoreError, Unavailable

_TURN: Final = 0x5EED_0003
"""Key of the advisory lock that one preparation of a database holds at a time."""

_MAY: Final[LiteralString] = """
SELECT pg_has_role(%(login)s, 'stepdown_projector', 'MEMBER') AND pg_has_role(%(login)s, 'stepdown_reader', 'MEMBER')
"""
_KNOWN: Final[LiteralString] = "SELECT projection, sha256 FROM projection.definition"
_FORGET_POSITION: Final[LiteralString] = "DELETE FROM projection.position WHERE projection = %(projection)s"
_FORGET_SET_ASIDE: Final[LiteralString] = "DELETE FROM projection.set_aside WHERE projection = %(projection)s"
_NOTE: Final[LiteralString] = """
INSERT INTO projection.definition (projection, sha256) VALUES (%(projection)s, %(sha256)s)
"""


def prepare(owner_url: str, app_role: str) -> list[str]:
    """Makes the read tables that aren't there yet, empty; the follower fills them from the facts. Those of another
    definition stay as they are: others may be serving them; `renew` puts those of this version in their place.

    To be run after the store's `migrate`, which makes the roles and lets `app_role` take them on. Answers the names of
    the projections that begin. Safe to run again, and by several at once. Raises Unavailable, StoreError.
    """
    with _owner(owner_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
        _require_member(connection, app_role)
        drop_leftovers(connection)
        return _prepare(connection)


def tidy(owner_url: str) -> None:
    """Drops what a rebuild that was killed or stopped left behind. Raises Unavailable, StoreError."""
    with _owner(owner_url) as connection:
        drop_leftovers(connection)


def made_by_others(owner_url: str) -> list[Projection]:
    """The projections whose tables are there, made by another definition. Raises Unavailable, StoreError."""
    with _owner(owner_url) as connection:
        known = _known(connection)
    return [one for one in PROJECTIONS if known.get(one.name, one.definition) != one.definition]


@contextmanager
def _owner(owner_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction of the owner of the read tables."""
    try:
        with psycopg.connect(owner_url, connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError:
        raise Unavailable(
            "The database can't be reached: check its address, its login, and that it runs, then try again."
        ) from None
    except psycopg.Error as error:
        raise StoreError(
            f"The database refused to make the read tables (SQLSTATE {error.sqlstate}): prepare the ledgers first, "
            "and log in as their owner."
        ) from None


def _prepare(connection: psycopg.Connection[Any]) -> list[str]:
    known = _known(connection)
    if known.get(BASE) != BASE_DEFINITION:
        connection.execute(ddl(BASE))
        connection.execute(_NOTE, {"projection": BASE, "sha256": BASE_DEFINITION})
        known = {}
    begun = [projection for projection in PROJECTIONS if projection.name not in known]
    for projection in begun:
        connection.execute(ddl(projection.name))
        connection.execute(_FORGET_POSITION, {"projection": projection.name})
        connection.execute(_FORGET_SET_ASIDE, {"projection": projection.name})
        connection.execute(_NOTE, {"projection": projection.name, "sha256": projection.definition})
    return [projection.name for projection in begun]


def _known(connection: psycopg.Connection[Any]) -> dict[str, str]:
    [[exists]] = connection.execute("SELECT to_regclass('projection.definition') IS NOT NULL").fetchall()
    return dict(connection.execute(_KNOWN).fetchall()) if exists else {}


def _require_member(connection: psycopg.Connection[Any], app_role: str) -> None:
    [[may]] = connection.execute(_MAY, {"login": app_role}).fetchall()
    if not may:
        raise StoreError("The application's login may not use the read tables: prepare the ledgers for it first.")
