"""The append: what is written, by which statements, in one transaction and one round trip.

The update of a ledger's head row takes its lock, moves the position and stamps the time; the rest follows under that
lock and numbers itself from the row. The lock puts commits in order: who has seen position n has seen 1..n. What fails
rolls all of it back, the head row too: there are no holes. Several requests, of one ledger or of many, go out in one
transaction by the same statements: each takes all of them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from eventsourcing.persistence import StoredEvent
from psycopg.pq.abc import PGresult

from store.append import AppendRequest, HashedClaim, HashedCommand
from store.database import Connection
from store.kept import written_rows
from store.ledger_keys import NewKey, is_sealed
from store.round_trip import (
    AS_WRITER,
    BEGIN,
    COMMIT,
    Sent,
    Statement,
    as_bigint,
    as_instant,
    bigint,
    bigints,
    blobs,
    round_trip,
    texts,
)

# Of several ledgers the rows are locked in the order of their names: two who write to the same ones wait for each
# other in turn, never in a circle.
_LOCK: Final = Statement.of("lock", "SELECT FROM ledger WHERE ledger = ANY($1::text[]) ORDER BY ledger FOR UPDATE")

# Statements name the ledgers they are about beside what they join with: where tables are distributed by ledger, those
# of one ledger go to one place.
_HEAD: Final = Statement.of(
    "head",
    """
UPDATE ledger
SET position = position + new.count,
    recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
FROM unnest($1::text[], $2::bigint[]) AS new (name, count)
WHERE ledger.ledger = new.name AND ledger.ledger = ANY($1::text[])
RETURNING ledger.ledger, position, recorded_at
""",
)

# A statement of its own, after the update: it sees what was committed while that waited for the lock. A difference
# divides by zero (22012), so that the COMMIT behind it rolls back; an INSERT with this as its condition would insert
# nothing and leave the head moved: a hole. So does a ledger without a head row, to which nothing could be written, and
# a chart whose key was destroyed: what was sealed under it, nobody could read.
_CHECK: Final = Statement.of(
    "check",
    """
SELECT 1 / CASE WHEN EXISTS (
    SELECT FROM unnest($1::text[], $2::text[], $3::bigint[]) AS seen (name, stream, version)
    WHERE seen.version IS DISTINCT FROM coalesce(
        (SELECT max(f.version) FROM fact f WHERE f.ledger = seen.name AND f.stream = seen.stream), 0)
) OR EXISTS (
    SELECT FROM unnest($5::text[], $6::text[]) AS written (name, stream)
    JOIN chart_key gone ON gone.ledger = written.name AND gone.stream = written.stream
    WHERE gone.wrapped IS NULL
) OR (SELECT count(*) FROM ledger WHERE ledger = ANY($4::text[])) < cardinality($4::text[]) THEN 0 ELSE 1 END
""",
)

# The same for who knew all streams at one position: none of them has a fact after it. Many streams cost no more than
# one then. Likewise for who looked for facts of some kind: none came in any stream. Who knew it so long ago that it
# would take long to look through what came since, reads it anew.
LONG_SINCE: Final = 1000
_CHECK_SINCE: Final = Statement.of(
    "check_since",
    """
WITH since AS MATERIALIZED (
    SELECT head.name, came.stream, came.type, came.position
    FROM unnest($1::text[], $2::bigint[]) AS head (name, position)
    CROSS JOIN LATERAL (
        SELECT f.stream, f.type, f.position FROM fact f WHERE f.ledger = head.name AND f.position > head.position
        ORDER BY f.position LIMIT $6::bigint
    ) AS came
)
SELECT 1 / CASE WHEN EXISTS (
    SELECT FROM since GROUP BY since.name HAVING count(*) >= $6::bigint
) OR EXISTS (
    SELECT FROM since
    JOIN unnest($3::text[], $4::text[], $5::bigint[]) AS seen (name, stream, position)
        ON seen.name = since.name AND seen.stream = since.stream AND seen.position < since.position
) OR EXISTS (
    SELECT FROM since
    JOIN unnest($7::text[], $8::text[], $9::bigint[]) AS sought (name, type, position)
        ON sought.name = since.name AND sought.type = since.type AND sought.position < since.position
) THEN 0 ELSE 1 END
""",
)

# `behind` says how many facts of the same ledger follow in this transaction.
_FACTS: Final = Statement.of(
    "facts",
    """
INSERT INTO fact (ledger, position, stream, version, type, recorded_at, body)
SELECT head.ledger, head.position - new.behind, new.stream, new.version, new.type, head.recorded_at, new.body
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bytea[])
    AS new (name, behind, stream, version, type, body)
JOIN ledger head ON head.ledger = new.name
WHERE head.ledger = ANY($1::text[])
""",
)

# What the last fact of a command says, its row doesn't say again: most commands are of one fact.
_COMMANDS: Final = Statement.of(
    "commands",
    """
INSERT INTO idempotency (ledger, key, body, stream, version, latest, position)
SELECT head.ledger, new.key, new.body, nullif(new.stream, ''), nullif(new.version, -1), nullif(new.latest, -1),
       head.position - new.behind
