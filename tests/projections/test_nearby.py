"""A follower in the same process is woken, and tells how far it is, without a word to the database."""

from __future__ import annotations

import time
from typing import Any

import pytest

from projections import position as module
from projections.follower import wait_for, wake
from projections.nearby import nearby
from projections.position import hint
from store.keys import FileKeyring
from store.store import Store
from tests import conftest
from tests.projections.test_following import following, opened, until
from tests.projections.test_rows import CHART, INQUIRED, REGISTERED
from tests.store.given import new

SITE = "lexington"
LONG = 600.0
"""Seconds between two looks of a follower that nobody wakes."""


@pytest.fixture
def asleep(store: Store) -> Any:
    """It has taken in everything, and looks again when it is woken, or in ten minutes."""
    position = opened(store, REGISTERED)
    with following(store, poll_seconds=LONG) as stop:
        assert wait_for(store, SITE, position, 10)
        yield stop


def write(store: Store, version: int = 2) -> int:
    return store.ledger(SITE).append([new(CHART, version, INQUIRED)]).position


def test_whoever_waits_hears_of_it_from_the_follower(
    store: Store, asleep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    reached = module._reached

    def looking(*given: Any) -> bool:
        looks.append(given)
        return reached(*given)

    monkeypatch.setattr(module, "_reached", looking)
    monkeypatch.setattr(module, "_NEARBY_PAUSE_SECONDS", 10.0)
    position = write(store)
    assert wait_for(store, SITE, position, 10)
    assert len(looks) <= 1
    # What it has told before, nobody has to look up again.
    assert wait_for(store, SITE, position, 0)
    assert wait_for(store, SITE, position - 1, 0)
    assert len(looks) <= 1


def test_a_hint_wakes_it_without_a_notification(store: Store, asleep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAKE", "SELECT 1 / 0")
    position = write(store)
    hint(store)
    assert nearby(store).wait(SITE, position, 10)


def test_it_is_woken_from_another_process_too(
    store: Store, asleep: Any, database: conftest.Database, keyring: FileKeyring
) -> None:
    with Store(database.app_url, keyring) as other:
        position = write(other)
        assert not nearby(other).wake()
        hint(other)
        assert wait_for(other, SITE, position, 10)
        assert not nearby(other).has(SITE, position)
        until(lambda: nearby(store).has(SITE, position))


def test_a_thousand_calls_are_one(store: Store, asleep: Any) -> None:
    position = write(store)
    for _ in range(100_000):
        hint(store)
    assert nearby(store).wait(SITE, position, 10)


def test_once_it_follows_no_more_nothing_is_known_of_it(store: Store) -> None:
    position = opened(store, REGISTERED)
    with following(store) as stop:
        assert wait_for(store, SITE, position, 10)
        until(lambda: nearby(store).wake())
        stop.set()
        wake(store)
        until(lambda: not nearby(store).wake())
        assert not nearby(store).has(SITE, position)
    began = time.monotonic()
    later = write(store)
    assert not wait_for(store, SITE, later, 0.05)
    assert time.monotonic() - began < 5
    assert wait_for(store, SITE, position, 0)
