"""A primary and its standbys, each a server of its own on a unix socket, killed and promoted at will.

The cluster is the one that Stepdown makes by itself, copied while it stands still. Replication is the server's own,
with the settings that keep every acknowledged commit through the loss of one machine: a quorum of one of two standbys.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from projections.prepare import prepare
from stepdown.embedded import Embedded
from stepdown.embedded.account import Account, account_for
from stepdown.embedded.binaries import Binaries, find, within_reach
from stepdown.embedded.cluster import APPLICATION, DATABASE, SUPERUSER, Layout, read_passwords
from store.migrate import migrate

PORT: Final = 5432
SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_retrieve_retry_interval": "100ms",
    "log_min_error_statement": "panic",
}
START_SECONDS: Final = 60.0

Waiting = Callable[[], bool]


def until(true: Waiting, what: str, *, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:.0f} s in vain: {what}.")
        time.sleep(0.02)


@contextmanager
def a_folder() -> Iterator[Path]:
    """A short path that the account of Postgres can enter; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="stepdown-faults-"))
    try:
        folder.chmod(0o711)
        if not account_for(folder / "none").reaches(folder):
            raise AssertionError("The account that runs Postgres can't enter the temporary folder: set TMPDIR.")
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Prepared:
    """A migrated cluster that no server runs on, to be copied."""

    cluster: Path
    passwords: dict[str, str]

    @classmethod
    def make(cls, folder: Path) -> Prepared:
        with Embedded.start(folder, durable=False) as embedded:
            migrate(embedded.owner_url, APPLICATION)
            prepare(embedded.owner_url, APPLICATION)
        layout = Layout(folder)
        return cls(layout.cluster, read_passwords(layout))

    def url(self, role: str, *sockets: Path) -> str:
        """Of the one server among these that may be written to, whichever it is."""
        hosts = ",".join(quote(str(socket), safe="") for socket in sockets)
        ports = ",".join([str(PORT)] * len(sockets))
        several = "&target_session_attrs=read-write" if len(sockets) > 1 else ""
        return f"postgresql://{role}:{self.passwords[role]}@/{DATABASE}?host={hosts}&port={ports}{several}"


