"""Processes that fold streams into tables beside: as many as the machine has cores, each with a store of its own.

They write into the same tables, each other rows, and end with the pipe that they are told by: whoever leads and is
killed takes them along. One that is still at work then writes nothing into the tables that the next rebuild makes: it
looks, under a lock that keeps them, whether they are those that it was begun for.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final, LiteralString

import psycopg

from projections.apart import Done, Task, fold_apart
from projections.beside import Beside, Hands, at_length
from projections.catalog import PROJECTIONS
from projections.projection import AS_PROJECTOR, Projection
from store.errors import SchemaMismatch, StoreError
from store.store import Store

Reopen = Callable[[], AbstractContextManager[Store]]
"""Opens the same store in another process. It goes there by name: a function of a module, or a `partial` of one."""

MOST: Final = 4
"""So many at a time, at most: each takes about 150 MB, and the server has work with them too."""

PAYS: Final = 40_000
"""Fewer facts than these are folded before a process has begun."""

_END_SECONDS: Final = 10.0

# A table beside that is there keeps its number as long as anybody holds a lock on it.
_KEEP: Final[LiteralString] = "LOCK TABLE {table} IN ACCESS SHARE MODE"
# Of tables that somebody emptied since, as nobody seemed to be at work on them: none.
_WHICH: Final[LiteralString] = """
SELECT CASE WHEN EXISTS (SELECT FROM {definition}) THEN to_regclass(%(table)s)::oid::bigint ELSE 0 END
"""
# Nobody reads the tables before they are put in their place, which waits for the disk.
_NO_WAIT: Final[LiteralString] = "SET LOCAL synchronous_commit = off"


@contextmanager
def hands(reopen: Reopen | None, fresh: Beside, *, facts: int) -> Iterator[Hands | None]:
    """While so many facts are folded into these tables; None where that doesn't pay, or nobody can be told how."""
    count = min(len(os.sched_getaffinity(0)), MOST)
    if reopen is None or count < 2 or facts < PAYS:
        yield None
        return
    with ExitStack() as stack:
        with fresh.db.transaction():
            fresh.db.execute(AS_PROJECTOR)
            build = _which(fresh)
        pipes = [stack.enter_context(_hand(reopen, fresh, build)) for _ in range(count)]

        def fold(projections: Sequence[Projection], tasks: Sequence[Task]) -> Iterator[Done]:
            return _shared(pipes, projections, tasks)

        yield fold


def _which(fresh: Beside) -> int:
    """The number of the tables beside: others of the same name have another."""
    which = psycopg.sql.SQL(_WHICH).format(definition=fresh.table("definition")).as_string(None)
    [[number]] = fresh.db.execute(which, {"table": f"{fresh.schema}.position"}).fetchall()
    return int(number)


@contextmanager
def _hand(reopen: Reopen, fresh: Beside, build: int) -> Iterator[Pipe]:
    ours, theirs = get_context("spawn").Pipe()
    process = SpawnProcess(
        target=_help, args=(theirs, reopen, fresh.schema, fresh.projections, build), name="fold", daemon=True
    )
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _shared(pipes: Sequence[Pipe], projections: Sequence[Projection], tasks: Sequence[Task]) -> Iterator[Done]:
    """Whoever has done one gets the next."""
    names = [projection.name for projection in projections]
    left = iter(tasks)
    at_work: dict[Pipe, Task] = {}
    for pipe in pipes:
        _give(pipe, names, next(left, None), at_work)
    while at_work:
        for ready in wait(list(at_work)):
            pipe = next(one for one in at_work if one is ready)
            is_written = _heard(pipe)
            yield at_work.pop(pipe), is_written
            _give(pipe, names, next(left, None), at_work)


def _give(pipe: Pipe, names: list[str], task: Task | None, at_work: dict[Pipe, Task]) -> None:
    if task is None:
        return
    try:
        pipe.send((names, task))
    except OSError:
        _heard(pipe)  # It may have said why it ended.
        raise StoreError(_ENDED) from None
    at_work[pipe] = task


_ENDED: Final = "A process that folded ended before its time: the read tables are as they were, try again."


def _heard(pipe: Pipe) -> bool:
    """Whether the rows of its task are written. StoreError when it could not do what it was to do."""
    try:
        said: bool | str = pipe.recv()
    except (EOFError, OSError):
        raise StoreError(_ENDED) from None
    if isinstance(said, str):
        raise StoreError(said)
    return said


# ---- in the other process


def _help(pipe: Pipe, reopen: Reopen, schema: LiteralString, projections: Sequence[Projection], build: int) -> None:
    # Ctrl-C is heard by all of them; the one that leads says when it is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):
        try:
            _refuse_others(projections)
            with reopen() as store:
                _heed(pipe, store, schema, projections, build)
        except StoreError as error:
            pipe.send(str(error))
        except Exception as error:  # noqa: BLE001 its own words may hold somebody's data
            fault = type(error).__name__
            pipe.send(f"A fault of Stepdown itself ended a process that folded ({fault}): please report these words.")


def _heed(pipe: Pipe, store: Store, schema: LiteralString, projections: Sequence[Projection], build: int) -> None:
    """One order after the other, until there are no more."""
    with store.database.connection() as db:
        # What was folded is let go of at once; to look through it again and again takes more than to fold it.
        gc.freeze()
        gc.disable()
        fresh = Beside(store, db, schema, projections)
        while (order := _order(pipe)) is not None:
            names, task = order
            is_written = _fold(store, fresh, [one for one in projections if one.name in names], task, build)
            gc.collect()
            pipe.send(is_written)


def _order(pipe: Pipe) -> tuple[list[str], Task] | None:
    try:
        order: tuple[list[str], Task] = pipe.recv()
    except EOFError:
        return None
    return order


def _fold(store: Store, fresh: Beside, projections: Sequence[Projection], task: Task, build: int) -> bool:
    with fresh.meant(), fresh.db.transaction():
        at_length(fresh.db)
        fresh.db.execute(_NO_WAIT)
        fresh.db.execute(psycopg.sql.SQL(_KEEP).format(table=fresh.table("position")).as_string(None))
        if _which(fresh) != build:
            raise StoreError("Another rebuild has begun: this one wrote nothing more.")
        return fold_apart(fresh.db, projections, store.ledger(task.ledger), task)


def _refuse_others(projections: Sequence[Projection]) -> None:
    known: dict[str, Any] = {projection.name: projection.definition for projection in PROJECTIONS}
    if any(known.get(one.name, one.definition) != one.definition for one in projections):
        raise SchemaMismatch("Another version was installed meanwhile: begin again with that one.")
