"""What the server answers by way of libpq is read as psycopg reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from store.round_trip import BEGIN_READ, COMMIT, Sent, Statement, round_trip, rows_in, texts
from store.store import Store

_SOME = Statement.of(
    "some",
    "SELECT $1::text[], NULL::text, 7::bigint, timestamptz '2026-03-09 13:00:00.123456-05'"
    " UNION ALL SELECT $1, 'x', 8, NULL",
)
_NONE = Statement.of("none", "SELECT 1 WHERE false")


def test_rows_are_read_as_psycopg_reads_them(store: Store) -> None:
    with store.database.connection() as connection:
        sent: list[Sent] = [(BEGIN_READ, ()), (_SOME, [texts(["a", "b"])]), (_NONE, ()), (COMMIT, ())]
        _, some, none, _ = round_trip(connection, sent)
        assert rows_in(connection, some) == [
            (["a", "b"], None, 7, datetime(2026, 3, 9, 18, 0, 0, 123456, UTC)),
            (["a", "b"], "x", 8, None),
        ]
        assert rows_in(connection, none) == []
