"""The follower as other threads of its process see it: woken without a word to the database, telling how far it is.

In other processes it is woken by a notification, and found out about by looking at the tables.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Lock
from typing import Final
from weakref import WeakKeyDictionary

from store.store import Store


class Nearby:
    """Of one store. Thread-safe."""

    def __init__(self) -> None:
        self._news = Condition()
        self._bell: socket.socket | None = None
        self._come: dict[str, int] = {}

    @contextmanager
    def following(self) -> Iterator[socket.socket]:
        """While the follower of this store follows: what can be read from when somebody has woken it."""
        ear, bell = socket.socketpair()
        with ear, bell:
            ear.setblocking(False)
            bell.setblocking(False)
            with self._news:
                self._bell = bell
            try:
                yield ear
            finally:
                with self._news:
                    self._bell = None
                    self._come.clear()
                    self._news.notify_all()

    def wake(self) -> bool:
        """Whether there is one here to wake. Costs nothing to speak of, however often."""
        with self._news:
            if self._bell is None:
                return False
            # Full of calls already, it needs no more of them.
            with suppress(BlockingIOError):
                self._bell.send(b".")
            return True

    def came(self, ledger: str, position: int) -> None:
        """Every read table has the facts of that ledger up to there."""
        with self._news:
            self._come[ledger] = position
            self._news.notify_all()

    def has(self, ledger: str, position: int) -> bool:
        """Whether it is known here to have come that far."""
        return self._come.get(ledger, 0) >= position

    def wait(self, ledger: str, position: int, seconds: float) -> bool:
        """The same, before so long. It only sleeps where nobody follows."""
        with self._news:
            return self._news.wait_for(lambda: self.has(ledger, position), seconds)


def drain(ear: socket.socket) -> None:
    """Forgets how often it was called."""
    with suppress(BlockingIOError):
        while ear.recv(4096):
            pass


_OF: Final[WeakKeyDictionary[Store, Nearby]] = WeakKeyDictionary()
_TURN: Final = Lock()


def nearby(store: Store) -> Nearby:
    with _TURN:
        return _OF.setdefault(store, Nearby())
