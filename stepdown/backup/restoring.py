"""A backup brought back: verified, copied, recovered, held against what it promised, and only then given its name."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import psycopg
from psycopg import sql

from exchange.whole_file import whole_file
from stepdown.backup.archive import require_end, require_one_line, require_whole
from stepdown.backup.folders import sync, unfinished, write_private
from stepdown.backup.found import Found, found, holes
from stepdown.backup.programs import programs_of
from stepdown.backup.recovery import Recovered, Wanted, recovered
from stepdown.backup.summary import DATABASE, LedgerFound, Summary
from stepdown.backup.verifying import MANIFEST, NotWhole, verify
from stepdown.embedded.account import Account, account_for
from stepdown.embedded.binaries import Binaries, find, within_reach
from stepdown.embedded.cluster import APPLICATION, OWNER, SUPERUSER, Layout
from stepdown.embedded.lock import Lock
from stepdown.errors import Wrong
from stepdown.progress import doing
from store.errors import KeyringError, Unreadable
from store.keys import FileKeyring
from store.migrate import known
from store.store import Store

SAMPLE_CHARTS: Final = 500
"""At most so many charts of each ledger are opened, spread evenly, to see that the key fits and the facts stand."""
_LOT: Final = 50


@dataclass(frozen=True, slots=True)
class Restored:
    """`last_commit_at` is of the last transaction that recovery replayed; None when there was none to replay."""

    last_commit_at: datetime | None
    ledgers: list[LedgerFound]
    charts: int
    opened: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Target:
    cluster: Path
    account: Account
    programs: Binaries
    hold: tuple[int, ...] = ()


def restore_embedded(
    backup: Path, summary: Summary, data: Path, *, key: Path | None, master_key: Path, wanted: Wanted
) -> Restored:
    """Into a data folder without a database. The database's logins get new passwords; a `key` goes to `master_key`."""
    layout = Layout(data.resolve())
    if summary.of != "embedded":
        raise Wrong(
            "This is the backup of a Postgres of your own: restore it with --to, into a data directory for one."
        )
    if layout.cluster.exists():
        raise Wrong(f"{data} holds a database already: name a new data folder, or move that one away.")
    programs = find()
    if programs.major != summary.major:
        raise Wrong(
            f"This backup is of Postgres {summary.major}, and {programs.bin} holds Postgres {programs.major}: name the "
            f"bin folder of a Postgres {summary.major} in STEPDOWN_PG_BIN."
        )
    keyring = _keyring(summary, key, master_key)
    _refuse_unfit(backup, summary, layout.cluster, account_for(layout.cluster), wanted)
    layout.make_folders()
    with Lock(layout.home / "turn.lock") as turn, Lock(layout.server_lock) as server:
        turn.take()
        server.take()
        account = account_for(layout.cluster)
        target = _Target(layout.cluster, account, within_reach(programs, account), (server.fd,))
        passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, APPLICATION)}

        def finish() -> None:
            with whole_file(layout.passwords) as file:
                file.write(orjson.dumps(passwords, option=orjson.OPT_INDENT_2))
            if key is not None and not master_key.exists():
                master_key.parent.mkdir(parents=True, exist_ok=True)
                write_private(master_key, key.read_bytes())
            sync(layout.data)

        return _bring_back(
            backup, summary, target, keyring, wanted, settle=lambda url: _new_passwords(url, passwords), finish=finish
        )


def restore_to(backup: Path, summary: Summary, target: Path, *, key: Path | None, wanted: Wanted) -> Restored:
    """Into a new data directory, for a server of your own to be started on; logins keep their passwords.

    Under root it belongs to whoever owns the folder that it is in.
    """
    keyring = _keyring(summary, key, None)
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    account = account_for(target)
    owner = target.parent.stat()
    if account.drops and not target.exists() and owner.st_uid != 0:
        account = Account(owner.st_uid, owner.st_gid, drops=True)
    programs = within_reach(programs_of(summary.major), account)
    _refuse_unfit(backup, summary, target, account, wanted)
    return _bring_back(backup, summary, _Target(target, account, programs), keyring, wanted)


def _keyring(summary: Summary, key: Path | None, master_key: Path | None) -> FileKeyring | None:
    """The key that was given, or lies in its place. `Wrong` when it isn't the one that the backup needs."""
    if key is not None and not key.exists():
        raise Wrong(f"There is no master key {key}: name the file that `stepdown backup --keys` wrote.")
    given = None if key is None else FileKeyring(key)
    there = FileKeyring(master_key) if master_key is not None and master_key.exists() else None
    if given is not None and there is not None and given.fingerprint != there.fingerprint:
        raise Wrong(f"{master_key} is another master key than {key}: move it away first.")
    keyring = given or there
    if keyring is not None and summary.key is not None and keyring.fingerprint != summary.key:
        raise Wrong(
            f"This backup needs the master key {summary.key}, and {key or master_key} is {keyring.fingerprint}: "
            "name the right one with --keys."
        )
    return keyring


