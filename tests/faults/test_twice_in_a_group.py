"""A command that is sent again comes into one group with another that moves its stream on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from store.append import Command
from tests.faults.evidence import Place
from tests.faults.journal import SCOPE
from tests.store.given import a_chart, trigger

LEDGER = "lexington"


def test_a_command_sent_again_is_answered_though_another_of_its_group_moves_its_stream_on(
    place: Place,
) -> None:
    """The first answer comes before any other reason to refuse, in a group as alone."""
    first, chart = Command(SCOPE, "first", b""), a_chart()
    with place.store() as store, ThreadPoolExecutor(3) as threads:
        ledger = store.ledger(LEDGER)
        receipt = ledger.append([trigger(chart, 1)], command=first)
        with head_held(place.superuser_url):
            # The first of the three leads, and waits for the head's lock; the others make a group behind it.
            leader = threads.submit(ledger.append, [trigger(a_chart(), 1)])
            wait_until(lambda: writers_wait(place.superuser_url))
            mover = threads.submit(ledger.append, [trigger(chart, 2)])
            wait_until(lambda: store.waiting == 1)
            again = threads.submit(ledger.append, [trigger(chart, 1)], command=first)
            wait_until(lambda: store.waiting == 2)
        assert leader.result().position < mover.result().position
        assert again.result() == replace(receipt, repeated=True)


@contextmanager
def head_held(url: str) -> Iterator[None]:
    """The head row of the ledger is locked by somebody else."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT FROM ledger WHERE ledger = %s FOR UPDATE", [LEDGER])
        yield


def writers_wait(url: str) -> bool:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT FROM pg_stat_activity WHERE usename = 'stepdown' AND wait_event_type = 'Lock'"
        ).fetchall()
    return bool(rows)


def wait_until(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not met():
        assert time.monotonic() < until
        time.sleep(0.002)
