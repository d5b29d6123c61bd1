"""However facts are cut into batches, and whatever happens between two, each counts once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.chart.identity import IdentityCorrected
from domain.record import EnteredInError, stream_uuid
from domain.session import CancellationCause, SessionCancelled
from projections.catalog import PROJECTIONS
from projections.digest import digest
from projections.follower import Follower
from store.errors import SchemaMismatch
from store.keys import FileKeyring
from store.store import Store
from tests.projections.tables import NAMES as KEYS
from tests.projections.tables import folded, named, positions, query, whole, written
from tests.projections.test_rows import ATTENDED, CHART, HELD, INQUIRED, REGISTERED, SCHEDULED, SESSION
from tests.sample_program import partly_elsewhere
from tests.store.given import new

NAMES = {projection.name for projection in PROJECTIONS}


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Any]) -> Any:
    return make_database()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "master.key"


@pytest.fixture(scope="module")
def recorded(place: Any, key_file: Path) -> Iterator[Store]:
    """The sample program on record; nobody follows yet."""
    with Store(place.app_url, FileKeyring(key_file)) as store:
        store.ledger("lexington").restore(partly_elsewhere())
        yield store


def forget(place: Any) -> None:
    """The read tables as they were made: empty."""
    with psycopg.connect(place.superuser_url) as connection:
        for table in (*sorted(NAMES), "position", "set_aside"):
            connection.execute(psycopg.sql.SQL("DELETE FROM projection.{}").format(psycopg.sql.Identifier(table)))


def follow_in(store: Store, sizes: list[int]) -> None:
    """The whole sample in batches of these sizes, the rest in one."""
    ledger = store.ledger("lexington")
    after = 0
    with store.database.connection() as db:
        for size in [*sizes, len(partly_elsewhere())]:
            if facts := ledger.facts(after=after, limit=size):
                digest(db, PROJECTIONS, ledger, whole(facts))
                after = facts[-1].position


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 900), max_size=12))
def test_following_in_any_batches_equals_folding_everything_at_once(
    recorded: Store, place: Any, sizes: list[int]
) -> None:
    forget(place)
    follow_in(recorded, sizes)
    assert positions(recorded, "lexington") == dict.fromkeys(NAMES, len(partly_elsewhere()))
    assert written(recorded, "lexington") == folded(partly_elsewhere())
    assert dict(query(recorded, "lexington", KEYS)) == named(recorded, partly_elsewhere())


def test_one_fact_at_a_time_equals_folding_everything_at_once(recorded: Store, place: Any) -> None:
    """Around the sample's strike, its voided discharge and its corrected result, each fact alone."""
    forget(place)
    follow_in(recorded, [1600, *[1] * 20, 470, *[1] * 20, 700, *[1] * 20])
    assert written(recorded, "lexington") == folded(partly_elsewhere())
    assert dict(query(recorded, "lexington", KEYS)) == named(recorded, partly_elsewhere())


def test_a_batch_is_not_written_twice(recorded: Store, place: Any) -> None:
    forget(place)
    ledger = recorded.ledger("lexington")
    facts = ledger.facts(limit=10)
    with recorded.database.connection() as db:
        digest(db, PROJECTIONS, ledger, whole(facts))
        with pytest.raises(SchemaMismatch, match="nothing was written twice"):
            digest(db, PROJECTIONS, ledger, whole(facts))
    assert positions(recorded, "lexington") == dict.fromkeys(NAMES, 10)
    assert written(recorded, "lexington") == folded(facts)


def test_what_is_folded_anew_holds_nothing_that_comes_later(store: Store) -> None:
    """Else the rows would say more than the position beside them."""
    ledger = store.ledger("lexington")
    stream = f"session/{SESSION}"
    struck = SessionCancelled(cause=CancellationCause.WEATHER)
    for version, fact in enumerate([SCHEDULED, struck, EnteredInError(target=2), HELD], start=1):
        ledger.append([new(stream, version, fact)])
    chart = [REGISTERED, INQUIRED, EnteredInError(target=2), replace(INQUIRED, episode_id=uuid4()), ATTENDED]
    for version, fact in enumerate(chart, start=1):
        ledger.append([new(CHART, version, fact)])
    facts = ledger.facts()
    with store.database.connection() as db:
        for batch in (facts[:3], facts[3:7], facts[7:]):
            digest(db, PROJECTIONS, ledger, whole(batch))
            assert written(store, "lexington") == folded(facts[: batch[-1].position])


def test_a_name_follows_its_corrections_and_what_is_struck_of_them(store: Store) -> None:
    ledger = store.ledger("lexington")
    corrected = IdentityCorrected(family_name="Lark")
    further = [REGISTERED, INQUIRED, corrected, EnteredInError(target=3), corrected, EnteredInError(target=1)]
    for version, fact in enumerate(further, start=1):
        ledger.append([new(CHART, version, fact)])
    other = f"chart/{uuid4()}"
    ledger.append([new(other, 1, replace(REGISTERED, mrn="MRN-2"))])
    facts, seen = ledger.facts(), []
    with store.database.connection() as db:
        for size in (2, 1, 1, 1, 1, 1):
            batch = facts[len(seen) : len(seen) + size]
            digest(db, PROJECTIONS, ledger, whole(batch))
            seen += batch
            assert dict(query(store, "lexington", KEYS)) == named(store, seen)
    assert list(named(store, facts)) == [stream_uuid(other)]


FOLLOWS = """
import sys
from pathlib import Path
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
with Store(sys.argv[1], FileKeyring(Path(sys.argv[2]))) as store:
    Follower(store, batch=5).catch_up()
"""


def test_a_follower_that_is_killed_leaves_rows_and_position_together(
    recorded: Store, place: Any, key_file: Path
) -> None:
    forget(place)
    for further in (200, 600, 1000):
        child = subprocess.Popen(
            [sys.executable, "-c", FOLLOWS, place.app_url, str(key_file)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        while child.poll() is None and positions(recorded, "lexington").get("status", 0) < further:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        wait_until_nobody_is_connected_but_us(recorded)
        at = positions(recorded, "lexington")
        assert set(at) == NAMES
        [position] = set(at.values())
        assert further <= position < len(partly_elsewhere())
        assert written(recorded, "lexington") == folded(partly_elsewhere()[:position])
    Follower(recorded).catch_up()
    assert written(recorded, "lexington") == folded(partly_elsewhere())
    assert dict(query(recorded, "lexington", KEYS)) == named(recorded, partly_elsewhere())


def wait_until_nobody_is_connected_but_us(store: Store) -> None:
    """The server may still be at the killed one's last transaction: its lock is gone when that has ended."""
    until = time.monotonic() + 10
    while query(store, "lexington", "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' LIMIT 1"):
        assert time.monotonic() < until
        time.sleep(0.01)
