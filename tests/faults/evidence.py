"""What a database holds, gathered for the checker: the rows as they stand, and the facts as they open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg

from domain.record import Recorded
from store.keys import FileKeyring
from store.store import Store

_LEDGERS: LiteralString = """
SELECT ledger FROM ledger WHERE position > 0
UNION SELECT DISTINCT ledger FROM fact
UNION SELECT DISTINCT ledger FROM idempotency
ORDER BY 1
"""
_HEADS: LiteralString = "SELECT ledger, position, recorded_at FROM ledger WHERE ledger = ANY(%(ledgers)s)"
_ROWS: LiteralString = """
SELECT position, stream, version, type, recorded_at, xmin::text FROM fact
WHERE ledger = %(ledger)s ORDER BY position
"""
_COMMANDS: LiteralString = "SELECT count(*) FROM idempotency WHERE ledger = %(ledger)s"
# Of each command that is kept: where its receipt points, and what stands there.
_POINTERS: LiteralString = """
SELECT coalesce(kept.stream, fact.stream), coalesce(kept.version, fact.version), kept.position,
       fact.position IS NOT NULL
FROM idempotency kept
LEFT JOIN fact ON fact.ledger = kept.ledger AND fact.position = kept.position
WHERE kept.ledger = %(ledger)s
"""
# What goes into the transaction of a fact and is there without one.
_STRAY: LiteralString = """
SELECT 'key', stream FROM chart_key k WHERE k.ledger = %(ledger)s
  AND NOT EXISTS (SELECT FROM fact WHERE fact.ledger = k.ledger AND fact.stream = k.stream)
UNION ALL
SELECT 'claim', stream FROM claim c WHERE c.ledger = %(ledger)s
  AND NOT EXISTS (SELECT FROM fact WHERE fact.ledger = c.ledger AND fact.stream = c.stream)
UNION ALL
SELECT 'chart without a key', stream FROM fact WHERE fact.ledger = %(ledger)s AND fact.stream LIKE 'chart/%%'
  AND fact.version = 1
  AND NOT EXISTS (SELECT FROM chart_key k WHERE k.ledger = fact.ledger AND k.stream = fact.stream)
"""


class Row(NamedTuple):
    """A stored fact's columns. `transaction` is the one that wrote it."""

    position: int
    stream: str
    version: int
    type: str
    recorded_at: datetime
    transaction: str


@dataclass(frozen=True)
class Place:
    """Where the database is, and what opens it."""

    app_url: str
    superuser_url: str
    key_file: Path

    def store(self, pool_size: int = 8) -> Store:
        return Store(self.app_url, FileKeyring(self.key_file), pool_size=pool_size)


@dataclass(frozen=True)
class Book:
    """One ledger. `facts` are None where contents weren't asked for."""

    ledger: str
    position: int
    recorded_at: datetime | None
    rows: Sequence[Row]
    commands: int
    pointers: Sequence[tuple[str, int, int, bool | None]]
    stray: Sequence[tuple[str, str]]
    facts: Sequence[Recorded] | None = None
    by_position: dict[int, Row] = field(default_factory=dict)
    by_name: dict[tuple[str, int], Row] = field(default_factory=dict)
    """By stream and version."""


def gather(place: Place, ledgers: Sequence[str] | None = None, *, contents: bool = True) -> dict[str, Book]:
    """These ledgers, or all that hold anything, each as of one moment. Rows are read as the superuser."""
    books: dict[str, Book] = {}
    with psycopg.connect(place.superuser_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SET TimeZone = 'UTC'")
        names = [row[0] for row in connection.execute(_LEDGERS)] if ledgers is None else list(ledgers)
        heads = {row[0]: row[1:] for row in connection.execute(_HEADS, {"ledgers": names})}
        for name in names:
            books[name] = _book(connection, name, *heads.get(name, (0, None)))
    if not contents:
        return books
    with place.store() as store:
        return {name: _opened(store, book) for name, book in books.items()}


def _book(connection: psycopg.Connection[Any], name: str, position: int, recorded_at: datetime | None) -> Book:
    given = {"ledger": name}
    rows = [Row(*row) for row in connection.execute(_ROWS, given)]
    [[commands]] = connection.execute(_COMMANDS, given)
    return Book(
        ledger=name,
        position=position,
        recorded_at=recorded_at,
        rows=rows,
        commands=commands,
        pointers=connection.execute(_POINTERS, given).fetchall(),
        stray=connection.execute(_STRAY, given).fetchall(),
        by_position={row.position: row for row in rows},
        by_name={(row.stream, row.version): row for row in rows},
    )


def _opened(store: Store, book: Book) -> Book:
    ledger = store.ledger(book.ledger)
    facts: list[Recorded] = []
    while found := ledger.facts(after=facts[-1].position if facts else 0, upto=book.position):
        facts += found
    return Book(**{**vars(book), "facts": facts})
