"""Preparing a database: roles, tables, grants. The only place that logs in as the owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import Any, Final, LiteralString
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from yoyo import default_migration_table, read_migrations  # type: ignore[import-untyped]
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend  # type: ignore[import-untyped]
from yoyo.connections import parse_uri  # type: ignore[import-untyped]

from store.database import AS_READER
from store.errors import SchemaMismatch, StoreError, Unavailable

OLDEST_POSTGRES: Final = 15

ROLES: Final = ("stepdown_writer", "stepdown_projector", "stepdown_reader")

_HERE: Final = files("store")
_TURN: Final = 0x5EED_0001
"""Key of the advisory lock that one migration of a database holds at a time."""

# Roles belong to the cluster: somebody who migrates another database may be changing them at this moment.
_AT_ONCE: Final = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateObject,
    psycopg.errors.InternalError_,
)
_TRIES: Final = 20

_APPLIED: Final[LiteralString] = "SELECT migration_id FROM _yoyo_migration ORDER BY migration_id"


def migrate(owner_url: str, app_role: str) -> list[str]:
    """Prepares the database for this version, and lets the login `app_role` take on the application's roles.

    Answers the names of the migrations applied. Safe to run again, also after it was killed, and by several at once.
    Raises SchemaMismatch, Unavailable, StoreError.
    """
    with _connected(owner_url) as connection:
        _refuse_old_server(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", [_TURN])
        before = _applied(connection)
        _refuse_newer(before)
        _prepare_roles(connection, app_role)
        missing = [name for name in known() if name not in before]
        if missing:
            _apply(owner_url)
            if _applied(connection) != known():
                raise StoreError("Not every migration could be applied: see the message of the database.")
        return missing


def check(conninfo: str) -> None:
    """Raises SchemaMismatch, with what to do, unless the database is prepared for this version and this login."""
    with _connected(conninfo) as connection:
        _refuse_old_server(connection)
        unprepared = SchemaMismatch("This database isn't prepared: run `stepdown migrate`.")
        connection.execute("BEGIN READ ONLY")
        try:
            connection.execute(AS_READER)
        except psycopg.errors.InvalidParameterValue:
            raise unprepared from None
        except psycopg.errors.InsufficientPrivilege:
            raise SchemaMismatch(
                "This login may not use the database: run `stepdown migrate` for it, or log in as the one that may."
            ) from None
        try:
            applied = _applied(connection)
        except psycopg.errors.InsufficientPrivilege:
            # A migration that was cut off right after it began.
            raise unprepared from None
        if not applied:
            raise unprepared
        _refuse_newer(applied)
        if applied != known():
            raise SchemaMismatch("This database was prepared by an older version: run `stepdown migrate`.")


def known() -> list[str]:
    """The names of the migrations of this version, in order."""
    return sorted(
        entry.name.removesuffix(".sql") for entry in (_HERE / "migrations").iterdir() if entry.name.endswith(".sql")
    )


def _applied(connection: psycopg.Connection[Any]) -> list[str]:
    [exists] = connection.execute("SELECT to_regclass('_yoyo_migration') IS NOT NULL").fetchone() or [False]
    return [row[0] for row in connection.execute(_APPLIED)] if exists else []


def _refuse_newer(applied: list[str]) -> None:
    if not set(applied) <= set(known()):
        raise SchemaMismatch("This database was prepared by a newer version: install that version, or a later one.")


def _refuse_old_server(connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < OLDEST_POSTGRES * 10_000:
        raise SchemaMismatch(
            f"This needs Postgres {OLDEST_POSTGRES} or later: the server is Postgres {version // 10_000}."
        )


def _prepare_roles(connection: psycopg.Connection[Any], app_role: str) -> None:
    """The roles, and the login's right to take them on, not to have them: what it does names its role first."""
    for left in reversed(range(_TRIES)):
        try:
            connection.execute((_HERE / "roles.sql").read_bytes())
            if not _is_member(connection, app_role):
                _grant_roles(connection, app_role)
        except _AT_ONCE:
            if left == 0:
                raise
        else:
            return


def _grant_roles(connection: psycopg.Connection[Any], app_role: str) -> None:
    roles, login = sql.SQL(", ").join(map(sql.Identifier, ROLES)), sql.Identifier(app_role)
    if connection.info.server_version >= 160_000:
        connection.execute(sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(roles, login))
    else:
        # Before 16, whether a role's rights are had without asking is a matter of the login, not of the grant.
        connection.execute(sql.SQL("ALTER ROLE {} NOINHERIT").format(login))
        connection.execute(sql.SQL("GRANT {} TO {}").format(roles, login))


def _is_member(connection: psycopg.Connection[Any], app_role: str) -> bool:
    row = connection.execute(
        "SELECT count(DISTINCT granted.oid) FROM pg_auth_members m JOIN pg_roles granted ON granted.oid = m.roleid"
        " JOIN pg_roles member ON member.oid = m.member"
        " WHERE member.rolname = %s AND granted.rolname = ANY(%s)",
        [app_role, list(ROLES)],
    ).fetchone()
    return row is not None and row[0] == len(ROLES)


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's own for psycopg 3, but that its log doesn't name the account and the machine.

    Asking for them fails in a container whose account has no name, and waits where no name server answers.
    """

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "migration_id": migration.id,
            "migration_hash": migration.hash,
            "username": "",
            "hostname": "",
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }


def _apply(owner_url: str) -> None:
    """Whoever comes here holds the database's lock: a lock row that yoyo left behind is of a killed process."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(owner_url).items() if value is not None}
    backend = _Backend(parse_uri("postgresql+psycopg://?" + urlencode(parameters)), default_migration_table)
    try:
        backend.init_database()
        backend.break_lock()
        with as_file(_HERE / "migrations") as folder, backend.lock():
            backend.apply_migrations(backend.to_apply(read_migrations(str(folder))))
    finally:
        backend.connection.close()


@contextmanager
def _connected(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    """What the database says may hold names and values of its own: it comes out as one sentence."""
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError:
        raise Unavailable(
            "The database can't be reached: check its address, its login, and that it runs, then try again."
        ) from None
    except psycopg.Error as error:
        raise StoreError(
            f"The database refused to be prepared (SQLSTATE {error.sqlstate}): log in as its owner, with CREATEROLE."
        ) from None
