"""Whoever stops reading a site's attendance half way is left with the reason for it, and with the connection."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

import pytest

from exchange.export.as_csv import CsvWriter
from exchange.export.kinds import KINDS
from exchange.export.question import Asked
from exchange.export.taking import write_table
from projections import attended
from store.ahead import ROWS
from store.store import Store

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)


class Enough(BaseException):
    """As an interrupt is."""


def read_a_page(store: Store, then: BaseException | None) -> None:
    with attended.records(store, "lexington", since=None, until=None) as found:
        assert found is not None
        assert len(next(found.pages)) == ROWS
        if then is not None:
            raise then


def backends(store: Store) -> set[int]:
    """Of all the connections of the pool: one that was left in disorder is closed."""
    with store.database.connection() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
        )
        return {row[0] for row in rows}


@pytest.mark.parametrize("then", [None, ValueError("mine"), Enough()], ids=["leaves", "an error", "an interrupt"])
def test_its_own_reason_is_what_is_raised_and_the_connection_goes_on(
    followed: Store, then: BaseException | None
) -> None:
    before = backends(followed)
    if then is None:
        read_a_page(followed, None)
    else:
        with pytest.raises(type(then)) as caught:
            read_a_page(followed, then)
        assert caught.value is then
    assert backends(followed) >= before
    with attended.records(followed, "lexington", since=None, until=None) as found:
        assert found is not None
        assert sum(map(len, found.pages)) > 2 * ROWS


def test_a_full_disk_is_not_taken_for_a_database_that_is_away(followed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: CsvWriter, __: Sequence[Any]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CsvWriter, "write", full)
    asked = Asked(facility="lexington", now=NOW)
    with (
        pytest.raises(OSError, match="No space left"),
        TemporaryFile() as file,
        KINDS["attendance"].opened(followed, asked) as table,
    ):
        write_table(table, {"csv": file})
