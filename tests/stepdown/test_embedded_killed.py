"""The server is killed, as kernels short of memory and impatient people do: it starts again, with all that counted."""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import psycopg
import pytest

from stepdown.embedded import Embedded, orphans, watch
from tests.shared_memory import Block, blocks
from tests.stepdown.command import is_ready, postgres_runs, serving
from tests.stepdown.using import (
    USER,
    another_user,
    eventually,
    is_over,
    kill_postmaster,
    postmaster,
    programs,
    runs,
    state,
    works,
)

# PR_SET_CHILD_SUBREAPER: what loses its parent becomes our child, and nobody asks how it ended. So it is where
# process 1 doesn't reap, as in many a container.
DOES_NOT_REAP = "import ctypes\nassert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0\n"

# It asks for interrupts, and never looks for its postmaster. Not for ever, should a test fail to end it.
BUSY_SECONDS = 200
BUSY = f"DO $$ BEGIN WHILE clock_timestamp() < now() + interval '{BUSY_SECONDS} seconds' LOOP END LOOP; END $$"


def made(data: Path) -> Path:
    with Embedded.start(data, durable=False) as embedded, psycopg.connect(embedded.owner_url) as db:
        db.execute("CREATE TABLE kept AS SELECT 7 AS a")
    return data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database has a table."""
    return made(tmp_path_factory.mktemp("killed"))


@pytest.fixture(params=programs(), ids=lambda folder: "wheel" if folder is None else folder.parts[-2])
def data_of_each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The same, by the wheel's programs and by Debian's, where there are any."""
    monkeypatch.delenv("STEPDOWN_PG_BIN", raising=False)
    if request.param is not None:
        monkeypatch.setenv("STEPDOWN_PG_BIN", str(request.param))
    return made(tmp_path)


def kept(embedded: Embedded) -> bool:
    with psycopg.connect(embedded.owner_url) as db:
        return db.execute("SELECT a FROM kept").fetchall() == [(7,)]


class Busy:
    """A backend at work that doesn't end by itself, and its client, which waits for it."""

    def __init__(self, embedded: Embedded) -> None:
        self.connection = psycopg.connect(embedded.owner_url, autocommit=True)
        self.pid = self.connection.info.backend_pid
        self.began = time.monotonic()
        self.client = Thread(target=self._wait)
        self.client.start()
        with psycopg.connect(embedded.superuser_url, autocommit=True) as db:
            working = "SELECT state = 'active' AND query LIKE 'DO %%' FROM pg_stat_activity WHERE pid = %s"
            assert eventually(lambda: db.execute(working, [self.pid]).fetchone() == (True,))

    def _wait(self) -> None:
        with pytest.raises(psycopg.OperationalError):
            self.connection.execute(BUSY.encode())

    def is_let_down(self) -> None:
        """Its client has learnt that the server is gone."""
        self.client.join(20)
        assert not self.client.is_alive()
        assert time.monotonic() - self.began < BUSY_SECONDS / 2, "it ended by itself"
        self.connection.close()


def test_a_zombie_is_taken_for_dead(data_of_each: Path) -> None:
    data = data_of_each
    with another_user(data, DOES_NOT_REAP + USER) as other:
        zombie = kill_postmaster(data)
        assert eventually(lambda: state(zombie) == "Z")
        with Embedded.start(data, durable=False) as again:
            # By what Postgres itself goes by, the number is still somebody's.
            os.kill(zombie, 0)
            assert postmaster(data) != zombie
            assert kept(again)
            second = kill_postmaster(data)
            assert eventually(lambda: state(second) == "Z")
        assert state(second) == "Z"
        # The last to leave has only the dead to end.
        other.leaves()
        assert not runs(data)


def test_a_server_does_not_start_before_the_last_orphan_of_the_former_has_ended(data_of_each: Path) -> None:
    data = data_of_each
    with another_user(data), Embedded.start(data, durable=False) as before:
        busy = Busy(before)
        kill_postmaster(data)
        # Others notice and end; this one doesn't.
        assert not eventually(lambda: is_over(busy.pid), 0.2)
        with Embedded.start(data, durable=False) as after:
            assert eventually(lambda: is_over(busy.pid), 1)
            assert kept(after)
        busy.is_let_down()


def test_an_orphan_that_does_not_listen_is_killed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PRESSURE", ((0.05, signal.SIGQUIT), (0.3, signal.SIGKILL)))
    with Embedded.start(data, durable=False) as before:
        busy = Busy(before)
        os.kill(busy.pid, signal.SIGSTOP)
        kill_postmaster(data)
        with Embedded.start(data, durable=False) as after:
            assert eventually(lambda: is_over(busy.pid), 1)
            assert kept(after)
        busy.is_let_down()


