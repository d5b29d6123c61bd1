"""What a database holds, as any login that is a member of `stepdown_reader` may read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg

from stepdown.backup.summary import LedgerFound
from stepdown.errors import Wrong
from store.keys import Keyring
from store.sealing import bound

AS_READER: Final[LiteralString] = "SET LOCAL ROLE stepdown_reader"

# The bootstrap superuser has this number in every cluster, whatever its name.
_SERVER: Final[LiteralString] = """
SELECT current_setting('server_version'), current_database(), clock_timestamp(),
       (SELECT rolname FROM pg_roles WHERE oid = 10),
       (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global'))
"""
_MIGRATIONS: Final[LiteralString] = "SELECT migration_id FROM _yoyo_migration ORDER BY migration_id"
_LEDGERS: Final[LiteralString] = """
SELECT head.ledger, head.position, head.recorded_at, count(fact.position)
FROM ledger head LEFT JOIN fact ON fact.ledger = head.ledger
GROUP BY head.ledger ORDER BY head.ledger
"""
# A primary key allows no position twice: as many as the last one, from 1 on, leaves no room for a hole.
_HOLES: Final[LiteralString] = """
SELECT head.ledger FROM ledger head LEFT JOIN fact ON fact.ledger = head.ledger
GROUP BY head.ledger, head.position
HAVING count(fact.position) <> head.position OR max(fact.position) <> head.position OR min(fact.position) <> 1
UNION
SELECT ledger FROM (
    SELECT ledger FROM fact GROUP BY ledger, stream HAVING count(*) <> max(version) OR min(version) <> 1
) AS streams
ORDER BY ledger
"""
_LOOKUP_KEYS: Final[LiteralString] = "SELECT ledger, lookup_key FROM ledger ORDER BY ledger"


@dataclass(frozen=True, slots=True)
class Found:
    """A server and its ledgers at one moment, `at` by the server's clock."""

    server_version: str
    database: str
    at: datetime
    superuser: str
    migrations: list[str]
    ledgers: list[LedgerFound]


def found(url: str) -> Found:
    """`Wrong` when the database can't be read, isn't prepared, or lies in places that a backup wouldn't reach."""
    with reading(url) as connection:
        [[version, database, at, superuser, tablespaces]] = connection.execute(_SERVER).fetchall()
        if tablespaces:
            raise Wrong(
                "This server keeps data in tablespaces outside of its data directory: back it up with a program that "
                "knows them, such as pgBackRest."
            )
        migrations = [row[0] for row in connection.execute(_MIGRATIONS)]
        ledgers = [LedgerFound(*row) for row in connection.execute(_LEDGERS)]
    return Found(version.split()[0], database, at, superuser, migrations, ledgers)


def clock(url: str) -> datetime:
    """The server's clock, by which commits are stamped in its log."""
    with reading(url) as connection:
        [[at]] = connection.execute("SELECT clock_timestamp()").fetchall()
        now: datetime = at
    return now


def holes(url: str) -> list[str]:
    """Ledgers whose positions, or the versions of one of whose streams, don't run from 1 without a hole."""
    with reading(url) as connection:
        return [row[0] for row in connection.execute(_HOLES)]


def require_key(url: str, keyring: Keyring) -> None:
    """KeyringError unless this key opens what the ledgers hold."""
    with reading(url) as connection:
        for ledger, wrapped in connection.execute(_LOOKUP_KEYS):
            keyring.unwrap(wrapped, bound("lookup", ledger))


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction as reader; what the database says comes out as one sentence."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            connection.execute("SET LOCAL TimeZone = 'UTC'")
            connection.execute(AS_READER)
            yield connection
    except psycopg.OperationalError:
        raise Wrong(
            "The database can't be reached: check its address, its login, and that it runs, then try again."
        ) from None
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedTable):
        raise Wrong("This database isn't prepared, so it holds nothing: run `stepdown migrate`.") from None
    except psycopg.errors.InsufficientPrivilege:
        raise Wrong("This login may not read the ledgers: GRANT stepdown_reader to it, as their owner.") from None
    except psycopg.Error as error:
        raise Wrong(f"The database could not be read (SQLSTATE {error.sqlstate}).") from None
