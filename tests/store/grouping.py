"""Appends that wait for each other, so that they go out in one group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from time import sleep
from typing import Any

import psycopg

from store.append import Receipt
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, trigger

Call = Callable[[], Receipt]


@contextmanager
def held(database: Database, ledger: str) -> Iterator[None]:
    """Nobody can write to the ledger meanwhile: who comes first waits for its head, the others for them."""
    with psycopg.connect(database.superuser_url) as holder:
        holder.execute("SELECT FROM ledger WHERE ledger = %s FOR UPDATE", [ledger])
        yield


def together(store: Store, database: Database, calls: list[Call], *, ledger: str = "lexington") -> list[Any]:
    """What calls answer that go out in one group, in this order: an append of another chart goes before them alone."""
    store.ledger(ledger).append([trigger(a_chart(), 1)])
    with ThreadPoolExecutor(len(calls) + 1) as threads:
        with held(database, ledger):
            first = threads.submit(store.ledger(ledger).append, [trigger(a_chart(), 1)])
            until(lambda: blocked(database))
            waiting: list[Future[Receipt]] = []
            for call in calls:
                waiting.append(threads.submit(call))
                until(lambda: store.waiting == len(waiting))
        first.result()
        return [one.exception() or one.result() for one in waiting]


def blocked(database: Database) -> bool:
    with psycopg.connect(database.superuser_url) as watcher:
        row = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    return row is not None and row[0] > 0


def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        sleep(0.005)
    raise AssertionError("It should have come to that by now.")


def appending(store: Store, *facts: Any, ledger: str = "lexington", **given: Any) -> Call:
    return lambda: store.ledger(ledger).append(list(facts), **given)
