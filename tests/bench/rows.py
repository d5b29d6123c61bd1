"""What contenders left in their databases."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg


def rows(owner: str, query: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(owner) as connection:
        return connection.execute(query).fetchall()


def count_of(owner: str, query: LiteralString) -> int:
    """The one number that a query answers."""
    [(number,)] = rows(owner, query)
    assert isinstance(number, int)
    return number


def bodies(owner: str) -> bytes:
    """Every body of the facts in charts."""
    return b"".join(row[0] for row in rows(owner, "SELECT body FROM fact WHERE stream LIKE 'chart/%'"))
