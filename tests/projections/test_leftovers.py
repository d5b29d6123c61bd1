"""What a rebuild that was stopped left beside goes, since no chart that is destroyed takes its rows there along."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from projections import hands
from projections import rebuild as work
from projections.beside import Beside
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.leftovers import SCHEMA, TURN
from projections.prepare import prepare
from projections.projection import AS_PROJECTOR
from projections.rebuild import rebuild, renew
from store.errors import StoreError
from store.store import Store
from tests.conftest import APP_ROLE
from tests.projections.tables import folded, written
from tests.projections.test_rows import ENROLLED, INQUIRED, REGISTERED
from tests.projections.test_set_aside import record


def left(database: Any) -> int | None:
    """How many rows; None where the tables are gone."""
    with psycopg.connect(database.superuser_url) as connection:
        if connection.execute("SELECT to_regnamespace('projection_next')").fetchone() == (None,):
            return None
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'projection_next'").fetchall()
        count = psycopg.sql.SQL("SELECT count(*) FROM {}")
        queries = [count.format(psycopg.sql.Identifier(SCHEMA, name)) for (name,) in tables]
        return sum(connection.execute(query).fetchall()[0][0] for query in queries)


@pytest.fixture
def stopped(store: Store, database: Any, monkeypatch: pytest.MonkeyPatch) -> Store:
    record(store, REGISTERED, INQUIRED, ENROLLED)
    Follower(store).catch_up()

    def fall(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(work, "_swap", fall)
        with pytest.raises(KeyboardInterrupt):
            rebuild(store, database.owner_url, PROJECTIONS)
    until(lambda: not at_work(database))
    assert (left(database) or 0) > len(PROJECTIONS)
    return store


def at_work(database: Any) -> bool:
    """Whether the server still holds the turn of the one that was stopped."""
    with psycopg.connect(database.superuser_url) as connection:
        held = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [TURN])
        return held.fetchall() != [(0,)]


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def prepared(store: Store, database: Any) -> None:
    prepare(database.owner_url, APP_ROLE)


def renewed(store: Store, database: Any) -> None:
    renew(store, database.owner_url)


def followed(store: Store, database: Any) -> None:
    """By one that starts, and goes on once it has taken in one fact more."""
    stop = threading.Event()
    follower = threading.Thread(target=Follower(store).run, args=(stop,))
    follower.start()
    try:
        # It listens from when it has looked after the leftovers.
        listens = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
        with psycopg.connect(database.superuser_url, autocommit=True) as connection:
            until(lambda: connection.execute(listens).fetchall() != [(0,)])
    finally:
        stop.set()
        follower.join()


@pytest.mark.parametrize(("what", "remains"), [(prepared, None), (renewed, None), (followed, 0)])
def test_it_goes(stopped: Store, database: Any, what: Callable[[Store, Any], None], remains: int | None) -> None:
    what(stopped, database)
    assert left(database) == remains
    assert written(stopped, "lexington") == folded(stopped.ledger("lexington").facts())
    rebuild(stopped, database.owner_url, PROJECTIONS)
    assert left(database) is None


@pytest.mark.parametrize("what", [prepared, renewed, followed])
def test_tables_of_a_rebuild_that_is_at_work_stay(
    stopped: Store, database: Any, what: Callable[[Store, Any], None]
) -> None:
    before = left(database)
    with psycopg.connect(database.owner_url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [TURN])
        what(stopped, database)
        assert left(database) == before


def test_who_folded_for_it_writes_nothing_more_into_tables_that_were_emptied(stopped: Store, database: Any) -> None:
    with stopped.database.connection() as db:
        fresh = Beside(stopped, db, SCHEMA, PROJECTIONS)
        with db.transaction():
            db.execute(AS_PROJECTOR)
            build = hands._which(fresh)
        followed(stopped, database)
        task = hands.Task("lexington", 4, ("facility/lexington",), 1)
        with pytest.raises(StoreError, match="Another rebuild has begun"):
            hands._fold(stopped, fresh, PROJECTIONS, task, build)
    assert left(database) == 0
