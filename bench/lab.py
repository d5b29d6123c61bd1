"""Where measurements are made: a durable Postgres of its own, and writers that start and stop together."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Barrier, Event
from time import perf_counter, sleep

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stepdown.embedded import Embedded

Work = Callable[[], object]
"""One unit of work of one writer."""


@dataclass(frozen=True)
class Lab:
    """`seed` makes the data; each measurement lasts `seconds` and is made `rounds` times."""

    server: Embedded
    folder: Path
    seed: int
    seconds: float
    rounds: int

    def make_database(self, name: str) -> tuple[str, str]:
        """A new database: the owner's and the application's login to it."""
        with psycopg.connect(self.server.owner_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return make_conninfo(self.server.owner_url, dbname=name), make_conninfo(self.server.app_url, dbname=name)

    def setting(self, name: str) -> str:
        with psycopg.connect(self.server.owner_url) as connection:
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        return "" if row is None else str(row[0])


@contextmanager
def lab(folder: Path, *, seed: int, seconds: float, rounds: int) -> Iterator[Lab]:
    with Embedded.start(folder / "data", durable=True) as server:
        made = Lab(server, folder, seed, seconds, rounds)
        if made.setting("fsync") != "on" or made.setting("synchronous_commit") != "on":
            raise SystemExit("This server doesn't write durably: what it does can't be compared.")
        yield made


def rate(writers: Sequence[Work], seconds: float) -> float:
    """Units a second of all writers together, each in a thread of its own, after a short run-in."""
    ready, counting, over = Barrier(len(writers) + 1), Event(), Event()

    def run(work: Work) -> int:
        count = 0
        try:
            work()
        finally:
            # Also when it failed: nobody is to wait for it.
            ready.wait()
        while not over.is_set():
            work()
            if counting.is_set():
                count += 1
        return count

    with ThreadPoolExecutor(len(writers)) as threads:
        running = [threads.submit(run, work) for work in writers]
        ready.wait()
        sleep(min(0.3, seconds / 5))
        counting.set()
        began = perf_counter()
        sleep(seconds)
        over.set()
        lasted = perf_counter() - began
        return sum(one.result() for one in running) / lasted


@dataclass(frozen=True)
class Spread:
    """Median and range of some rounds."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self, digits: int = 0) -> str:
        return f"{self.median:,.{digits}f} ({min(self.values):,.{digits}f} to {max(self.values):,.{digits}f})"


def machine(measured: Lab) -> list[str]:
    """What a figure depends on, without saying whose machine it was."""
    with psycopg.connect(measured.server.owner_url) as connection:
        server = connection.info.server_version
    cores = len(os.sched_getaffinity(0))
    return [
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Seed: {measured.seed}."
        f" Rounds: {measured.rounds}, {measured.seconds:g} s each, contenders in turn.",
        f"Machine: {cores} cores, {platform.machine()}, {platform.system()}.",
        f"Python {sys.version.split()[0]}, Postgres {server // 10000}.{server % 10000}"
        f" (fsync {measured.setting('fsync')}, synchronous_commit {measured.setting('synchronous_commit')}),"
        f" psycopg {version('psycopg')}, eventsourcing {version('eventsourcing')},"
        f" cryptography {version('cryptography')}.",
    ]


def host_and_port(conninfo: str) -> dict[str, str]:
    """The parts of a connection string."""
    return {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
