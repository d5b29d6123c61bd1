"""Archiving of the embedded server's write-ahead log, so that a restore can go on to the last minute before a loss.

It is a setting of the database itself (ALTER SYSTEM), so it holds whoever starts the server. Each segment is a file,
`<segment>.gz`: packed, because every switch pads a segment of 16 MB with zeros.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from stepdown.backup.found import reading
from stepdown.backup.segments import archived_in, name_of, number_of, place_of, segment_bytes, timeline_of
from stepdown.backup.summary import DATABASE, WalRange
from stepdown.backup.timelines import Line, line_of, refuse_left_out
from stepdown.embedded.account import Account
from stepdown.errors import Wrong

SWITCH_SECONDS: Final = 60
"""How much may be lost with the machine: a segment is archived when it is full, or this old."""

_WAIT_SECONDS: Final = 60.0
_FAILING_SECONDS: Final = 5.0

# In order: what is there already must be the same, and is on the disk before Postgres lets go of its own; what is new
# is written beside, synced, and gets its name only if nothing has it. `ln` never overwrites, `mv` would.
_COMMAND: Final = (
    "to={folder}/%f.gz; new={folder}/.%f.$$; "
    'if test -e "$to"; then gzip -dc "$to" | cmp -s - %p && sync "$to" {folder}; '
    'else gzip -1c %p > "$new" && sync "$new" && ln "$new" "$to" && sync {folder}; done=$?; rm -f "$new"; '
    "exit $done; fi"
)
_FOLDER: Final = re.compile(r"(/.*)/[^/]*%f")
_NOW: Final = "SELECT current_setting('archive_mode'), current_setting('archive_command')"
_NAMED: Final = "SELECT setting FROM pg_file_settings WHERE name = 'archive_command' ORDER BY seqno DESC LIMIT 1"
_ARCHIVED: Final = """
SELECT coalesce(left(last_archived_wal, 24) >= pg_walfile_name(%s), false),
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
FROM pg_stat_archiver
"""


def command_for(folder: Path) -> str:
    """What Postgres is to run for each segment; %p and %f are its file and its name."""
    return _COMMAND.format(folder=shlex.quote(str(folder)).replace("%", "%%"))


def archive_into(url: str, folder: Path, account: Account) -> bool:
    """Has the server archive there. Answers whether it must be started anew for that.

    `url` is a superuser's. `Wrong` when the folder holds anything else, or Postgres' account can't write there.
    """
    folder = folder.resolve()
    wanted = command_for(folder)
    with psycopg.connect(url, autocommit=True) as connection:
        mode, command = _row(connection, _NOW)
        named = connection.execute(_NAMED).fetchone()
        if command != wanted and (named is None or named[0] != wanted):
            _prepare(folder, account)
            connection.execute(sql.SQL("ALTER SYSTEM SET archive_command = {}").format(wanted))
            connection.execute(sql.SQL("ALTER SYSTEM SET archive_timeout = {}").format(SWITCH_SECONDS))
            connection.execute("ALTER SYSTEM SET archive_mode = 'on'")
            connection.execute("SELECT pg_reload_conf()")
        return bool(mode == "off")


def stop_archiving(connection: psycopg.Connection[Any]) -> None:
    """In autocommit. Holds from the next start on; until then nothing more is archived, and nothing waits for it."""
    connection.execute("ALTER SYSTEM RESET archive_mode")
    connection.execute("ALTER SYSTEM RESET archive_timeout")
    connection.execute("ALTER SYSTEM SET archive_command = '/bin/true'")
    connection.execute("SELECT pg_reload_conf()")


def archives_of(url: str) -> list[Path]:
    """The folders that the server's `archive_command` writes `%f` into, whoever set it; any reader may ask."""
    with reading(url) as connection:
        _, command = _row(connection, _NOW)
    return folders_in(command)


def folders_in(command: str) -> list[Path]:
    try:
        words = shlex.split(command.replace("%%", "%"))
    except ValueError:
        # The shell couldn't run it either.
        return []
    found = (_FOLDER.search(word) for word in words)
    return sorted({Path(match[1]) for match in found if match is not None})


def archives_in_wait(url: str) -> list[Path]:
    """The folders that a superuser's server has been told to archive into, as long as it has not started anew since."""
    with psycopg.connect(url, autocommit=True) as connection:
        named = connection.execute(_NAMED).fetchone()
        return folders_in(named[0]) if named is not None and _row(connection, _NOW)[0] == "off" else []


