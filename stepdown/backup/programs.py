"""The programs of Postgres that take a base backup and read its log. They must be of the server's own major version."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stepdown.backup.guarded import guarded
from stepdown.embedded.binaries import FINDERS, Binaries
from stepdown.errors import Wrong

_DEBIAN: Final = "/usr/lib/postgresql/{}/bin"
_NOT_OURS: Final = "STEPDOWN_"


def programs_of(major: int) -> Binaries:
    """Those of one major version, wherever they are found. `Wrong` says how to name others."""
    known = [found for found in (finder() for finder in FINDERS) if found is not None]
    debian = Path(_DEBIAN.format(major))
    if (debian / "postgres").is_file():
        known.append(Binaries(debian.resolve()))
    for binaries in known:
        if binaries.major == major:
            return binaries
    raise Wrong(
        f"This takes the programs of Postgres {major}, and none were found: name their bin folder in STEPDOWN_PG_BIN."
    )


def refuse_unfit(url: str) -> None:
    """`Wrong` for a URL by which a base backup would tell a secret, or could be of another server than was asked."""
    given = conninfo_to_dict(url)
    if "sslpassword" in given:
        raise Wrong(
            "STEPDOWN_BACKUP_URL has an sslpassword, which others could read in the list of processes: give this login "
            "a key without one, in a file for its own account alone (sslkey), and take it out."
        )
    if any("," in str(given.get(name, "")) for name in ("host", "hostaddr", "port")):
        raise Wrong(
            "STEPDOWN_BACKUP_URL names several hosts, and each connection could reach another: name the one to back up."
        )


def take_base_backup(programs: Binaries, url: str, into: Path, *, hold: int) -> None:
    """Copies the whole cluster, with the write-ahead log that the copy needs, into a new folder.

    The caller syncs it. `hold` is a descriptor that the program keeps while it writes. `Wrong` when the server doesn't
    let this login, or the copy can't be written.
    """
    given = conninfo_to_dict(url)
    password = given.pop("password", None)
    given.pop("dbname", None)
    command = [
        programs.program("pg_basebackup"),
        f"--pgdata={into}",
        # Never with the password, which others on this machine could read in the list of processes.
        f"--dbname={make_conninfo('', **given)}",
        "--format=plain",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--manifest-checksums=SHA256",
        "--label=stepdown",
        "--no-password",
        "--no-sync",
    ]
    said = complaint(command, None if password is None else {"PGPASSWORD": str(password)}, hold=(hold,))
    if said is None:
        return
    if "replication role" in said or "REPLICATION attribute" in said or "start WAL sender" in said:
        raise Wrong("The login of STEPDOWN_BACKUP_URL may not replicate: ALTER ROLE … REPLICATION, as a superuser.")
    if "no pg_hba.conf entry for replication" in said:
        raise Wrong(
            "The server lets nobody in for replication from here: add a line for the database `replication` and this "
            "login to its pg_hba.conf, and reload it."
        )
    raise Wrong(f"Postgres could not make the backup: {said}.")


def complaint(command: list[str], given: dict[str, str] | None = None, *, hold: tuple[int, ...] = ()) -> str | None:
    """None when the program did it; else the last of what it said, which names files and settings, not people."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    environment = inherited | {"LC_ALL": "C"} | (given or {})
    with guarded(command, signal="TERM", inherit=hold, environment=environment, said=subprocess.PIPE) as process:
        try:
            _, said = process.communicate()
        except BaseException:
            # A base backup is two processes.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if process.returncode == 0:
        return None
    words = said.decode(errors="replace").splitlines()
    lines = [line for line in words if "error:" in line or "fatal:" in line]
    last = (lines or words or [f"it ended with code {process.returncode}"])[-1]
    return last.partition("error: ")[2].rstrip(".") or last.rstrip(".")
