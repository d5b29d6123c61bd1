"""The append: what is written, by which statements, in one transaction and one round trip.

The update of the ledger's head row takes its lock, moves the position and stamps the time; the rest follows under
that lock and numbers itself from the row. The lock puts commits in order: who has seen position n has seen 1..n. What
fails rolls all of it back, the head row too: there are no holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

from eventsourcing.persistence import StoredEvent

from domain.record import Envelope
from store.database import AS_WRITER, BEGIN, COMMIT, Connection, Cursor
from store.ledger_keys import NewKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """A fact to be appended, by the name under which its stream will keep it."""

    stream: str
    version: int
    envelope: Envelope
    fact: Any

    # What the library calls them.

    @property
    def originator_id(self) -> str:
        return self.stream

    @property
    def originator_version(self) -> int:
        return self.version


@dataclass(frozen=True, slots=True)
class Command:
    """What makes a command safe to send again.

    `scope` is who sends it and over which route, `key` the client's own, `body` the canonical request; only keyed
    hashes of them are stored. `resource` is the stream that the receipt names; without it, the first fact's.
    """

    scope: str
    key: str
    body: bytes
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an append answers: `stream@version` names the first fact written to the stream that the receipt names.

    `latest` is that stream's version afterwards, and `position` that of the last fact: the system may have recorded
    more with it. Where nothing was written to the stream, both versions are the one that was read. `repeated` when the
    command had been carried out before: then this is the first answer.
    """

    ledger: str
    stream: str
    version: int
    latest: int
    position: int
    recorded_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class HashedClaim:
    """A claim as it is stored."""

    kind: str
    key: bytes
    stream: str


@dataclass(frozen=True, slots=True)
class HashedCommand:
    """A command as it is stored, and what its receipt names."""

    key: bytes
    body: bytes
    stream: str
    version: int
    latest: int


@dataclass(slots=True, kw_only=True)
class AppendRequest:
    """One append, ready to be written. `events` are sealed already; `position` and `recorded_at` come of writing it.

    `reads` says for each stream that the decision saw which version it was at, those written to among them; `seen`
    the position of the ledger at which they were.
    """

    ledger: str
    events: Sequence[StoredEvent] = ()
    reads: dict[str, int] = field(default_factory=dict)
    seen: int | None = None
    claims: Sequence[HashedClaim] = ()
    releases: Sequence[HashedClaim] = ()
    keys: Sequence[NewKey] = ()
    command: HashedCommand | None = None
    position: int = 0
    recorded_at: datetime | None = None


_HEAD: Final[LiteralString] = """
UPDATE ledger
SET position = position + %(count)s,
    recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
WHERE ledger = %(ledger)s
RETURNING position, recorded_at
"""

# A statement of its own, after the update: it sees what was committed while that waited for the lock. A difference
# divides by zero (22012), so that the COMMIT behind it rolls back; an INSERT with this as its condition would insert
# nothing and leave the head moved: a hole.
_CHECK: Final[LiteralString] = """
SELECT 1 / CASE WHEN EXISTS (
    SELECT FROM unnest(%(streams)b::text[], %(versions)b::bigint[]) AS seen (stream, version)
    WHERE seen.version IS DISTINCT FROM coalesce(
        (SELECT max(f.version) FROM fact f WHERE f.ledger = %(ledger)s AND f.stream = seen.stream), 0)
) THEN 0 ELSE 1 END
"""

_FACTS: Final[LiteralString] = """
INSERT INTO fact (ledger, position, stream, version, type, recorded_at, body)
SELECT head.ledger, head.position - %(count)s + new.n, new.stream, new.version, new.type, head.recorded_at, new.body
FROM ledger head
CROSS JOIN unnest(%(streams)b::text[], %(versions)b::bigint[], %(types)b::text[], %(bodies)b::bytea[])
    WITH ORDINALITY AS new (stream, version, type, body, n)
WHERE head.ledger = %(ledger)s
"""

