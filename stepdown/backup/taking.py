"""A backup taken: copied, verified, described, and only then given its name."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from stepdown.backup.folders import size_of, unfinished, within, write_private
from stepdown.backup.found import clock, found, require_key
from stepdown.backup.programs import programs_of, take_base_backup
from stepdown.backup.summary import (
    DATABASE,
    Summary,
    backup_around,
    major_of,
    manifest_sha256,
    wal_range,
    write_summary,
)
from stepdown.backup.verifying import NotWhole, verify
from stepdown.embedded.binaries import Binaries
from stepdown.errors import Wrong
from stepdown.progress import doing
from store.keys import FileKeyring

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Source:
    """The server to be backed up, by a login with REPLICATION that may read the ledgers."""

    url: str
    of: Literal["embedded", "external"]


def take(source: Source, target: Path, *, keyring: FileKeyring | None) -> Summary:
    """Writes the backup into a new folder. `keyring` is the master key, where it is at hand, and must be the right one.

    What was recorded when this began is in it, and what was recorded while it copied up to nearly the end. `Wrong`
    leaves nothing behind.
    """
    with unfinished(target) as making:
        made = making.path
        made.mkdir(mode=0o700)
        before = found(source.url)
        if keyring is not None:
            require_key(source.url, keyring)
        programs = programs_of(major_of(before.server_version))
        began = time.monotonic()
        with doing("Copying the database"):
            take_base_backup(programs, source.url, made / DATABASE, hold=making.hold)
        copied = time.monotonic()
        finished_at = clock(source.url)
        with doing("Verifying the copy"):
            _verify(programs, made / DATABASE)
        verified = time.monotonic()
        summary = Summary(
            format=FORMAT,
            of=source.of,
            began_at=before.at,
            finished_at=finished_at,
            copy_seconds=round(copied - began, 3),
            verify_seconds=round(verified - copied, 3),
            size_bytes=size_of(made / DATABASE),
            server_version=before.server_version,
            superuser=before.superuser,
            database=before.database,
            migrations=before.migrations,
            ledgers=before.ledgers,
            wal=wal_range(made),
            manifest_sha256=manifest_sha256(made),
            key=None if keyring is None else keyring.fingerprint,
        )
        write_summary(made, summary)
    return summary


def _verify(programs: Binaries, copy: Path) -> None:
    try:
        verify(programs, copy)
    except NotWhole as amiss:
        raise Wrong(f"The copy isn't what the server sent ({amiss}): see to the disk, and back up again.") from None


def refuse_place(keys: Path, backup: Path, data: Path, master_key: Path) -> None:
    """`Wrong` when a copy of the key can't be there: in this backup or another, so that whoever gets hold of that could
    read every chart; where it would be lost with the data folder or is the key itself; or in another key's place."""
    if within(keys, backup) or within(keys, backup.with_name(f"{backup.name}.unfinished")):
        raise Wrong("The master key has to be kept apart from the backup: name a file outside of its folder.")
    if (other := backup_around(keys)) is not None:
        raise Wrong(
            f"The master key has to be kept apart from every backup, and {other} is one: name a file elsewhere."
        )
    if keys.is_dir():
        raise Wrong(f"{keys} is a folder: name the file that the copy of the master key is to be, in it.")
    if keys.exists() and keys.samefile(master_key):
        raise Wrong(f"{keys} is the master key itself, so there would be no copy: name a new file, on another disk.")
    if within(keys, data):
        raise Wrong(f"{keys} lies in the data folder and would be lost with it: name a file on another disk.")
    if keys.exists() and FileKeyring(keys).fingerprint != FileKeyring(master_key).fingerprint:
        raise Wrong(f"{keys} holds another master key: name a new file for this one.")


def refuse_archive_within(backup: Path, archive: Path) -> None:
    """`Wrong` when the archive would be in the backup's own folder, which is new and holds the backup alone."""
    if within(archive, backup) or within(archive, backup.with_name(f"{backup.name}.unfinished")):
        raise Wrong(f"The archive {archive} can't be in the backup's own folder: name a folder outside of {backup}.")


def refuse_archived(key: Path, archives: Iterable[Path]) -> None:
    """`Wrong` when the key lies among the archived log: whoever gets hold of that could read every chart."""
    for archive in archives:
        if within(key, archive):
            raise Wrong(f"The master key has to be kept apart from the archive {archive}: name a file outside of it.")


def copy_key(source: Path, to: Path) -> None:
    """A copy of the master key; one of the same key that is there already will do."""
    if not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        write_private(to, source.read_bytes())


def not_whole(summary: Summary) -> list[str]:
    """Ledgers with another number of facts than their head says."""
    return [ledger.ledger for ledger in summary.ledgers if ledger.facts != ledger.position]
