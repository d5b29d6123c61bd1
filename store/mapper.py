"""Between facts and stored rows: encoding, and encryption under the chart's key.

A fact is bound to its ledger, stream, version and type. Its position and time aren't known when it is sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from domain.key_destruction import ended_by
from domain.record import Envelope, Recorded
from store.append import NewFact
from store.body import decode_body, encode_body
from store.errors import Destroyed, Misshapen, ShapeError, Unreadable
from store.ledger_keys import LedgerKeys, is_sealed
from store.sealing import ChartKey, NotOpened, bound

Row = tuple[int, str, int, str, datetime, bytes | None]
"""position, stream, version, type, recorded_at, body; no body of a chart that was destroyed"""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A fact and the key that it is to be sealed under; None where its stream is kept in plain."""

    new: NewFact
    key: ChartKey | None

    # What the library calls them.

    @property
    def originator_id(self) -> str:
        return self.new.stream

    @property
    def originator_version(self) -> int:
        return self.new.version


class FactMapper(Mapper[str]):
    """The library's mapper, for facts of one ledger."""

    def __init__(self, ledger: str, keys: LedgerKeys) -> None:
        super().__init__(JSONTranscoder())
        self._ledger = ledger
        self._keys = keys
        self._place_here = bound("fact", ledger)

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """A `Keyed` fact as it is stored. ShapeError when it can't be."""
        keyed = cast(Keyed, domain_event)
        return self.stored(keyed.new, keyed.key)

    def stored(self, new: NewFact, key: ChartKey | None) -> StoredEvent:
        """A fact as it is stored, under the key of its chart, if it is one's. ShapeError when it can't be."""
        name = type(new.fact).__name__
        body = encode_body(new.envelope, new.fact)
        if is_sealed(new.stream):
            if key is None:
                raise AssertionError("A chart is never stored in plain.")
            body = key.seal(body, self._place(new.stream, new.version, name))
        return StoredEvent(new.stream, new.version, name, body)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        """A stored fact as `NewFact`: without position and time, which the library's stored events don't have."""
        stream = str(stored_event.originator_id)
        if is_sealed(stream) and stream in self._keys.destroyed():
            self._keys.forget([stream])
        version, name, body = stored_event.originator_version, stored_event.topic, stored_event.state
        if is_sealed(stream):
            key, here = self._keys.one(stream), self._place_here + bound(stream)
            body = self._opened(key, here, stream, version, name, body)
        envelope, fact = self._decoded(stream, version, name, body)
        return cast(DomainEventProtocol[str], NewFact(stream=stream, version=version, envelope=envelope, fact=fact))

    def recorded(self, rows: Iterable[Sequence[Any]], keys: dict[str, ChartKey]) -> list[Recorded]:
        """Rows of the ledger as facts; `keys` holds the key of each chart among them. Charts that were destroyed are
        left out, and those whose destruction is read of are forgotten."""
        found = []
        key, of, here = None, None, b""
        for position, stream, version, name, recorded_at, body in rows:
            if body is None:
                continue
            if stream != of:
                key, of, here = None, stream, self._place_here + bound(stream)
                if is_sealed(stream):
                    key = keys.get(stream) or self._key(stream)
                    if key is None:
                        of = None  # Destroyed since the row was read.
                        continue
            if key is not None:
                body = self._opened(key, here, stream, version, name, body)
            envelope, fact = self._decoded(stream, version, name, body)
            found.append(
                Recorded(
                    version=version,
                    recorded_at=recorded_at,
                    envelope=envelope,
                    fact=fact,
                    ledger=self._ledger,
                    position=position,
                    stream=stream,
                )
            )
            if (ended := ended_by(fact)) is not None:
                self._keys.forget([ended])
        return found

    def _key(self, stream: str) -> ChartKey | None:
        try:
            return self._keys.one(stream)
        except Destroyed:
            return None

    def _opened(self, key: ChartKey, here: bytes, stream: str, version: int, name: str, body: bytes) -> bytes:
        """`here` is the place of the stream, the same for all of its facts."""
        try:
            return key.unseal(body, here + _within(version, name))
        except NotOpened:
            raise Unreadable(
                f"{stream}@{version} in ledger {self._ledger} doesn't open in its place: it was altered or moved. "
                "Restore the database from its backup."
            ) from None

    def _decoded(self, stream: str, version: int, name: str, body: bytes) -> tuple[Envelope, Any]:
        """What is kept in plain has no seal that would break: damage there shows in its shape."""
        try:
            return decode_body(name, body)
        except ShapeError as error:
            raise Misshapen(f"{stream}@{version} in ledger {self._ledger}: {error}") from None
        except (msgspec.MsgspecError, ValueError, LookupError, TypeError):
            raise Misshapen(
                f"{stream}@{version} in ledger {self._ledger} isn't of the shape of its kind: it was altered. "
                "Restore the database from its backup."
            ) from None

    def _place(self, stream: str, version: int, name: str) -> bytes:
        return self._place_here + bound(stream) + _within(version, name)


@lru_cache(maxsize=20_000)
def _within(version: int, name: str) -> bytes:
    """The place of a fact in its stream. Most streams are short, and of few kinds of facts."""
    return bound(str(version), name)
