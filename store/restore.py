"""A whole ledger from its facts as they stand: positions, versions and times are kept. One transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, cast

import psycopg
from eventsourcing.domain import DomainEventProtocol

from domain.claims import Claim, claims_held, claims_of
from domain.key_destruction import ended_by
from domain.record import EnteredInError, Recorded, aims_ahead
from store.append import AppendRequest, NewFact
from store.codec import check_place
from store.database import AS_WRITER, BEGIN, COMMIT, Connection, Database, without_haste
from store.errors import LedgerBroken, LedgerNotEmpty, VersionConflict
from store.hashing import hashed_claims
from store.hollow import Hollow
from store.ledger_keys import LedgerKeys, NewKey, is_sealed
from store.mapper import FactMapper, Keyed
from store.round_trip import round_trip
from store.writing import destroyed_keys, settle, statements, written_claims, written_keys

_LOCK: Final[LiteralString] = "SELECT position FROM ledger WHERE ledger = %(ledger)s FOR UPDATE"
_COPY: Final[LiteralString] = (
    "COPY fact (ledger, position, stream, version, type, recorded_at, body) FROM STDIN (FORMAT BINARY)"
)
_COPIED: Final = ("text", "int8", "text", "int8", "text", "timestamptz", "bytea")
_MOVE_HEAD: Final[LiteralString] = (
    "UPDATE ledger SET position = %(position)s, recorded_at = %(recorded_at)s WHERE ledger = %(ledger)s"
)


class Restoration:
    """One restore into one ledger; used once."""

    def __init__(self, ledger: str, keys: LedgerKeys, mapper: FactMapper) -> None:
        self._ledger = ledger
        self._keys = keys
        self._mapper = mapper
        self._begun: dict[str, NewKey] = {}
        self._versions: dict[str, int] = {}
        self._claiming: dict[str, list[Recorded]] = {}
        self._ended: set[str] = set()
        self._hollow: set[str] = set()
        self._position = 0
        self._recorded_at: datetime | None = None

    def write(
        self, database: Database, facts: Iterable[Recorded | Hollow], claims: Sequence[Claim], closing: NewFact | None
    ) -> tuple[int, datetime | None]:
        """Position and time of the last fact written. See `Ledger.restore`."""
        lookup = self._keys.begin()
        try:
            with database.connection(writes=True) as connection:
                connection.execute(BEGIN)
                without_haste(connection)
                connection.execute(AS_WRITER)
                head = connection.execute(_LOCK, {"ledger": self._ledger}).fetchone()
                if head is None or head[0] != 0:
                    raise LedgerNotEmpty
                self._copy(connection, facts)
                keys = self._keys_kept()
                round_trip(connection, written_keys([(self._ledger, key) for key in keys]))
                round_trip(connection, destroyed_keys([(self._ledger, chart) for chart in self._ended]))
                hashed = hashed_claims(lookup, [*self._claims(), *claims])
                round_trip(connection, written_claims([(self._ledger, claim) for claim in hashed]))
                self._close(connection, closing)
                connection.execute(COMMIT)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DivisionByZero):
            raise VersionConflict from None
        self._keys.keep(keys)
        return self._position, self._recorded_at

    def _keys_kept(self) -> list[NewKey]:
        """Whatever a file still tells of a chart that it ends is sealed under a key that nobody has any more."""
        if self._hollow - self._ended:
            raise LedgerBroken("A chart lacks its facts, and nothing says that it was destroyed: the file is broken.")
        return [key for stream, key in self._begun.items() if stream not in self._ended]

    def _copy(self, connection: Connection, facts: Iterable[Recorded | Hollow]) -> None:
        with connection.cursor().copy(_COPY) as copy:
            copy.set_types(_COPIED)
            for recorded in facts:
                self._follow(recorded)
                copy.write_row(self._row(recorded))
        connection.execute(
            _MOVE_HEAD,
            {"ledger": self._ledger, "position": self._position, "recorded_at": self._recorded_at},
        )

    def _follow(self, recorded: Recorded | Hollow) -> None:
        """One fact further. LedgerBroken where it doesn't follow the one before."""
        if recorded.ledger != self._ledger:
            raise LedgerBroken(
                f"Position {recorded.position} is of another ledger: restore a ledger into its own name."
            )
        if recorded.position != self._position + 1:
            raise LedgerBroken(f"Position {self._position + 1} is missing: restore a file that holds the whole ledger.")
        version = self._versions.get(recorded.stream, 0) + 1
        if recorded.version != version:
            raise LedgerBroken(
                f"Position {recorded.position} isn't version {version} of its stream: the file is broken."
            )
        if self._recorded_at is not None and recorded.recorded_at < self._recorded_at:
            raise LedgerBroken(f"Position {recorded.position} was recorded before the one ahead of it: out of order.")
        self._position = recorded.position
        self._recorded_at = recorded.recorded_at
        self._versions[recorded.stream] = version
        if isinstance(recorded, Hollow):
            check_place(recorded.stream, recorded.type)
            self._hollow.add(recorded.stream)
            return
        check_place(recorded.stream, type(recorded.fact).__name__)
        if aims_ahead(recorded):
            raise LedgerBroken(f"Position {recorded.position} strikes or corrects what doesn't come before it.")
        if (ended := ended_by(recorded.fact)) is not None:
            self._ended.add(ended)
        if isinstance(recorded.fact, EnteredInError) or any(claims_of(recorded.stream, recorded.fact)):
            self._claiming.setdefault(recorded.stream, []).append(recorded)

    def _row(self, recorded: Recorded | Hollow) -> tuple[Any, ...]:
        stream = recorded.stream
        if isinstance(recorded, Hollow):
            place = (self._ledger, recorded.position, stream, recorded.version)
            return (*place, recorded.type, recorded.recorded_at, b"")
        if is_sealed(stream) and stream not in self._begun:
            self._begun[stream] = self._keys.new(stream)
        begun = self._begun.get(stream)
        new = NewFact(stream=stream, version=recorded.version, envelope=recorded.envelope, fact=recorded.fact)
        stored = self._mapper.to_stored_event(
            cast(DomainEventProtocol[str], Keyed(new, None if begun is None else begun.key))
        )
        return (
            self._ledger,
            recorded.position,
            stream,
            recorded.version,
            stored.topic,
            recorded.recorded_at,
            stored.state,
        )

    def _claims(self) -> Iterator[Claim]:
        """What the facts claim at the end."""
        for stream, entries in self._claiming.items():
            yield from claims_held(stream, entries)

    def _close(self, connection: Connection, closing: NewFact | None) -> None:
        """The last fact, stamped like any other."""
        if closing is None:
            return
        check_place(closing.stream, type(closing.fact).__name__)
        request = AppendRequest(
            ledger=self._ledger,
            events=[self._mapper.to_stored_event(cast(DomainEventProtocol[str], Keyed(closing, None)))],
            reads={closing.stream: closing.version - 1},
        )
        settle([request], round_trip(connection, statements([request])))
        self._position, self._recorded_at = request.position, request.recorded_at
