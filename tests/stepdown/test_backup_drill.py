"""The drill: a site at work is backed up, its disk is lost, what comes back is held against what was acknowledged."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import orjson
import psycopg
import pytest

from stepdown.embedded import Embedded
from stepdown.opening import opened
from stepdown.settings import read_settings
from store.ledger import Ledger
from tests.stepdown.command import PATIENT, SAMPLE, postgres_runs, run, run_apart
from tests.store.given import a_chart, registered, trigger

LEDGER = "lexington"
WRITERS = 2
WAIT_SECONDS = 30


@dataclass
class Times:
    """How long the steps of the drill took, in seconds: shown at its end, judged by nobody."""

    taken: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.taken[step] = time.monotonic() - began

    def __str__(self) -> str:
        return ", ".join(f"{step} {seconds:.1f} s" for step, seconds in self.taken.items())


@dataclass
class Journal:
    """What the writers were told: the highest position that was acknowledged, and by how many commands."""

    ledger: Ledger
    position: int = 0
    commands: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def write(self) -> None:
        with self._lock:
            number = next(self._numbers)
        chart = a_chart()
        receipt = self.ledger.append([registered(chart, mrn=f"SYN-DRILL-{number}"), trigger(chart, 2)])
        with self._lock:
            self.position = max(self.position, receipt.position)
            self.commands += 1

    def write_until(self, stop: threading.Event) -> None:
        while not stop.wait(0.02):
            self.write()

    def has_gone_on(self, commands: int) -> None:
        wanted = self.commands + commands
        deadline = time.monotonic() + WAIT_SECONDS
        while self.commands < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.005)


@dataclass(frozen=True)
class Lost:
    """What is left of a site whose data folder is gone, and what was known of it before."""

    place: Path
    times: Times
    before_backup: int
    when_backed_up: int
    at_noon: int
    noon: str
    archived: int
    facts: list[bytes]
    status: bytes

    @property
    def backup(self) -> Path:
        return self.place / "backup"

    @property
    def archive(self) -> Path:
        return self.place / "archive"

    @property
    def keys(self) -> Path:
        return self.place / "safe" / "master.key"


def facts(data: Path) -> list[bytes]:
    return run("export", "facts", "--facility", LEDGER, "--data", data).done().out.splitlines()


def status(data: Path, known_at: str) -> bytes:
    return run("status", PATIENT, "--as-of", "2026-04-17", "--known-at", known_at, "--data", data, "--json").done().out


def archive_all(url: str) -> None:
    """What was written so far is archived, as it is by itself a minute later."""
    with psycopg.connect(url, autocommit=True) as connection:
        [[segment]] = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchall()
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            row = connection.execute("SELECT last_archived_wal >= %s FROM pg_stat_archiver", [segment]).fetchone()
            if row is not None and row[0]:
                return
            assert time.monotonic() < deadline
            time.sleep(0.02)


def work_and_lose(place: Path, times: Times) -> Lost:
    data = place / "data"
    with Embedded.start(data) as server:
        with opened(read_settings(data)) as use:
            journal = Journal(use.store.ledger(LEDGER))
            stop = threading.Event()
            with ThreadPoolExecutor(WRITERS) as writers:
                writing = [writers.submit(journal.write_until, stop) for _ in range(WRITERS)]
                try:
                    journal.has_gone_on(20)
                    before = journal.position
                    with times.of("backup among writers"):
                        backed_up = run_apart("backup", place / "backup", "--data", data, cwd=place).done()
                    after = journal.position
                finally:
                    stop.set()
                for one in writing:
                    one.result()
            assert "verified" in backed_up.text
            assert after > before, "nobody wrote during the backup"
            journal.write()
            at_noon = journal.position
            time.sleep(0.01)
            noon = datetime.now(UTC).isoformat()
            archive_all(server.superuser_url)
            journal.write()
            archive_all(server.superuser_url)
            archived = journal.position
            journal.write()
            known = facts(data)
            shown = status(data, noon)
        # With nobody left who looks after the server: started again, it would archive the rest when it is stopped.
        os.kill(int((data / "postgres/cluster/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    shutil.rmtree(data)
    return Lost(place, times, before, after, at_noon, noon, archived, known, shown)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that the account which runs Postgres can get to, as an archive's must be."""
    made = Path(tempfile.mkdtemp(dir="/tmp", prefix="stepdown-test-"))
    made.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEPDOWN_DATABASE_URL", "STEPDOWN_BACKUP_URL", "STEPDOWN_DATA", "STEPDOWN_MASTER_KEY_FILE"):
            patch.delenv(name, raising=False)
        yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def lost(place: Path, request: pytest.FixtureRequest) -> Iterator[Lost]:
    times = Times()
    with times.of("sample"):
        run("import", "--restore", SAMPLE, "--data", place / "data").done()
    first = ("--keys", place / "safe/master.key", "--archive", place / "archive")
    with times.of("first backup"):
        run("backup", place / "first", *first, "--data", place / "data").done()
    with times.of("a day's work and its loss"):
        lost = work_and_lose(place, times)
    yield lost
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        print(f"\nThe drill: {times}.")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def restored(lost: Lost, data: Path, *options: str | Path) -> list[bytes]:
    """The facts that came back; how long it took goes on record."""
    with lost.times.of(" ".join(("restore", *map(str, options[::2])))):
        document = run("restore", lost.backup, "--data", data, "--keys", lost.keys, *options, "--json").done().document
    assert min(document["charts"], 250) <= document["charts_opened"] <= 500
    assert not postgres_runs(data)
    came_back = facts(data)
    [head] = [head for head in document["ledgers"] if head["ledger"] == LEDGER]
    assert head["position"] == head["facts"] == len(came_back)
    return came_back


