"""The main job: `stepdown serve` as it is started, asked, and told to end."""

from __future__ import annotations

import gc
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stepdown.server import made_to_stay
from tests.stepdown.command import (
    PATIENT,
    SAMPLE,
    Serving,
    environment,
    get,
    is_ready,
    launch,
    postgres_runs,
    run,
    run_apart,
    serving,
)
from tests.stepdown.conftest import Program


def test_what_is_made_to_stay_is_out_of_the_collectors_sight_and_the_collector_goes_on_afterwards() -> None:
    before = gc.get_freeze_count()
    try:
        with made_to_stay():
            assert not gc.isenabled()
        assert (gc.isenabled(), gc.get_freeze_count() > before) == (True, True)
        with pytest.raises(ValueError, match="on the way"), made_to_stay():
            raise ValueError("on the way")
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def address_of(server: Serving) -> str:
    [address] = server.said(1)
    assert address.startswith("http://127.0.0.1:")
    return address


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `.stepdown` has the sample program on the embedded Postgres."""
    folder = tmp_path_factory.mktemp("folder")
    run_apart("import", "--restore", SAMPLE, cwd=folder).done()
    return folder


def test_serve_answers_from_the_embedded_database_and_ends_without_leaving_a_postgres(folder: Path) -> None:
    with serving("serve", "--port", "0", cwd=folder) as server:
        address = address_of(server)
        # Another process uses the same database meanwhile.
        token = run_apart("token", "--role", "counselor", cwd=folder).done().text.strip()
        assert is_ready(address)
        status = f"{address}/v1/patients/{PATIENT}/status?as_of=2026-04-17"
        assert get(status)[0] == 401
        code, document = get(status, token)
        assert (code, document["episode"]["state"]) == (200, "tapering")
        assert server.ends_by(signal.SIGTERM) == 0
    assert (server.lines, server.err) == ([f"{address}\n"], "")
    assert not postgres_runs(folder / ".stepdown")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_command_that_is_told_to_end_at_work_closes_what_is_open(folder: Path, number: signal.Signals) -> None:
    with launch("export", "facts", cwd=folder) as export:
        assert export.stdout is not None
        # More than the pipe holds: the command waits for its reader.
        assert export.stdout.readline().startswith('{"ledger":"lexington"')
        export.send_signal(number)
        _, complaints = export.communicate(timeout=30)
    assert (export.returncode, complaints) == (128 + number, "")
    assert not postgres_runs(folder / ".stepdown")


def test_a_reader_who_has_seen_enough_is_no_fault(program: Program, tmp_path: Path) -> None:
    with launch("export", "facts", cwd=tmp_path, **program.variables) as export:
        assert export.stdout is not None
        assert export.stderr is not None
        export.stdout.readline()
        export.stdout.close()
        assert export.wait(timeout=30) == 1
        assert export.stderr.read() == ""


def test_serve_without_following_is_ready_once_another_process_follows(empty_program: Program, tmp_path: Path) -> None:
    variables = empty_program.variables
    with serving("serve", "--port", "0", "--no-follow", cwd=tmp_path, **variables) as server:
        address = address_of(server)
        run("import", "--restore", SAMPLE).done()
        time.sleep(2.5)
        assert get(f"{address}/readyz")[0] == 503
        with serving("follow", cwd=tmp_path, **variables) as follower:
            assert is_ready(address)
            assert follower.ends_by(signal.SIGTERM) == 0
        assert server.ends_by(signal.SIGINT) == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_does_not_fit_on_the_disk_is_no_success(
    program: Program, tmp_path: Path, unbuffered: str
) -> None:
    # A write that takes a part alone: a file of 100 kB at most.
    limited = f"ulimit -f 100; trap '' XFSZ; exec {sys.executable} -m stepdown export facts > {tmp_path / 'out'}"
    variables = environment(program.variables | {"PYTHONUNBUFFERED": unbuffered})
    ended = subprocess.run(["bash", "-c", limited], env=variables, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "File too large.\n")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_in_use_is_refused_before_anything_is_made(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run(command, "--port", port, "--data", tmp_path / "data").refused(f"Port {port} is in use", "--port")
    assert not (tmp_path / "data").exists()


def test_development_tokens_are_not_served_to_others(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "stepdown.invalid"):
        run("serve", "--host", host, "--port", "0", "--data", tmp_path / "data").refused("this machine alone")
    assert not (tmp_path / "data").exists()
