"""Backups that are not to be made, and those that are not to be brought back: each is told apart, and why is said."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from stepdown.backup.archive import command_for, folders_in
from stepdown.opening import opened
from stepdown.settings import read_settings
from store.keys import FileKeyring
from tests.stepdown.command import Ended, launch, postgres_runs, run
from tests.store.given import a_chart, registered, trigger

FACTS = 20
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Site:
    """A data folder, its backup, and the copy of its key that lies elsewhere."""

    place: Path

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def backup(self) -> Path:
        return self.place / "backup"

    @property
    def keys(self) -> Path:
        return self.place / "safe" / "master.key"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEPDOWN_DATABASE_URL", "STEPDOWN_BACKUP_URL", "STEPDOWN_DATA", "STEPDOWN_MASTER_KEY_FILE"):
            patch.delenv(name, raising=False)
        made = Site(tmp_path_factory.mktemp("site"))
        with opened(read_settings(made.data)) as use:
            for number in range(FACTS // 2):
                chart = a_chart()
                use.store.ledger("lexington").append([registered(chart, mrn=f"SYN-{number}"), trigger(chart, 2)])
        taken = run("backup", made.backup, "--keys", made.keys, "--data", made.data).done()
        assert f"1 ledger, {FACTS} facts" in taken.text
        assert taken.err == ""
        yield made


@pytest.fixture
def altered(site: Site, tmp_path: Path) -> Path:
    """A copy of the backup, for something to be done to it by `rewrite`: its files are those of the backup."""
    return Path(shutil.copytree(site.backup, tmp_path / "altered", copy_function=os.link))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def restore(backup: Path, data: Path, *options: str | Path) -> Ended:
    return run("restore", backup, "--data", data, *options)


def a_table(backup: Path) -> Path:
    return max((backup / "database/base").glob("*/*"), key=lambda path: path.stat().st_size)


def rewrite(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(path, content)


def summary_with(backup: Path, **values: object) -> None:
    path = backup / "backup.json"
    rewrite(path, orjson.dumps(orjson.loads(path.read_bytes()) | values))


def test_a_backup_is_for_its_owner_alone_and_holds_no_key_and_nobody_in_plain(site: Site) -> None:
    files = {path: path.read_bytes() for path in site.backup.rglob("*") if path.is_file()}
    assert stat.S_IMODE(site.backup.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    key = bytes.fromhex(site.keys.read_text())
    passwords = orjson.loads((site.data / "postgres-passwords.json").read_bytes()).values()
    secrets = [key, key.hex().encode(), b"Quillfeather", *(password.encode() for password in passwords)]
    assert not [path for path, held in files.items() for secret in secrets if secret in held]
    # The search does find what is there.
    assert any(b"PatientRegistered" in held for held in files.values())
    assert [path.name for path in site.place.iterdir() if "unfinished" in path.name] == []


def test_a_backup_says_what_it_holds_and_which_key_it_takes(site: Site) -> None:
    summary = orjson.loads((site.backup / "backup.json").read_bytes())
    assert [(head["ledger"], head["position"], head["facts"]) for head in summary["ledgers"]] == [
        ("lexington", FACTS, FACTS)
    ]
    assert summary["key"] == FileKeyring(site.keys).fingerprint == FileKeyring(site.data / "master.key").fingerprint
    assert stat.S_IMODE(site.keys.stat().st_mode) == 0o600
    assert (summary["of"], summary["database"]) == ("embedded", "stepdown")


def test_a_backup_goes_into_a_new_folder_apart_from_data_and_key(site: Site, tmp_path: Path) -> None:
    def refused(*words: str, into: Path, options: tuple[str | Path, ...] = ()) -> None:
        run("backup", into, *options, "--data", site.data).refused(*words)

    refused("is there already", "a new folder", into=site.backup)
    refused("lies in the data folder", into=site.data / "backup")
    into = tmp_path / "into"
    link = tmp_path / "link"
    link.symlink_to(into)
    refused("kept apart from the backup", into=into, options=("--keys", into / "master.key"))
    refused("kept apart from the backup", into=into, options=("--keys", link / "deep" / "master.key"))
    FileKeyring(tmp_path / "other.key")
    refused("holds another master key", into=into, options=("--keys", tmp_path / "other.key"))
    master = site.data / "master.key"
    link_to_key = tmp_path / "link.key"
    link_to_key.symlink_to(master)
    refused("is the master key itself", into=into, options=("--keys", master))
    refused("is the master key itself", into=into, options=("--keys", link_to_key))
    refused("lies in the data folder", into=into, options=("--keys", site.data / "safe" / "master.key"))
    archive = tmp_path / "archive"
    refused("apart from the archive", into=into, options=("--archive", archive, "--keys", archive / "master.key"))
    refused("lies in the data folder", into=into, options=("--archive", site.data / "archive"))
    refused("holds something already", into=into, options=("--archive", site.backup))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "link.key", "other.key"]


def test_there_is_no_backup_of_a_folder_without_a_database(tmp_path: Path, site: Site) -> None:
    run("backup", tmp_path / "backup", "--data", tmp_path / "none").refused("holds no database", "--data")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_under_another_key_than_the_databases_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileKeyring(tmp_path / "other.key")
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(tmp_path / "other.key"))
    run("backup", tmp_path / "backup", "--data", site.data).refused("doesn't open the keys of this database")
    assert [path.name for path in tmp_path.iterdir()] == ["other.key"]


def test_a_master_key_that_lies_where_the_log_is_to_be_archived_is_to_be_moved(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "archive" / "master.key"
    key.parent.mkdir()
    shutil.copy(site.keys, key)
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(key))
    taken = run("backup", tmp_path / "backup", "--data", site.data, "--archive", key.parent)
    taken.refused("apart from the archive")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    ("command", "folders"),
    [
        (command_for(Path("/backups/it's 100% safe")), ["/backups/it's 100% safe"]),
        ("test ! -f /mnt/archive/%f && cp %p /mnt/archive/%f", ["/mnt/archive"]),
        ("""cp "%p" '/a b/%f' && cp %p /c/d/.%f""", ["/a b", "/c/d"]),
        ("/bin/true", []),
        ("(disabled)", []),
        ("cp '%p /x/%f", []),
    ],
)
def test_an_archive_command_tells_which_folders_it_fills(command: str, folders: list[str]) -> None:
    assert [str(folder) for folder in folders_in(command)] == folders


def test_a_killed_backup_leaves_nothing_that_is_taken_for_one_and_the_next_one_is_whole(
    site: Site, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    with launch("backup", target, "--data", site.data, cwd=tmp_path) as process:
        deadline = time.monotonic() + WAIT_SECONDS
        while not list(tmp_path.glob("backup.unfinished/*/backup/database/base")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert not target.exists()
    run("backup", target, "--data", site.data).done()
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


def test_of_two_who_back_up_into_one_folder_one_does(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    with (
        launch("backup", target, "--data", site.data, cwd=tmp_path) as first,
        launch("backup", target, "--data", site.data, cwd=tmp_path) as second,
    ):
        said = [process.communicate(timeout=WAIT_SECONDS)[1] for process in (first, second)]
    assert sorted([first.returncode, second.returncode]) == [0, 1]
    assert any(words in "".join(said) for words in ("is there already", "is making"))
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of a table": (lambda backup: change(a_table(backup)), "has another content"),
    "the end of a table": (
        lambda backup: rewrite(a_table(backup), a_table(backup).read_bytes()[:-1]),
        "has another size",
    ),
    "a table": (lambda backup: a_table(backup).unlink(), "is missing"),
    "a file too many": (lambda backup: (backup / "database/base/1/more").touch(), "is none of its files"),
    "the log": (lambda backup: [path.unlink() for path in backup.glob("database/pg_wal/0*")], "write-ahead log"),
    "the log's content": (
        lambda backup: [rewrite(path, bytes(2**24)) for path in backup.glob("database/pg_wal/0*")],
        "write-ahead log",
    ),
    "the log's folder": (lambda backup: shutil.rmtree(backup / "database/pg_wal"), "write-ahead log"),
    "the manifest": (lambda backup: change(backup / "database/backup_manifest"), "its manifest is another one"),
    "no manifest": (lambda backup: (backup / "database/backup_manifest").unlink(), "its manifest is another one"),
    "its end": (lambda backup: (backup / "backup.json").unlink(), "is no whole backup"),
    "what it says": (lambda backup: rewrite(backup / "backup.json", b"{}"), "is damaged, or of another version"),
    "what it promises": (
        lambda backup: summary_with(
            backup, ledgers=[{"ledger": "lexington", "position": 21, "recorded_at": None, "facts": 21}]
        ),
        f"ends at {FACTS}, before the 21 of the backup",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_backup_that_lost_or_changed_anything_is_refused(altered: Path, data: Path, damage: str) -> None:
    apply, words = DAMAGES[damage]
    apply(altered)
    restore(altered, data).refused(words)
    assert not (data / "postgres/cluster").exists()
    assert not postgres_runs(data)


def test_a_backup_of_another_major_version_is_refused(altered: Path, data: Path, site: Site) -> None:
    version = orjson.loads((site.backup / "backup.json").read_bytes())["server_version"]
    summary_with(altered, server_version="13.2")
    restore(altered, data).refused("is of Postgres 13", f"holds Postgres {version.split('.')[0]}", "STEPDOWN_PG_BIN")
    run("restore", altered, "--to", data).refused("programs of Postgres 13", "STEPDOWN_PG_BIN")
    assert not data.exists()


def test_a_backup_of_a_newer_version_is_refused(altered: Path, data: Path) -> None:
    summary_with(altered, migrations=["0001-ledger", "9999-of-the-future"])
    restore(altered, data).refused("made by a newer version")


def test_another_key_than_the_backups_is_refused(site: Site, altered: Path, data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    FileKeyring(other)
    restore(site.backup, data, "--keys", other).refused("needs the master key", "--keys")
    restore(site.backup, data, "--keys", tmp_path / "none.key").refused("no master key")
    assert not data.exists()
    # A backup that was made where no key was at hand doesn't say which it takes: what was restored does.
    summary_with(altered, key=None)
    restore(altered, data, "--keys", other).refused("doesn't open what was restored")
    assert not (data / "postgres/cluster").exists()
    data.joinpath("master.key").write_bytes(other.read_bytes())
    data.joinpath("master.key").chmod(0o600)
    restore(site.backup, data, "--keys", site.keys).refused("is another master key", "move it away")


def test_without_a_place_for_the_key_a_backup_reminds_of_it_and_folders_are_named_from_where_one_is(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = Path(os.path.relpath(site.data))
    taken = run("backup", "near", "--data", data, "--json").done()
    assert taken.document["key"] in taken.err
    assert f"keep a copy of {data / 'master.key'} apart from it" in taken.err
    run("restore", "near", "--to", "directory").done()
    assert {path.name for path in tmp_path.iterdir()} == {"near", "directory"}
    assert (tmp_path / "directory/PG_VERSION").exists()


def test_a_database_is_never_restored_over(site: Site) -> None:
    restore(site.backup, site.data).refused("holds a database already")


def test_without_its_key_a_backup_is_restored_and_says_which_it_takes(site: Site, data: Path) -> None:
    restored = restore(site.backup, data).done()
    assert FileKeyring(site.keys).fingerprint in restored.err
    assert f"Put it at {data / 'master.key'}" in restored.err
    shutil.copy(site.keys, data / "master.key")
    with opened(read_settings(data)) as use:
        assert len(use.store.ledger("lexington").facts()) == FACTS
    # The logins got new passwords.
    before, after = ((place / "postgres-passwords.json").read_bytes() for place in (site.data, data))
    assert not set(orjson.loads(before).values()) & set(orjson.loads(after).values())


def test_a_killed_restore_leaves_no_server_and_the_next_one_succeeds(site: Site, data: Path, tmp_path: Path) -> None:
    with launch("restore", site.backup, "--data", data, cwd=tmp_path) as process:
        deadline = time.monotonic() + WAIT_SECONDS
        while not list(data.glob("postgres/cluster.unfinished/*/cluster/postmaster.pid")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert not (data / "postgres/cluster").exists()
    assert "positions 1 to 20 without a hole" in restore(site.backup, data, "--keys", site.keys).done().text
    assert not postgres_runs(data)
    assert not list(data.glob("postgres/*unfinished*"))


def test_options_that_contradict_each_other_are_not_understood(site: Site, tmp_path: Path) -> None:
    run("backup", tmp_path / "b", "--archive", tmp_path / "a", "--no-archive").not_understood("--archive")
    run("restore", site.backup, "--to", tmp_path / "a", "--data", tmp_path / "b").not_understood("--data")
    until = ("--until", "2026-04-20T12:00:00Z")
    run("restore", site.backup, "--data", tmp_path / "a", *until).not_understood("--archive")
    run("restore", site.backup, "--archive", tmp_path, "--until", "2026-04-20").not_understood("offset")
    run("restore", site.backup, "--data", tmp_path / "a", "--timeline", "1").not_understood("--archive")


def test_a_segment_is_archived_once_and_never_overwritten(tmp_path: Path) -> None:
    archive = tmp_path / "it's 100% safe"
    archive.mkdir()
    name, segment = "000000010000000000000001", tmp_path / "segment"

    def archived() -> int:
        command = command_for(archive).replace("%p", "segment").replace("%f", name).replace("%%", "%")
        return subprocess.run(
            ["/bin/sh", "-c", command], cwd=tmp_path, check=False, stderr=subprocess.DEVNULL
        ).returncode

    def held() -> bytes:
        return subprocess.run(["gzip", "-dc", archive / f"{name}.gz"], check=True, stdout=subprocess.PIPE).stdout

    segment.write_bytes(b"first" * 1000)
    assert archived() == 0
    assert held() == b"first" * 1000
    # After a crash Postgres may ask again for what it has archived.
    assert archived() == 0
    segment.write_bytes(b"other" * 1000)
    assert archived() != 0
    assert held() == b"first" * 1000
    assert [path.name for path in archive.iterdir()] == [f"{name}.gz"]
    segment.unlink()
    name = "000000010000000000000002"
    assert archived() != 0
    assert len(list(archive.iterdir())) == 1
