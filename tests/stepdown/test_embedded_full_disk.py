"""The disk is full: the first sentence says so, nothing half made is left, and with room again it starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from stepdown.embedded import Embedded, EmbeddedError, room, watch
from tests.stepdown.small_disk import MIB, NAMES, Disk, on_a_disk
from tests.stepdown.using import eventually, kill_postmaster, left_half_made, runs, works

SAYS_SO = r"The disk of .*/postgres has no room for Postgres, \d+ MiB are free: make room there and start again"


def is_refused_for_want_of_room(data: Path) -> None:
    with pytest.raises(EmbeddedError, match=SAYS_SO):
        Embedded.start(data, durable=False)
    assert not runs(data)
    assert left_half_made(data) == []


def starts(data: Path) -> None:
    with Embedded.start(data, durable=False) as embedded:
        assert works(embedded)
    assert not runs(data)


def write(embedded: Embedded, mib: int) -> None:
    with psycopg.connect(embedded.owner_url, autocommit=True) as db:
        db.execute("CREATE TABLE IF NOT EXISTS kept (a int, padding text)")
        db.execute("ALTER TABLE kept ALTER padding SET STORAGE PLAIN")
        db.execute("INSERT INTO kept SELECT n, repeat('x', 1000) FROM generate_series(1, %s) AS n", [mib * 1000])


def count(embedded: Embedded) -> int:
    with psycopg.connect(embedded.owner_url) as db:
        [(found,)] = db.execute("SELECT count(*) FROM kept").fetchall()
    assert isinstance(found, int)
    return found


def too_small_from_the_start(disk: Disk) -> None:
    data = disk.place / "data"
    for _ in range(2):
        is_refused_for_want_of_room(data)
    assert not (data / "postgres-passwords.json").exists()
    assert not (data / "postgres/cluster").exists()
    disk.resize(room.NEW_MIB + 4)
    starts(data)


def fills_up_while_a_database_is_made(disk: Disk) -> None:
    data = disk.place / "data"
    with pytest.MonkeyPatch.context() as patch:
        # As if others had taken the room right after we looked: initdb gets half way.
        patch.setattr(room, "refuse_narrow", lambda folder, least_mib: None)
        is_refused_for_want_of_room(data)
    assert not (data / "postgres/cluster").exists()
    assert not (data / "postgres-passwords.json").exists()
    # What initdb had taken is free again, and not enough.
    assert disk.free_bytes() > 25 * MIB
    is_refused_for_want_of_room(data)
    disk.resize(room.NEW_MIB + 4)
    starts(data)


def full_when_a_database_is_to_start(disk: Disk) -> None:
    data = disk.place / "data"
    with Embedded.start(data) as embedded:
        write(embedded, 1)
    disk.fill()
    is_refused_for_want_of_room(data)
    disk.make_room()
    with Embedded.start(data) as embedded:
        assert count(embedded) == 1000
        write(embedded, 1)
        kill_postmaster(data)
    # Recovery has something to do, and no room for it.
    disk.fill()
    is_refused_for_want_of_room(data)
    disk.make_room()
    with Embedded.start(data) as embedded:
        assert count(embedded) == 2000


def postgres_finds_the_disk_full_though_there_was_room_before(disk: Disk) -> None:
    data = disk.place / "data"
    starts(data)
    disk.fill()
    with pytest.MonkeyPatch.context() as patch:
        # As if the disk had filled up right after we looked.
        patch.setattr(room, "refuse_narrow", lambda folder, least_mib: None)
        is_refused_for_want_of_room(data)
    disk.make_room()
    starts(data)


def no_name_is_left_for_a_file(disk: Disk) -> None:
    data = disk.place / "data"
    data.mkdir(mode=0o711)
    names = disk.place / "names"
    names.mkdir()
    for number in range(NAMES):
        try:
            (names / str(number)).touch()
        except OSError:
            break
    else:
        pytest.fail("There is no end to names.")
    with pytest.raises(EmbeddedError, match=SAYS_SO):
        Embedded.start(data, durable=False)
    for name in names.iterdir():
        name.unlink()
    starts(data)


def fills_up_in_use_and_has_room_again(disk: Disk) -> None:
    watch.LONGEST_WAIT_SECONDS = 0.5
    data = disk.place / "data"
    with Embedded.start(data).watch() as embedded:
        write(embedded, 1)
        disk.fill(leave_bytes=MIB)
        with pytest.raises(psycopg.OperationalError):
            write(embedded, 40)
        disk.fill()
        # Some full disks end it, and any of them keeps it from starting again.
        with suppress(FileNotFoundError, ProcessLookupError):
            kill_postmaster(data)
        assert eventually(lambda: not runs(data))
        assert not eventually(lambda: runs(data), 3 * watch.LOOK_SECONDS)
        disk.make_room()
        assert eventually(lambda: count_or_none(embedded) == 1000, 30)
        write(embedded, 1)
        assert count(embedded) == 2000
    assert not runs(data)


def count_or_none(embedded: Embedded) -> int | None:
    try:
        return count(embedded)
    except psycopg.OperationalError:
        return None


def test_a_disk_too_small_for_a_database_is_told_before_one_is_begun() -> None:
    on_a_disk(room.NEW_MIB - 4, too_small_from_the_start)


def test_a_disk_that_fills_up_while_a_database_is_made_leaves_nothing_half_made() -> None:
    on_a_disk(30, fills_up_while_a_database_is_made)


def test_a_database_on_a_full_disk_is_refused_and_keeps_what_it_holds() -> None:
    on_a_disk(200, full_when_a_database_is_to_start)


def test_a_disk_that_fills_up_between_our_look_and_the_start_is_told_all_the_same() -> None:
    on_a_disk(200, postgres_finds_the_disk_full_though_there_was_room_before)


def test_a_disk_without_room_for_one_more_name_is_full() -> None:
    on_a_disk(room.NEW_MIB + 16, no_name_is_left_for_a_file)


def test_a_server_that_ended_on_a_full_disk_is_there_again_when_there_is_room() -> None:
    on_a_disk(160, fills_up_in_use_and_has_room_again)
