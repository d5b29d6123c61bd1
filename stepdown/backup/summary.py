"""`backup.json`: what a backup holds, so that a restore can prove what it brought back. Nothing personal is in it."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec

from stepdown.backup.folders import write_private
from stepdown.backup.verifying import MANIFEST, read_manifest
from stepdown.errors import Wrong

DATABASE: Final = "database"
_SUMMARY: Final = "backup.json"


def major_of(server_version: str) -> int:
    """18 of "18.4", and of "18beta1"."""
    found = re.match(r"\d+", server_version)
    if found is None:
        raise Wrong("The server tells no version that can be understood: back it up by other means.")
    return int(found[0])


class LedgerFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ledger's head, and how many facts there are: as many as the head's position, or one is missing."""

    ledger: str
    position: int
    recorded_at: datetime | None
    facts: int


class WalRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The write-ahead log that makes a base backup consistent, as log sequence numbers."""

    timeline: int
    begins: str
    ends: str


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ledgers` are as they were just before the copy began: all of that is in the backup, and what came until
    `finished_at` as well. `key` is the fingerprint of the master key that opens it, where that was at hand.
    `superuser` and `database` name a login and where the ledgers are. Times are the server's."""

    format: Literal[1]
    of: Literal["embedded", "external"]
    began_at: datetime
    finished_at: datetime
    copy_seconds: float
    verify_seconds: float
    size_bytes: int
    server_version: str
    superuser: str
    database: str
    migrations: list[str]
    ledgers: list[LedgerFound]
    wal: WalRange
    manifest_sha256: str
    key: str | None

    @property
    def major(self) -> int:
        return major_of(self.server_version)

    def as_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def backup_around(path: Path) -> Path | None:
    """The finished backup that a path, there or not, lies in, whatever links lead there."""
    return next((folder for folder in path.resolve().parents if (folder / _SUMMARY).exists()), None)


def write_summary(backup: Path, summary: Summary) -> None:
    write_private(backup / _SUMMARY, summary.as_json())


def read_summary(backup: Path) -> Summary:
    """`Wrong` when the folder is no backup, or was changed since."""
    try:
        text = (backup / _SUMMARY).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise Wrong(f"{backup} is no whole backup: name a folder that `stepdown backup` made.") from None
    try:
        summary = msgspec.json.decode(text, type=Summary)
    except msgspec.DecodeError:
        raise Wrong(
            f"{backup / _SUMMARY} is damaged, or of another version: use another copy, or that version."
        ) from None
    if manifest_sha256(backup) != summary.manifest_sha256:
        raise Wrong(f"{backup} was altered since it was made (its manifest is another one): use another copy.")
    return summary


def manifest_sha256(backup: Path) -> str:
    """Over the manifest, which holds the sha256 of every file; empty when there is none."""
    manifest = backup / DATABASE / MANIFEST
    return sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else ""


def wal_range(backup: Path) -> WalRange:
    """What the manifest says of the write-ahead log: the range of the last timeline, where there are several."""
    last = read_manifest(backup / DATABASE)["WAL-Ranges"][-1]
    return WalRange(last["Timeline"], last["Start-LSN"], last["End-LSN"])
