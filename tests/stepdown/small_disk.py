"""A small disk to fill: memory that only one child process, with what it starts, sees as a disk.

A scenario is a function of a `Disk`. It runs in a child with a mount namespace of its own, so that nothing is left
mounted however it ends. Root may have one; an ordinary user may with a user namespace.
"""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.stepdown.using import REPOSITORY

MIB = 1 << 20
NAMES = 4000
NAMESPACE = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps", "--mount"]


class Disk:
    """The disk at `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def resize(self, mib: int) -> None:
        self._mount(f"remount,size={mib}m")

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.place).free

    def fill(self, leave_bytes: int = 0) -> None:
        """Takes all room but so much, though others take and free some meanwhile."""
        with self._ballast.open("ab") as ballast:
            part = 1.0
            while (free := self.free_bytes() - leave_bytes) > 0:
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), max(1, int(free * part)))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    part /= 2

    def make_room(self) -> None:
        self._ballast.unlink()

    def mount(self, mib: int) -> None:
        self._mount(f"size={mib}m,nr_inodes={NAMES},mode=0755")

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.place)], check=True)


def on_a_disk(mib: int, scenario: Callable[[Disk], None]) -> None:
    """Runs the scenario, a function of a module, on an empty disk of this size; AssertionError when it fails."""
    place = Path(tempfile.mkdtemp(dir="/tmp", prefix="stepdown-disk-"))
    try:
        ended = subprocess.run(
            [
                *("unshare", *NAMESPACE, sys.executable, "-W", "error", "-m", __name__),
                *(str(place), str(mib), scenario.__module__, scenario.__name__),
            ],
            env=os.environ | {"PYTHONPATH": os.pathsep.join((REPOSITORY, *sys.path))},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        place.rmdir()
    assert ended.returncode == 0, ended.stderr


def _main(place: str, mib: str, module: str, name: str) -> None:
    disk = Disk(Path(place))
    disk.mount(int(mib))
    scenario = getattr(importlib.import_module(module), name)
    scenario(disk)


if __name__ == "__main__":
    _main(*sys.argv[1:])
