"""Rebuild: the read tables made anew from the facts while people work, and put in the place of the live ones.

They are filled in a schema of their own: from nothing stream by stream, then on by batches, each with its position.
When they have come as far as the live ones, both are compared in one moment; then, in one short transaction, those who
read and the follower wait, the last few facts are folded, and the tables change places. Whoever is killed before that
leaves the live tables as they were, and tables beside that go when the next one begins, or `prepare` runs, or a
follower starts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from projections.beside import BATCH, NOTED, Beside, Told, beside, make, not_told, positions
from projections.compare import Compared, compare, ledgers_in, moment
from projections.definition import BASE, BASE_DEFINITION
from projections.hands import Reopen, hands
from projections.leftovers import DROP, SCHEMA, TURN
from projections.prepare import made_by_others, tidy
from projections.projection import Projection
from store.errors import SchemaMismatch, StoreError, Unavailable
from store.store import Store

_WAIT: Final[LiteralString] = "SET LOCAL lock_timeout = '2s'"
_TRIES: Final = 15
_PAUSE_SECONDS: Final = 1.0

NEAR: Final = 300
"""Facts that are folded while everybody waits, at most: a few tenths of a second."""

# To keep an index in order row by row takes longer than to make it of all rows.
_INDEXES: Final[LiteralString] = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = %(table)s::regclass AND NOT indisunique
"""
_KEY: Final[LiteralString] = """
SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %(table)s::regclass AND contype = 'p'
"""
_ROOM_TO_SORT: Final[LiteralString] = "SET maintenance_work_mem = '256MB'"
_DEFINITIONS: Final[LiteralString] = "SELECT projection, sha256 FROM projection.definition"
_BASE: Final[LiteralString] = "SELECT sha256 FROM projection.definition WHERE projection = %(base)s"
_SCHEMA: Final[tuple[LiteralString, ...]] = (
    DROP,
    "CREATE SCHEMA projection_next",
    "GRANT USAGE ON SCHEMA projection_next TO stepdown_projector",
)
_FURTHEST: Final[LiteralString] = """
SELECT coalesce(max(position), 0)::bigint FROM projection.position WHERE ledger = %(ledger)s
"""
_ALONE: Final[LiteralString] = "LOCK TABLE projection.position IN ACCESS EXCLUSIVE MODE"
_INSTEAD: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM projection.position WHERE projection = ANY(%(names)s)",
    "INSERT INTO projection.position SELECT * FROM projection_next.position",
    "DELETE FROM projection.set_aside WHERE projection = ANY(%(names)s)",
    "INSERT INTO projection.set_aside SELECT * FROM projection_next.set_aside",
    "DELETE FROM projection.definition WHERE projection = ANY(%(names)s)",
    "INSERT INTO projection.definition SELECT * FROM projection_next.definition",
)


def check(
    store: Store, projections: Sequence[Projection], *, batch: int = BATCH, told: Told = not_told
) -> list[Compared]:
    """The live tables against the facts folded anew, ledger by ledger. Nothing is changed; the follower goes on.

    Raises the errors of the store, `SchemaMismatch` where the tables are those of another version.
    """
    with beside(store, projections) as fresh:
        return [
            one
            for ledger in ledgers_in(store, fresh)
            for one in _compared(store, fresh, ledger, batch=batch, told=told)
        ]