def test_a_backup_taken_among_writers_holds_all_that_was_acknowledged_before_it(lost: Lost, data: Path) -> None:
    came_back = restored(lost, data)
    assert lost.before_backup <= len(came_back) <= lost.archived
    assert came_back == lost.facts[: len(came_back)]


def test_with_the_archive_everything_up_to_its_last_segment_comes_back(lost: Lost, data: Path) -> None:
    came_back = restored(lost, data, "--archive", lost.archive)
    assert lost.when_backed_up < lost.archived < len(lost.facts)
    assert len(came_back) == lost.archived
    assert came_back == lost.facts[: lost.archived]
    assert status(data, lost.noon) == lost.status


def test_with_the_archive_the_record_comes_back_as_it_stood_at_an_instant(lost: Lost, data: Path) -> None:
    came_back = restored(lost, data, "--archive", lost.archive, "--until", lost.noon)
    assert len(came_back) == lost.at_noon < lost.archived
    assert came_back == lost.facts[: lost.at_noon]
    # That instant is later than the last fact now, which the answer says.
    assert orjson.loads(status(data, lost.noon)) | {"known_at": None} == orjson.loads(lost.status) | {"known_at": None}


def test_what_was_restored_is_worked_on_and_backed_up_as_before(lost: Lost, data: Path) -> None:
    archived = set(os.listdir(lost.archive))
    came_back = restored(lost, data, "--archive", lost.archive)
    with Embedded.start(data) as server, opened(read_settings(data)) as use:
        Journal(use.store.ledger(LEDGER)).ledger.append([trigger(a_chart(), 1)])
        with psycopg.connect(server.superuser_url) as connection:
            assert connection.execute("SHOW archive_mode").fetchone() == ("off",)
    assert len(facts(data)) == len(came_back) + 1
    second = data.parent / "second"
    assert "verified" in run("backup", second, "--data", data).done().text
    restore = run("restore", second, "--data", data.parent / "again", "--keys", lost.keys).done()
    assert f"{LEDGER}: positions 1 to {len(came_back) + 1} without a hole" in restore.text
    # A copy never writes into the archive of the one that it was made from.
    assert set(os.listdir(lost.archive)) == archived


def test_a_directory_for_another_server_does_not_archive_where_the_lost_one_did(lost: Lost, tmp_path: Path) -> None:
    assert "archive_command" in (lost.backup / "database/postgresql.auto.conf").read_text()
    run("restore", lost.backup, "--to", tmp_path / "directory").done()
    assert "archive" not in (tmp_path / "directory/postgresql.auto.conf").read_text()


