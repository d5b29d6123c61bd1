"""One ledger: the facts of one program site, appended and read.

An application of the `eventsourcing` library: it saves through our mapper and recorder. Its repository and aggregates
aren't used: facts are folded by the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, NoReturn, cast

from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory, Mapper
from eventsourcing.utils import Environment, EnvType
from psycopg.pq.abc import PGresult

from domain.claims import Claim, claims_of
from domain.key_destruction import ended_by
from domain.record import Recorded
from store.append import AppendRequest, Command, NewFact, NoneSince, Receipt, resource_of, versions_seen
from store.codec import check_place
from store.conflicts import AlreadyAnswered, answered
from store.database import Database
from store.errors import Unreadable, VersionConflict
from store.group import GroupCommit
from store.hashing import claim_digest, command_digests, hashed_claims, hashed_command
from store.hollow import Hollow
from store.kept import KeptRows, read_rows, seal_rows
from store.ledger_keys import LedgerKeys, is_sealed
from store.mapper import FactMapper, Row
from store.recorder import LedgerFactory, LedgerRecorder
from store.restore import Restoration
from store.round_trip import (
    AS_READER,
    BEGIN_READ,
    COMMIT,
    Statement,
    as_bigint,
    as_instant,
    bigint,
    instant,
    round_trip,
)
from store.sealing import NotOpened, bound
from store.streams import Streams
from store.upcasts import stored_names

_EVERYTHING: Final = 2**63 - 1

# What is of a chart that was destroyed comes without its body, whatever key a process may still have at hand: from the
# transaction that destroys a key on, nothing that was sealed under it is opened. Of known streams those that are gone
# are looked up once, not for each fact.
_READ: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, CASE WHEN stream NOT IN (
    SELECT gone.stream FROM chart_key gone
    WHERE gone.ledger = %(ledger)s AND gone.stream = ANY(%(streams)s) AND gone.wrapped IS NULL
) THEN body END FROM fact
WHERE ledger = %(ledger)s AND stream = ANY(%(streams)s) AND position <= %(upto)s
ORDER BY stream, version
"""
_FACTS: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, CASE WHEN NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = fact.ledger AND gone.stream = fact.stream AND gone.wrapped IS NULL
) THEN body END FROM fact
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s
ORDER BY position LIMIT %(limit)s
"""
_TYPED: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, CASE WHEN NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = fact.ledger AND gone.stream = fact.stream AND gone.wrapped IS NULL
) THEN body END FROM fact
WHERE ledger = %(ledger)s AND position > %(after)s AND position <= %(upto)s AND type = ANY(%(types)s)
ORDER BY position LIMIT %(limit)s
"""
_AT: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, CASE WHEN NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = fact.ledger AND gone.stream = fact.stream AND gone.wrapped IS NULL
) THEN body END FROM fact
WHERE ledger = %(ledger)s AND position = ANY(%(positions)s)
ORDER BY position
"""
# The slash and the character after it bound the names of a kind: the index is used, and no pattern is built.
_STREAMS: Final[LiteralString] = """
SELECT stream FROM fact
WHERE ledger = %(ledger)s AND stream >= %(kind)s || '/' AND stream < %(kind)s || '0' AND version = 1
  AND position <= %(upto)s
  AND NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = fact.ledger AND gone.stream = fact.stream AND gone.wrapped IS NULL
  )
ORDER BY position
"""
_HEAD: Final[LiteralString] = "SELECT position, recorded_at FROM ledger WHERE ledger = %(ledger)s"
_HOLDERS: Final[LiteralString] = """
SELECT key, stream FROM claim WHERE ledger = %(ledger)s AND kind = %(kind)s AND key = ANY(%(keys)b::bytea[])
"""

# Positions have no holes and times never fall: halving finds the place with some twenty look-ups, without an index.
_CUT: Final = Statement.of(
    "cut",
    """
WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, position FROM ledger WHERE ledger = $1::text
    UNION ALL
    SELECT CASE WHEN middle.recorded_at <= $2::timestamptz THEN middle.position ELSE low END,
           CASE WHEN middle.recorded_at <= $2::timestamptz THEN high ELSE middle.position - 1 END
    FROM search
    JOIN fact middle ON middle.ledger = $1::text AND middle.position = (low + high + 1) / 2
    WHERE low < high
)
SELECT fact.position, fact.recorded_at
FROM search
JOIN fact ON fact.ledger = $1::text AND fact.position = search.low
WHERE search.low = search.high
""",
)

_TAIL: Final = Statement.of(
    "tail",
    """