def rebuild(
    store: Store,
    owner_url: str,
    projections: Sequence[Projection],
    *,
    batch: int = BATCH,
    told: Told = not_told,
    reopen: Reopen | None = None,
) -> list[Compared]:
    """Makes these projections anew and puts them in the place of the live ones; answers how those had been, those of
    another definition left out. So a new version's tables are made while processes of the former one go on serving.
    Raises the errors of the store.

    `owner_url` is the login that owns the read tables. What another rebuild left behind is dropped. With `reopen`,
    which opens the same store in another process, every core of the machine folds.
    """
    try:
        with psycopg.connect(owner_url, autocommit=True, connect_timeout=5) as owner, _turn(owner):
            later = _make(owner, projections)
            with store.database.connection() as db:
                fresh = Beside(store, db, SCHEMA, projections)
                ours = Beside(store, db, SCHEMA, _made_alike(owner, projections))
                ledgers = ledgers_in(store, ours)
                with hands(reopen, fresh, facts=_facts_in(store, ledgers)) as more:
                    begun = {
                        ledger: fresh.begin(
                            store.ledger(ledger), _goal_of(fresh, ledger), batch=batch, told=told, hands=more
                        )
                        for ledger in ledgers
                    }
                _finish(owner, later)
                for ledger in ledgers:
                    fresh.end(begun[ledger], told)
                    _catch_up(store, fresh, ledger, batch=batch, told=told)
                for projection in projections:
                    # What the planner goes by.
                    owner.execute(sql.SQL("ANALYZE {}").format(fresh.table(projection.name)))
                found = []
                for ledger in ledgers if ours.projections else ():
                    found += compare(ours, store.ledger(ledger), batch=batch)
                _swap(owner, store, fresh, batch)
            owner.execute(DROP)
            return found
    except psycopg.OperationalError:
        raise Unavailable("The database can't be reached: the read tables are as they were, try again.") from None
    except psycopg.Error as error:
        raise StoreError(
            f"The database refused to put the read tables in place (SQLSTATE {error.sqlstate}): log in as their owner."
        ) from None


def renew(
    store: Store, owner_url: str, *, batch: int = BATCH, told: Told = not_told, reopen: Reopen | None = None
) -> list[str]:
    """Makes the tables of another version's definition anew, by this version's, beside those, which processes of that
    version go on serving until the new ones take their place. Answers the names of these projections; none where all
    are this version's. Raises as `rebuild`.

    For who installs a version, or starts one on a database of its own; not for whoever happens to find other tables
    than its own: it may be the former version, and the two would take each other's tables away for ever.
    """
    foreign = made_by_others(owner_url)
    if foreign:
        rebuild(store, owner_url, foreign, batch=batch, told=told, reopen=reopen)
    else:
        tidy(owner_url)
    return [projection.name for projection in foreign]


def _compared(store: Store, fresh: Beside, ledger: str, *, batch: int, told: Told) -> list[Compared]:
    _catch_up(store, fresh, ledger, batch=batch, told=told)
    return compare(fresh, store.ledger(ledger), batch=batch, told=told)


def _facts_in(store: Store, ledgers: Sequence[str]) -> int:
    return sum(store.ledger(ledger).head().position for ledger in ledgers)


def _catch_up(store: Store, fresh: Beside, ledger: str, *, batch: int, told: Told) -> None:
    """To where the live tables are by now, a transaction a batch."""
    fresh.fold(store.ledger(ledger), _goal_of(fresh, ledger), batch=batch, told=told)


def _goal_of(fresh: Beside, ledger: str) -> dict[str, int]:
    """Where the live tables are by now."""
    with moment(fresh.db):
        return _goal(fresh.db, fresh.projections, ledger)


def _goal(db: psycopg.Connection[Any], projections: Sequence[Projection], ledger: str) -> dict[str, int]:
    """Where the live tables are. One that nobody has begun, as it is new, comes to where the others are."""
    [[furthest]] = db.execute(_FURTHEST, {"ledger": ledger}).fetchall()
    return {name: position or furthest for name, position in positions(db, projections, ledger).items()}


@contextmanager
def _turn(owner: psycopg.Connection[Any]) -> Iterator[None]:
    [[ours]] = owner.execute("SELECT pg_try_advisory_lock(%s)", [TURN]).fetchall()
    if not ours:
        raise StoreError("Another rebuild of this database is under way: wait for it, then try again.")
    yield
    # Whoever begins the next one at once may be there before the server has seen that this connection was closed. Where
    # it was, meanwhile, the tables are in place all the same.
    with suppress(psycopg.Error):
        owner.execute("SELECT pg_advisory_unlock(%s)", [TURN])


