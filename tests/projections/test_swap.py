"""Tables take the place of the live ones while facts come: what a reader saw stays, and nobody waits long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.record import stream_uuid
from projections import beside
from projections import rebuild as work
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.rebuild import check, rebuild
from store.errors import StoreError
from store.store import Store
from tests.projections.tables import folded, positions, written
from tests.projections.test_rows import INQUIRED, REGISTERED
from tests.store.given import new

LEDGER = "lexington"
NAMES = [projection.name for projection in PROJECTIONS]
NUMBERS = count()


def come(store: Store, charts: int) -> UUID:
    """So many more charts of two facts each are recorded, and followed; answers the patient of the last."""
    ledger = store.ledger(LEDGER)
    for _ in range(charts):
        chart, episode = f"chart/{uuid4()}", uuid4()
        facts = [replace(REGISTERED, mrn=f"MRN-{next(NUMBERS)}"), replace(INQUIRED, episode_id=episode)]
        ledger.append([new(chart, version, fact) for version, fact in enumerate(facts, start=1)])
    Follower(store).catch_up()
    return stream_uuid(chart)


@pytest.fixture
def recorded(store: Store) -> Store:
    come(store, 5)
    return store


@pytest.fixture
def waited_for(database: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, int]]:
    """Of each fold: whether everybody waits meanwhile, and how many facts it brings its tables on."""
    found: list[tuple[bool, int]] = []
    usual = beside.further
    held = """SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'projection.position'::regclass AND granted
              AND mode = 'AccessExclusiveLock')"""

    def further(*given: Any) -> int:
        with psycopg.connect(database.superuser_url) as connection:
            [[is_held]] = connection.execute(held).fetchall()
        reached = usual(*given)
        found.append((is_held, reached - given[3]))
        return reached

    monkeypatch.setattr(beside, "further", further)
    return found


def after(what: Any, then: Callable[[], object]) -> Any:
    """What does the same, and then that."""

    def done(*given: Any, **more: Any) -> Any:
        found = what(*given, **more)
        then()
        return found

    return done


def right(store: Store) -> None:
    facts = store.ledger(LEDGER).facts()
    assert positions(store, LEDGER) == dict.fromkeys(NAMES, len(facts))
    assert written(store, LEDGER) == folded(facts)
    assert [row for one in check(store, PROJECTIONS) for row in one.differences] == []


def test_what_a_reader_saw_before_is_there_after(
    recorded: Store, database: Any, monkeypatch: pytest.MonkeyPatch, waited_for: list[tuple[bool, int]]
) -> None:
    """A chart comes, and is shown, when the tables beside were brought on for the last time that others work."""
    seen: list[UUID] = []
    monkeypatch.setattr(work, "_catch_up", after(work._catch_up, lambda: seen.append(come(recorded, 1))))
    rebuild(recorded, database.owner_url, PROJECTIONS)
    assert seen[-1] in written(recorded, LEDGER).status
    assert (True, 2) in waited_for
    right(recorded)


def test_what_came_while_the_tables_were_compared_is_folded_before_anybody_waits(
    recorded: Store, database: Any, monkeypatch: pytest.MonkeyPatch, waited_for: list[tuple[bool, int]]
) -> None:
    monkeypatch.setattr(work, "NEAR", 4)
    monkeypatch.setattr(work, "compare", after(work.compare, lambda: come(recorded, 10)))
    rebuild(recorded, database.owner_url, PROJECTIONS)
    assert (False, 20) in waited_for
    assert not any(is_held for is_held, _ in waited_for)
    right(recorded)


@pytest.mark.parametrize(("what", "comes"), [("_catch_up", [False, True]), ("_behind", [True])])
def test_when_much_comes_at_the_last_moment_it_goes_first(
    recorded: Store,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    waited_for: list[tuple[bool, int]],
    what: str,
    comes: list[bool],
) -> None:
    """Before the lock is asked for, and between that and having it."""
    left = [*comes]

    def much() -> None:
        if left and left.pop(0):
            come(recorded, 10)

    monkeypatch.setattr(work, "NEAR", 4)
    monkeypatch.setattr(work, what, after(getattr(work, what), much))
    rebuild(recorded, database.owner_url, PROJECTIONS)
    assert left == []
    assert (False, 20) in waited_for
    assert not any(is_held for is_held, _ in waited_for)
    right(recorded)


def test_where_more_comes_than_can_be_folded_the_live_tables_stay(
    recorded: Store, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "NEAR", 1)
    monkeypatch.setattr(work, "_TRIES", 3)
    monkeypatch.setattr(work, "_catch_up", after(work._catch_up, lambda: come(recorded, 1)))
    with pytest.raises(StoreError, match="without a pause: they are as they were"):
        rebuild(recorded, database.owner_url, PROJECTIONS)
    right(recorded)


@pytest.mark.parametrize("followed_before", [True, False], ids=["another ledger", "the one there is"])
def test_a_ledger_that_begins_while_it_is_at_work_is_taken_along(
    store: Store, database: Any, monkeypatch: pytest.MonkeyPatch, followed_before: bool
) -> None:
    """Its rows are copied in when keys are there already, and before the tables are secured row by row."""
    first = [new(f"chart/{uuid4()}", 1, REGISTERED)]
    store.ledger(LEDGER).append(first)
    if followed_before:
        Follower(store).catch_up()
    usual = work._finish

    def meanwhile(*given: Any) -> None:
        usual(*given)
        if followed_before:
            store.ledger("bowling-green").append([new(f"chart/{uuid4()}", 1, REGISTERED)])
        Follower(store).catch_up()

    monkeypatch.setattr(work, "_finish", meanwhile)
    rebuild(store, database.owner_url, PROJECTIONS)
    for ledger in store.ledgers():
        assert written(store, ledger) == folded(store.ledger(ledger).facts())
        assert positions(store, ledger) == dict.fromkeys(NAMES, 1)
    assert [row for one in check(store, PROJECTIONS) for row in one.differences] == []
