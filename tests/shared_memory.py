"""Blocks of shared memory: each Postgres has a small one, which tells the next server on its files that it has ended.

That of a killed server lies there until the next start on the same files, or the machine's. The kernel holds a few
thousand in all; when they are used up no Postgres starts.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import NamedTuple

# Of <sys/ipc.h>.
IPC_RMID = 0

OF_POSTGRES = 56
"""Bytes of a block that Postgres makes."""


class Block(NamedTuple):
    """A block, named so that no other is ever taken for it: the numbers of processes come round again."""

    identifier: int
    maker: int


def blocks() -> set[Block]:
    """All that there are."""
    return {block for block, _, _ in _all()}


def free_unused(before: set[Block]) -> None:
    """Give back the blocks of servers that weren't there before and that no process is attached to."""
    libc = ctypes.CDLL(None)
    for block, size, attached in _all():
        if block not in before and size == OF_POSTGRES and attached == 0:
            # Refused for a block of somebody else, or one that is gone by now: neither is ours to free.
            libc.shmctl(block.identifier, IPC_RMID, None)


def _all() -> list[tuple[Block, int, int]]:
    """With size in bytes, and how many processes are attached."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [(Block(int(row[1]), int(row[4])), int(row[3]), int(row[6])) for row in rows]
