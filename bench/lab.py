"""Where measurements are made: a durable Postgres of its own, and writers that start and stop together."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Barrier, Event
from time import perf_counter, sleep
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stepdown.embedded import Embedded

Work = Callable[[], object]
"""One unit of work of one writer."""


@dataclass(frozen=True)
class Effort:
    """How much is measured: each figure lasts `seconds` and is taken `rounds` times."""

    seconds: float
    rounds: int
    quick: bool


FULL: Final = Effort(seconds=2.5, rounds=5, quick=False)
QUICK: Final = Effort(seconds=0.5, rounds=3, quick=True)


@dataclass(frozen=True)
class Lab:
    """`seed` makes the data; `facts` is how much of it B10 is to end with, where that was said."""

    server: Embedded
    folder: Path
    seed: int
    effort: Effort
    facts: int | None = None
    _databases: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.effort.seconds

    @property
    def rounds(self) -> int:
        return self.effort.rounds

    def amount(self, *, full: int, quick: int) -> int:
        """An amount of work that --quick cuts down."""
        return quick if self.effort.quick else full

    def make_database(self, name: str) -> tuple[str, str]:
        """A new database: the owner's and the application's login to it. It is gone after the benchmark."""
        with psycopg.connect(self.server.owner_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self._databases.append(name)
        return make_conninfo(self.server.owner_url, dbname=name), make_conninfo(self.server.app_url, dbname=name)

    def clear(self) -> None:
        """Drops the databases made so far, which checkpoints: no benchmark pays for the one before it.

        The server waits some seconds for connections that are being closed; one left open is an error.
        """
        with psycopg.connect(self.server.owner_url, autocommit=True) as connection:
            while self._databases:
                name = sql.Identifier(self._databases.pop())
                connection.execute(sql.SQL("DROP DATABASE {}").format(name))

    def setting(self, name: str) -> str:
        with psycopg.connect(self.server.owner_url) as connection:
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        return "" if row is None else str(row[0])


@contextmanager
def lab(folder: Path, *, seed: int, effort: Effort, facts: int | None = None) -> Iterator[Lab]:
    with Embedded.start(folder / "data", durable=True) as server:
        made = Lab(server, folder, seed, effort, facts)
        if made.setting("fsync") != "on" or made.setting("synchronous_commit") != "on":
            raise SystemExit("This server doesn't write durably: what it does can't be compared.")
        yield made


def in_turn(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Each contender's figures, round by round; every round begins with another one."""
    order = list(contenders)
    figures: dict[str, list[float]] = {name: [] for name in order}
    for turn in range(rounds):
        first = turn % len(order)
        for name in order[first:] + order[:first]:
            figures[name].append(contenders[name]())
    return figures


def contest(
    lab: Lab, contenders: Mapping[str, Callable[[], AbstractContextManager[list[Work]]]]
) -> dict[str, list[float]]:
    """Units a second of each contender, round by round. Every round has writers of its own, made outside the time."""

    def measure(name: str) -> float:
        with contenders[name]() as works:
            return rate(works, lab.seconds)

    return in_turn(lab.rounds, {name: partial(measure, name) for name in contenders})


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


def rate_of(writers: Sequence[Work], times: int) -> float:
    """Units a second where each writer, in a thread of its own, does so many from the start."""
    began = perf_counter()
    with ThreadPoolExecutor(len(writers)) as threads:
        for running in [threads.submit(_again, work, times) for work in writers]:
            running.result()
    return len(writers) * times / (perf_counter() - began)


def _again(work: Work, times: int) -> None:
    for _ in range(times):
        work()


def machine(measured: Lab) -> list[str]:
    """What a figure depends on, without saying whose machine it was."""
    with psycopg.connect(measured.server.owner_url) as connection:
        server = connection.info.server_version
    cores = len(os.sched_getaffinity(0))
    packages = ("psycopg", "eventsourcing", "cryptography", "fastapi", "uvicorn")
    return [
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Seed: {measured.seed}."
        f" Rounds: {measured.rounds}, {measured.seconds:g} s each unless said otherwise, contenders in turn.",
        f"Machine: {cores} cores, {platform.machine()}, {platform.system()}.",
        f"Python {sys.version.split()[0]}, Postgres {server // 10000}.{server % 10000}"
        f" (fsync {measured.setting('fsync')}, synchronous_commit {measured.setting('synchronous_commit')}), "
        + ", ".join(f"{name} {version(name)}" for name in packages)
        + ".",
    ]


def host_and_port(conninfo: str) -> dict[str, str]:
    """The parts of a connection string."""
    return {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
