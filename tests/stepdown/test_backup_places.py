"""Where key and archive may be, and what is said of an archive that isn't in force or came too late."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepdown.embedded import Embedded
from stepdown.opening import opened
from stepdown.settings import read_settings
from tests.stepdown.command import Ended, run
from tests.store.given import a_chart, registered, trigger


@pytest.fixture(scope="module")
def first() -> Iterator[Path]:
    """A folder that the account which runs Postgres can get to, with a site and its first backup."""
    made = Path(tempfile.mkdtemp(dir="/tmp", prefix="stepdown-test-"))
    made.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEPDOWN_DATABASE_URL", "STEPDOWN_BACKUP_URL", "STEPDOWN_DATA", "STEPDOWN_MASTER_KEY_FILE"):
            patch.delenv(name, raising=False)
        with opened(read_settings(made / "data")) as use:
            chart = a_chart()
            use.store.ledger("lexington").append([registered(chart, mrn="SYN-1"), trigger(chart, 2)])
        backup(made, "first").done()
        yield made
    shutil.rmtree(made)


@pytest.fixture
def place(first: Path) -> Iterator[Path]:
    """The same for one test alone: files, their owners and links."""
    copied = Path(f"{first}-copied")
    subprocess.run(["cp", "-a", first, copied], check=True)
    yield copied
    shutil.rmtree(copied)


def backup(place: Path, name: str, *options: str | Path) -> Ended:
    return run("backup", place / name, "--data", place / "data", *options)


def test_the_key_is_kept_apart_from_every_backup(place: Path) -> None:
    link = place / "link"
    link.symlink_to(place / "first")
    for keys in (place / "first" / "master.key", place / "first" / "database" / "deep" / "key", link / "master.key"):
        backup(place, "second", "--keys", keys).refused("apart from every backup", f"{place / 'first'} is one")
        assert not keys.exists()
    assert not (place / "second").exists()


def test_an_archive_is_not_begun_in_the_folder_of_the_backup(place: Path) -> None:
    for archive in (place / "second", place / "second" / "archive"):
        backup(place, "second", "--archive", archive).refused("can't be in the backup's own folder", "outside of")
    assert not (place / "second").exists()
    assert backup(place, "second").done().err.startswith("It takes the master key")


def test_archiving_that_waits_for_a_start_of_the_server_says_so_until_it_is_in_force(place: Path) -> None:
    archive = place / "archive"
    with Embedded.start(place / "data"):
        for _ in range(2):
            waits = backup(place, "second", "--archive", archive)
            waits.refused(f"archiving into {archive} is set", "End the processes", "run this again")
            assert not (place / "second").exists()
        assert f"Nothing is archived into {archive} yet" in backup(place, "second").done().err
    assert "Nothing is archived" not in backup(place, "third").done().err
    assert list(archive.glob("*.gz"))
    with Embedded.start(place / "data"):
        backup(place, "fourth", "--no-archive").done()
    assert "archive" not in backup(place, "fifth").done().err


def test_an_archive_that_cannot_be_written_is_named_and_how_to_end_it(place: Path) -> None:
    archive = place / "archive"
    backup(place, "second", "--archive", archive).done()
    shutil.rmtree(archive)
    failed = backup(place, "third")
    assert failed.code == 1
    assert f"isn't being archived into {archive}" in failed.err
    assert "--no-archive" in failed.err
    assert (place / "third" / "backup.json").exists()
    backup(place, "fourth", "--no-archive").done()


def test_a_backup_from_before_the_archive_began_is_restored_without_it(place: Path) -> None:
    backup(place, "second").done()
    archive = place / "archive"
    backup(place, "third", "--archive", archive).done()
    for until in ((), ("--until", "2100-01-01T00:00:00Z")):
        early = run("restore", place / "first", "--data", place / "again", "--archive", archive, *until)
        early.refused("begins after this backup", "without --archive", "a later backup")
    run("restore", place / "first", "--data", place / "again").done()
    # No segment is missing between a later one and the archive.
    run("restore", place / "third", "--data", place / "other", "--archive", archive).done()


def test_the_copy_of_the_key_is_named_as_a_file(place: Path) -> None:
    (place / "safe").mkdir()
    backup(place, "second", "--keys", place / "safe").refused("is a folder", "name the file")
    assert not (place / "second").exists()
