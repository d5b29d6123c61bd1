"""The append: what is written, by which statements, in one transaction and one round trip.

The update of a ledger's head row takes its lock, moves the position and stamps the time; the rest follows under that
lock and numbers itself from the row. The lock puts commits in order: who has seen position n has seen 1..n. What fails
rolls all of it back, the head row too: there are no holes. Several requests, of one ledger or of many, go out in one
transaction by the same statements: each takes all of them at once.
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
    A chart's key is written with its first fact.

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


# Of several ledgers the rows are locked in the order of their names: two who write to the same ones wait for each
# other in turn, never in a circle.
_LOCK: Final[LiteralString] = "SELECT FROM ledger WHERE ledger = ANY(%(ledgers)b::text[]) ORDER BY ledger FOR UPDATE"

# Each statement names the ledgers it is about beside what it joins with: where tables are distributed by ledger, that
# of one ledger goes to one place.
_HEAD: Final[LiteralString] = """
UPDATE ledger
SET position = position + new.count,
    recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
FROM unnest(%(ledgers)b::text[], %(counts)b::bigint[]) AS new (name, count)
WHERE ledger.ledger = new.name AND ledger.ledger = ANY(%(ledgers)b::text[])
RETURNING ledger.ledger, position, recorded_at
"""

# A statement of its own, after the update: it sees what was committed while that waited for the lock. A difference
# divides by zero (22012), so that the COMMIT behind it rolls back; an INSERT with this as its condition would insert
# nothing and leave the head moved: a hole.
_CHECK: Final[LiteralString] = """
SELECT 1 / CASE WHEN EXISTS (
    SELECT FROM unnest(%(ledgers)b::text[], %(streams)b::text[], %(versions)b::bigint[]) AS seen (name, stream, version)
    WHERE seen.version IS DISTINCT FROM coalesce(
        (SELECT max(f.version) FROM fact f WHERE f.ledger = seen.name AND f.stream = seen.stream), 0)
) THEN 0 ELSE 1 END
"""

# The same for who knew all streams at one position: whatever came since is in none of them. Many streams cost no more
# than one then. Who knew it so long ago that it would take long to look through what came since, reads it anew.
_SINCE: Final = 1000
_CHECK_SINCE: Final[LiteralString] = """
WITH since AS MATERIALIZED (
    SELECT head.name, came.stream
    FROM unnest(%(heads)b::text[], %(positions)b::bigint[]) AS head (name, position)
    CROSS JOIN LATERAL (
        SELECT f.stream FROM fact f WHERE f.ledger = head.name AND f.position > head.position
        ORDER BY f.position LIMIT %(limit)s
    ) AS came
)
SELECT 1 / CASE WHEN (SELECT count(*) FROM since) >= %(limit)s OR EXISTS (
    SELECT FROM since
    JOIN unnest(%(ledgers)b::text[], %(streams)b::text[]) AS seen (name, stream)
        ON seen.name = since.name AND seen.stream = since.stream
) THEN 0 ELSE 1 END
"""

# `behind` says how many facts of the same ledger follow in this transaction.
_FACTS: Final[LiteralString] = """
INSERT INTO fact (ledger, position, stream, version, type, recorded_at, body)
SELECT head.ledger, head.position - new.behind, new.stream, new.version, new.type, head.recorded_at, new.body
FROM unnest(
    %(ledgers)b::text[], %(behind)b::bigint[], %(streams)b::text[], %(versions)b::bigint[], %(types)b::text[],
    %(bodies)b::bytea[]
) AS new (name, behind, stream, version, type, body)
JOIN ledger head ON head.ledger = new.name
WHERE head.ledger = ANY(%(named)b::text[])
"""

_COMMAND: Final[LiteralString] = """
INSERT INTO idempotency (ledger, key, body, stream, version, latest, position, recorded_at)
SELECT head.ledger, new.key, new.body, new.stream, new.version, new.latest, head.position - new.behind, head.recorded_at
FROM unnest(
    %(ledgers)b::text[], %(keys)b::bytea[], %(bodies)b::bytea[], %(streams)b::text[], %(versions)b::bigint[],
    %(latest)b::bigint[], %(behind)b::bigint[]
) AS new (name, key, body, stream, version, latest, behind)
JOIN ledger head ON head.ledger = new.name
WHERE head.ledger = ANY(%(named)b::text[])
"""

_RELEASE: Final[LiteralString] = """
DELETE FROM claim
USING unnest(%(ledgers)b::text[], %(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[])
    AS freed (name, kind, key, stream)
WHERE claim.ledger = freed.name AND claim.ledger = ANY(%(ledgers)b::text[])
  AND claim.kind = freed.kind AND claim.key = freed.key AND claim.stream = freed.stream
"""

# A stream may claim again what it holds.
_CLAIM: Final[LiteralString] = """
INSERT INTO claim (ledger, kind, key, stream)
SELECT wanted.name, wanted.kind, wanted.key, wanted.stream
FROM unnest(%(ledgers)b::text[], %(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[])
    AS wanted (name, kind, key, stream)
WHERE NOT EXISTS (
    SELECT FROM claim held
    WHERE held.ledger = wanted.name
      AND held.kind = wanted.kind AND held.key = wanted.key AND held.stream = wanted.stream
)
"""

_KEYS: Final[LiteralString] = """
INSERT INTO chart_key (ledger, stream, wrapped)
SELECT new.name, new.stream, new.wrapped
FROM unnest(%(ledgers)b::text[], %(streams)b::text[], %(wrapped)b::bytea[]) AS new (name, stream, wrapped)
"""


def write(connection: Connection, requests: Sequence[AppendRequest]) -> None:
    """Writes the requests in one transaction, and notes in each what it was given.

    psycopg's UniqueViolation (23505) or DivisionByZero (22012) when something stood in the way of one of them; nothing
    is written then.
    """
    with connection.pipeline():
        connection.execute(BEGIN)
        connection.execute(AS_WRITER)
        heads = enqueue(connection, requests)
        connection.execute(COMMIT)
    settle(requests, heads)


def enqueue(connection: Connection, requests: Sequence[AppendRequest]) -> Cursor:
    """Sends the statements of the requests, in a transaction (and pipeline) that the caller began.

    `settle` reads the answered cursor, once the pipeline has ended.
    """
    counts: dict[str, int] = {}
    for request in requests:
        counts[request.ledger] = counts.get(request.ledger, 0) + len(request.events)
    named = sorted(counts)
    rest = connection.cursor()
    if len(named) > 1:
        rest.execute(_LOCK, {"ledgers": named})
    heads = connection.cursor(binary=True)
    heads.execute(_HEAD, {"ledgers": named, "counts": [counts[name] for name in named]})
    _check(rest, [request for request in requests if request.seen is None])
    _check_since(rest, [request for request in requests if request.seen is not None])
    _insert_facts(rest, requests, named, dict(counts))
    _insert_commands(rest, requests, named, counts)
    releases = [(request.ledger, claim) for request in requests for claim in request.releases]
    if releases:
        rest.execute(_RELEASE, claim_columns(releases))
    insert_claims(rest, [(request.ledger, claim) for request in requests for claim in request.claims])
    insert_keys(rest, [(request.ledger, key) for request in requests for key in request.keys])
    return heads


def _check(cursor: Cursor, requests: Sequence[AppendRequest]) -> None:
    seen = {
        (request.ledger, stream): version for request in reversed(requests) for stream, version in request.reads.items()
    }
    if seen:
        ledgers, streams = [place[0] for place in seen], [place[1] for place in seen]
        cursor.execute(_CHECK, {"ledgers": ledgers, "streams": streams, "versions": list(seen.values())})


def _check_since(cursor: Cursor, requests: Sequence[AppendRequest]) -> None:
    heads: dict[str, int] = {}
    seen = {(request.ledger, stream): None for request in requests for stream in request.reads}
    for request in requests:
        if request.seen is not None:
            heads[request.ledger] = min(request.seen, heads.get(request.ledger, request.seen))
    if seen:
        given = {
            "heads": list(heads),
            "positions": list(heads.values()),
            "ledgers": [place[0] for place in seen],
            "streams": [place[1] for place in seen],
            "limit": _SINCE,
        }
        cursor.execute(_CHECK_SINCE, given)


def _insert_facts(cursor: Cursor, requests: Sequence[AppendRequest], named: list[str], behind: dict[str, int]) -> None:
    ledgers, backs, events = [], [], []
    for request in requests:
        for event in request.events:
            behind[request.ledger] -= 1
            ledgers.append(request.ledger)
            backs.append(behind[request.ledger])
            events.append(event)
    given = {
        "named": named,
        "ledgers": ledgers,
        "behind": backs,
        "streams": [event.originator_id for event in events],
        "versions": [event.originator_version for event in events],
        "types": [event.topic for event in events],
        "bodies": [event.state for event in events],
    }
    cursor.execute(_FACTS, given)


def _insert_commands(
    cursor: Cursor, requests: Sequence[AppendRequest], named: list[str], behind: dict[str, int]
) -> None:
    ledgers, backs, commands = [], [], []
    for request in requests:
        behind[request.ledger] -= len(request.events)
        if request.command is not None:
            ledgers.append(request.ledger)
            backs.append(behind[request.ledger])
            commands.append(request.command)
    if commands:
        given = {
            "named": named,
            "ledgers": ledgers,
            "keys": [command.key for command in commands],
            "bodies": [command.body for command in commands],
            "streams": [command.stream for command in commands],
            "versions": [command.version for command in commands],
            "latest": [command.latest for command in commands],
            "behind": backs,
        }
        cursor.execute(_COMMAND, given)


def insert_claims(cursor: Cursor, claims: Sequence[tuple[str, HashedClaim]]) -> None:
    """Claims, each with its ledger."""
    if claims:
        cursor.execute(_CLAIM, claim_columns(claims))


def insert_keys(cursor: Cursor, keys: Sequence[tuple[str, NewKey]]) -> None:
    """Keys of new charts, each with its ledger."""
    if keys:
        ledgers, streams = [ledger for ledger, _ in keys], [key.stream for _, key in keys]
        cursor.execute(_KEYS, {"ledgers": ledgers, "streams": streams, "wrapped": [key.wrapped for _, key in keys]})


def settle(requests: Sequence[AppendRequest], heads: Cursor) -> None:
    """Notes in each request the position of its last fact and when it was recorded."""
    at: dict[str, tuple[int, datetime]] = {ledger: (position, when) for ledger, position, when in heads.fetchall()}
    for request in reversed(requests):
        if request.ledger not in at:
            raise AssertionError("The head row of a ledger is made before the first append to it.")
        request.position, request.recorded_at = position, _ = at[request.ledger]
        at[request.ledger] = position - len(request.events), request.recorded_at


def claim_columns(claims: Sequence[tuple[str, HashedClaim]]) -> dict[str, Any]:
    """Claims, each with its ledger, as the parameters of statements."""
    return {
        "ledgers": [ledger for ledger, _ in claims],
        "kinds": [claim.kind for _, claim in claims],
        "keys": [claim.key for _, claim in claims],
        "streams": [claim.stream for _, claim in claims],
    }
