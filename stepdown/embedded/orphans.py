"""Backends whose postmaster was killed. Idle ones end by themselves; a busy one may go on for hours.

Until the last has ended no server may start on their files, so they are ended as a postmaster that lives would end
them after a crash. What they had not committed is undone by the next start, as after any crash.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

# How long they may take by themselves, and what they get then.
PRESSURE = ((0.5, signal.SIGQUIT), (5.0, signal.SIGKILL))


class Orphans:
    """The processes of one dead server. They are known by their title, which everybody may read, root without
    the right to look into others' processes too: a container's root hasn't it."""

    def __init__(self, server: str, uid: int) -> None:
        """`server` is its cluster_name, `uid` the account that it runs as."""
        self._title = f"postgres: {server}: ".encode()
        self._uid = uid
        self._pressure = list(PRESSURE)
        self._since: float | None = None

    def press(self) -> None:
        """Call again and again while some live and their postmaster doesn't."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        while self._pressure and now - self._since >= self._pressure[0][0]:
            self._send(self._pressure.pop(0)[1])

    def _send(self, number: signal.Signals) -> None:
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and self._is_ours(process):
                with suppress(ProcessLookupError):
                    os.kill(int(process.name), number)

    def _is_ours(self, process: Path) -> bool:
        try:
            title = (process / "cmdline").read_bytes()
            return title.startswith(self._title) and process.stat().st_uid == self._uid
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False
