"""`stepdown backup` and `stepdown restore`: the database away and back, with the master key kept apart from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import psycopg

from stepdown.backup.archive import (
    archive_into,
    archives_in_wait,
    archives_of,
    is_archiving,
    stop_archiving,
    wait_until_archived,
)
from stepdown.backup.folders import within
from stepdown.backup.programs import refuse_unfit
from stepdown.backup.recovery import Wanted
from stepdown.backup.restoring import Restored, restore_embedded, restore_to
from stepdown.backup.summary import Summary, read_summary
from stepdown.backup.taking import (
    Source,
    copy_key,
    not_whole,
    refuse_archive_within,
    refuse_archived,
    refuse_place,
    take,
)
from stepdown.embedded import Embedded
from stepdown.embedded.account import account_for
from stepdown.embedded.cluster import Layout
from stepdown.errors import Wrong
from stepdown.opening import login_of
from stepdown.settings import Settings, read_settings
from stepdown.terminal import say, write
from store.keys import FileKeyring

_MEGABYTE: Final = 1_000_000


def backup(
    target: Path, *, keys: Path | None, archive: Path | None, no_archive: bool, data: Path | None, as_json: bool
) -> None:
    """Takes a verified backup, says what is in it, and where the key is that opens it."""
    settings = read_settings(data)
    target = target.absolute()
    keyring = FileKeyring(settings.master_key) if settings.master_key.exists() else None
    if keys is not None:
        if keyring is None:
            raise Wrong(f"There is no master key {settings.master_key}: name it in STEPDOWN_MASTER_KEY_FILE.")
        refuse_place(keys, target, settings.data, settings.master_key)
    if within(settings.master_key, target):
        raise Wrong("The master key has to be kept apart from the backup: name another folder for the backup.")
    if archive is not None:
        refuse_archive_within(target, archive)
        refuse_archived(settings.master_key, [archive])
        if keys is not None:
            refuse_archived(keys, [archive])
    with _source(settings, archive=archive, no_archive=no_archive, target=target) as source:
        archives = archives_of(source.url)
        if keys is not None:
            refuse_archived(keys, archives)
        summary = take(source, target, keyring=keyring)
        if keys is not None:
            copy_key(settings.master_key, keys)
        if as_json:
            write(summary.as_json())
        else:
            _say_taken(target, summary)
        if keys is None:
            _remind(settings.master_key, summary)
        for folder in archives:
            if keyring is not None and within(settings.master_key, folder):
                say(
                    f"The master key lies in the archive {folder}: move it away, or whoever has that reads every chart."
                )
        for folder in archives_in_wait(source.url) if source.of == "embedded" else []:
            say(
                f"Nothing is archived into {folder} yet: that takes hold when the embedded Postgres starts anew. End "
                "the processes that use it, then back up again."
            )
        if source.of == "embedded" and is_archiving(source.url):
            wait_until_archived(source.url, summary.wal.ends)
    if broken := not_whole(summary):
        raise Wrong(
            f"The backup is made, but the ledger {broken[0]} has holes, and so has the backup: look for an earlier one."
        )


@contextmanager
def _source(settings: Settings, *, archive: Path | None, no_archive: bool, target: Path) -> Iterator[Source]:
    """The database named from outside, by its login for backups; else the embedded one, started if need be."""
    if settings.backup_url is not None or settings.database_url is not None:
        if settings.backup_url is None:
            raise Wrong(
                "Set STEPDOWN_BACKUP_URL to a login with REPLICATION of the database that STEPDOWN_DATABASE_URL names."
            )
        if archive is not None or no_archive:
            raise Wrong("A Postgres of your own archives by its own settings: see docs/operate.md.")
        url = settings.backup_url.get_secret_value()
        login_of(url, "STEPDOWN_BACKUP_URL")
        refuse_unfit(url)
        yield Source(url, "external")
        return
    layout = Layout(settings.data.resolve())
    if not layout.cluster.exists():
        raise Wrong(f"{settings.data} holds no database: name its data folder with --data, or set STEPDOWN_BACKUP_URL.")
    for folder in (target, archive):
        if folder is not None and within(folder, layout.data):
            raise Wrong(f"{folder} lies in the data folder and would be lost with it: name a folder on another disk.")
    embedded = Embedded.start(settings.data)
    try:
        if no_archive:
            with psycopg.connect(embedded.superuser_url, autocommit=True) as connection:
                stop_archiving(connection)
        elif archive is not None and archive_into(embedded.superuser_url, archive, account_for(layout.cluster)):
            embedded.stop()
            embedded = Embedded.start(settings.data)
            if not is_archiving(embedded.superuser_url):
                raise Wrong(
                    f"No backup is made yet: archiving into {archive} is set, and takes hold when the embedded "
                    "Postgres starts anew. End the processes that use it, then run this again."
                )
        yield Source(embedded.superuser_url, "embedded")
    finally:
        embedded.stop()


def _say_taken(target: Path, summary: Summary) -> None:
    facts = sum(ledger.facts for ledger in summary.ledgers)
    seconds = summary.copy_seconds + summary.verify_seconds
    size = summary.size_bytes / _MEGABYTE
    ledgers = f"{len(summary.ledgers)} ledger{'' if len(summary.ledgers) == 1 else 's'}"
    print(f"{target}: {ledgers}, {facts} facts, {size:,.0f} MB, verified, in {seconds:.1f} s.")


def _remind(master_key: Path, summary: Summary) -> None:
    which = f"It takes the master key {summary.key}" if summary.key else "It takes the master key, which isn't here"
    where = f": keep a copy of {master_key} apart from it (--keys FILE)" if summary.key else ": keep it apart from this"
    say(f"{which}{where}. Without that key nobody opens a chart again.")


def restore(
    source: Path,
    *,
    to: Path | None,
    keys: Path | None,
    archive: Path | None,
    until: datetime | None,
    timeline: int | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Brings a backup back and says how far, after it has seen that all of it is there."""
    settings = read_settings(data)
    source = source.absolute()
    summary = read_summary(source)
    wanted = Wanted(None if archive is None else archive.absolute(), until, timeline)
    if to is not None:
        restored = restore_to(source, summary, to, key=keys, wanted=wanted)
    else:
        restored = restore_embedded(
            source, summary, settings.data, key=keys, master_key=settings.master_key, wanted=wanted
        )
    where = to or settings.data
    if as_json:
        _write_restored(restored)
    else:
        _say_restored(where, summary, restored)
    if not restored.opened and any(ledger.facts for ledger in restored.ledgers):
        key = summary.key or "of this database"
        place = "" if to is not None else f" Put it at {settings.master_key}."
        say(f"No chart was opened: the master key {key} was not at hand (--keys FILE).{place}")


def _write_restored(restored: Restored) -> None:
    ledgers = [
        {"ledger": head.ledger, "position": head.position, "recorded_at": head.recorded_at, "facts": head.facts}
        for head in restored.ledgers
    ]
    document = {
        "ledgers": ledgers,
        "last_commit_at": restored.last_commit_at,
        "charts": restored.charts,
        "charts_opened": restored.opened,
        "seconds": restored.seconds,
    }
    write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))


def _say_restored(where: Path, summary: Summary, restored: Restored) -> None:
    made = summary.finished_at.isoformat(timespec="seconds")
    print(f"{where}: restored from the backup of {made}, in {restored.seconds:.1f} s.")
    for ledger in restored.ledgers:
        if ledger.recorded_at is not None:
            last = ledger.recorded_at.isoformat(timespec="seconds")
            print(f"  {ledger.ledger}: positions 1 to {ledger.position} without a hole, the last recorded {last}.")
    if restored.opened:
        print(f"  {restored.opened} of {restored.charts} charts opened under their keys.")
