"""The database cluster in a data folder: where its files lie, and how it is made, whole or not at all."""

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from stepdown.embedded import room
from stepdown.embedded.account import Account, private
from stepdown.embedded.binaries import Binaries
from stepdown.embedded.errors import EmbeddedError
from stepdown.embedded.lock import Lock

DATABASE = "stepdown"
SUPERUSER = "postgres"
OWNER = "stepdown_owner"
APPLICATION = "stepdown"


@dataclass(frozen=True)
class Layout:
    """The files of the embedded Postgres in one data folder."""

    data: Path

    @property
    def name(self) -> str:
        """Tells this data folder's server from others, in the titles of its processes."""
        return f"stepdown-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"

    @property
    def home(self) -> Path:
        return self.data / "postgres"

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def server_lock(self) -> Path:
        """Inherited by every process of Postgres that works here, so free when there is none."""
        return self.home / "server.lock"

    @property
    def passwords(self) -> Path:
        return self.data / "postgres-passwords.json"

    def log_bytes(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def logged(self, since: int) -> str:
        """What was added to the log after its first `since` bytes."""
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def make_folders(self) -> None:
        # Root's are passable, not readable, so that the account that runs Postgres gets to its own folder.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=mode, exist_ok=True)
        self.home.mkdir(mode=mode, exist_ok=True)


def create(layout: Layout, account: Account, binaries: Binaries, *, durable: bool) -> None:
    """Make the cluster with its roles and its database in a folder beside it, then rename it into place."""
    for left_by_a_killed_one in layout.home.glob("new-*"):
        shutil.rmtree(left_by_a_killed_one)
    for left_by_a_killed_one in layout.data.glob(f".{layout.passwords.name}-*"):
        left_by_a_killed_one.unlink()
    room.refuse_narrow(layout.home, room.NEW_MIB)
    made = Path(tempfile.mkdtemp(prefix="new-", dir=layout.home))
    try:
        passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, APPLICATION)}
        _fill(made, passwords, layout, account, binaries, durable=durable)
        _keep(passwords, layout.passwords)
        (made / "cluster").rename(layout.cluster)
        _sync(layout.home)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _fill(
    made: Path, passwords: dict[str, str], layout: Layout, account: Account, binaries: Binaries, *, durable: bool
) -> None:
    secret = made / "password"
    with open(secret, "x", encoding="utf-8", opener=private) as file:
        file.write(passwords[SUPERUSER])
    account.give(secret)
    account.give(made)
    said_before = layout.log_bytes()
    lock = Lock(layout.server_lock)
    try:
        lock.take()
        with account.way_to(made) as (way, descriptors):
            inherit = (*descriptors, lock.fd)
            whole = account.run(
                _initdb(way, binaries, durable=durable), log=layout.log, inherit=inherit
            ) and account.run(
                _single(way, binaries, durable=durable), log=layout.log, inherit=inherit, given=_roles(passwords)
            )
    finally:
        # Whoever kills us doesn't kill these programs, which write on; the next to start waits for their end.
        lock.bequeath()
    if not whole:
        if room.ran_out(layout.home, room.NEW_MIB, layout.logged(said_before)):
            raise room.no_room(layout.home)
        raise EmbeddedError(f"Postgres couldn't make a database in {layout.home}; its log {layout.log} says why.")


def _initdb(way: str, binaries: Binaries, *, durable: bool) -> list[str]:
    # The builtin provider sorts alike on every system; before 17 there is only C.
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if binaries.major >= 17 else []
    return [
        binaries.program("initdb"),
        f"--pgdata={way}/cluster",
        f"--username={SUPERUSER}",
        f"--pwfile={way}/password",
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        *provider,
        "--data-checksums",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]


def _single(way: str, binaries: Binaries, *, durable: bool) -> list[str]:
    """A server for one user, its input: it ends with that and answers nobody else, so nothing half-made listens."""
    settings = {
        "exit_on_error": "on",
        "log_min_error_statement": "panic",
        "log_min_messages": "log",
        "log_checkpoints": "off",
        "fsync": "on" if durable else "off",
    }
    if binaries.major >= 16:
        # Passwords here are 256 random bits: to make guessing slow makes each connection slow, and nothing safer.
        settings["scram_iterations"] = "1"
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [binaries.program("postgres"), "--single", "-D", f"{way}/cluster", *options, "postgres"]


def _roles(passwords: dict[str, str]) -> bytes:
    """The statements that make roles and database, a line each, as a single-user server reads them.

    The application's login has no rights of its own: migrations grant it group roles, which it takes on by
    SET ROLE. Rights that PUBLIC has on a new database (temporary tables) are withdrawn.
    """
    statements = (
        sql.SQL("CREATE ROLE stepdown_owner LOGIN CREATEROLE CREATEDB PASSWORD {}").format(passwords[OWNER]),
        sql.SQL("CREATE ROLE stepdown LOGIN NOINHERIT PASSWORD {}").format(passwords[APPLICATION]),
        sql.SQL("CREATE DATABASE stepdown OWNER stepdown_owner"),
        sql.SQL("REVOKE ALL ON DATABASE stepdown FROM PUBLIC"),
        sql.SQL("GRANT CONNECT ON DATABASE stepdown TO stepdown"),
    )
    return "".join(statement.as_string(None) + "\n" for statement in statements).encode()


def _keep(passwords: dict[str, str], path: Path) -> None:
    written, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(written, "w", encoding="utf-8") as file:
            json.dump(passwords, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_passwords(layout: Layout) -> dict[str, str]:
    """The generated passwords by role."""
    try:
        passwords: dict[str, str] = json.loads(layout.passwords.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise EmbeddedError(
            f"The passwords of the database in {layout.cluster} are missing or damaged; "
            f"restore {layout.passwords} from your backup."
        ) from error
    return passwords


def refuse_other_major(layout: Layout, binaries: Binaries) -> None:
    """EmbeddedError when the cluster was made by another major version, which can't read its files."""
    try:
        made_by = (layout.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise EmbeddedError(f"{layout.cluster} holds no whole database; restore it from your backup.") from error
    if made_by != str(binaries.major):
        raise EmbeddedError(
            f"The database in {layout.cluster} was made by Postgres {made_by} and {binaries.bin} holds "
            f"Postgres {binaries.major}; name the bin folder of a Postgres {made_by} in STEPDOWN_PG_BIN."
        )