def is_archiving(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        return bool(_row(connection, _NOW)[0] != "off")


def wait_until_archived(url: str, lsn: str) -> None:
    """Until the segment that ends with this log sequence number is archived. `Wrong` when it can't be."""
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            done, failing = _row(connection, _ARCHIVED, lsn)
            if done:
                return
            if time.monotonic() - began > (_FAILING_SECONDS if failing else _WAIT_SECONDS):
                where = " and ".join(str(folder) for folder in folders_in(_row(connection, _NOW)[1]))
                raise Wrong(
                    f"The backup is made, but the write-ahead log isn't being archived into {where or 'its archive'}: "
                    "see that the folder is there, that Postgres' account can write to it and that its disk isn't "
                    "full, or end archiving (--no-archive); else the log fills the database's disk."
                )
            time.sleep(0.02)


def _row(connection: psycopg.Connection[Any], query: LiteralString, *given: str) -> tuple[Any, ...]:
    row = connection.execute(query, given).fetchone()
    if row is None:
        raise AssertionError("A select without FROM, or from a view of one row, has a row.")
    return tuple(row)


def _prepare(folder: Path, account: Account) -> None:
    if "\n" in str(folder):
        raise Wrong("The archive's folder has a line break in its name: name another.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Wrong(f"{folder} holds something already: name a new folder for the archive of this database.")
    made = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    account.give(folder)
    if not account.reaches(folder) or not (account.drops or os.access(folder, os.W_OK | os.X_OK)):
        if made:
            folder.rmdir()
        raise Wrong(f"The account that runs Postgres can't write to {folder}: name a folder that it can get to.")


def require_one_line(archive: Path, account: Account, backup: Path, after: WalRange, timeline: int | None) -> None:
    """`Wrong` when there is no archive that Postgres' account may read, or it begins too late for this backup, or
    several servers' ways part in it and nobody said which `timeline` to follow.

    Postgres follows the newest one: what the others wrote after it had left them would be lost without a word.
    """
    if not archive.is_dir():
        raise Wrong(f"{archive} is no folder: name the one that the write-ahead log was archived into.")
    archived = archived_in(archive)
    if not archived:
        raise Wrong(f"{archive} holds no write-ahead log: name the folder that it was archived into.")
    for path in archived.values():
        if account.drops and not account.may(4, path):
            raise Wrong(f"The account that runs Postgres can't read {path}: give it the archive's files (chown -R).")
    line = _line(archive, backup, after, timeline)
    reached = max((number_of(name, line.size) for name in _taken_along(backup, after, line)), default=-1)
    if min(number_of(name, line.size) for name in archived) > reached + 1:
        raise Wrong(
            f"The archive {archive} begins after this backup, with a gap between: restore without --archive, or from a "
            "later backup."
        )
    if timeline is None:
        refuse_left_out(archive, line, _from(after, archived, line))


def require_whole(archive: Path, backup: Path, after: WalRange, timeline: int | None) -> None:
    """`Wrong` when a segment is missing between the backup and the last one.

    Postgres takes a missing segment for the end of the log: what came after would be lost without a word.
    """
    line = _line(archive, backup, after, timeline)
    segments = [*_taken_along(backup, after, line), *archived_in(archive)]
    numbers: dict[int, set[int]] = defaultdict(set)
    for name in filter(line.holds, _from(after, segments, line)):
        numbers[timeline_of(name)].add(number_of(name, line.size))
    for of, there in numbers.items():
        if missing := sorted(set(range(min(there), max(there))) - there):
            raise Wrong(
                f"The archive {archive} lacks the segment {name_of(of, missing[0], line.size)}, and later ones are "
                "there: find it, or restore with --until a time before it."
            )


def require_end(archive: Path, backup: Path, cluster: Path, after: WalRange, timeline: int | None) -> None:
    """`Wrong` when recovery ended before the last archived segment of its line: one on the way is damaged."""
    line = _line(archive, backup, after, timeline)
    histories = (cluster / "pg_wal").glob("*.history")
    ended = max(histories, key=lambda path: path.name).read_text(encoding="utf-8").splitlines()[-1].split()[1]
    number = place_of(ended) // line.size
    followed = [name for name in archived_in(archive) if line.holds(name)]
    if any(number_of(name, line.size) > number for name in followed):
        there = [name for name in followed if number_of(name, line.size) == number]
        raise Wrong(
            f"The archive's segment {max(there, default=name_of(line.last, number, line.size))} is damaged, and later "
            "ones are there: find another copy of it, or restore with --until a time before it."
        )


def _line(archive: Path, backup: Path, after: WalRange, timeline: int | None) -> Line:
    return line_of(archive, backup, after.timeline, timeline, segment_bytes(backup))


def _taken_along(backup: Path, after: WalRange, line: Line) -> list[str]:
    """The segments that the backup holds whole. The one behind them may be there as well: its beginning, as far as it
    was written when the copy ended."""
    last = (place_of(after.ends) - 1) // line.size
    return [name for name in archived_in(backup / DATABASE / "pg_wal") if number_of(name, line.size) <= last]


def _from(after: WalRange, segments: Iterable[str], line: Line) -> list[str]:
    """Those that come after the backup began."""
    first = place_of(after.begins) // line.size
    return [name for name in segments if number_of(name, line.size) >= first]