def archive_of(lost: Lost, copy: Path) -> Path:
    """A copy of its archive, which the account that runs Postgres may read."""
    shutil.copytree(lost.archive, copy)
    for path in (copy, *copy.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def archive_its_first(directory: Path, archive: Path) -> str:
    """What a server on this directory would archive first: its own copy of the segment in which its timeline began."""
    first = min((directory / "pg_wal").glob("00000002" + "?" * 16))
    (archive / first.name).write_bytes(first.read_bytes())
    return first.name


def test_a_gap_in_the_archive_is_refused_rather_than_taken_for_its_end(
    lost: Lost, data: Path, place: Path, tmp_path: Path
) -> None:
    segments = sorted(path.name for path in lost.archive.iterdir() if len(path.name) == len("0" * 24 + ".gz"))
    assert len(segments) > 4
    broken = archive_of(lost, place / "broken")
    summary = orjson.loads((lost.backup / "backup.json").read_bytes())
    last_of_backup = int(summary["wal"]["ends"].partition("/")[2], 16) >> 24
    needed = [name for name in segments if int(name[16:24], 16) > last_of_backup]
    assert len(needed) >= 2
    whole = (broken / needed[0]).read_bytes()
    (broken / needed[0]).unlink()
    missing = run("restore", lost.backup, "--data", data, "--archive", broken)
    missing.refused(f"lacks the segment {needed[0].removesuffix('.gz')}, and later ones are there")
    (broken / needed[0]).write_bytes(whole[: len(whole) // 2])
    (broken / needed[0]).chmod(0o644)
    damaged = run("restore", lost.backup, "--data", data, "--archive", broken)
    damaged.refused(f"segment {needed[0].removesuffix('.gz')} is damaged, and later ones are there")
    assert not (data / "postgres/cluster").exists()
    shutil.rmtree(broken)


def test_an_archive_that_another_server_wrote_into_as_well_is_refused_until_one_of_them_is_chosen(
    lost: Lost, place: Path, tmp_path: Path
) -> None:
    """A drill that was stopped at noon and started with the lost server's own settings: its log is a second timeline,
    and Postgres by itself follows that one and leaves out all that the lost server archived after noon."""
    shared, drill = archive_of(lost, place / "shared"), tmp_path / "drill"
    run("restore", lost.backup, "--to", drill, "--archive", shared, "--until", lost.noon).done()
    segment = archive_its_first(drill, shared)
    last = max(path.name for path in shared.glob("00000001*.gz") if len(path.name) == 27).removesuffix(".gz")
    named = (f"1 (up to {last})", "--timeline")

    def refused(*words: str, by: tuple[str | Path, ...] = ()) -> None:
        run("restore", lost.backup, "--data", tmp_path / "data", "--archive", shared, *by).refused(*words)

    # The drill's segments are there, and nothing tells where they belong: Postgres would follow timeline 1.
    refused(f"2 (up to {segment})", "--timeline")
    refused("holds no 00000002.history", by=("--timeline", "2"))
    (shared / "00000002.history").write_bytes((drill / "pg_wal/00000002.history").read_bytes())
    refused(*named)
    refused(*named, by=("--until", lost.noon))
    refused("holds no 00000009.history", by=("--timeline", "9"))
    # As soon as the other left in the middle of the last segment, facts may be on one way and not on the other.
    for path in shared.glob("00000001*.gz"):
        if len(path.name) == 27 and path.name[8:24] > segment[8:24]:
            path.unlink()
    (shared / segment).unlink()
    refused(f"1 (up to 00000001{segment[8:]}), 2 (up to no segment of its own)")
    shutil.rmtree(shared)


def test_of_an_archive_of_two_servers_the_chosen_one_is_brought_back_to_its_end(
    lost: Lost, place: Path, tmp_path: Path
) -> None:
    shared, drill = archive_of(lost, place / "chosen"), tmp_path / "drill"
    run("restore", lost.backup, "--to", drill, "--archive", shared, "--until", lost.noon).done()
    archive_its_first(drill, shared)
    (shared / "00000002.history").write_bytes((drill / "pg_wal/00000002.history").read_bytes())
    first = restored(lost, tmp_path / "first", "--archive", shared, "--timeline", "1")
    assert first == lost.facts[: lost.archived]
    second = restored(lost, tmp_path / "second", "--archive", shared, "--timeline", "2")
    assert second == lost.facts[: lost.at_noon]
    shutil.rmtree(shared)


def test_a_key_is_kept_apart_from_the_archive_that_the_server_writes_already(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, archive = place / "small", place / "small archive"
    with Embedded.start(data), opened(read_settings(data)):
        pass
    run("backup", tmp_path / "first", "--data", data, "--archive", archive).done()
    within = run("backup", tmp_path / "second", "--data", data, "--keys", archive / "safe" / "master.key")
    within.refused("kept apart from the archive")
    assert not (tmp_path / "second").exists()
    assert not (archive / "safe").exists()
    # There already, a backup is better than none.
    shutil.move(data / "master.key", archive / "master.key")
    monkeypatch.setenv("STEPDOWN_MASTER_KEY_FILE", str(archive / "master.key"))
    taken = run("backup", tmp_path / "second", "--data", data).done()
    assert f"The master key lies in the archive {archive}: move it away" in taken.err


def test_an_instant_that_backup_and_archive_do_not_reach_is_refused(lost: Lost, data: Path) -> None:
    def until(instant: str) -> None:
        run("restore", lost.backup, "--data", data, "--archive", lost.archive, "--until", instant).refused(
            "The archive ends before that time, whose last commit is of", "without --until"
        )

    until("2100-01-01T00:00:00Z")
    early = run("restore", lost.backup, "--data", data, "--archive", lost.archive, "--until", "2026-01-01T00:00:00Z")
    early.refused("This backup was finished later", "an earlier backup")
    assert not (data / "postgres/cluster").exists()