SELECT position, stream, version, type, recorded_at, CASE WHEN NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = fact.ledger AND gone.stream = fact.stream AND gone.wrapped IS NULL
) THEN body END FROM fact
WHERE ledger = $1::text AND position > $2::bigint
ORDER BY position LIMIT $3::bigint
""",
)


@dataclass(frozen=True, slots=True)
class Head:
    """A cut through a ledger: its facts up to `position`. 0 and None where there are none."""

    position: int
    recorded_at: datetime | None


class Ledger(Application[str]):
    """Thread-safe. Made by `Store.ledger`; needs no closing."""

    def __init__(self, name: str, database: Database, keys: LedgerKeys, group: GroupCommit) -> None:
        self.name = name
        self._database = database
        self._keys = keys
        self._recorder = LedgerRecorder(name, database, keys, group)
        self._facts = FactMapper(name, keys)
        super().__init__()

    # What the library is made of here.

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Nothing from the process's environment: what a ledger is doesn't depend on it."""
        return Environment(name, {})

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        return LedgerFactory(env, self._recorder)

    def construct_mapper(self) -> Mapper[str]:
        return self._facts

    def construct_recorder(self) -> ApplicationRecorder:
        return self._recorder

    # Appending.

    def append(
        self,
        facts: Sequence[NewFact],
        *,
        reads: Mapping[str, int] | None = None,
        seen: int | None = None,
        none_since: NoneSince | None = None,
        claims: Sequence[Claim] = (),
        releases: Sequence[Claim] = (),
        command: Command | None = None,
        kept: KeptRows | None = None,
    ) -> Receipt:
        """Writes the facts in one transaction, all or nothing. The keys of charts that they end are destroyed in it.

        `reads` says which version the decision saw of each stream that it rests on (0: there is none); they and the
        streams written to must still be there. With `seen`, the position of the ledger at which they all were,
        checking many streams costs no more than checking one. `none_since`: facts of which none may have come, in any
        stream, since the decision looked for them. The claims that facts make by themselves are added to `claims`;
        `releases` are given up first. The same `command` again answers the first receipt. `kept`: the rows of the
        report that they issue.

        Raises VersionConflict, ClaimTaken, KeyReused, Unavailable, Unreadable, ShapeError; ValueError when the facts
        don't follow from `reads`.
        """
        versions = versions_seen(facts, reads or {})
        for new in facts:
            check_place(new.stream, type(new.fact).__name__)
        lookup = self._keys.begin()
        begun = {new.stream: self._keys.new(new.stream) for new in facts if new.version == 1 and is_sealed(new.stream)}
        keys = self._keys.of({new.stream for new in facts} - begun.keys())
        keys |= {stream: new_key.key for stream, new_key in begun.items()}
        if kept is not None:
            begun[kept.stream] = self._keys.new(kept.stream)
        for new in facts:
            if is_sealed(new.stream) and new.stream not in keys:
                self._refuse(new.stream)
        ends = [stream for new in facts if (stream := ended_by(new.fact)) is not None]
        if not versions.keys() >= set(ends):
            raise ValueError("Whoever ends a chart has read it: name its version.")
        made = [claim for new in facts for claim in claims_of(new.stream, new.fact)]
        request = AppendRequest(
            ledger=self.name,
            reads=versions,
            seen=seen,
            none_since=none_since,
            claims=hashed_claims(lookup, [*made, *claims]),
            releases=hashed_claims(lookup, releases),
            keys=list(begun.values()),
            kept=[] if kept is None else [seal_rows(begun[kept.stream].key, self.name, kept)],
            ends=ends,
            command=None if command is None else hashed_command(lookup, command, facts, versions),
        )
        # What the library's `save` comes to, without asking of each fact whether it is an event.
        events = [self._facts.stored(new, keys.get(new.stream)) for new in facts]
        try:
            self._recorder.insert_events(events, request=request)
        except AlreadyAnswered as answered:
            return answered.receipt
        self._keys.keep(request.keys)
        self._keys.forget(ends)
        if request.recorded_at is None:
            raise AssertionError("What was written has been stamped.")
        stream, version, latest = resource_of(command, facts, versions)
        return Receipt(self.name, stream, version, latest, request.position, request.recorded_at)

    def _refuse(self, stream: str) -> NoReturn:
        """A later fact of a chart that has none, or was destroyed: the decision rests on something that isn't so.
        VersionConflict; Unreadable where its key was altered or is gone, which to decide again would not mend."""
        self.read([stream])
        raise VersionConflict

    def answered(self, command: Command) -> Receipt | None:
        """The first receipt of a command that was carried out. KeyReused when its key was another request's."""
        lookup = self._keys.lookup()
        if lookup is None:
            return None
        return answered(self._database, self.name, *command_digests(lookup, command))

    def restore(
        self, facts: Iterable[Recorded | Hollow], *, claims: Sequence[Claim] = (), closing: NewFact | None = None
    ) -> Head:
        """Fills an empty ledger with facts as they stand, and closes with one more, in one transaction.

        Positions and versions must be whole, times must not fall. The claims of the facts that stand are made anew,
        `claims` are further ones (seats). Charts that the facts end have no key afterwards. Nothing else is judged.
        Raises LedgerNotEmpty, LedgerBroken, ClaimTaken, ShapeError, Unavailable; nothing is written then.
        """
        restoration = Restoration(self.name, self._keys, self._facts)
        position, recorded_at = restoration.write(self._database, facts, claims=claims, closing=closing)
        return Head(position, recorded_at)

    # Reading.

    def read(self, streams: Sequence[str], *, upto: int | None = None) -> dict[str, list[Recorded]]:
        """The facts of each stream in order of version, up to a position. A stream without any has an empty list; so
        has a chart that was destroyed."""
        found: dict[str, list[Recorded]] = {stream: [] for stream in streams}
        query = (_READ, {"ledger": self.name, "streams": list(found), "upto": _EVERYTHING if upto is None else upto})
        unknown = [stream for stream in found if is_sealed(stream) and self._keys.known(stream) is None]
        rows, *wrapped = self._database.select(query, *([self._keys.query(unknown)] if unknown else []))
        keys = self._keys.take(wrapped[0]) if wrapped else {}
        for recorded in self._facts.recorded(rows, keys):
            found[recorded.stream].append(recorded)
        return found

    def facts(self, *, after: int = 0, upto: int | None = None, limit: int = 5000) -> list[Recorded]:
        """Facts in order of position: those after one position, up to another, at most `limit`; without those of charts
        that were destroyed. Whoever goes on from there goes by `rows`, which has them all."""
        return self.opened(self.rows(after=after, upto=upto, limit=limit))

    def rows(self, *, after: int = 0, upto: int | None = None, limit: int = 5000) -> list[Row]:
        """As `facts`, but as they are stored, for who wants to open only some of them; those of charts that were
        destroyed without a body."""
        given = {
            "ledger": self.name,
            "after": after,
            "upto": _EVERYTHING if upto is None else upto,
            "limit": limit,
        }
        [rows] = self._database.select((_FACTS, given))
        return cast("list[Row]", rows)

    def tail(self, after: int, limit: int) -> list[Row]:
        """As `rows` without an end, by the shortest way: for who asks before every decision."""
        with self._database.connection() as connection:
            asked = (_TAIL, [self.name.encode(), bigint(after), bigint(limit)])
            found = round_trip(connection, [(BEGIN_READ, ()), (AS_READER, ()), asked, (COMMIT, ())])[2]
        return [_row(found, n) for n in range(found.ntuples)]

    def typed(self, types: Sequence[str], *, after: int, upto: int, limit: int = 5000) -> list[Row]:
        """As `rows`, those stored by these names alone, or by old ones that are read as others now."""
        given = {"ledger": self.name, "types": stored_names(types), "after": after, "upto": upto, "limit": limit}
        [rows] = self._database.select((_TYPED, given))
        return cast("list[Row]", rows)

    def at(self, positions: Sequence[int]) -> list[Row]:
        """As `rows`, those at these positions alone."""
        [rows] = self._database.select((_AT, {"ledger": self.name, "positions": list(positions)}))
        return cast("list[Row]", rows)

    def apart(self, upto: int) -> Streams:
        """As `rows`, stream by stream."""
        return Streams(self._database, self.name, upto)

    def opened(self, rows: Sequence[Row]) -> list[Recorded]:
        """Stored rows as facts, but for those of charts that were destroyed. Unreadable when one of them doesn't
        open."""
        return self._facts.recorded(rows, self._keys.of({row[1] for row in rows}))

    def kept(self, stream: str, sha256: str) -> bytes | None:
        """The rows that a report was issued with, in their canonical form; None where this database doesn't have them.
        RowsAltered when they are not those of this hash."""
        return read_rows(self._database, self._keys, self.name, stream, sha256)

    def streams(self, kind: str, *, upto: int | None = None) -> list[str]:
        """The streams of a kind (`chart`, `session`, `cohort` …), the oldest first. Charts that were destroyed are not
        among them."""
        given = {"ledger": self.name, "kind": kind, "upto": _EVERYTHING if upto is None else upto}
        [rows] = self._database.select((_STREAMS, given))
        return [row[0] for row in rows]

    def destroyed(self, *, upto: int | None = None) -> set[str]:
        """The charts whose keys were destroyed, of those begun up to a position. None of them is opened again, and here
        none of their keys is kept."""
        gone = self._keys.destroyed(upto=upto)
        self._keys.forget(gone)
        return gone

    def head(self) -> Head:
        """The ledger as it is now."""
        [rows] = self._database.select((_HEAD, {"ledger": self.name}))
        return Head(*rows[0]) if rows else Head(0, None)

    def cut(self, known_at: datetime) -> Head:
        """The ledger as it was known then: up to the last fact recorded at or before that instant."""
        with self._database.connection() as connection:
            asked = (_CUT, [self.name.encode(), instant(known_at)])
            found = round_trip(connection, [(BEGIN_READ, ()), (AS_READER, ()), asked, (COMMIT, ())])[2]
        if not found.ntuples:
            return Head(0, None)
        position, recorded_at = (found.get_value(0, column) or b"" for column in range(2))
        return Head(as_bigint(position), as_instant(recorded_at))

    def holder(self, kind: str, value: str) -> str | None:
        """The stream that holds a claim."""
        return self.held(kind, [value]).get(value)

    def held(self, kind: str, values: Sequence[str]) -> dict[str, str]:
        """Those of the values that are claimed, and the stream that holds each."""
        lookup = self._keys.lookup()
        if lookup is None or not values:
            return {}
        by_key = {claim_digest(lookup, kind, value): value for value in values}
        [rows] = self._database.select((_HOLDERS, {"ledger": self.name, "kind": kind, "keys": list(by_key)}))
        return {by_key[key]: stream for key, stream in rows}

    # For read tables.

    def seal(self, stream: str, what: str, plaintext: bytes) -> bytes:
        """Encrypts a column of a read table under a chart's key, bound to ledger, stream and `what` it is. Destroyed
        when there is no key any more."""
        return self._keys.one(stream).seal(plaintext, bound("column", self.name, stream, what))

    def unseal(self, stream: str, what: str, sealed: bytes) -> bytes:
        """What `seal` encrypted. Unreadable when it was another chart's, or another column."""
        try:
            return self._keys.one(stream).unseal(sealed, bound("column", self.name, stream, what))
        except NotOpened:
            raise Unreadable(
                f"A read column of {stream} in ledger {self.name} doesn't open: rebuild the projection."
            ) from None

    def prepare(self, streams: Iterable[str]) -> None:
        """Fetches the keys of many charts at once, before they are unsealed one by one."""
        self._keys.of(streams)

    def keyed_hash(self, what: str, value: str) -> bytes | None:
        """16 bytes by which a read table finds a value that it may not hold; equal for equal values in a ledger.

        None while the ledger isn't on record: there is nothing to find.
        """
        lookup = self._keys.lookup()
        return None if lookup is None else lookup.digest("column", what, value)


def _row(found: PGresult, n: int) -> Row:
    position, stream, version, name, recorded_at = (found.get_value(n, column) or b"" for column in range(5))
    body = found.get_value(n, 5)
    return as_bigint(position), stream.decode(), as_bigint(version), name.decode(), as_instant(recorded_at), body