_COMMAND: Final[LiteralString] = """
INSERT INTO idempotency (ledger, key, body, stream, version, latest, position, recorded_at)
SELECT head.ledger, %(key)b, %(body)b, %(stream)s, %(version)s, %(latest)s, head.position, head.recorded_at
FROM ledger head
WHERE head.ledger = %(ledger)s
"""

_RELEASE: Final[LiteralString] = """
DELETE FROM claim
USING unnest(%(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[]) AS freed (kind, key, stream)
WHERE claim.ledger = %(ledger)s
  AND claim.kind = freed.kind AND claim.key = freed.key AND claim.stream = freed.stream
"""

# A stream may claim again what it holds.
_CLAIM: Final[LiteralString] = """
INSERT INTO claim (ledger, kind, key, stream)
SELECT %(ledger)s, wanted.kind, wanted.key, wanted.stream
FROM unnest(%(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[]) AS wanted (kind, key, stream)
WHERE NOT EXISTS (
    SELECT FROM claim held
    WHERE held.ledger = %(ledger)s
      AND held.kind = wanted.kind AND held.key = wanted.key AND held.stream = wanted.stream
)
"""

_KEYS: Final[LiteralString] = """
INSERT INTO chart_key (ledger, stream, wrapped)
SELECT %(ledger)s, new.stream, new.wrapped
FROM unnest(%(streams)b::text[], %(wrapped)b::bytea[]) AS new (stream, wrapped)
"""


def write(connection: Connection, request: AppendRequest) -> None:
    """Writes one request in a transaction of its own, and notes in it what it was given.

    psycopg's UniqueViolation (23505) or DivisionByZero (22012) when something stood in the way; nothing is written
    then.
    """
    with connection.pipeline():
        connection.execute(BEGIN)
        connection.execute(AS_WRITER)
        head = enqueue(connection, request)
        connection.execute(COMMIT)
    settle(request, head)


def enqueue(connection: Connection, request: AppendRequest) -> Cursor:
    """Sends the statements of one request, in a transaction and pipeline that the caller began.

    Several requests may follow each other in one. `settle` reads the answered cursor once the pipeline has ended.
    """
    ledger = request.ledger
    events = request.events
    head = connection.cursor(binary=True).execute(_HEAD, {"ledger": ledger, "count": len(events)})
    rest = connection.cursor()
    if request.reads:
        rest.execute(
            _CHECK,
            {"ledger": ledger, "streams": list(request.reads), "versions": list(request.reads.values())},
        )
    rest.execute(
        _FACTS,
        {
            "ledger": ledger,
            "count": len(events),
            "streams": [event.originator_id for event in events],
            "versions": [event.originator_version for event in events],
            "types": [event.topic for event in events],
            "bodies": [event.state for event in events],
        },
    )
    if (command := request.command) is not None:
        rest.execute(
            _COMMAND,
            {
                "ledger": ledger,
                "key": command.key,
                "body": command.body,
                "stream": command.stream,
                "version": command.version,
                "latest": command.latest,
            },
        )
    if request.releases:
        rest.execute(_RELEASE, {"ledger": ledger} | claim_columns(request.releases))
    insert_claims(rest, ledger, request.claims)
    insert_keys(rest, ledger, request.keys)
    return head


def insert_claims(cursor: Cursor, ledger: str, claims: Sequence[HashedClaim]) -> None:
    if claims:
        cursor.execute(_CLAIM, {"ledger": ledger} | claim_columns(claims))


def insert_keys(cursor: Cursor, ledger: str, keys: Sequence[NewKey]) -> None:
    if keys:
        columns = {"streams": [key.stream for key in keys], "wrapped": [key.wrapped for key in keys]}
        cursor.execute(_KEYS, {"ledger": ledger} | columns)


def settle(request: AppendRequest, head: Cursor) -> None:
    """Notes in the request the position of its last fact and when it was recorded."""
    row = head.fetchone()
    if row is None:
        raise AssertionError("The head row of a ledger is made before the first append to it.")
    request.position, request.recorded_at = row


def claim_columns(claims: Sequence[HashedClaim]) -> dict[str, Any]:
    return {
        "kinds": [claim.kind for claim in claims],
        "keys": [claim.key for claim in claims],
        "streams": [claim.stream for claim in claims],
    }
