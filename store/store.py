"""Everything of one database: its ledgers, over one pool of connections."""

from __future__ import annotations

from threading import Lock
from types import TracebackType
from typing import Final, LiteralString, Self

from store.database import Database
from store.group import GroupCommit
from store.keys import Keyring
from store.ledger import Ledger
from store.ledger_keys import KeyCache, LedgerKeys
from store.states import States

CACHED_KEYS: Final = 20_000
"""Keys of charts kept at hand: those of some forty large sites, about 10 MB."""

KEPT_FACTS: Final = 100_000
"""Facts kept at hand of all ledgers together, about 130 MB."""

_LEDGERS: Final[LiteralString] = "SELECT ledger FROM ledger WHERE position > 0 ORDER BY ledger"


class Store:
    """Thread-safe. `conninfo` is the application's login; `pool_size` at least the number of threads that write.

    Opened and closed, or used as a context manager.
    """

    def __init__(self, conninfo: str, keyring: Keyring, *, pool_size: int = 8) -> None:
        self._database = Database(conninfo, pool_size=pool_size)
        self._keyring = keyring
        self._group = GroupCommit(self._database)
        self._keys: KeyCache = KeyCache(CACHED_KEYS)
        self._ledgers: dict[str, Ledger] = {}
        self._states: dict[str, States] = {}
        self._lock = Lock()

    @property
    def database(self) -> Database:
        """The pool, for rooms above that have tables of their own in this database."""
        return self._database

    def open(self) -> None:
        """Unavailable when the database can't be reached."""
        self._database.open()

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """How many appends wait for those before them at present."""
        return self._group.waiting

    def ledger(self, name: str) -> Ledger:
        """The ledger of that name, on record or not: the first append makes it."""
        with self._lock:
            if name not in self._ledgers:
                keys = LedgerKeys(name, self._database, self._keyring, self._keys)
                self._ledgers[name] = Ledger(name, self._database, keys, self._group)
            return self._ledgers[name]

    def states(self, name: str) -> States:
        """What this process knows of that ledger."""
        ledger = self.ledger(name)
        with self._lock:
            states = self._states.pop(name, None) or States(ledger)
            self._states[name] = states
            # The ledger that nobody asked about for longest is forgotten first.
            while len(self._states) > 1 and sum(each.facts for each in self._states.values()) > KEPT_FACTS:
                del self._states[next(iter(self._states))]
            return states

    def ledgers(self) -> list[str]:
        """The names of the ledgers that hold facts, sorted, access ledgers included."""
        [rows] = self._database.select((_LEDGERS, {}))
        return [row[0] for row in rows]
