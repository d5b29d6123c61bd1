"""Several processes that answer at one address: started, replaced when one dies, ended together.

They share the listening socket, which the kernel hands from one to the other. Each is a program of its own from its
first line (`python -m stepdown.worker`); its standard input is open for as long as this process lives.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import socket
from threading import Thread
from time import monotonic
from typing import Final

from stepdown.errors import Wrong
from stepdown.server import GRACE_SECONDS
from stepdown.signals import ending_calls
from stepdown.terminal import say

_PROGRAM: Final = "stepdown.worker"

READY: Final = "ready"
"""What a worker says on its standard output once it answers requests."""

AWAY: Final = 75
"""The exit code of a worker that could not start because the database was away: "try again later" in sysexits.h."""

_WITHIN_SECONDS: Final = 60.0

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 10.0
"""How long a place stays empty after somebody could not start in it: at first, and from the fifth time in a row on."""

_END_SECONDS: Final = GRACE_SECONDS + 5


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told: the data folder as it was typed, the host, and the number of the listening socket."""

    data: str | None
    host: str
    listener: int

    def line(self) -> str:
        return json.dumps({"data": self.data, "host": self.host, "listener": self.listener})

    @classmethod
    def of(cls, line: str) -> Order:
        return cls(**json.loads(line))


class _Worker:
    """One process. Tells `news` that it is ready, with True, and that it ended, with False."""

    def __init__(self, order: Order, news: SimpleQueue[tuple[_Worker, bool] | None]) -> None:
        self.ready = False
        self._news = news
        self.process = subprocess.Popen(
            [sys.executable, "-m", _PROGRAM],
            # The same modules as here, from wherever this was started.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[order.listener],
            text=True,
        )
        with suppress(BrokenPipeError):
            # Whoever dies that early is noticed by what it says, or doesn't.
            assert self.process.stdin is not None
            self.process.stdin.write(order.line() + "\n")
            self.process.stdin.flush()
        Thread(target=self._attend, name="worker", daemon=True).start()

    def close(self) -> None:
        """The other end of its standard input."""
        with suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.close()

    def _attend(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                if line.strip() == READY:
                    self._news.put((self, True))
        self.process.wait()
        self._news.put((self, False))


class Workers:
    """`count` of them at an address. Used once, in the main thread."""

    def __init__(self, count: int, data: Path | None, host: str, listener: socket) -> None:
        self._size = count
        self._order = Order(None if data is None else str(data), host, listener.fileno())
        self._news: SimpleQueue[tuple[_Worker, bool] | None] = SimpleQueue()
        self._workers: set[_Worker] = set()
        self._listens = False
        self._deaths: list[float] = []
        self._pause = 0.0
        self._due: list[float] = []

    def run(self, *, listening: Callable[[], None]) -> None:
        """Until SIGINT, SIGTERM or SIGHUP. `listening` is called once all of them answer.

        `Wrong` when one can't start before that, or when they die again and again; none is left then. While the
        database is away, those who answer go on, and whoever can't start is started again later.
        """
        with ending_calls(lambda *_: self._news.put(None)):
            try:
                for _ in range(self._size):
                    self._start()
                self._attend(listening)
            finally:
                self._end()

    def _start(self) -> None:
        self._workers.add(_Worker(self._order, self._news))

    def _attend(self, listening: Callable[[], None]) -> None:
        while (told := self._next()) is not None:
            worker, is_ready = told
            if not is_ready:
                self._replace(worker)
                continue
            worker.ready = True
            self._pause = 0.0
            if not self._listens and all(each.ready for each in self._workers):
                self._listens = True
                listening()

    def _next(self) -> tuple[_Worker, bool] | None:
        """In short waits: a signal is heeded between them, and whose pause is over is started."""
        while True:
            while self._due and self._due[0] <= monotonic():
                del self._due[0]
                self._start_another()
            with suppress(Empty):
                return self._news.get(timeout=0.2)

    def _replace(self, dead: _Worker) -> None:
        self._workers.discard(dead)
        dead.close()
        if not dead.ready and not self._listens:
            raise Wrong(f"A worker could not start ({_how(dead)}): what it said is above.")
        if dead.process.returncode != AWAY:
            self._count(dead)
        if dead.ready:
            say(f"A worker ended ({_how(dead)}): another one takes its place. Nothing that was answered is lost.")
            self._start_another()
        else:
            self._start_later(f"{_how(dead)}, what it said is above")

    def _count(self, dead: _Worker) -> None:
        now = monotonic()
        self._deaths = [at for at in self._deaths if now - at < _WITHIN_SECONDS] + [now]
        if len(self._deaths) > deaths_allowed(self._size):
            raise Wrong(f"Workers ended again and again ({_how(dead)}): what they said is above.")

    def _start_another(self) -> None:
        try:
            self._start()
        except (OSError, RuntimeError):
            # No process, pipe or thread to be had at present: those who live go on.
            self._start_later("this machine has no process to give")

    def _start_later(self, why: str) -> None:
        self._pause = min(self._pause * 2 or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._due = sorted([*self._due, monotonic() + self._pause])
        say(f"A worker could not start ({why}): it is tried again in {self._pause:g} s.")

    def _end(self) -> None:
        """All at once, each with its time for what is under way; whoever takes longer is killed."""
        for worker in self._workers:
            worker.process.send_signal(signal.SIGTERM)
        until = monotonic() + _END_SECONDS
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, until - monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.close()


def deaths_allowed(count: int) -> int:
    """More than this in a minute, of so many workers, are no accident."""
    return max(5, 2 * count)


def _how(worker: _Worker) -> str:
    code = worker.process.returncode
    return f"signal {-code}" if code < 0 else f"exit code {code}"