def test_the_last_one_to_leave_ends_the_orphans_of_a_killed_server(data: Path) -> None:
    with Embedded.start(data, durable=False) as last:
        busy = Busy(last)
        kill_postmaster(data)
    assert eventually(lambda: is_over(busy.pid), 1)
    assert not runs(data)
    busy.is_let_down()


def test_orphans_of_another_server_are_left_alone(data: Path, tmp_path: Path) -> None:
    with Embedded.start(tmp_path, durable=False) as other, Embedded.start(data, durable=False) as before:
        busy, bystander = Busy(before), Busy(other)
        kill_postmaster(data)
        with Embedded.start(data, durable=False) as after:
            assert works(after)
        assert not is_over(bystander.pid)
        other.stop()
        busy.is_let_down()
        bystander.is_let_down()


def block_of(data: Path) -> Block:
    """The one that its running server has noted, by key and identifier."""
    noted = (data / "postgres/cluster/postmaster.pid").read_text().splitlines()[6]
    [block] = [block for block in blocks() if block.identifier == int(noted.split()[1])]
    assert block.maker == postmaster(data)
    return block


def test_no_block_of_shared_memory_is_left_or_in_the_way(data: Path) -> None:
    used = []
    with another_user(data, DOES_NOT_REAP + USER) as other:
        for _ in range(3):
            with Embedded.start(data, durable=False) as embedded:
                assert kept(embedded)
                used.append(block_of(data))
                kill_postmaster(data)
        assert used[-1] in blocks()
        other.leaves()
    with Embedded.start(data, durable=False):
        used.append(block_of(data))
    assert len(set(used)) == 4
    # Whoever reads about a process that ends just then keeps its memory for that moment.
    assert eventually(lambda: blocks().isdisjoint(used))


def test_a_server_that_is_looked_after_is_there_again_by_itself(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Embedded.start(data, durable=False).watch() as embedded:
        for _ in range(2):
            killed = kill_postmaster(data)
            assert eventually(lambda gone=killed: postmaster_or_none(data) not in (None, gone))  # type: ignore[misc]
            assert eventually(lambda: answers(embedded))
            assert kept(embedded)
        assert eventually(lambda: caplog.text.count("had ended and was started again") == 2)
    assert not runs(data)
    # Nobody looks after what nobody uses.
    assert not eventually(lambda: runs(data), 2 * watch.LOOK_SECONDS)


def test_of_two_who_look_after_a_server_both_use_the_next_one(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        another_user(data, USER.replace("durable=False)", "durable=False).watch()")) as other,
        Embedded.start(data, durable=False).watch() as embedded,
    ):
        killed = kill_postmaster(data)
        assert eventually(lambda: postmaster_or_none(data) not in (None, killed) and answers(embedded))
        running = postmaster(data)
        assert not eventually(lambda: postmaster(data) != running, 3 * watch.LOOK_SECONDS)
        embedded.stop()
        assert runs(data)
        # It says on stderr what it did, if it was the one who did it.
        other.process.communicate(timeout=20)
    assert not runs(data)


def test_a_database_that_is_gone_is_not_made_anew_behind_its_users_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Embedded.start(tmp_path, durable=False).watch():
        cluster = tmp_path / "postgres/cluster"
        kill_postmaster(tmp_path)
        cluster.rename(tmp_path / "taken")
        assert eventually(lambda: "holds no whole database; restore it from your backup" in caplog.text)
        assert not cluster.exists()
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_serve_goes_on_when_its_postgres_was_killed(tmp_path: Path) -> None:
    with serving("serve", "--port", "0", cwd=tmp_path) as server:
        [address] = server.said(1)
        assert is_ready(address)
        killed = kill_postmaster(tmp_path / ".stepdown")
        assert eventually(lambda: postmaster_or_none(tmp_path / ".stepdown") not in (None, killed))
        assert is_ready(address)
        with urlopen(f"{address}/readyz", timeout=30) as answer:
            assert answer.status == 200
        assert server.ends_by(signal.SIGTERM) == 0
    assert "had ended and was started again" in server.err
    assert "Traceback" not in server.err
    assert not postgres_runs(tmp_path / ".stepdown")


def postmaster_or_none(data: Path) -> int | None:
    try:
        return postmaster(data)
    except (FileNotFoundError, IndexError):
        return None


def answers(embedded: Embedded) -> bool:
    try:
        return works(embedded)
    except psycopg.OperationalError:
        return False
