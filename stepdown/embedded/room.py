"""Room on the disk: what a database takes to be made and to start, and what is said when there is none."""

import errno
import shutil
from pathlib import Path

from stepdown.embedded.errors import EmbeddedError

MIB = 1 << 20

# Measured with 18.4 and 15.20: made, a database takes 46 MiB, and no more on the way there.
NEW_MIB = 64
# A start writes little, but after a crash it may begin a segment of the write-ahead log or two, of 16 MiB each.
START_MIB = 40
# With less not even a clean start succeeds, or the first connection doesn't.
LEAST_MIB = 1

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_COMPLAINTS = ("No space left on device", "Disk quota exceeded")


def is_full(error: OSError) -> bool:
    """Whether it failed for want of room, on the disk or of this account's share of it."""
    return error.errno in _FULL


def free_mib(folder: Path) -> int:
    """What accounts other than root may still write there, in MiB, or on the disk of the nearest folder above."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // MIB


def refuse_narrow(folder: Path, least_mib: int) -> None:
    """EmbeddedError where less is free: better now than half way."""
    if free_mib(folder) < least_mib:
        raise no_room(folder)


def ran_out(folder: Path, least_mib: int, complaints: str) -> bool:
    """Whether a program that failed there, with these complaints, did for want of room.

    Its complaints may not have found room themselves, and some programs clear away what they wrote.
    """
    return free_mib(folder) < least_mib or any(words in complaints for words in _COMPLAINTS)


def no_room(folder: Path) -> EmbeddedError:
    return EmbeddedError(
        f"The disk of {folder} has no room for Postgres, {free_mib(folder)} MiB are free: make room there and start "
        f"again (a new database takes {NEW_MIB} MiB, the start of one {START_MIB}), or name another data folder."
    )
