"""Who runs Postgres. It refuses to run as root, so root starts it as `nobody` (no account is made for it)."""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stepdown.embedded.errors import EmbeddedError

# Most distributions agree on this number where /etc/passwd has no such line.
NOBODY = 65534

# What a program of Postgres inherits: secrets in our environment are none of its business, and variables such
# as PGPORT or PGDATA would change what it does.
INHERITED = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Account:
    """The account that runs Postgres; `drops` when it isn't the one that runs this process."""

    uid: int
    gid: int
    drops: bool

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder that we have made."""
        if self.drops:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may(self, bits: int, path: Path) -> bool:
        """Whether the mode of `path` grants the account all of `bits`: 4 read, 2 write, 1 run or enter."""
        found = path.stat()
        if found.st_uid == self.uid:
            shift = 6
        elif found.st_gid == self.gid:
            shift = 3
        else:
            shift = 0
        return (stat.S_IMODE(found.st_mode) >> shift) & bits == bits

    def reaches(self, folder: Path) -> bool:
        """Whether the account can enter an absolute folder, which takes every folder above it."""
        return not self.drops or all(self.may(1, place) for place in (folder, *folder.parents))

    @contextmanager
    def way_to(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A path by which the account's programs come to its folder, and the descriptors they must inherit.

        Below a folder that only root enters (a home, a test's temporary folder) the way leads through a
        descriptor that root has opened: so the data stay where they were asked for, and no folder's mode is
        changed.
        """
        if self.reaches(folder):
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def run(self, command: Sequence[str], *, log: Path, inherit: tuple[int, ...] = (), given: bytes = b"") -> bool:
        """Run a program as the account, out of the terminal's reach, and answer whether it succeeded.

        Its complaints are added to `log`, a file: a server that inherited a pipe would hold up its reader.
        """
        with open(log, "ab", opener=private) as complaints:
            try:
                ended = subprocess.run(
                    command,
                    input=given,
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    cwd="/",
                    env={name: os.environ[name] for name in INHERITED if name in os.environ}
                    | {"LC_ALL": "C", "TZ": "UTC"},
                    pass_fds=inherit,
                    start_new_session=True,
                    user=self.uid if self.drops else None,
                    group=self.gid if self.drops else None,
                    extra_groups=[] if self.drops else None,
                    check=False,
                )
            except OSError as error:
                raise EmbeddedError(
                    f"{command[0]} can't be run as user {self.uid}; name other programs in STEPDOWN_PG_BIN, "
                    "or set STEPDOWN_DATABASE_URL."
                ) from error
        return ended.returncode == 0


def private(path: str, flags: int) -> int:
    """For `open(…, opener=private)`: a file that is made is for this account's eyes only."""
    return os.open(path, flags, 0o600)


def account_for(cluster: Path) -> Account:
    """The account to run Postgres on this cluster: an existing one stays with its owner, even under root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), drops=False)
    if cluster.exists():
        owner = cluster.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, drops=True)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY, NOBODY, drops=True)
    return Account(nobody.pw_uid, nobody.pw_gid, drops=True)
