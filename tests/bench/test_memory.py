"""What a process held at its peak is its own, not that of the process that started it."""

from __future__ import annotations

import subprocess
import sys

from bench.memory import peak_megabytes

LARGE = 300 * 1024**2


def test_it_is_what_the_process_held_itself() -> None:
    held = bytearray(LARGE)
    held[::4096] = b"x" * len(held[::4096])
    here = peak_megabytes()
    said = subprocess.run(
        [sys.executable, "-c", "from bench.memory import peak_megabytes; print(peak_megabytes())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert here > LARGE / 1024**2
    assert 1 < float(said.stdout) < here / 2
    del held
    # The system counts in steps.
    assert peak_megabytes() > here - 5
