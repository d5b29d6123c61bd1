"""Several processes use one data folder: the first starts the server, the last one stops it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from stepdown.embedded import Embedded, server
from stepdown.embedded.account import account_for
from stepdown.embedded.cluster import Layout

REPOSITORY = str(Path(server.__file__).parents[2])

# Starts, says so, and leaves when its input ends: by stop, or by the end of the process.
USER = """
import sys
from pathlib import Path
from stepdown.embedded import Embedded
embedded = Embedded.start(Path(sys.argv[1]), durable=False)
print("using", flush=True)
sys.stdin.read()
"""


class User:
    """Another process that uses the data folder's Postgres."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def leaves(self) -> None:
        _, complaints = self.process.communicate(timeout=30)
        assert (self.process.returncode, complaints) == (0, "")

    def is_killed(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@contextmanager
def another_user(data: Path, script: str = USER) -> Iterator[User]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(data)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((REPOSITORY, *sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "using\n", process.communicate(timeout=30)[1]
        yield User(process)
    finally:
        process.kill()
        process.wait(timeout=30)
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def runs(data: Path) -> bool:
    layout = Layout(data.resolve())
    return server.Server(layout, account_for(layout.cluster)).lives()


def postmaster(data: Path) -> int:
    return int((data / "postgres/cluster/postmaster.pid").read_text().split()[0])


def works(embedded: Embedded) -> bool:
    with psycopg.connect(embedded.app_url) as db:
        return db.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("shared")
    Embedded.start(data, durable=False).stop()
    return data


def test_the_second_process_uses_the_server_of_the_first_and_the_last_one_stops_it(data: Path) -> None:
    with another_user(data) as first:
        server_of_first = postmaster(data)
        with Embedded.start(data, durable=False) as second:
            assert postmaster(data) == server_of_first
            first.leaves()
            assert works(second)
        assert not runs(data)


def test_a_process_that_ends_without_a_stop_leaves_no_server_behind(data: Path) -> None:
    with another_user(data) as only:
        assert runs(data)
        only.leaves()
    assert not runs(data)


def test_a_killed_user_does_not_count(data: Path) -> None:
    with another_user(data) as killed, Embedded.start(data, durable=False) as last:
        killed.is_killed()
        assert works(last)
    assert not runs(data)


def test_a_server_whose_users_were_all_killed_serves_the_next_one_and_stops_with_it(data: Path) -> None:
    with another_user(data) as killed:
        left_behind = postmaster(data)
        killed.is_killed()
    assert runs(data)
    with Embedded.start(data, durable=False) as last:
        assert postmaster(data) == left_behind
        assert works(last)
    assert not runs(data)


def test_the_server_survives_a_ctrl_c_in_the_terminal_of_its_starter(data: Path) -> None:
    interrupted = USER.replace("sys.stdin.read()", "try:\n sys.stdin.read()\nexcept KeyboardInterrupt:\n ''")
    with another_user(data, interrupted) as starter, Embedded.start(data, durable=False) as other:
        # What the terminal does: a signal to every process of the group.
        os.killpg(starter.process.pid, signal.SIGINT)
        starter.leaves()
        assert works(other)


def test_the_exit_of_a_forked_child_does_not_stop_its_parents_server(data: Path) -> None:
    forking = USER.replace(
        'print("using", flush=True)',
        "import os\nchild = os.fork()\nif child == 0:\n sys.exit(0)\n"
        'assert os.waitpid(child, 0)[1] == 0\nprint("using", flush=True)',
    )
    with another_user(data, forking) as parent:
        assert runs(data)
        parent.leaves()
    assert not runs(data)


def test_a_forked_child_that_lives_on_keeps_nobody_from_starting_again(data: Path) -> None:
    # The child shares its parent's open lock files, though it uses nothing.
    forking = USER.replace("sys.stdin.read()", "import os, time\nif os.fork() == 0:\n time.sleep(60)\n os._exit(0)\n")
    with another_user(data, forking + "embedded.stop()\nsys.stdin.read()\n") as parent:
        began = time.monotonic()
        with Embedded.start(data, durable=False) as other:
            assert works(other)
        assert time.monotonic() - began < 30, "it waited for the forked child"
        os.killpg(parent.process.pid, signal.SIGKILL)


def test_two_uses_in_one_process_count_as_two(data: Path) -> None:
    first = Embedded.start(data, durable=False)
    with Embedded.start(data, durable=False) as second:
        first.stop()
        assert works(second)
    assert not runs(data)


def test_many_who_start_at_once_on_a_new_folder_share_one_server(tmp_path: Path) -> None:
    users: list[Embedded] = []
    threads = [threading.Thread(target=lambda: users.append(Embedded.start(tmp_path, durable=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({user.app_url for user in users}) == 1
    assert len(users) == 4
    assert all(works(user) for user in users)
    for user in users:
        assert runs(tmp_path)
        user.stop()
    assert not runs(tmp_path)


def test_a_first_start_that_is_killed_half_way_is_made_good_by_the_next(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((REPOSITORY, *sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not any(tmp_path.glob("postgres/new-*/cluster/base")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.kill()
    process.communicate(timeout=30)
    assert not (tmp_path / "postgres/cluster").exists()
    # initdb, which nobody killed, still writes: the next start waits for its end and begins anew.
    assert runs(tmp_path)
    with Embedded.start(tmp_path, durable=False) as next_one:
        assert works(next_one)
    assert not list(tmp_path.glob("postgres/new-*"))
