"""Servers as processes of their own: started, asked for their address, told to end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Final

_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 30.0
_ENDED_WELL: Final = (0, -signal.SIGTERM)


@contextmanager
def server(module: Sequence[str], variables: Mapping[str, str]) -> Iterator[str]:
    """Runs a module with its arguments until the block is left; answers the address, the first line that it prints.

    Nothing of Stepdown's own settings comes from this process's environment. A server that doesn't start, or doesn't
    end when told to, ends the measurement.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STEPDOWN_")}
    with (
        TemporaryFile("w+") as complaints,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
            address = process.stdout.readline().strip() if ready else ""
            if not address:
                complaints.seek(0)
                raise SystemExit(f"{' '.join(module)} didn't start: {complaints.read().strip()}")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if process.wait() not in _ENDED_WELL:
            complaints.seek(0)
            raise SystemExit(f"{' '.join(module)} ended badly: {complaints.read().strip()}")
