"""A Postgres of our own for the first run: nothing to install, the same Postgres as in production.

It lies in the data folder, listens on a unix socket alone, and runs as long as anybody uses it: the first
process starts it, the last one stops it.
"""

import atexit
import logging
import os
import sys
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from stepdown.embedded import room
from stepdown.embedded.account import account_for
from stepdown.embedded.binaries import find, within_reach
from stepdown.embedded.cluster import (
    APPLICATION,
    DATABASE,
    OWNER,
    SUPERUSER,
    Layout,
    create,
    read_passwords,
    refuse_other_major,
)
from stepdown.embedded.errors import EmbeddedError
from stepdown.embedded.lock import Lock
from stepdown.embedded.server import Server
from stepdown.embedded.socket_folder import PORT
from stepdown.embedded.watch import Watch

__all__ = ["Embedded", "EmbeddedError"]

_log = logging.getLogger(__name__)


class Embedded:
    """One process's use of a data folder's Postgres; made by `Embedded.start`.

    `app_url` is the application's login, which has no rights of its own; `owner_url` owns the database and is
    for migrations alone; `superuser_url` is for backups and tests. All three are libpq URLs with passwords in
    them: they never belong in a log.
    """

    owner_url: str
    app_url: str
    superuser_url: str

    def __init__(self, layout: Layout, *, durable: bool) -> None:
        self._layout = layout
        self._durable = durable
        self._users: Lock | None = None
        self._watch: Watch | None = None
        self._process = os.getpid()

    @classmethod
    def start(cls, data: Path, *, durable: bool = True) -> "Embedded":
        """Use the Postgres of a data folder: make it at the first use, start it unless it runs.

        `durable=False` trades safety for speed, for tests only. Takes about a second the first time, a tenth
        of one when it has to be started. EmbeddedError says what to do when it can't be used. SIGTERM doesn't
        run exit handlers: a process that may get one calls `stop` itself.
        """
        if sys.platform != "linux":
            raise EmbeddedError("The embedded Postgres runs on Linux only; set STEPDOWN_DATABASE_URL.")
        embedded = cls(Layout(data.resolve()), durable=durable)
        try:
            embedded._enter()
        except OSError as error:
            if room.is_full(error):
                raise room.no_room(embedded._layout.home) from error
            raise EmbeddedError(
                f"{data} can't hold the embedded Postgres ({error.strerror}): "
                "give this account write permission there, or name another data folder."
            ) from error
        return embedded

    def _enter(self) -> None:
        self._layout.make_folders()
        self._users = Lock(self._layout.home / "users.lock")
        try:
            with self._turn():
                self._users.share()
                socket = self._reuse() or self._begin(new=not self._layout.cluster.exists())
                self._name(socket, read_passwords(self._layout))
        except BaseException:
            # Whatever came between, an interrupt too, leaves no server behind that nobody uses.
            self.stop()
            raise
        atexit.register(self.stop)

    def watch(self) -> "Embedded":
        """Start the server again whenever it ends before `stop`: for a process that stays. Its URLs stay the same.

        Whoever is connected loses the connection, and what was committed is there.
        """
        self._watch = self._watch or Watch(lambda: self._server().ended(), self._revive)
        return self

    def _revive(self) -> None:
        with self._turn():
            # Told to end meanwhile, we are about to take this turn to stop it.
            if self._watch is not None and not self._watch.is_over and self._reuse() is None:
                self._begin(new=False)
                _log.warning("The embedded Postgres had ended and was started again.")

    def _turn(self) -> Lock:
        """One process at a time starts or stops the server."""
        lock = Lock(self._layout.home / "turn.lock")
        lock.take()
        return lock

    def _reuse(self) -> str | None:
        server = self._server()
        socket = server.settle()
        if socket and self._durable and server.careless():
            raise EmbeddedError(
                f"The Postgres on {self._layout.cluster} was started for tests, without durability; "
                "end the processes that use it first."
            )
        return socket

    def _begin(self, *, new: bool) -> str:
        account = account_for(self._layout.cluster)
        binaries = find()
        if not new:
            refuse_other_major(self._layout, binaries)
        binaries = within_reach(binaries, account)
        if new:
            create(self._layout, account, binaries, durable=self._durable)
        return self._server().start(binaries, durable=self._durable)

    def _server(self) -> Server:
        return Server(self._layout, account_for(self._layout.cluster))

    def _name(self, socket: str, passwords: dict[str, str]) -> None:
        host = quote(socket, safe="")

        def url(role: str) -> str:
            return f"postgresql://{role}:{passwords[role]}@/{DATABASE}?host={host}&port={PORT}"

        self.owner_url = url(OWNER)
        self.app_url = url(APPLICATION)
        self.superuser_url = url(SUPERUSER)

    def stop(self) -> None:
        """Leave; the last one stops the server, ending open connections. May be called again."""
        # A forked child shares our locks and our exit handlers, but not our use of the server.
        if self._users is None or os.getpid() != self._process:
            return
        users, self._users = self._users, None
        watch, self._watch = self._watch, None
        atexit.unregister(self.stop)
        try:
            if watch:
                watch.end()
            with self._turn():
                if users.try_take():
                    self._server().stop()
        finally:
            users.free()
        if watch:
            watch.join()

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
