"""The running server of one cluster: start, ready, stop, and telling a live one from a dead one.

A server inherits the lock file `server.lock` when it starts, and all its processes keep it. While any of them
lives, the lock can't be taken; when it can, none does. That holds for servers killed at any moment, for
orphaned backends, for zombies that nobody has reaped and for process ids that belong to somebody else by now.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from stepdown.embedded import room, socket_folder
from stepdown.embedded.account import Account
from stepdown.embedded.binaries import Binaries
from stepdown.embedded.cluster import Layout
from stepdown.embedded.errors import EmbeddedError
from stepdown.embedded.lock import Lock
from stepdown.embedded.orphans import Orphans
from stepdown.embedded.socket_folder import PORT

LOG_BYTES = 10_000_000

# Recovery from a crash replays the write-ahead log, which may take minutes; a fast stop writes a checkpoint.
START_SECONDS = 300.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.005

# Nothing a client sends may reach the log: no statements, no parameters, no details of errors, and no errors
# of sessions at all, whose first line quotes values ("invalid input syntax for type date: …"); the client gets
# them.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
    "log_checkpoints": "off",
}
# For tests: a crash of the machine may lose or damage everything.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class _Noted:
    """What `postmaster.pid` says: process, folder of the socket, and whether it takes connections."""

    pid: int
    socket: str
    ready: bool


class Server:
    """The server of one cluster, whoever started it. Call `start` and `stop` under the data folder's lock."""

    def __init__(self, layout: Layout, account: Account) -> None:
        self._layout = layout
        self._account = account

    def lives(self) -> bool:
        """Whether any process of a server that Stepdown started is alive."""
        with Lock(self._layout.server_lock) as lock:
            return not lock.try_take()

    def ended(self) -> bool:
        """Whether no server runs any more, though some of its processes may still be ending."""
        return self._lost_its_postmaster() or not self.lives()

    def socket(self) -> str | None:
        """The folder of the socket while the server takes connections; None before, and while it stops."""
        noted = self._noted()
        return noted.socket if noted and noted.ready and _answers(noted.socket) else None

    def careless(self) -> bool:
        """Whether the server was started with `durable=False`."""
        return "fsync=off" in (self._layout.cluster / "postmaster.opts").read_text(encoding="utf-8")

    def settle(self) -> str | None:
        """Wait for a server that is starting or stopping, or whose last processes are ending."""
        deadline = time.monotonic() + START_SECONDS
        orphans = self._orphans()
        while self.lives():
            if socket := self.socket():
                return socket
            if self._lost_its_postmaster():
                orphans.press()
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"A Postgres on {self._layout.cluster} neither starts nor stops; see {self._layout.log}, "
                    "end its processes and try again."
                )
            time.sleep(POLL_SECONDS)
        return None

    def start(self, binaries: Binaries, *, durable: bool) -> str:
        """Start it and wait until it takes connections; answers the folder of its socket."""
        self._refuse_strangers()
        room.refuse_narrow(self._layout.home, room.LEAST_MIB)
        socket = socket_folder.make(self._layout, self._account)
        # Left by a killed server; Postgres would take a zombie, or another process of that number, for it.
        (self._layout.cluster / "postmaster.pid").unlink(missing_ok=True)
        self._turn_log()
        said_before = self._layout.log_bytes()
        settings = SETTINGS | {"cluster_name": self._layout.name, "unix_socket_directories": str(socket)}
        settings |= {} if durable else CARELESS
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        lock = Lock(self._layout.server_lock)
        try:
            lock.take()
            with self._account.way_to(self._layout.cluster) as (way, inherit):
                # The shell leaves the server behind without a parent: it is nobody's child to wait for.
                self._account.run(
                    ["/bin/sh", "-c", '"$@" &', "sh", binaries.program("postgres"), "-D", way, *options],
                    log=self._layout.log,
                    inherit=(*inherit, lock.fd),
                )
        finally:
            lock.bequeath()
        started = self.settle()
        if started is None:
            if room.ran_out(self._layout.home, room.LEAST_MIB, self._layout.logged(said_before)):
                raise room.no_room(self._layout.home)
            raise EmbeddedError(
                f"Postgres didn't start on {self._layout.cluster}; its log {self._layout.log} says why."
            )
        return started

    def stop(self) -> None:
        """Stop it at once, ending its connections; does nothing when it doesn't run."""
        if self._end(signal.SIGINT, STOP_SECONDS) or self._end(signal.SIGQUIT, STOP_SECONDS):
            socket_folder.remove(self._layout, self._account)
            return
        raise EmbeddedError(
            f"The Postgres on {self._layout.cluster} doesn't stop; see {self._layout.log}, end its processes."
        )

    def _end(self, how: signal.Signals, seconds: float) -> bool:
        asked = False
        deadline = time.monotonic() + seconds
        orphans = self._orphans()
        while self.lives():
            noted = self._noted()
            if noted and not self._runs(noted.pid):
                orphans.press()
            elif noted and not asked:
                with suppress(ProcessLookupError):
                    os.kill(noted.pid, how)
                asked = True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _noted(self) -> _Noted | None:
        try:
            lines = (self._layout.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 5 or not lines[0].isdigit():
            return None
        return _Noted(int(lines[0]), lines[4], ready=len(lines) > 7 and lines[7].strip() == "ready")

    def _runs(self, pid: int) -> bool:
        """Whether a process of this number is a Postgres on this cluster and not a zombie.

        After a restart of the machine, or a crash, the number may be another server's.
        """
        process = Path(f"/proc/{pid}")
        try:
            record = (process / "stat").read_text(encoding="utf-8", errors="replace")
            owner = process.stat().st_uid
            name, _, rest = record.partition("(")[2].rpartition(")")
            if name != "postgres" or rest.split()[0] in "ZX" or owner != self._account.uid:
                return False
            return (process / "cwd").samefile(self._layout.cluster)
        except (FileNotFoundError, ProcessLookupError):
            return False
        except PermissionError:
            # Where root may not look into processes of others, believe the file.
            return True

    def _lost_its_postmaster(self) -> bool:
        noted = self._noted()
        return noted is not None and not self._runs(noted.pid)

    def _orphans(self) -> Orphans:
        return Orphans(self._layout.name, self._account.uid)

    def _refuse_strangers(self) -> None:
        """Two servers on one cluster would ruin it: refuse when one runs that somebody else started."""
        noted = self._noted()
        if noted and self._runs(noted.pid):
            raise EmbeddedError(
                f"{self._layout.cluster} is in use by a Postgres that Stepdown didn't start "
                f"(process {noted.pid}); stop that one first."
            )

    def _turn_log(self) -> None:
        """Keep the log and one older: a server that nobody looks after mustn't fill the disk."""
        log = self._layout.log
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".1.log"))


def _answers(socket: str) -> bool:
    """Whether a server takes connections there: a file may say so of one that was just killed."""
    return PGconn.ping(make_conninfo(host=socket, port=PORT, connect_timeout=10).encode()) == Ping.OK
