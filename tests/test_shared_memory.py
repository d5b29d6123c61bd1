"""What tests leave in the kernel is given back, and nothing else."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest

from tests.shared_memory import IPC_RMID, OF_POSTGRES, Block, blocks, free_unused

# Of <sys/ipc.h>: a block of nobody else's, to be made.
IPC_PRIVATE, IPC_CREAT = 0, 0o1000

LIBC = ctypes.CDLL(None)


@pytest.fixture
def made() -> Iterator[list[int]]:
    """One of before, then one as Postgres has it, and one of another size."""
    identifiers = [LIBC.shmget(IPC_PRIVATE, size, IPC_CREAT | 0o600) for size in (OF_POSTGRES, OF_POSTGRES, 4096)]
    assert -1 not in identifiers
    yield identifiers
    for identifier in identifiers:
        LIBC.shmctl(identifier, IPC_RMID, None)


def test_what_was_left_since_is_freed_where_it_is_a_postgres_s_that_nobody_uses(made: list[int]) -> None:
    there = {block.identifier: block for block in blocks()}
    first, left, large = (there[identifier] for identifier in made)
    others: set[Block] = set(there.values()) - {left, large}
    free_unused(others)
    assert blocks() >= {first, large}
    assert left not in blocks()
