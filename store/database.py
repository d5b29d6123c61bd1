"""The pool of one database, and the one way to talk to it: a transaction, one role, one round trip.

The login itself may do nothing; every transaction takes a role on for its own length. All statements of a
transaction are sent together (psycopg's pipeline), so that nothing waits for the client while rows are locked.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Final, LiteralString, Self

import psycopg
from psycopg.pq.abc import PGconn
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from store.errors import StoreError, Unavailable

Cursor = psycopg.Cursor[tuple[Any, ...]]
Parameters = Mapping[str, Any]
Query = tuple[LiteralString, Parameters]

# A server may have another default; the check of versions rests on seeing what was committed while it waited.
BEGIN: Final[LiteralString] = "BEGIN ISOLATION LEVEL READ COMMITTED"
BEGIN_READ: Final[LiteralString] = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
COMMIT: Final[LiteralString] = "COMMIT"
AS_WRITER: Final[LiteralString] = "SET LOCAL ROLE stepdown_writer"
AS_READER: Final[LiteralString] = "SET LOCAL ROLE stepdown_reader"

_NOW: Final[LiteralString] = "SELECT clock_timestamp()"

WAIT_SECONDS: Final = 5.0
"""How long a caller waits for a connection before it is told to try again."""

TRANSACTION_SECONDS: Final = 20.0
"""How long a transaction may take, from Postgres 17 on: a client that fell silent in the middle of one would hold its
locks, a ledger's head among them, for ever. Above the time that is waited for a lock."""

ANSWER_SECONDS: Final = 25.0
"""How long an answer is waited for: above all that the server has as a limit. The other side may have gone without a
word."""

UNREACHABLE = "The database can't be reached: nothing was recorded and nothing is lost, try again."
_NO_ROOM = "The database has no room to write: nothing was recorded and nothing is lost. Make room, then try again."
_NO_WRITES = (
    "This database takes no writes at present (a standby?): nothing was recorded and nothing is lost, try again."
)
_BROKEN_OFF = (
    "The connection to the database broke while this was being written: whether it was recorded isn't known, "
    "so send the same request with the same idempotency key again."
)


def _says_more(record: logging.LogRecord) -> bool:
    return not record.msg.startswith("error ignored terminating")