def _bring_back(
    backup: Path,
    summary: Summary,
    target: _Target,
    keyring: FileKeyring | None,
    wanted: Wanted,
    *,
    settle: Callable[[str], None] = lambda url: None,
    finish: Callable[[], None] = lambda: None,
) -> Restored:
    """`settle` changes the recovered database, by a superuser's URL; `finish` comes last before it gets its name."""
    began = time.monotonic()
    with unfinished(target.cluster) as making:
        made, hold = making.path, (*target.hold, making.hold)
        with doing("Copying the backup"):
            shutil.copytree(backup / DATABASE, made, symlinks=True)
            (made / MANIFEST).unlink()
        with (
            doing("Recovering"),
            recovered(made, target.account, target.programs, summary.superuser, wanted, hold) as server,
        ):
            if wanted.archive is not None and wanted.until is None:
                require_end(wanted.archive, backup, made, summary.wal, wanted.timeline)
            now, charts, opened = _check(server.url(summary.database), summary, keyring)
            last_commit_at = _last_commit(server)
            settle(server.url("postgres"))
        finish()
    return Restored(last_commit_at, now.ledgers, charts, opened, round(time.monotonic() - began, 3))


def _refuse_unfit(backup: Path, summary: Summary, target: Path, account: Account, wanted: Wanted) -> None:
    """`Wrong` for what can be known before anything is written."""
    if not set(summary.migrations) <= set(known()):
        raise Wrong("This backup was made by a newer version: install that version, or a later one.")
    if wanted.until is not None and wanted.until < summary.finished_at:
        raise Wrong(
            f"This backup was finished later ({summary.finished_at.isoformat(timespec='seconds')}): take an earlier "
            "backup to restore what was on record then."
        )
    try:
        with doing("Verifying the backup"):
            verify(programs_of(summary.major), backup / DATABASE)
    except NotWhole as amiss:
        raise Wrong(f"{backup} was altered since it was made ({amiss}): use another copy.") from None
    if wanted.archive is not None:
        require_one_line(wanted.archive, account, backup, summary.wal, wanted.timeline)
        if wanted.until is None:
            require_whole(wanted.archive, backup, summary.wal, wanted.timeline)
    if shutil.disk_usage(_there(target)).free < summary.size_bytes:
        raise Wrong(f"The disk of {target} lacks room for the {summary.size_bytes} bytes of this backup: name another.")


def _there(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _check(url: str, summary: Summary, keyring: FileKeyring | None) -> tuple[Found, int, int]:
    """What is there now, its charts, and how many of them were opened. `Wrong` when it isn't what was backed up."""
    now = found(url)
    if broken := holes(url):
        raise Wrong(f"What was restored of the ledger {broken[0]} has holes: use another copy of the backup.")
    stand = {ledger.ledger: ledger.position for ledger in now.ledgers}
    for ledger in summary.ledgers:
        if stand.get(ledger.ledger, -1) < ledger.position:
            raise Wrong(
                f"What was restored of the ledger {ledger.ledger} ends at {stand.get(ledger.ledger, 0)}, before the "
                f"{ledger.position} of the backup: use another copy of it."
            )
    if keyring is None:
        return now, 0, 0
    with doing("Opening charts"):
        return now, *_open_charts(url, now, keyring)


def _open_charts(url: str, now: Found, keyring: FileKeyring) -> tuple[int, int]:
    charts = opened = 0
    try:
        with Store(url, keyring, pool_size=2) as store:
            for name in [ledger.ledger for ledger in now.ledgers]:
                ledger = store.ledger(name)
                ledger.keyed_hash("restored", name)
                streams = ledger.streams("chart")
                sample = streams[:: -(-len(streams) // SAMPLE_CHARTS) or 1]
                for first in range(0, len(sample), _LOT):
                    ledger.read(sample[first : first + _LOT])
                charts += len(streams)
                opened += len(sample)
    except KeyringError:
        raise Wrong("This master key doesn't open what was restored: name the right one with --keys.") from None
    except Unreadable as error:
        raise Wrong(f"What was restored doesn't open under its keys ({str(error).partition(':')[0]}).") from None
    return charts, opened


def _last_commit(server: Recovered) -> datetime | None:
    with psycopg.connect(server.url("postgres")) as connection:
        row = connection.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    at: datetime | None = row[0] if row is not None else None
    return at


def _new_passwords(url: str, passwords: dict[str, str]) -> None:
    """What the backup holds of passwords are hashes, and the file with them isn't in it: they are made anew."""
    with psycopg.connect(url, autocommit=True) as connection:
        for role, password in passwords.items():
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), password))
