"""Programs that end when we do, even when we are killed: nothing goes on copying or recovering for nobody."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from stepdown.embedded.account import Account

# The second shell has no parent that knows of it. It ends the program and those that it has started, a group of their
# own, when our end of the pipe is gone before we have said that all is well. The pipe is the standard input: a shell
# need not understand descriptors of two digits. What runs in the background would get another one, so it is named
# before, and only there: the program may have inherited a descriptor 3.
_GUARD: Final = '( ( read -r said <&3 || kill -s {signal} -- -$$ ) >/dev/null 2>&1 & ) 3<&0; exec "$@" </dev/null'


@contextmanager
def guarded(
    command: Sequence[str],
    *,
    signal: str,
    inherit: Sequence[int],
    environment: dict[str, str],
    said: IO[bytes] | int,
    account: Account | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """The program under way, as another account if need be, in a group of its own; `said` gets what it says.

    Wait for its end before the block ends. `signal` ("TERM", "QUIT") is what it gets when we are gone; `inherit` are
    descriptors that it keeps.
    """
    drops = account if account is not None and account.drops else None
    reading, writing = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD.format(signal=signal), "guarded", *command],
                stdin=reading,
                stdout=subprocess.DEVNULL if said == subprocess.PIPE else said,
                stderr=said,
                cwd=Path("/"),
                env=environment,
                pass_fds=inherit,
                start_new_session=True,
                user=None if drops is None else drops.uid,
                group=None if drops is None else drops.gid,
                extra_groups=None if drops is None else [],
            )
        finally:
            os.close(reading)
        yield process
    finally:
        with suppress(OSError):
            os.write(writing, b"done\n")
        os.close(writing)
