"""The command `stepdown` as a test runs it: in this process where that is fair, else as a process of its own."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson

from stepdown import cli, terminal
from stepdown.embedded import server
from stepdown.embedded.account import account_for
from stepdown.embedded.cluster import Layout

REPOSITORY = Path(cli.__file__).parents[1]
SAMPLE = REPOSITORY / "stepdown" / "sample" / "lexington.ndjson.gz"
PATIENT = "1af108bf-8b31-48fa-abd6-fd213bdf3b1a"
WAIT_SECONDS = 120
READY_SECONDS = 30


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def document(self) -> Any:
        return orjson.loads(self.out)

    def refused(self, *words: str) -> None:
        """It ended with code 1 and one line on stderr that has these words, and gave no answer."""
        self._said(1, words)

    def not_understood(self, *words: str) -> None:
        """The same with code 2."""
        self._said(2, words)

    def done(self) -> Ended:
        assert self.code == 0, self.err
        assert "Traceback" not in self.err
        return self

    def _said(self, code: int, words: Sequence[str]) -> None:
        assert (self.code, self.out) == (code, b""), self.err
        assert len(self.err.splitlines()) == 1, self.err
        assert "Traceback" not in self.err
        assert "fault of Stepdown" not in self.err, self.err
        for word in words:
            assert word in self.err, self.err


def run(*arguments: str | Path) -> Ended:
    """The command in this process, with this process's environment."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    terminal.answers.cache_clear()
    terminal.notes.cache_clear()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run([str(argument) for argument in arguments])
    buffer = out.buffer
    assert isinstance(buffer, io.BytesIO)
    return Ended(code, buffer.getvalue(), err.getvalue())


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """That of this process without settings of ours, and with what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPDOWN_")}
    return {**inherited, "PYTHONPATH": os.pathsep.join((str(REPOSITORY), *sys.path)), **given}


def launch(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
    """The command as a process of its own, under way."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "stepdown", *map(str, arguments)],
        cwd=cwd,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal would start it, even where these tests run under nohup.
        preexec_fn=_heed_signals,
    )


def _heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def run_apart(*arguments: str | Path, cwd: Path, **variables: str) -> Ended:
    """The command as a process of its own, to its end."""
    with launch(*arguments, cwd=cwd, **variables) as process:
        try:
            out, err = process.communicate(timeout=WAIT_SECONDS)
        finally:
            process.kill()
    return Ended(process.returncode, out.encode(), err)


class Serving:
    """A server under way: its lines so far, and how it ends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.err = ""
        self._readers = [threading.Thread(target=self._read_out), threading.Thread(target=self._read_err)]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in iter(self.process.stderr.readline, ""):
            self.err += line

    def said(self, count: int) -> list[str]:
        """Its first lines, as soon as there are that many."""
        deadline = time.monotonic() + WAIT_SECONDS
        while len(self.lines) < count:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.process.kill()
                self._join()
                raise AssertionError(f"said {self.lines}, {self.err}")
            time.sleep(0.02)
        return [line.rstrip("\n") for line in self.lines[:count]]

    def is_at_work(self, words: str) -> None:
        """Waits until it says so: told to end before that, it ends as any command does that was interrupted."""
        deadline = time.monotonic() + WAIT_SECONDS
        while words not in self.err:
            assert time.monotonic() < deadline, self.err
            assert self.process.poll() is None, self.err
            time.sleep(0.02)

    def ends_by(self, number: int) -> int:
        """Its exit code when it gets that signal."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=WAIT_SECONDS)
        self._join()
        return code

    def _join(self) -> None:
        for reader in self._readers:
            reader.join()


@contextmanager
def serving(*arguments: str | Path, cwd: Path, **variables: str) -> Iterator[Serving]:
    """A server as a process of its own; killed at the end, should it still run."""
    with launch(*arguments, cwd=cwd, **variables) as process:
        served = Serving(process)
        try:
            yield served
        finally:
            process.kill()
            process.wait()
            served._join()


def postgres_runs(data: Path) -> bool:
    """Whether a process of this data folder's Postgres is alive."""
    layout = Layout(data.resolve())
    return layout.home.exists() and server.Server(layout, account_for(layout.cluster)).lives()


def get(address: str, token: str | None = None) -> tuple[int, Any]:
    """Code and document of an answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(address, headers=headers), timeout=30) as answer:
            return answer.status, orjson.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, orjson.loads(error.read())


def is_ready(address: str) -> bool:
    """Whether `/readyz` answers 200 before long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if get(f"{address}/readyz")[0] == 200:
            return True
        time.sleep(0.05)
    return False
