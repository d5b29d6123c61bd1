"""What stood in the way of an append: looked up afterwards, since a failed statement doesn't say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from store.append import AppendRequest, HashedClaim, Receipt
from store.database import AS_WRITER, Database
from store.errors import ClaimTaken, KeyReused, VersionConflict
from store.writing import LONG_SINCE

_ANSWERED: Final[LiteralString] = """
SELECT given.body, coalesce(given.stream, last.stream), coalesce(given.version, last.version),
       coalesce(given.latest, last.version), given.position, last.recorded_at
FROM idempotency given
JOIN fact last ON last.ledger = given.ledger AND last.position = given.position
WHERE given.ledger = %(ledger)s AND given.key = %(key)s
"""
_TAKEN: Final[LiteralString] = """
SELECT wanted.kind
FROM unnest(%(ledgers)b::text[], %(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[])
    AS wanted (name, kind, key, stream)
JOIN claim held ON held.ledger = wanted.name AND held.kind = wanted.kind AND held.key = wanted.key
WHERE held.stream <> wanted.stream
LIMIT 1
"""

# Of many requests at once, each by its number.
_MANY_ANSWERED: Final[LiteralString] = """
SELECT asked.n
FROM unnest(%(numbers)b::bigint[], %(ledgers)b::text[], %(keys)b::bytea[]) AS asked (n, name, key)
JOIN idempotency given ON given.ledger = asked.name AND given.key = asked.key
"""
_MANY_TAKEN: Final[LiteralString] = """
SELECT wanted.n
FROM unnest(%(numbers)b::bigint[], %(ledgers)b::text[], %(kinds)b::text[], %(keys)b::bytea[], %(streams)b::text[])
    AS wanted (n, name, kind, key, stream)
JOIN claim held ON held.ledger = wanted.name AND held.kind = wanted.kind AND held.key = wanted.key
WHERE held.stream <> wanted.stream
"""
_MANY_MOVED: Final[LiteralString] = """
SELECT seen.n
FROM unnest(%(numbers)b::bigint[], %(ledgers)b::text[], %(streams)b::text[], %(versions)b::bigint[])
    AS seen (n, name, stream, version)
WHERE seen.version IS DISTINCT FROM coalesce(
    (SELECT max(f.version) FROM fact f WHERE f.ledger = seen.name AND f.stream = seen.stream), 0)
"""
_MANY_LATE: Final[LiteralString] = """
SELECT asked.n
FROM unnest(%(numbers)b::bigint[], %(ledgers)b::text[], %(positions)b::bigint[]) AS asked (n, name, position)
JOIN ledger head ON head.ledger = asked.name
WHERE head.position - asked.position >= %(long)s
"""
# As the append looks through what came since: with an end, where it conflicts anyhow.
_MANY_SOUGHT: Final[LiteralString] = """
SELECT asked.n
FROM unnest(%(numbers)b::bigint[], %(ledgers)b::text[], %(types)b::text[], %(positions)b::bigint[])
    AS asked (n, name, type, position)
CROSS JOIN LATERAL (
    SELECT f.type FROM fact f WHERE f.ledger = asked.name AND f.position > asked.position
    ORDER BY f.position LIMIT %(long)s
) AS came
WHERE came.type = asked.type
"""


class AlreadyAnswered(Exception):
    """The command was carried out before. Its first receipt."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("answered before")
        self.receipt = receipt


def answered(database: Database, ledger: str, key: bytes, body: bytes) -> Receipt | None:
    """The receipt of the command with this hashed key and body. KeyReused when the body was another one."""
    [rows] = database.select((_ANSWERED, {"ledger": ledger, "key": key}), role=AS_WRITER)
    if not rows:
        return None
    first_body, stream, version, latest, position, recorded_at = rows[0]
    if first_body != body:
        raise KeyReused
    return Receipt(ledger, stream, version, latest, position, recorded_at, repeated=True)


def explained(database: Database, request: AppendRequest, *, claims_first: bool) -> Exception:
    """What stood in the way: the command itself, a claim, or a version, looked up in this order."""
    if request.command is not None:
        try:
            receipt = answered(database, request.ledger, request.command.key, request.command.body)
        except KeyReused as reused:
            return reused
        if receipt is not None:
            return AlreadyAnswered(receipt)
    if claims_first and request.claims:
        [rows] = database.select((_TAKEN, _of_claims([(request.ledger, claim) for claim in request.claims])))
        if rows:
            return ClaimTaken(rows[0][0])
    return VersionConflict()


def concerned(database: Database, requests: Sequence[AppendRequest]) -> set[int]:
    """Which of the requests a conflict concerns, by their number in the list, in one round trip."""
    commands = [(n, r.ledger, r.command.key) for n, r in enumerate(requests) if r.command is not None]
    claims = [(n, r.ledger, claim) for n, r in enumerate(requests) for claim in r.claims]
    seen = [(n, r.ledger, *read) for n, r in enumerate(requests) for read in r.reads.items()]
    late = [(n, r.ledger, r.seen) for n, r in enumerate(requests) if r.seen is not None]
    looked = [(n, r.ledger, r.none_since) for n, r in enumerate(requests) if r.none_since is not None]
    late += [(n, ledger, none.position) for n, ledger, none in looked]
    sought = [(n, ledger, name, none.position) for n, ledger, none in looked for name in none.types]
    of_claims = _of_claims([(ledger, claim) for _, ledger, claim in claims])
    found = database.select(
        (_MANY_ANSWERED, _columns(("numbers", "ledgers", "keys"), commands)),
        (_MANY_TAKEN, {"numbers": [n for n, _, _ in claims]} | of_claims),
        (_MANY_MOVED, _columns(("numbers", "ledgers", "streams", "versions"), seen)),
        (_MANY_LATE, _columns(("numbers", "ledgers", "positions"), late) | {"long": LONG_SINCE}),
        (_MANY_SOUGHT, _columns(("numbers", "ledgers", "types", "positions"), sought) | {"long": LONG_SINCE}),
        role=AS_WRITER,
    )
    return {row[0] for rows in found for row in rows}


def _of_claims(claims: Sequence[tuple[str, HashedClaim]]) -> dict[str, Any]:
    rows = [(ledger, claim.kind, claim.key, claim.stream) for ledger, claim in claims]
    return _columns(("ledgers", "kinds", "keys", "streams"), rows)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}
