"""Whether a base backup is whole: each file against the manifest that the server wrote, the log by `pg_waldump`.

It asks what `pg_verifybackup` asks of the same manifest, and that program says the same of a backup. It isn't run here,
because the one in the wheel of the embedded Postgres (0.6.0) ends before it begins: its program header is broken.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from stepdown.backup.programs import complaint
from stepdown.embedded.binaries import Binaries

MANIFEST: Final = "backup_manifest"
_LOG: Final = "pg_wal"

# Written beside the copy, or changed on the way to a restore, so no part of what the server sent.
_NOT_SENT: Final = frozenset({MANIFEST, "postgresql.auto.conf", "standby.signal", "recovery.signal"})

# The last entry of a manifest is the sha256 of the bytes before its line.
_OWN_CHECKSUM: Final = b'"Manifest-Checksum"'


class NotWhole(Exception):
    """What is amiss, in a few words; they name files of the database, and nothing in them."""


def read_manifest(database: Path) -> dict[str, Any]:
    """As the server wrote it, seen to be whole. NotWhole when it is missing or was changed."""
    try:
        text = (database / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise NotWhole("its manifest is missing") from None
    body, mark, _ = text.rpartition(_OWN_CHECKSUM)
    try:
        manifest: dict[str, Any] = json.loads(text)
    except ValueError:
        raise NotWhole("its manifest is damaged") from None
    if not mark or manifest.get("Manifest-Checksum") != hashlib.sha256(body).hexdigest():
        raise NotWhole("its manifest is damaged")
    return manifest


def verify(programs: Binaries, database: Path) -> None:
    """Every file there, as long as it was and the same, none besides, and the log from beginning to end.

    Raises NotWhole with the first thing that is amiss.
    """
    manifest = read_manifest(database)
    sent = {_path(entry): entry for entry in manifest["Files"]}
    there = set(_files(database))
    if missing := sorted(sent.keys() - there - _NOT_SENT):
        raise NotWhole(f"{missing[0]} is missing")
    if strange := sorted(there - sent.keys() - _NOT_SENT):
        raise NotWhole(f"{strange[0]} is none of its files")
    for path, entry in sent.items():
        if path not in _NOT_SENT:
            _verify_file(database / path, path, entry)
    for part in manifest["WAL-Ranges"]:
        _verify_log(programs, database, part)


def _path(entry: dict[str, Any]) -> str:
    """A name that is no UTF-8 is in the manifest as hexadecimal digits."""
    return str(entry["Path"]) if "Path" in entry else os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))


def _files(database: Path) -> Iterator[str]:
    """Paths of all files but those of the log, which the manifest has no checksums of."""
    for folder, below, names in os.walk(database):
        place = Path(folder).relative_to(database)
        if place == Path():
            below[:] = [name for name in below if name != _LOG]
        for name in names:
            yield str(place / name)


def _verify_file(file: Path, path: str, entry: dict[str, Any]) -> None:
    if file.stat().st_size != entry["Size"]:
        raise NotWhole(f"{path} has another size")
    with file.open("rb") as content:
        if file_digest(content, entry["Checksum-Algorithm"].lower()).hexdigest() != entry["Checksum"]:
            raise NotWhole(f"{path} has another content")


def _verify_log(programs: Binaries, database: Path, part: dict[str, Any]) -> None:
    said = complaint(
        [
            programs.program("pg_waldump"),
            "--quiet",
            f"--path={database / _LOG}",
            f"--timeline={part['Timeline']}",
            f"--start={part['Start-LSN']}",
            f"--end={part['End-LSN']}",
        ]
    )
    if said is not None:
        raise NotWhole(f"write-ahead log from {part['Start-LSN']} to {part['End-LSN']} is missing or damaged")
