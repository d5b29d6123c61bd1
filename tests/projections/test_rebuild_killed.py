"""A rebuild that is killed anywhere leaves the tables that were live, or the new ones whole: never a mix."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.rebuild import check, rebuild
from store.keys import FileKeyring
from store.store import Store
from tests.projections.tables import folded, positions, written
from tests.sample_program import sample

REBUILDS = """
import sys
from pathlib import Path
from projections.catalog import PROJECTIONS
from projections.rebuild import rebuild
from store.keys import FileKeyring
from store.store import Store
with Store(sys.argv[1], FileKeyring(Path(sys.argv[3]))) as store:
    print("begun", flush=True)
    while True:
        rebuild(store, sys.argv[2], PROJECTIONS, batch=200)
"""


def test_whenever_it_is_killed_the_tables_are_whole(
    make_database: Callable[[], Any], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(pytestconfig.option.seed)
    place, key = make_database(), tmp_path / "master.key"
    with Store(place.app_url, FileKeyring(key)) as store:
        store.ledger("lexington").restore(sample()[:1500])
        Follower(store).catch_up()
        whole = folded(sample()[:1500])
        for _ in range(4):
            child = subprocess.Popen(
                [sys.executable, "-c", REBUILDS, place.app_url, place.owner_url, str(key)],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=subprocess.PIPE,
            )
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            time.sleep(chance.uniform(0.05, 3))
            child.send_signal(signal.SIGKILL)
            assert child.wait() == -signal.SIGKILL
            child.stdout.close()
            until_it_is_gone(place)
            assert written(store, "lexington") == whole
            assert positions(store, "lexington") == {projection.name: 1500 for projection in PROJECTIONS}
            assert [row for one in check(store, PROJECTIONS) for row in one.differences] == []
        assert [row for one in rebuild(store, place.owner_url, PROJECTIONS) for row in one.differences] == []
        assert written(store, "lexington") == whole


def until_it_is_gone(place: Any) -> None:
    """The server may still be at the killed one's last transaction."""
    until = time.monotonic() + 10
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database"
        while connection.execute(f"{held} WHERE datname = current_database())").fetchone() != (0,):
            assert time.monotonic() < until
            time.sleep(0.01)
