"""The keys of one ledger, as they are needed: its lookup key, and the key of each chart."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, LiteralString

from eventsourcing.application import LRUCache

from domain.record import stream_kind
from store.database import AS_WRITER, BEGIN, COMMIT, Database, Query
from store.errors import Destroyed, KeyAltered, KeyringError, Unreadable
from store.keys import KEY_BYTES, Keyring
from store.sealing import ChartKey, LookupKey, bound

SEALED_KINDS: Final = frozenset({"chart"})
"""Kinds of streams that are encrypted, each stream under a key of its own."""

KeyCache = LRUCache[tuple[str, str], ChartKey]
"""(ledger, stream) → key; bounded, so that a process that reads every chart doesn't keep them all."""

_LOOKUP: Final[LiteralString] = "SELECT lookup_key FROM ledger WHERE ledger = %(ledger)s"
_NEW_LEDGER: Final[LiteralString] = (
    "INSERT INTO ledger (ledger, lookup_key) VALUES (%(ledger)s, %(wrapped)b) ON CONFLICT DO NOTHING"
)
_CHART_KEYS: Final[LiteralString] = (
    "SELECT stream, wrapped FROM chart_key WHERE ledger = %(ledger)s AND stream = ANY(%(streams)s)"
)
_DESTROYED: Final[LiteralString] = "SELECT stream FROM chart_key WHERE ledger = %(ledger)s AND wrapped IS NULL"
_DESTROYED_OF: Final[LiteralString] = """
SELECT gone.stream FROM chart_key gone
WHERE gone.ledger = %(ledger)s AND gone.wrapped IS NULL AND EXISTS (
    SELECT FROM fact
    WHERE fact.ledger = gone.ledger AND fact.stream = gone.stream AND fact.position <= %(upto)s)
"""


def is_sealed(stream: str) -> bool:
    return stream_kind(stream) in SEALED_KINDS


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key of a chart that is about to begin, or of a report's rows; stored with the first fact."""

    stream: str
    key: ChartKey
    wrapped: bytes


class LedgerKeys:
    """Thread-safe. `cache` is shared by the ledgers of a store."""

    def __init__(self, ledger: str, database: Database, keyring: Keyring, cache: KeyCache) -> None:
        self._ledger = ledger
        self._database = database
        self._keyring = keyring
        self._cache = cache
        self._lookup: LookupKey | None = None

    def lookup(self) -> LookupKey | None:
        """None while the ledger isn't on record."""
        if self._lookup is None:
            [rows] = self._database.select((_LOOKUP, {"ledger": self._ledger}))
            if rows:
                self._lookup = LookupKey(self._keyring.unwrap(rows[0][0], bound("lookup", self._ledger)))
        return self._lookup

    def begin(self) -> LookupKey:
        """The lookup key; makes the ledger's head row with one where there is none. Of two who race, one wins."""
        if (known := self.lookup()) is not None:
            return known
        wrapped = self._keyring.wrap(secrets.token_bytes(KEY_BYTES), bound("lookup", self._ledger))
        with self._database.connection(writes=True) as connection, connection.pipeline():
            connection.execute(BEGIN)
            connection.execute(AS_WRITER)
            connection.execute(_NEW_LEDGER, {"ledger": self._ledger, "wrapped": wrapped})
            connection.execute(COMMIT)
        made = self.lookup()
        if made is None:
            raise AssertionError("A ledger that was just made, or was there, has a row.")
        return made

    def new(self, stream: str) -> NewKey:
        """A key for a chart that begins; `keep` it once it is stored."""
        key = secrets.token_bytes(KEY_BYTES)
        return NewKey(stream, ChartKey(key), self._keyring.wrap(key, bound("chart", self._ledger, stream)))

    def keep(self, keys: Iterable[NewKey]) -> None:
        for new in keys:
            self._cache.put((self._ledger, new.stream), new.key)

    def known(self, stream: str) -> ChartKey | None:
        """The key, if it is at hand without asking the database."""
        try:
            return self._cache.get((self._ledger, stream))
        except KeyError:
            return None

    def query(self, streams: Iterable[str]) -> Query:
        """Asks for the wrapped keys of charts; `take` its rows."""
        return _CHART_KEYS, {"ledger": self._ledger, "streams": list(streams)}

    def take(self, rows: Iterable[tuple[str, bytes | None]]) -> dict[str, ChartKey]:
        """The keys that came out of `query`, opened, and kept for next time. None of a chart that was destroyed or
        whose key was altered. KeyringError when the master key isn't that of the ledger."""
        taken = {}
        for stream, wrapped in rows:
            if wrapped is None:
                continue
            try:
                key = ChartKey(self._keyring.unwrap(wrapped, bound("chart", self._ledger, stream)))
            except KeyringError:
                # It is the trouble of this chart alone where the master key opens what else it wraps here.
                self.lookup()
                continue
            self._cache.put((self._ledger, stream), key)
            taken[stream] = key
        return taken

    def forget(self, streams: Iterable[str]) -> None:
        """These charts were destroyed: their keys are kept no longer."""
        for stream in streams:
            with suppress(KeyError):
                self._cache.get((self._ledger, stream), evict=True)

    def destroyed(self, *, upto: int | None = None) -> set[str]:
        """The charts of this ledger whose keys were destroyed; with `upto`, those alone that were begun by then."""
        query = _DESTROYED if upto is None else _DESTROYED_OF
        [rows] = self._database.select((query, {"ledger": self._ledger, "upto": upto}))
        return {row[0] for row in rows}

    def of(self, streams: Iterable[str]) -> dict[str, ChartKey]:
        """The keys of the charts among the streams, in one select at most. A chart without one isn't in the answer."""
        return self._of({stream for stream in streams if is_sealed(stream)})

    def _of(self, streams: Iterable[str]) -> dict[str, ChartKey]:
        found: dict[str, ChartKey] = {}
        missing = []
        for stream in streams:
            if (key := self.known(stream)) is not None:
                found[stream] = key
            else:
                missing.append(stream)
        if missing:
            [rows] = self._database.select(self.query(missing))
            found |= self.take((row[0], row[1]) for row in rows)
        return found

    def one(self, stream: str) -> ChartKey:
        """The key of a chart, or of a report's rows. Destroyed when it was, KeyAltered when it doesn't open, Unreadable
        when there is none."""
        if (key := self.known(stream)) is not None:
            return key
        [rows] = self._database.select(self.query([stream]))
        if (key := self.take(rows).get(stream)) is not None:
            return key
        if not rows:
            raise Unreadable(f"{stream} in ledger {self._ledger} has no key: restore the database from its backup.")
        if rows[0][1] is None:
            raise Destroyed(f"{stream} in ledger {self._ledger} was destroyed: nothing of it can be read any more.")
        raise KeyAltered(
            f"The key of {stream} in ledger {self._ledger} was altered: restore the database from its backup."
        )
