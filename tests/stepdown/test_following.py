"""A version that is started on an embedded database with another version's read tables makes its own beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections import rebuild
from projections.catalog import PROJECTIONS
from projections.follower import Follower, lag
from projections.rebuild import check
from stepdown.following import follow
from stepdown.opening import Opened, opened
from stepdown.settings import Settings
from store.errors import StoreError
from tests.sample_program import sample

FACTS = 300


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with opened(Settings(data=tmp_path_factory.mktemp("data"))) as use:
        use.store.ledger("lexington").restore(sample()[:FACTS])
        yield use


@pytest.fixture
def former(embedded: Opened) -> Opened:
    """As another version left it: one table is not this one's."""
    Follower(embedded.store).catch_up()
    assert embedded.owner_url is not None
    with psycopg.connect(embedded.owner_url) as connection:
        connection.execute("UPDATE projection.definition SET sha256 = 'of a former one' WHERE projection = 'census'")
        connection.execute("DELETE FROM projection.census")
    assert lag(embedded.store).events == FACTS
    return embedded


def followed(use: Opened) -> None:
    """Until the tables are this version's, and current."""
    stop, end = threading.Event(), time.monotonic() + 60
    follower = threading.Thread(target=follow, args=(use, stop))
    follower.start()
    while lag(use.store).events:
        assert time.monotonic() < end
        time.sleep(0.02)
    stop.set()
    follower.join(20)
    assert not follower.is_alive()
    assert [row for one in check(use.store, PROJECTIONS) for row in one.differences] == []


def test_they_take_the_place_of_the_others_and_are_followed(former: Opened) -> None:
    followed(former)


def test_another_rebuild_is_waited_for(former: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, refused = rebuild.rebuild, []

    def busy(*given: Any, **how: Any) -> Any:
        if not refused:
            refused.append(None)
            raise StoreError("Another rebuild of this database is under way: wait for it, then try again.")
        return usual(*given, **how)

    monkeypatch.setattr(rebuild, "rebuild", busy)
    followed(former)
    assert refused


def test_told_to_stop_it_leaves_the_others_as_they_are(former: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    usual = rebuild.hands

    def stopped(*given: Any, **how: Any) -> Any:
        stop.set()
        return usual(*given, **how)

    monkeypatch.setattr(rebuild, "hands", stopped)
    follow(former, stop)
    assert lag(former.store).events == FACTS
    monkeypatch.undo()
    followed(former)


def test_on_a_database_named_from_outside_it_is_left_to_migrate(former: Opened, tmp_path: Path) -> None:
    outside = Settings(data=tmp_path, database_url=str(former.reopen.args[0]))
    stop = threading.Event()
    follower = threading.Thread(
        target=follow,
        args=(Opened(outside, former.store, former.desk, former.accesses, former.reopen, former.owner_url), stop),
    )
    follower.start()
    time.sleep(1)
    stop.set()
    follower.join(20)
    assert lag(former.store).events == FACTS
    followed(former)
