"""Folders that are there whole or not at all, for this account's eyes alone."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stepdown.errors import Wrong

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_WAIT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is being made: `path`, which isn't there yet, in a folder of its own for whatever is needed on the way.

    Programs that write there inherit `hold`: as long as one of them lives, nobody else begins.
    """

    path: Path
    hold: int


@contextmanager
def unfinished(target: Path) -> Iterator[Unfinished]:
    """Where to make what is to become `target`, in a folder of its own beside it; it takes its name, all of it on the
    disk, when the block ends well. A failure leaves nothing; what a killed process left goes with the next attempt.
    """
    _refuse_filled(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.with_name(f"{target.name}.unfinished")
    descriptor = _held(work, target)
    try:
        # Somebody may have finished it while we waited.
        _refuse_filled(target)
        _empty(work)
        made = Path(tempfile.mkdtemp(dir=work)) / target.name
        yield Unfinished(made, descriptor)
        sync_all(made)
        made.rename(target)
        sync(target.parent)
    finally:
        # What a program that is just ending still writes there goes with the next attempt.
        shutil.rmtree(work, ignore_errors=True)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _refuse_filled(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Wrong(f"{target} is there already: name a new folder.")


def _held(work: Path, target: Path) -> int:
    """A descriptor of the folder, made if need be, under a lock that nobody else holds.

    Waits a little: the programs of a process that was killed end after it.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        work.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            descriptor = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Who held it before may have taken the folder away.
                if os.path.samestat(os.fstat(descriptor), work.stat()):
                    return descriptor
            except BlockingIOError:
                time.sleep(0.02)
            except FileNotFoundError:
                pass
            os.close(descriptor)
    raise Wrong(f"Another process is making {target} at this moment: wait for it.")


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def sync(path: Path) -> None:
    """A file's content, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Everything written so far to the file system that holds the folder is on the disk.

    One call for thousands of files: a base backup has so many that to sync each takes longer than to copy them.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _LIBC.syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """A new file, on the disk for good, its owner's alone. FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def within(path: Path, folder: Path) -> bool:
    """Whether a path, there or not, is or lies in the folder, whatever links lead to either."""
    return path.resolve().is_relative_to(folder.resolve())


def size_of(folder: Path) -> int:
    """Bytes of all files below it."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