FROM unnest($2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::bigint[], $8::bigint[])
    AS new (name, behind, key, body, stream, version, latest)
JOIN ledger head ON head.ledger = new.name
WHERE head.ledger = ANY($1::text[])
""",
)

_RELEASES: Final = Statement.of(
    "releases",
    """
DELETE FROM claim
USING unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) AS freed (name, kind, key, stream)
WHERE claim.ledger = freed.name AND claim.ledger = ANY($1::text[])
  AND claim.kind = freed.kind AND claim.key = freed.key AND claim.stream = freed.stream
""",
)

# A stream may claim again what it holds.
_CLAIMS: Final = Statement.of(
    "claims",
    """
INSERT INTO claim (ledger, kind, key, stream)
SELECT wanted.name, wanted.kind, wanted.key, wanted.stream
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) AS wanted (name, kind, key, stream)
WHERE NOT EXISTS (
    SELECT FROM claim held
    WHERE held.ledger = wanted.name
      AND held.kind = wanted.kind AND held.key = wanted.key AND held.stream = wanted.stream
)
""",
)

_KEYS: Final = Statement.of(
    "keys",
    """
INSERT INTO chart_key (ledger, stream, wrapped)
SELECT new.name, new.stream, new.wrapped
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS new (name, stream, wrapped)
""",
)

# A chart that never had a key here, since a file told no more of it than this, gets the row that says that it is gone.
_ENDS: Final = Statement.of(
    "ends",
    """
INSERT INTO chart_key (ledger, stream, wrapped)
SELECT gone.name, gone.stream, NULL FROM unnest($1::text[], $2::text[]) AS gone (name, stream)
ON CONFLICT (ledger, stream) DO UPDATE SET wrapped = NULL
""",
)


def write(connection: Connection, requests: Sequence[AppendRequest]) -> None:
    """Writes the requests in one transaction, and notes in each what it was given.

    psycopg's UniqueViolation (23505) or DivisionByZero (22012) when something stood in the way of one of them; nothing
    is written then.
    """
    sent = statements(requests)
    results = round_trip(connection, [(BEGIN, ()), (AS_WRITER, ()), *sent, (COMMIT, ())])
    settle(requests, results[2 : 2 + len(sent)])


def statements(requests: Sequence[AppendRequest]) -> list[Sent]:
    """What writes the requests, in a transaction that the caller began; `settle` takes the results."""
    counts: dict[str, int] = {}
    for request in requests:
        counts[request.ledger] = counts.get(request.ledger, 0) + len(request.events)
    ledgers = sorted(counts)
    named = texts(ledgers)
    return [
        *([(_LOCK, [named])] if len(ledgers) > 1 else []),
        (_HEAD, [named, bigints([counts[name] for name in ledgers])]),
        *_checks(requests, named),
        *_checks_since(requests),
        *_facts(requests, named, dict(counts)),
        *_commands(requests, named, counts),
        *_releases([(request.ledger, claim) for request in requests for claim in request.releases]),
        *written_claims([(request.ledger, claim) for request in requests for claim in request.claims]),
        *written_keys([(request.ledger, key) for request in requests for key in request.keys]),
        *written_rows([(request.ledger, rows) for request in requests for rows in request.kept]),
        *destroyed_keys([(request.ledger, stream) for request in requests for stream in request.ends]),
    ]


def _checks(requests: Sequence[AppendRequest], named: bytes) -> list[Sent]:
    written: set[tuple[str, str]] = set()
    seen: dict[tuple[str, str, int], None] = {}
    charts: dict[tuple[str, str], None] = {}
    for request in requests:
        ledger, reads = request.ledger, request.reads
        new = {str(event.originator_id) for event in request.events}
        # What is written is always looked at itself: no version is ever skipped.
        for stream in reads if request.seen is None else new & reads.keys():
            # Whoever is to write after others of the group knew the stream as they leave it.
            if (ledger, stream) not in written:
                seen[ledger, stream, reads[stream]] = None
        written |= {(ledger, stream) for stream in new}
        charts |= dict.fromkeys((ledger, stream) for stream in new if is_sealed(stream))
    ledgers, streams = [place[0] for place in seen], [place[1] for place in seen]
    versions = [place[2] for place in seen]
    sealed = [texts([place[0] for place in charts]), texts([place[1] for place in charts])]
    return [(_CHECK, [texts(ledgers), texts(streams), bigints(versions), named, *sealed])]


def _checks_since(requests: Sequence[AppendRequest]) -> list[Sent]:
    heads: dict[str, int] = {}
    seen: dict[str, dict[str, int]] = {}
    sought: dict[str, dict[str, int]] = {}
    knew = [(request.seen, request) for request in requests if request.seen is not None]
    # Who knew the least comes last: of a stream that several rest on, what came since then is looked at.
    for position, request in sorted(knew, key=itemgetter(0), reverse=True):
        heads[request.ledger] = position
        seen.setdefault(request.ledger, {}).update(dict.fromkeys(request.reads, position))
    looked = [(request.none_since, request) for request in requests if request.none_since is not None]
    for none, request in sorted(looked, key=lambda one: one[0].position, reverse=True):
        heads[request.ledger] = min(none.position, heads.get(request.ledger, none.position))
        sought.setdefault(request.ledger, {}).update(dict.fromkeys(none.types, none.position))
    if not heads:
        return []
    known = [texts(list(heads)), bigints(list(heads.values()))]
    return [(_CHECK_SINCE, [*known, *_places(seen), bigint(LONG_SINCE), *_places(sought)])]


def _places(positions: dict[str, dict[str, int]]) -> list[bytes]:
    """By ledger and name: the positions."""
    ledgers: list[str] = []
    names: list[str] = []
    for ledger, of_ledger in positions.items():
        ledgers += [ledger] * len(of_ledger)
        names += of_ledger
    return [texts(ledgers), texts(names), bigints([at for one in positions.values() for at in one.values()])]


def _facts(requests: Sequence[AppendRequest], named: bytes, behind: dict[str, int]) -> list[Sent]:
    ledgers: list[str] = []
    follow: list[int] = []
    events: list[StoredEvent] = []
    for request in requests:
        left = behind[request.ledger]
        count = len(request.events)
        ledgers += [request.ledger] * count
        follow += range(left - 1, left - count - 1, -1)
        events += request.events
        behind[request.ledger] = left - count
    parameters = [
        named,
        texts(ledgers),
        bigints(follow),
        texts([str(event.originator_id) for event in events]),
        bigints([event.originator_version for event in events]),
        texts([event.topic for event in events]),
        blobs([event.state for event in events]),
    ]
    return [(_FACTS, parameters)]


def _commands(requests: Sequence[AppendRequest], named: bytes, behind: dict[str, int]) -> list[Sent]:
    ledgers: list[str] = []
    follow: list[int] = []
    commands: list[HashedCommand] = []
    said: list[tuple[str, int, int]] = []
    for request in requests:
        behind[request.ledger] -= len(request.events)
        if request.command is not None:
            ledgers.append(request.ledger)
            follow.append(behind[request.ledger])
            commands.append(request.command)
            said.append(_said_besides(request.command, request.events[-1]))
    if not commands:
        return []
    parameters = [
        named,
        texts(ledgers),
        bigints(follow),
        blobs([command.key for command in commands]),
        blobs([command.body for command in commands]),
        texts([stream for stream, _, _ in said]),
        bigints([version for _, version, _ in said]),
        bigints([latest for _, _, latest in said]),
    ]
    return [(_COMMANDS, parameters)]


def _said_besides(command: HashedCommand, last: StoredEvent) -> tuple[str, int, int]:
    """Stream, version and latest of the receipt: empty, or -1, where they are those of the command's last fact."""
    stream, version, latest = command.stream, command.version, command.latest
    return (
        "" if stream == last.originator_id else stream,
        -1 if version == last.originator_version else version,
        -1 if latest == last.originator_version else latest,
    )


