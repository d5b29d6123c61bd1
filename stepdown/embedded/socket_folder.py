"""The folder of the server's unix socket: in the data folder or, when that path won't do, a temporary one."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from stepdown.embedded.account import Account
from stepdown.embedded.cluster import Layout
from stepdown.embedded.errors import EmbeddedError

PORT = 5432
# The path of a unix socket has 108 bytes with its closing zero, on Linux.
SOCKET_PATH_BYTES = 107


def make(layout: Layout, account: Account) -> Path:
    """An empty folder for the socket, the account's own; what a killed server left there is gone."""
    for folder in _places(layout):
        if _fits(folder) and account.reaches(folder.parent):
            break
    else:
        raise EmbeddedError("No folder is short enough for Postgres's socket; set TMPDIR to a short path.")
    if _ours(folder, account):
        shutil.rmtree(folder)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Among the temporary files anybody may put something of this name.
        raise EmbeddedError(
            f"{folder} belongs to another account; remove it, Stepdown puts Postgres's socket there."
        ) from None
    account.give(folder)
    return folder


def remove(layout: Layout, account: Account) -> None:
    for folder in _places(layout):
        if _ours(folder, account):
            shutil.rmtree(folder, ignore_errors=True)


def _places(layout: Layout) -> tuple[Path, ...]:
    return (
        layout.home / "socket",
        Path(tempfile.gettempdir()).resolve() / layout.name,
        Path("/tmp") / layout.name,
    )


def _fits(folder: Path) -> bool:
    """Whether a socket's path may be this long; commas and quotes would divide it for Postgres or libpq."""
    path = str(folder / f".s.PGSQL.{PORT}")
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES and not set(path) & set(',"\n\r')


def _ours(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in {account.uid, os.geteuid()}
