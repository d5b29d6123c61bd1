"""Several processes come at the same moment: whatever happens to some of them, the others share one server."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest

from stepdown.embedded import Embedded
from tests.stepdown.using import WAIT_SECONDS, left_half_made, postmaster, runs, script, works

# Waits for the word, so that none is ahead by the time that it takes to import.
READY = """
import sys
from pathlib import Path
import psycopg
from stepdown.embedded import Embedded
print("ready", flush=True)
sys.stdin.readline()
with Embedded.start(Path(sys.argv[1]), durable=False) as embedded, psycopg.connect(embedded.app_url) as db:
    print(db.execute("SELECT current_user").fetchone()[0], flush=True)
    sys.stdin.read()
"""


def hear(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("folder", ["new", "used"])
@pytest.mark.parametrize(("count", "killed"), [(2, 0), (8, 3)])
def test_who_starts_at_once_shares_one_server(
    tmp_path: Path, request: pytest.FixtureRequest, folder: str, count: int, killed: int
) -> None:
    choice = random.Random(f"{request.config.getoption('--seed')} {folder} {count} {killed}")
    if folder == "used":
        Embedded.start(tmp_path, durable=False).stop()
    with ExitStack() as stack:
        processes = [stack.enter_context(script(READY, tmp_path)) for _ in range(count)]
        assert [hear(process) for process in processes] == ["ready"] * count
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for victim in processes[:killed]:
            time.sleep(choice.uniform(0.0, 0.2))
            victim.kill()
        survivors = processes[killed:]
        assert [hear(process) for process in survivors] == ["stepdown"] * len(survivors)
        running = postmaster(tmp_path)
        # Half of them leave; who comes meanwhile uses the same server.
        for leaving in survivors[::2]:
            leaving.communicate(timeout=WAIT_SECONDS)
            assert leaving.returncode == 0
        if len(survivors) > 1:
            with Embedded.start(tmp_path, durable=False) as embedded:
                assert works(embedded)
                assert postmaster(tmp_path) == running
        for last in survivors[1::2]:
            last.communicate(timeout=WAIT_SECONDS)
            assert last.returncode == 0
    assert not runs(tmp_path)
    assert left_half_made(tmp_path) == []
