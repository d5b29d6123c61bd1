"""Processes that use a data folder's Postgres, as tests start, watch and kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from stepdown.embedded import Embedded, binaries, server
from stepdown.embedded.account import account_for
from stepdown.embedded.cluster import Layout

REPOSITORY = str(Path(server.__file__).parents[2])
WAIT_SECONDS = 60

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

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def leaves(self) -> None:
        _, complaints = self.process.communicate(timeout=WAIT_SECONDS)
        assert (self.process.returncode, complaints) == (0, "")

    def is_killed(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=WAIT_SECONDS)


@contextmanager
def script(text: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A script in another Python, out of the terminal's reach; killed at the end, should it still run."""
    process = subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((REPOSITORY, *sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=WAIT_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            # What a killed process was still to be given is lost with it.
            with suppress(BrokenPipeError):
                pipe.close()


@contextmanager
def another_user(data: Path, text: str = USER) -> Iterator[User]:
    with script(text, data) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "using\n", process.communicate(timeout=WAIT_SECONDS)[1]
        yield User(process)


def runs(data: Path) -> bool:
    """Whether any process of a Postgres that works in this data folder is alive."""
    layout = Layout(data.resolve())
    return server.Server(layout, account_for(layout.cluster)).lives()


def postmaster(data: Path) -> int:
    return int((data / "postgres/cluster/postmaster.pid").read_text().split()[0])


def kill_postmaster(data: Path) -> int:
    """Kills it and answers which number it had."""
    pid = postmaster(data)
    os.kill(pid, signal.SIGKILL)
    return pid


def state(pid: int) -> str:
    """As /proc tells it, `R`, `S`, `Z` …; empty for a number that no process has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_over(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    return state(pid) in ("", "Z", "X")


def works(embedded: Embedded) -> bool:
    with psycopg.connect(embedded.app_url) as db:
        return db.execute("SELECT 1").fetchone() == (1,)


def left_half_made(data: Path) -> list[str]:
    """What nobody cleared away after a start that was cut off."""
    found = [*data.glob("postgres/new-*"), *data.glob(".postgres-passwords*")]
    return sorted(str(path.relative_to(data)) for path in found)


def eventually(holds: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    """Whether it holds before long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def programs() -> list[Path | None]:
    """The bin folders to test with: the wheel's (None: it is found by itself) and, where there is one, Debian's."""
    debian = binaries._debian()
    return [None, *([debian.bin] if debian else [])]


def descendants(pid: int) -> list[int]:
    """The processes that it started, and those that they started."""
    parents: dict[int, int] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                record = (process / "stat").read_text(errors="replace")
                parents[int(process.name)] = int(record.rpartition(")")[2].split()[1])
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor)
    return found[1:]