@dataclass
class Node:
    """One server. `home` holds its data, its socket and its log."""

    name: str
    home: Path
    prepared: Prepared
    account: Account
    binaries: Binaries
    settings: dict[str, str] = field(default_factory=dict)
    postmaster: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def app_url(self) -> str:
        return self.prepared.url(APPLICATION, self.home)

    @property
    def superuser_url(self) -> str:
        return self.prepared.url(SUPERUSER, self.home)

    @classmethod
    def copy(
        cls,
        prepared: Prepared,
        folder: Path,
        name: str,
        *,
        of: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> Node:
        """Of the prepared cluster, or of another's data; no server may run on them."""
        account = account_for(folder / "none")
        node = cls(name, folder / name, prepared, account, within_reach(find(), account), dict(settings or {}))
        node.home.mkdir()
        account.give(node.home)
        # With owners and modes, and ten times as fast as from here.
        subprocess.run(["cp", "-a", str(of or prepared.cluster), str(node.data)], check=True, timeout=60)
        return node

    def start(self) -> None:
        """Until it takes connections; also after a crash, when it first replays its log."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        own = {"unix_socket_directories": str(self.home), "cluster_name": self.name}
        options = [word for item in (SETTINGS | own | self.settings).items() for word in ("-c", "=".join(item))]
        with open(self.home / "log", "ab") as log:
            self.postmaster = subprocess.Popen(
                [self.binaries.program("postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                user=self.account.uid if self.account.drops else None,
                group=self.account.gid if self.account.drops else None,
                extra_groups=[] if self.account.drops else None,
            )
        until(self._answers, f"{self.name} takes connections")

    def _answers(self) -> bool:
        if self.postmaster is None or self.postmaster.poll() is not None:
            raise AssertionError(f"{self.name} ended: {self.log[-2000:]}")
        try:
            psycopg.connect(self.superuser_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, query: LiteralString | sql.Composed, *given: Any) -> Any:
        """The first column of the first row, as the superuser; None where there is none."""
        with psycopg.connect(self.superuser_url, autocommit=True, connect_timeout=5) as connection:
            found = connection.execute(query, given)
            row = found.fetchone() if found.description else None
            return row[0] if row else None

    def set(self, name: str, value: str) -> None:
        """For good, and from now on."""
        self.ask(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        self.ask("SELECT pg_reload_conf()")

    def promote(self) -> None:
        self.ask("SELECT pg_promote(true, 30)")
        until(lambda: not self.ask("SELECT pg_is_in_recovery()"), f"{self.name} is promoted")

    def kill(self) -> None:
        """-9: postmaster and children, at one moment as far as they can tell."""
        if self.postmaster is None:
            return
        with suppress(ProcessLookupError):
            self.postmaster.send_signal(signal.SIGSTOP)
        family = _children(self.postmaster.pid)
        self.postmaster.kill()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.postmaster.wait(10)
        self.postmaster = None
        until(lambda: not any(_lives(pid) for pid in family), f"the processes of {self.name} end", seconds=20)

    def stop(self) -> None:
        """As an operator does it, with all that is written down."""
        if self.postmaster is not None:
            self.postmaster.send_signal(signal.SIGINT)
            try:
                self.postmaster.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.postmaster = None


@dataclass
class Cluster:
    """`primary`, and standbys of it by name."""

    prepared: Prepared
    primary: Node
    standbys: dict[str, Node]
    ended: ExitStack = field(default_factory=ExitStack)
    """Ends every server, whatever becomes of the others."""

    @classmethod
    @contextmanager
    def running(
        cls, prepared: Prepared, folder: Path, *, quorum: bool, names: Sequence[str] = ("a", "b")
    ) -> Iterator[Cluster]:
        """`quorum`: a commit is answered once one of the standbys has it on disk; else without them."""
        wanted = {"synchronous_standby_names": f"ANY 1 ({','.join(names)})"} if quorum else {}
        cluster = cls(
            prepared,
            Node.copy(prepared, folder, "primary", settings=wanted),
            {name: Node.copy(prepared, folder, name, settings=wanted) for name in names},
        )
        with cluster.ended:
            for node in cluster.nodes:
                cluster.ended.callback(node.kill)
            for standby in cluster.standbys.values():
                (standby.data / "standby.signal").touch()
                standby.account.give(standby.data / "standby.signal")
                with open(standby.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
                    file.write(f"primary_conninfo = '{cluster._replication(cluster.primary, standby)}'\n")
            for node in cluster.nodes:
                node.start()
            until(lambda: cluster.streaming(cluster.primary) == set(names), "the standbys follow")
            yield cluster

    @property
    def nodes(self) -> Sequence[Node]:
        return (self.primary, *self.standbys.values())

    @property
    def app_url(self) -> str:
        """Of whichever is the primary."""
        return self.prepared.url(APPLICATION, *(node.home for node in self.nodes))

    def streaming(self, node: Node) -> set[str]:
        """The names of the standbys that follow it now."""
        names = node.ask(
            "SELECT coalesce(array_agg(application_name), '{}') FROM pg_stat_replication WHERE state = 'streaming'"
        )
        return set(names)

    def cut_off(self, name: str) -> None:
        """The standby gets nothing more. (One that is merely stopped would find the rest in its socket's buffer.)"""
        standby = self.standbys[name]
        standby.set("primary_conninfo", "")
        until(lambda: name not in self.streaming(self.primary), f"{name} is cut off")

    def furthest(self) -> Node:
        """The standby that has received most. (One that was started anew since has received nothing, and replayed.)"""
        received: LiteralString = "SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn"
        return max(self.standbys.values(), key=lambda node: node.ask(received))

    def copy_of(self, name: str) -> Node:
        """A standby as it is now, as a server of its own that isn't started. What gets nothing stays as it is."""
        standby = self.standbys[name]
        standby.stop()
        copy = Node.copy(self.prepared, standby.home.parent, f"{name}-copy", of=standby.data)
        self.ended.callback(copy.kill)
        standby.start()
        return copy

    def promote(self, chosen: Node) -> None:
        """The other one follows it from then on, if it can: one that has received more can't."""
        chosen.promote()
        for standby in self.standbys.values():
            if standby is not chosen:
                self.follow(standby, chosen)

    def follow(self, standby: Node, source: Node) -> None:
        standby.set("primary_conninfo", self._replication(source, standby))

    def _replication(self, source: Node, standby: Node) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(source.home),
            port=PORT,
            user=SUPERUSER,
            password=self.prepared.passwords[SUPERUSER],
            application_name=standby.name,
        )


def _children(pid: int) -> list[int]:
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                fields = (place / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    found.append(int(place.name))
    return found


def _lives(pid: int) -> bool:
    """Whether it does anything: one that nobody has reaped yet doesn't."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            not in "ZX"
        )
    except (FileNotFoundError, ProcessLookupError):
        return False