# psycopg warns when a pipeline in which a statement failed is left. That statement's error is raised anyhow, and a
# version conflict, which ends so, is daily work.
logging.getLogger("psycopg").addFilter(_says_more)


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """Waits for an answer, but not for ever. `prepared` names the statements that it knows by name."""

    def __init__(self, pgconn: PGconn, row_factory: Any = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self.prepared: set[bytes] = set()

    def rollback(self) -> None:
        super().rollback()
        # psycopg may have made the server forget all that was prepared, not only what it had prepared itself.
        self.prepared.clear()

    def wait(self, gen: Generator[Any, Any, Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if timeout is None and error.sqlstate is None and not isinstance(error, psycopg.errors.PipelineAborted):
                # No word from the server: to leave the connection in order would be to wait for it again.
                self.pgconn.finish()
            raise


class Database:
    """One pool. `conninfo` is a libpq URL or connection string of the application's login."""

    def __init__(self, conninfo: str, *, pool_size: int) -> None:
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            conninfo,
            connection_class=Connection,
            kwargs={"autocommit": True, "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5}
            | {"keepalives_count": 3, "tcp_user_timeout": 20_000},
            min_size=1,
            max_size=pool_size,
            timeout=WAIT_SECONDS,
            # Else the pauses between attempts double, and an outage lasts twice as long here.
            reconnect_timeout=1.0,
            configure=_configure,
            num_workers=1,
            open=False,
            name="stepdown",
        )

    def open(self) -> None:
        """Connects. Unavailable when the database can't be reached."""
        try:
            self._pool.open(wait=True, timeout=WAIT_SECONDS)
        except PoolTimeout:
            self._pool.close()
            raise Unavailable(UNREACHABLE) from None

    def close(self) -> None:
        self._pool.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def select(self, *queries: Query, role: LiteralString = AS_READER) -> list[list[tuple[Any, ...]]]:
        """The rows of each query, as tuples, in one round trip. Later queries see what earlier ones saw, or more."""
        with self.connection() as connection:
            with connection.pipeline():
                connection.execute(BEGIN_READ)
                connection.execute(role)
                cursors = [connection.cursor(binary=True).execute(query, given) for query, given in queries]
                connection.execute(COMMIT)
            return [cursor.fetchall() for cursor in cursors]

    def now(self) -> datetime:
        """The database's clock, by which facts are stamped, in UTC."""
        [rows] = self.select((_NOW, {}))
        at: datetime = rows[0][0]
        return at

    @contextmanager
    def connection(self, *, writes: bool = False) -> Iterator[Connection]:
        """A connection out of the pool, in autocommit; what fails comes out as the store's own errors.

        Conflicts (23505, 22012) come out as they are: only the append knows what they mean.
        """
        try:
            with self._live() as connection:
                try:
                    yield connection
                except psycopg.Error as error:
                    raise _ours(error, connection, writes=writes) from None
        except (PoolTimeout, PoolClosed):
            raise Unavailable(UNREACHABLE) from None

    @contextmanager
    def _live(self) -> Iterator[Connection]:
        """A connection that stands; left as it came, or closed. The pool's own check would wait a second first."""
        while not _is_alive(connection := self._pool.getconn()):
            connection.close()
            self._pool.putconn(connection)
        try:
            with connection:
                yield connection
        finally:
            self._pool.putconn(connection)


def _configure(connection: Connection) -> None:
    """Instants come back in UTC; a peer that hangs or is gone doesn't hold the others up for ever."""
    settings = {
        "TimeZone": "UTC",
        "lock_timeout": "15s",
        "idle_in_transaction_session_timeout": "30s",
        # These two are for connections over a network; on a unix socket they do nothing.
        "tcp_keepalives_idle": "10",
        "tcp_user_timeout": "20s",
    }
    if connection.info.server_version >= 170000:
        settings["transaction_timeout"] = f"{TRANSACTION_SECONDS:g}s"
    connection.execute(
        "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)",
        [list(settings), list(settings.values())],
    )


def without_haste(connection: Connection) -> None:
    """The transaction just begun may take its time."""
    if connection.info.server_version >= 170000:
        connection.execute("SELECT set_config('transaction_timeout', '0', true)")


def _is_alive(connection: Connection) -> bool:
    """False when the server has closed the connection while it lay in the pool; known without asking the server.

    An idle connection has nothing to say: when there is something to read, it is the end.
    """
    if connection.closed:
        return False
    reading = select.poll()
    reading.register(connection.fileno(), select.POLLIN)
    return not reading.poll(0)


def _ours(error: psycopg.Error, connection: Connection, *, writes: bool) -> Exception:
    match error:
        case psycopg.errors.UniqueViolation() | psycopg.errors.DivisionByZero():
            return error
        case psycopg.OperationalError() if connection.closed and writes:
            return Unavailable(_BROKEN_OFF, recorded=None)
        case psycopg.errors.DiskFull():
            return Unavailable(_NO_ROOM)
        case psycopg.errors.ReadOnlySqlTransaction():
            return Unavailable(_NO_WRITES)
        case psycopg.errors.PipelineAborted() if not connection.closed:
            # A statement before it was refused, by a server that is there.
            return StoreError("The database refused a statement: see that `stepdown migrate` has prepared it.")
        case psycopg.OperationalError():
            return Unavailable(UNREACHABLE)
        case _:
            return StoreError(
                f"The database refused a statement (SQLSTATE {error.sqlstate}): see that it is prepared by "
                "`stepdown migrate` for this version and this login."
            )