def _releases(claims: Sequence[tuple[str, HashedClaim]]) -> list[Sent]:
    return [(_RELEASES, _claim_columns(claims))] if claims else []


def written_claims(claims: Sequence[tuple[str, HashedClaim]]) -> list[Sent]:
    """What writes claims, each with its ledger."""
    return [(_CLAIMS, _claim_columns(claims))] if claims else []


def _claim_columns(claims: Sequence[tuple[str, HashedClaim]]) -> list[bytes]:
    return [
        texts([ledger for ledger, _ in claims]),
        texts([claim.kind for _, claim in claims]),
        blobs([claim.key for _, claim in claims]),
        texts([claim.stream for _, claim in claims]),
    ]


def written_keys(keys: Sequence[tuple[str, NewKey]]) -> list[Sent]:
    """What writes the keys of new charts, each with its ledger."""
    if not keys:
        return []
    ledgers, streams = [ledger for ledger, _ in keys], [key.stream for _, key in keys]
    return [(_KEYS, [texts(ledgers), texts(streams), blobs([key.wrapped for _, key in keys])])]


def destroyed_keys(charts: Sequence[tuple[str, str]]) -> list[Sent]:
    """What empties the keys of charts, each with its ledger."""
    return (
        [(_ENDS, [texts([ledger for ledger, _ in charts]), texts([stream for _, stream in charts])])] if charts else []
    )


def settle(requests: Sequence[AppendRequest], results: Sequence[PGresult]) -> None:
    """Notes in each request the position of its last fact and when it was recorded."""
    heads: dict[str, tuple[int, datetime]] = {}
    moved = next(result for result in results if result.nfields == 3)
    for row in range(moved.ntuples):
        ledger, position, recorded_at = (moved.get_value(row, column) or b"" for column in range(3))
        heads[ledger.decode()] = as_bigint(position), as_instant(recorded_at)
    for request in reversed(requests):
        if request.ledger not in heads:
            raise AssertionError("The head row of a ledger is made before the first append to it.")
        request.position, request.recorded_at = heads[request.ledger]
        heads[request.ledger] = request.position - len(request.events), request.recorded_at
