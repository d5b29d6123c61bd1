"""Several workers at one address: all answer, the dead are replaced, and none outlives who started them."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from stepdown import workers as module
from stepdown.commands.serving import _refuse_too_many_connections
from stepdown.errors import Wrong
from stepdown.server import listen
from stepdown.settings import read_settings
from stepdown.workers import Workers, deaths_allowed
from tests.projections.test_following import LEADERS
from tests.stepdown.command import PATIENT, SAMPLE, Serving, get, is_ready, postgres_runs, run, run_apart, serving
from tests.stepdown.conftest import Program

SOON = 60.0
STANDING_IN = "tests.stepdown.standing_in"


@pytest.fixture
def standing_in(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that do nothing but live, for those who look after them."""
    monkeypatch.setattr(module, "_PROGRAM", STANDING_IN)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def workers_of(pid: int) -> set[int]:
    """The processes that this one started and that live, but for those of Postgres."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # It ended meanwhile.
        if int(parent) == pid and state != "Z" and {b"stepdown.worker", STANDING_IN.encode()} & set(words):
            found.add(int(folder.name))
    return found


def lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def token_of(folder: Path, **variables: str) -> str:
    return run_apart("token", "--role", "counselor", cwd=folder, **variables).done().text.strip()


def address_of(server: Serving) -> str:
    [address] = server.said(1)
    return address


def test_workers_on_the_embedded_database_answer_and_end_together(tmp_path: Path) -> None:
    run_apart("import", "--restore", SAMPLE, cwd=tmp_path).done()
    with serving("serve", "--port", "0", cwd=tmp_path, STEPDOWN_WORKERS="2") as server:
        address = address_of(server)
        started = workers_of(server.process.pid)
        assert len(started) == 2
        token = token_of(tmp_path)
        assert is_ready(address)
        # Each question is a connection of its own: either may have it.
        for _ in range(12):
            code, document = get(f"{address}/v1/patients/{PATIENT}/status?as_of=2026-04-17", token)
            assert (code, document["episode"]["state"]) == (200, "tapering")
        assert server.ends_by(signal.SIGTERM) == 0
    assert (server.lines, server.err) == ([f"{address}\n"], "")
    assert not any(lives(pid) for pid in started)
    assert not postgres_runs(tmp_path / ".stepdown")


def test_a_worker_that_dies_is_replaced_and_only_one_process_follows(program: Program, tmp_path: Path) -> None:
    with serving("serve", "--port", "0", "--workers", "2", cwd=tmp_path, **program.variables) as server:
        address = address_of(server)
        first = workers_of(server.process.pid)
        dead = min(first)
        os.kill(dead, signal.SIGKILL)
        until(lambda: len(workers_of(server.process.pid) - {dead}) == 2)
        server.is_at_work("A worker ended (signal 9): another one takes its place.")
        assert is_ready(address)
        with psycopg.connect(program.database.superuser_url) as connection:
            assert len(connection.execute(LEADERS).fetchall()) == 1
        assert server.ends_by(signal.SIGINT) == 0
    assert not workers_of(server.process.pid)


def test_workers_do_not_outlive_who_started_them(program: Program, tmp_path: Path) -> None:
    with serving("serve", "--port", "0", "--workers", "2", cwd=tmp_path, **program.variables) as server:
        address_of(server)
        started = workers_of(server.process.pid)
        server.process.kill()
        until(lambda: not any(lives(pid) for pid in started))


@pytest.mark.parametrize(
    ("name", "value", "code", "because"),
    [
        ("STEPDOWN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing", 75, "The database can't be reached"),
        ("STEPDOWN_POOL_SIZE", "none", 1, "STEPDOWN_POOL_SIZE"),
    ],
)
def test_a_worker_that_cannot_start_ends_all_of_it(
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    value: str,
    code: int,
    because: str,
) -> None:
    monkeypatch.setenv(name, value)
    saying = rf"could not start \(exit code {code}\)"
    with closing(listen("127.0.0.1", 0)) as listener, pytest.raises(Wrong, match=saying):
        Workers(1, program.data, "127.0.0.1", listener).run(listening=lambda: pytest.fail("nobody answers"))
    assert not workers_of(os.getpid())
    assert because in capfd.readouterr().err


@pytest.mark.usefixtures("standing_in")
def test_workers_that_die_again_and_again_end_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "deaths_allowed", lambda count: 0)

    def kill_one() -> None:
        os.kill(min(workers_of(os.getpid())), signal.SIGKILL)

    with closing(listen("127.0.0.1", 0)) as listener, pytest.raises(Wrong, match=r"again and again \(signal 9\)"):
        Workers(2, None, "127.0.0.1", listener).run(listening=kill_one)
    assert not workers_of(os.getpid())


def test_the_more_there_are_the_more_may_die() -> None:
    assert [deaths_allowed(count) for count in (2, 3, 16)] == [5, 6, 32]


@pytest.mark.usefixtures("standing_in")
def test_a_worker_that_cannot_be_replaced_while_the_database_is_away_is_replaced_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often it is tried meanwhile, and although nobody may die but the one that is killed."""
    monkeypatch.setattr(module, "deaths_allowed", lambda count: 1)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_SECONDS", 0.5)
    said: list[str] = []
    monkeypatch.setattr(module, "say", said.append)
    left: list[set[int]] = []

    def disturb() -> None:
        with pytest.MonkeyPatch.context() as away:
            away.setenv("STEPDOWN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
            dead, alive = sorted(workers_of(os.getpid()))
            os.kill(dead, signal.SIGKILL)
            until(lambda: sum("could not start (exit code 75" in line for line in said) == 2)
        until(lambda: len(workers_of(os.getpid())) == 2)
        left.extend([{alive}, workers_of(os.getpid())])

    def disturb_and_end() -> None:
        try:
            disturb()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=disturb_and_end)
    with closing(listen("127.0.0.1", 0)) as listener:
        Workers(2, None, "127.0.0.1", listener).run(listening=thread.start)
    thread.join()
    [alive, both] = left
    assert alive < both
    assert not workers_of(os.getpid())


