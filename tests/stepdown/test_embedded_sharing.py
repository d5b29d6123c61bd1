"""Several processes use one data folder: the first starts the server, the last one stops it."""

import os
import signal
import time
from pathlib import Path

import pytest

from stepdown.embedded import Embedded
from tests.stepdown.using import USER, another_user, postmaster, runs, works


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
