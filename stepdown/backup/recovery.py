"""A copy of a base backup brought to a consistent end, by a server of its own that nobody else can reach.

It takes nothing from the settings that the copy came with but what `postgresql.auto.conf` says, and of that nothing
that reaches outside: no network, no libraries, no archive, no standby to wait for.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from psycopg.conninfo import make_conninfo

from stepdown.backup.folders import write_private
from stepdown.backup.guarded import guarded
from stepdown.embedded.account import INHERITED, Account
from stepdown.embedded.binaries import Binaries
from stepdown.embedded.socket_folder import PORT
from stepdown.errors import Wrong

_POLL_SECONDS: Final = 0.01
_STOP_SECONDS: Final = 600.0

_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "ssl": "off",
    "hot_standby": "off",
    "primary_conninfo": "",
    "synchronous_standby_names": "",
    "recovery_min_apply_delay": "0",
    "external_pid_file": "",
    "archive_mode": "off",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "local_preload_libraries": "",
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "autovacuum": "off",
    "fsync": "on",
    "recovery_init_sync_method": "syncfs",
    "full_page_writes": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
    "log_timezone": "UTC",
    # As in the embedded server: nothing of what facts hold may reach a log.
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
}
# Whoever may enter this server's socket folder may read its files as well: the account that runs it, and root.
_ACCESS: Final = b"local all all trust\n"

# What the former server was told by ALTER SYSTEM of others: an archive, which what was restored would write into; a
# primary; standbys, which every commit would wait for; an end of a recovery, which ours would take for its own.
_OF_OTHERS: Final = re.compile(
    rb"\s*(archive_(mode|timeout|command|library|cleanup_command)|restore_command|recovery_\w+|primary_\w+"
    rb"|synchronous_standby_names)\b",
    re.IGNORECASE,
)

# What Postgres says when the log that makes the copy consistent isn't there.
_LACKS_LOG: Final = (
    "WAL ends before",
    "could not locate required checkpoint record",
    "could not locate a valid checkpoint record",
    "could not find redo location",
    "invalid checkpoint record",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far to recover: to the end of the backup's own log or of the `archive`, or to an instant of the archive.

    `timeline` is the one to follow where the archive holds several that part.
    """

    archive: Path | None = None
    until: datetime | None = None
    timeline: int | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """A server under way on a recovered copy. `superuser` may do anything there."""

    way: str
    superuser: str

    def url(self, database: str) -> str:
        return make_conninfo(host=f"{self.way}/socket", port=PORT, user=self.superuser, dbname=database)


@contextmanager
def recovered(
    cluster: Path, account: Account, programs: Binaries, superuser: str, wanted: Wanted, hold: tuple[int, ...]
) -> Iterator[Recovered]:
    """Recovers the copy in `cluster` and serves it meanwhile; stopped in good order when the block ends well.

    The folder above it must be nobody else's. `hold` are descriptors that all processes of the server inherit.
    `Wrong` says why it can't be recovered.
    """
    work = cluster.parent
    _furnish(work, cluster, account)
    with _opened(work) as here, _opened(wanted.archive or work) as there:
        way = f"/proc/self/fd/{here}"
        archive = None if wanted.archive is None else f"/proc/self/fd/{there}"
        settings = (
            _SETTINGS
            | _targets(archive, wanted)
            | {
                "unix_socket_directories": f"{way}/socket",
                "config_file": f"{way}/server.conf",
                "hba_file": f"{way}/access.conf",
            }
        )
        inherit = (here, there, *hold)
        with _serving(programs, f"{way}/{cluster.name}", settings, account, inherit, work / "log") as process:
            server = Recovered(way, superuser)
            _wait(process, cluster, work / "log", wanted)
            yield server


def _furnish(work: Path, cluster: Path, account: Account) -> None:
    (work / "socket").mkdir(mode=0o700)
    write_private(work / "server.conf", b"")
    write_private(work / "access.conf", _ACCESS)
    # Even without an archive: so the copy goes on as a timeline of its own, and its log is never taken for the former.
    write_private(cluster / "recovery.signal", b"")
    (cluster / "standby.signal").unlink(missing_ok=True)
    _forget_others(cluster / "postgresql.auto.conf")
    for path in (work, work / "socket", work / "server.conf", work / "access.conf"):
        account.give(path)
    for folder, _, names in os.walk(cluster):
        account.give(Path(folder))
        for name in names:
            account.give(Path(folder, name))


def _forget_others(settings: Path) -> None:
    lines = settings.read_bytes().splitlines(keepends=True) if settings.exists() else []
    settings.write_bytes(b"".join(line for line in lines if _OF_OTHERS.match(line) is None))


def _targets(archive: str | None, wanted: Wanted) -> dict[str, str]:
    fetch = "false"
    if archive is not None:
        found = f'"{archive}/%f'
        fetch = (
            f'if test -e {found}.gz"; then gzip -dc {found}.gz" > "%p"; else test -e {found}" && cp {found}" "%p"; fi'
        )
    # Nothing is said of targets that aren't wanted: Postgres would take even an empty one for a second.
    until = wanted.until
    target = {} if until is None else {"recovery_target_time": until.astimezone(UTC).isoformat(" ")}
    return target | {
        "restore_command": fetch,
        "recovery_target_timeline": "latest" if wanted.timeline is None else str(wanted.timeline),
        "recovery_target_inclusive": "on",
        "recovery_target_action": "promote",
        "recovery_end_command": "",
        "archive_cleanup_command": "",
    }


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """A descriptor by which the account comes to the folder, and we to a socket, however long the path."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _serving(
    programs: Binaries, data: str, settings: Mapping[str, str], account: Account, inherit: tuple[int, ...], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {"LC_ALL": "C", "TZ": "UTC"}
    command = [programs.program("postgres"), "-D", data, *options]
    with (
        log.open("xb") as said,
        guarded(
            command, signal="QUIT", inherit=inherit, environment=environment, said=said, account=account
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            _end(process, signal.SIGQUIT)
            raise
        if _end(process, signal.SIGINT) != 0:
            raise Wrong("Postgres did not stop in good order after it had recovered the backup: try again.")


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> int:
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _is_ready(cluster: Path) -> bool:
    """As the server itself notes: to ask it would fill its log while it recovers."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _wait(process: subprocess.Popen[bytes], cluster: Path, log: Path, wanted: Wanted) -> None:
    """Until it takes connections: as long as recovery takes, hours for a long archive."""
    while not _is_ready(cluster):
        if process.poll() is not None:
            raise _why(log.read_text(errors="replace"), wanted)
        time.sleep(_POLL_SECONDS)


def _why(log: str, wanted: Wanted) -> Wrong:
    """What Postgres gave up for. Its log of a recovery names files and places of the log, and nothing of a row."""
    if "recovery ended before configured recovery target was reached" in log:
        reached = re.findall(r"last completed transaction was at log time (\S+ \S+)", log)
        upto = f", whose last commit is of {reached[-1]}" if reached else ""
        return Wrong(f"The archive ends before that time{upto}: restore without --until to get all of it.")
    if any(words in log for words in _LACKS_LOG):
        where = "" if wanted.archive is None else " and the archive"
        return Wrong(f"The backup{where} lacks write-ahead log that it needs: use another copy of it.")
    said = re.findall(r"(?:FATAL|PANIC): +(.*)", log)
    return Wrong(f"Postgres could not recover the backup ({said[-1] if said else 'it ended without a word'}).")