@pytest.mark.usefixtures("standing_in")
def test_a_replacement_that_fails_by_itself_again_and_again_ends_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "deaths_allowed", lambda count: 2)
    said: list[str] = []
    monkeypatch.setattr(module, "say", said.append)

    def break_one() -> None:
        monkeypatch.setenv("STEPDOWN_POOL_SIZE", "none")
        os.kill(min(workers_of(os.getpid())), signal.SIGKILL)

    with closing(listen("127.0.0.1", 0)) as listener, pytest.raises(Wrong, match=r"again and again \(exit code 1\)"):
        Workers(2, None, "127.0.0.1", listener).run(listening=break_one)
    assert sum("could not start (exit code 1" in line for line in said) == 1
    assert not workers_of(os.getpid())


@pytest.mark.usefixtures("standing_in")
def test_a_place_stays_empty_until_a_process_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[None] = []
    starts = Workers._start

    def start(self: Workers) -> None:
        if listened and not refused:
            refused.append(None)
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        starts(self)
        if refused:
            os.kill(os.getpid(), signal.SIGTERM)

    listened: list[None] = []

    def kill_one() -> None:
        listened.append(None)
        os.kill(min(workers_of(os.getpid())), signal.SIGKILL)

    monkeypatch.setattr(Workers, "_start", start)
    with closing(listen("127.0.0.1", 0)) as listener:
        Workers(2, None, "127.0.0.1", listener).run(listening=kill_one)
    assert refused
    assert not workers_of(os.getpid())


@pytest.mark.parametrize("count", ["0", "65", "two"])
def test_a_number_of_workers_that_cannot_be_meant_is_not_understood(count: str, tmp_path: Path) -> None:
    run("serve", "--workers", count, "--port", "0", "--data", tmp_path / "data").not_understood("--workers")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("count", "pool", "way"),
    [
        ("5", "16", "set STEPDOWN_POOL_SIZE to 15 or less, or start 4 workers or fewer."),
        ("2", "40", "set STEPDOWN_POOL_SIZE to 30 or less."),
        ("1", "91", "set STEPDOWN_POOL_SIZE to 90 or less."),
        ("64", "2", ": start 44 workers or fewer."),
    ],
)
def test_more_connections_than_the_embedded_database_has_are_refused_before_anything_is_made(
    count: str, pool: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEPDOWN_DATABASE_URL", raising=False)
    monkeypatch.setenv("STEPDOWN_POOL_SIZE", pool)
    refusal = run("serve", "--workers", count, "--port", "0", "--data", tmp_path / "data")
    refusal.refused("more than the 90", way)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("count", "pool"), [(4, "16"), (1, "90")])
def test_as_many_connections_as_there_are_may_be_asked_for(
    count: int, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEPDOWN_DATABASE_URL", raising=False)
    monkeypatch.setenv("STEPDOWN_POOL_SIZE", pool)
    _refuse_too_many_connections(read_settings(), count)


def test_how_many_connections_another_database_has_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPDOWN_DATABASE_URL", "postgresql://stepdown@127.0.0.1/stepdown")
    monkeypatch.setenv("STEPDOWN_POOL_SIZE", "200")
    _refuse_too_many_connections(read_settings(), 64)
