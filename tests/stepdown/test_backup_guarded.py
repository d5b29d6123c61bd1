"""Programs that end with whoever started them, whatever descriptors that one has open."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from stepdown.backup.guarded import guarded
from tests.stepdown.using import eventually, is_over, script

# A program that starts another, as Postgres does, and says the numbers of both.
STARTER = """
import os, subprocess, sys
from stepdown.backup.guarded import guarded
spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(int(sys.argv[1]))]
command = ["/bin/sh", "-c", "sleep 600 & echo $$ $! >&2; wait"]
environment = {"PATH": os.environ["PATH"]}
inherit = tuple(spare[:1])
with guarded(command, signal="TERM", inherit=inherit, environment=environment, said=subprocess.PIPE) as process:
    print(process.stderr.readline().decode(), end="", flush=True)
    sys.stdin.read()
"""
WAIT_SECONDS = 10


@pytest.mark.parametrize("spare", [0, 12, 120])
def test_what_a_killed_process_had_under_way_ends_however_many_files_it_had_open(spare: int) -> None:
    with script(STARTER, spare) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 2
        assert not any(is_over(pid) for pid in pids)
        starter.send_signal(signal.SIGKILL)
        ended = eventually(lambda: all(is_over(pid) for pid in pids), WAIT_SECONDS)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert ended


def test_a_program_keeps_what_it_inherits_and_has_nothing_to_read() -> None:
    reading, writing = os.pipe()
    try:
        command = ["/bin/sh", "-c", f"cat; test -e /proc/self/fd/{reading} && echo kept >&2"]
        environment = {"PATH": os.environ["PATH"]}
        with guarded(
            command, signal="TERM", inherit=(reading,), environment=environment, said=subprocess.PIPE
        ) as process:
            _, said = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, said) == (0, b"kept\n")
    finally:
        os.close(reading)
        os.close(writing)
