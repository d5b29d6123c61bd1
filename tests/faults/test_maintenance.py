"""Appends go on while the database is looked after: VACUUM FREEZE, CREATE INDEX CONCURRENTLY, a long transaction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tests.faults import crowd, timed
from tests.faults.checker import check, check_places
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import read_journals
from tests.faults.load import Task
from tests.faults.victims import END_SECONDS, ended, start

LEDGER = "lexington"
PROCESSES = 2
THREADS = 4
SECONDS = 1.2

LONGEST_SECONDS = 5.0
"""No append may take longer, on however busy a machine: who waits for a lock of a table waits as long as it is held."""

HELD_SECONDS = 0.5
"""How long a lock is held that somebody waits for."""

FACTS_TO_FREEZE = 200_000
P99_SECONDS = 0.050
"""Of 99 in 100 appends by eight writers, while that many facts are frozen again and again."""


@contextmanager
def again_and_again(place: Place, *statements: psycopg.sql.SQL) -> Iterator[list[float]]:
    """Runs the statements in turn, in a session of their own, until the block ends; how long each took."""
    took: list[float] = []
    stop = threading.Event()

    def run() -> None:
        with psycopg.connect(place.superuser_url, autocommit=True) as connection:
            while not stop.is_set():
                for statement in statements:
                    began = time.monotonic()
                    connection.execute(statement)
                    took.append(time.monotonic() - began)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


FREEZE = psycopg.sql.SQL("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) fact")
INDEX = (
    psycopg.sql.SQL("CREATE INDEX CONCURRENTLY by_type ON fact (ledger, type)"),
    psycopg.sql.SQL("DROP INDEX CONCURRENTLY by_type"),
)


WAITS: LiteralString = """
SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE relation = 'fact'::regclass AND NOT granted AND datname = current_database()
"""


def freezing(place: Place) -> AbstractContextManager[list[float]]:
    return again_and_again(place, FREEZE)


def indexing(place: Place) -> AbstractContextManager[list[float]]:
    return again_and_again(place, *INDEX)


@contextmanager
def long_transaction(place: Place) -> Iterator[list[float]]:
    """One that reads an old snapshot and has a number of its own; who freezes and who indexes waits for it."""
    with psycopg.connect(place.superuser_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT pg_current_xact_id(), count(*) FROM fact")
        with freezing(place) as took:
            indexed = threading.Thread(target=index_once, args=(place,))
            indexed.start()
            try:
                yield took
                # Both wait for us, the one for the other, and the appends waited for neither.
                assert indexed.is_alive()
            finally:
                connection.rollback()
                indexed.join()


def index_once(place: Place) -> None:
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        connection.execute(INDEX[0])


@contextmanager
def locking(place: Place) -> Iterator[list[float]]:
    """The control: the lock that appends of other designs take on the whole table, until one has waited for a while."""
    with psycopg.connect(place.superuser_url) as connection:
        connection.execute("LOCK TABLE fact IN EXCLUSIVE MODE")
        try:
            wait_for_who_waits(place)
            time.sleep(HELD_SECONDS)
        finally:
            connection.rollback()
        yield [HELD_SECONDS]


def wait_for_who_waits(place: Place) -> None:
    """Until an append waits for the lock of the table; on a busy machine it takes its time to come."""
    until = time.monotonic() + END_SECONDS
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        while not connection.execute(WAITS).fetchall():
            assert time.monotonic() < until, "nobody came to wait for the lock"
            time.sleep(0.01)


def appended_meanwhile(
    place: Place, journals: Path, run: Run, maintenance: AbstractContextManager[list[float]], seconds: float
) -> tuple[list[float], list[float]]:
    """How long the appends of eight writers took, and each work of maintenance, in seconds."""
    writers = [
        start(
            timed.write,
            Task(
                url=place.app_url,
                key_file=place.key_file,
                journal=journals / f"writer-{number}.journal",
                name=f"writer-{number}",
                seed=run.seed,
                ledgers=(LEDGER,),
                threads=THREADS,
                seconds=seconds,
            ),
        )
        for number in range(PROCESSES)
    ]
    with maintenance as took:
        assert [ended(writer) for writer in writers] == [0] * PROCESSES
    return timed.times_of(journals), took


def p99(times: list[float]) -> float:
    return times[len(times) * 99 // 100]


@pytest.mark.parametrize("maintenance", [freezing, indexing, long_transaction])
def test_appends_go_on_during(
    place: Place,
    journals: Path,
    run: Run,
    maintenance: Callable[[Place], AbstractContextManager[list[float]]],
) -> None:
    times, took = appended_meanwhile(place, journals, run, maintenance(place), SECONDS)
    print(f"{len(times)} appends, p99 {p99(times) * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms; {len(took)} works")
    assert took
    assert times[-1] < LONGEST_SECONDS
    assert check(place, read_journals(journals), resend=False) == []


def test_a_lock_on_the_table_would_be_seen(place: Place, journals: Path, run: Run) -> None:
    times, [held] = appended_meanwhile(place, journals, run, locking(place), SECONDS)
    assert times[-1] > held


def test_appends_are_quick_while_many_facts_are_frozen(place: Place, journals: Path, run: Run) -> None:
    """In full form with as many facts as is promised; else it is a rehearsal. The time is told: a busy machine is no
    fault."""
    facts = run.size(4_000, FACTS_TO_FREEZE)
    filler = Task(
        url=place.app_url, key_file=place.key_file, journal=journals / "filler", name="filler", seed=run.seed, threads=4
    )
    assert ended(start(crowd.fill, filler, facts // 4)) == 0
    seconds = run.size(1, 20)
    quiet, _ = appended_meanwhile(place, folder(journals, "quiet"), run, nullcontext([]), seconds)
    times, took = appended_meanwhile(place, folder(journals, "busy"), run, freezing(place), seconds)
    print(
        f"{facts} facts: append p99 {p99(quiet) * 1000:.1f} ms, {p99(times) * 1000:.1f} ms while they were frozen"
        f" {len(took)} times ({max(took):.2f} s the longest);"
        f" {P99_SECONDS * 1000:g} ms {'kept' if p99(times) < P99_SECONDS else 'exceeded'}"
    )
    assert p99(times) < LONGEST_SECONDS
    assert check_places(place, read_journals(journals / "busy"), LEDGER) == []


def folder(journals: Path, name: str) -> Path:
    made = journals / name
    made.mkdir()
    return made
