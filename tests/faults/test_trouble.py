"""What a server in trouble answers, and what becomes of it: try again where that may help, else what to do."""

from __future__ import annotations

import pytest

from store.errors import StoreError, Unavailable
from store.store import Store

TROUBLE = {
    "25006": "read_only_sql_transaction: a standby",
    "40001": "serialization_failure",
    "40P01": "deadlock_detected",
    "53000": "insufficient_resources",
    "53100": "disk_full",
    "53200": "out_of_memory",
    "53300": "too_many_connections",
    "55P03": "lock_not_available",
    "57014": "query_canceled",
    "57P01": "admin_shutdown",
    "57P02": "crash_shutdown",
    "57P03": "cannot_connect_now",
    "57P05": "idle_session_timeout",
    "58030": "io_error",
}
REFUSED = {"42501": "insufficient_privilege", "42P01": "undefined_table", "XX001": "data_corrupted"}


def _fails_with(store: Store, sqlstate: str) -> None:
    with store.database.connection(writes=True) as connection:
        connection.execute("BEGIN")
        connection.execute(
            "SELECT set_config('faults.sqlstate', %s, true)",
            [sqlstate],
        )
        connection.execute(
            "DO $$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = current_setting('faults.sqlstate'); END $$"
        )


@pytest.mark.parametrize("sqlstate", TROUBLE, ids=TROUBLE.get)
def test_trouble_that_may_pass_is_told_as_such(sqlstate: str, store: Store) -> None:
    """The server has answered, so it is known that nothing was recorded, and the connection is kept."""
    with pytest.raises(Unavailable, match="nothing was recorded") as told:
        _fails_with(store, sqlstate)
    assert told.value.recorded is False
    assert store.ledgers() == []


@pytest.mark.parametrize("sqlstate", REFUSED, ids=REFUSED.get)
def test_trouble_that_stays_is_told_with_its_code(sqlstate: str, store: Store) -> None:
    with pytest.raises(StoreError, match=sqlstate) as told:
        _fails_with(store, sqlstate)
    assert not isinstance(told.value, Unavailable)