def _make(owner: psycopg.Connection[Any], projections: Sequence[Projection]) -> list[str]:
    """Empty tables beside, into which rows can be copied; answers the statements that make of them what they are to
    be, once they are full."""
    with owner.transaction():
        [*base] = owner.execute(_BASE, {"base": BASE}).fetchall()
        if base != [(BASE_DEFINITION,)]:
            raise SchemaMismatch("The read tables are those of another version: run `stepdown migrate`.")
        for statement in _SCHEMA:
            owner.execute(statement)
        make(owner, SCHEMA, projections)
        for name in NOTED:
            table = sql.Identifier(SCHEMA, name)
            owner.execute(sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO stepdown_projector").format(table))
        return [statement for projection in projections for statement in _bared(owner, f"{SCHEMA}.{projection.name}")]


def _bared(owner: psycopg.Connection[Any], table: str) -> list[str]:
    """Takes keys, indexes and row security off a table that nobody but the projector can get at, as nobody else may
    use its schema; answers the statements that give keys and indexes back. Its rows are secured when it goes live."""
    keys = owner.execute(_KEY, {"table": table}).fetchall()
    indexes = owner.execute(_INDEXES, {"table": table}).fetchall()
    for name, _ in keys:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    for name, _ in indexes:
        owner.execute(f"DROP INDEX {name}".encode())
    owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
    return [
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {key}" for name, key in keys),
        *(index for _, index in indexes),
    ]


def _finish(owner: psycopg.Connection[Any], later: Sequence[str]) -> None:
    """Keys and indexes."""
    owner.execute(_ROOM_TO_SORT)
    for statement in later:
        owner.execute(statement.encode())


def _made_alike(owner: psycopg.Connection[Any], projections: Sequence[Projection]) -> list[Projection]:
    """Those whose live rows were made by the same definition: only they can be compared."""
    live = dict(owner.execute(_DEFINITIONS).fetchall())
    return [one for one in projections if live.get(one.name) == one.definition]


def _swap(owner: psycopg.Connection[Any], store: Store, fresh: Beside, batch: int) -> None:
    """In one transaction, in which everybody waits: it begins when little is left to fold. Who reads for longer than
    two seconds is let through first, and it is tried again."""
    for _ in range(_TRIES):
        for ledger in _ledgers(owner):
            _catch_up(store, fresh, ledger, batch=batch, told=not_told)
        if _behind(owner, store, fresh) > NEAR:
            continue
        try:
            with owner.transaction():
                owner.execute(_WAIT)
                owner.execute(_ALONE)
                # Nobody moves a position now.
                if _behind(owner, store, fresh) <= NEAR:
                    _put_in_place(owner, store, fresh)
                    return
        except psycopg.errors.LockNotAvailable:
            time.sleep(_PAUSE_SECONDS)
    raise StoreError(
        "The read tables are being read, or written, without a pause: they are as they were, try again later."
    )


def _behind(owner: psycopg.Connection[Any], store: Store, fresh: Beside) -> int:
    """How many facts the tables beside lack of those that the live ones have by now."""
    facts = 0
    for ledger in _ledgers(owner):
        at, head = fresh.at(ledger), store.ledger(ledger).head().position
        facts += max(min(goal, head) - at[name] for name, goal in _goal(owner, fresh.projections, ledger).items())
    return facts


def _put_in_place(owner: psycopg.Connection[Any], store: Store, fresh: Beside) -> None:
    # What the live tables have come to meanwhile is folded, and no more: readers have seen it.
    for ledger in _ledgers(owner):
        fresh.fold(store.ledger(ledger), _goal(owner, fresh.projections, ledger))
    names = [projection.name for projection in fresh.projections]
    for name in names:
        # Until now a ledger might still have begun, whose rows are copied in: that isn't for a table with row security.
        owner.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(fresh.table(name)))
        owner.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("projection", name)))
        owner.execute(sql.SQL("ALTER TABLE {} SET SCHEMA projection").format(fresh.table(name)))
    for statement in _INSTEAD:
        owner.execute(statement, {"names": names})


def _ledgers(owner: psycopg.Connection[Any]) -> list[str]:
    rows = owner.execute("SELECT DISTINCT ledger FROM projection.position ORDER BY ledger").fetchall()
    return [row[0] for row in rows]
