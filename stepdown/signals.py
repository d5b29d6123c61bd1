"""Being told to end: SIGINT (Ctrl-C), SIGTERM, and SIGHUP, when the terminal is gone.

Nothing of this process may go on for nobody, the embedded Postgres least of all, so each of them closes what is open.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


def end_by_exception() -> None:
    """SIGTERM and SIGHUP unwind what the process is doing, as Ctrl-C does by itself; the exit code is 128 + theirs."""
    for number in (signal.SIGTERM, *_hang_up()):
        signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def ending_calls(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Being told to end calls `handle` meanwhile. In the main thread only."""
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM, *_hang_up())}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hang_up() -> list[signal.Signals]:
    """SIGHUP, unless whoever started this process (`nohup`) wants it to go on without a terminal."""
    return [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
