"""What is killed: a durable server with everything of it or a part, and processes of our own."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from projections.catalog import PROJECTIONS
from stepdown.embedded import Embedded
from tests.conftest import Database
from tests.faults.evidence import Place

# Each process is forked from one that has everything imported: a new client costs a hundredth of a second.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pytest", "tests.faults.doomed", "tests.faults.timed", "tests.faults.crowd"])

END_SECONDS = 60.0


def start(work: Callable[..., None], *given: Any) -> ForkServerProcess:
    """A process that does this. It ends with us at the latest."""
    process = _FORKS.Process(target=_alone, args=(work, *given), daemon=True)
    process.start()
    return process


def _alone(work: Callable[..., None], *given: Any) -> None:
    # The pool tells at length of every connection that is lost: they are lost by the hundred here.
    logging.disable(logging.CRITICAL)
    faulthandler.enable()
    work(*given)


def kill(process: ForkServerProcess) -> None:
    """As `kill -9` does; it may have ended before."""
    process.kill()
    process.join(END_SECONDS)


def ended(process: ForkServerProcess) -> int:
    """Waits for its end; its exit code, or minus the signal that ended it."""
    process.join(END_SECONDS)
    code = process.exitcode
    if code is None:
        process.kill()
        raise AssertionError(f"A client did not end within {END_SECONDS} s.")
    process.close()
    return code


class Part(StrEnum):
    """What of a server is killed."""

    ALL = "postmaster and backends"
    POSTMASTER = "postmaster"
    BACKEND = "one backend"


class MortalServer:
    """A durable server in a data folder, started anew when it was killed."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._use = Embedded.start(data, durable=True)

    @property
    def database(self) -> Database:
        return Database.on(self._use, "stepdown")

    def place(self, key_file: Path) -> Place:
        return Place(self._use.app_url, self._use.superuser_url, key_file)

    def kill(self, part: Part, random: Random) -> None:
        """Nothing of what is killed gets to say anything. Without its postmaster the rest ends by itself."""
        postmaster = self._postmaster()
        if part is Part.BACKEND:
            _kill(random.choice(self._backends()))
        elif part is Part.POSTMASTER:
            _kill(postmaster)
        else:
            # It starts no other while its children are listed and killed.
            os.kill(postmaster, signal.SIGSTOP)
            for process in [*children(postmaster), postmaster]:
                _kill(process)

    def restart(self) -> None:
        """As the next process that uses the data folder does."""
        before, self._use = self._use, Embedded.start(self._data, durable=True)
        before.stop()

    def stop(self) -> None:
        self._use.stop()

    def _postmaster(self) -> int:
        noted = self._data / "postgres" / "cluster" / "postmaster.pid"
        return int(noted.read_text(encoding="utf-8").splitlines()[0])

    def _backends(self) -> list[int]:
        with psycopg.connect(self._use.superuser_url) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'stepdown'"
            ).fetchall()
        return [row[0] for row in rows] or [self._postmaster()]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def children(parent: int) -> list[int]:
    """The processes that it started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                # The name, in brackets, may hold anything: the parent is the second field behind it.
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == parent:
                    found.append(int(entry.name))
    return found


_THERE: LiteralString = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'stepdown'"


def forget(place: Place) -> None:
    """The read tables as they were made: empty."""
    with psycopg.connect(place.superuser_url) as connection:
        for table in (*(projection.name for projection in PROJECTIONS), "position", "set_aside"):
            connection.execute(sql.SQL("DELETE FROM projection.{}").format(sql.Identifier(table)))


def wait_for_its_end(place: Place) -> None:
    """The server may still be at the last statement of a client that was killed: it has ended when nobody is there."""
    until = time.monotonic() + END_SECONDS
    while _somebody_is_there(place):
        assert time.monotonic() < until
        time.sleep(0.002)


def _somebody_is_there(place: Place) -> bool:
    """Also while nobody can be asked: a server that lost a backend starts anew."""
    try:
        with psycopg.connect(place.superuser_url, autocommit=True) as connection:
            return bool(connection.execute(_THERE).fetchall())
    except psycopg.OperationalError:
        return True
