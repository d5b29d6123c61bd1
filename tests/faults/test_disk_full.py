"""The disk fills up under load: nothing acknowledged is lost, clients are told to try again, and it goes on unaided.

Each scenario runs in a process of its own, on a small disk that only it sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from projections.prepare import prepare
from stepdown.embedded import Embedded, watch
from stepdown.embedded.cluster import APPLICATION, Layout
from store import database
from store.errors import Unavailable
from store.ledger import Ledger
from store.migrate import migrate
from tests.faults.checker import check
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import Journal, read_journals
from tests.faults.load import Task, open_site, work
from tests.stepdown.small_disk import Disk, on_a_disk
from tests.store.given import a_chart, holiday, trigger

LEDGER = "lexington"
DISK_MIB = 160
SEED = "STEPDOWN_FAULTS_SEED"


def data_and_log_share_a_full_disk(disk: Disk) -> None:
    """As with an embedded Postgres on a disk that something else fills. The server may go down, and comes back."""
    with _elsewhere() as keys, _site(disk.place / "data", keys) as place:
        _full_under_load(disk, place, keys)


def data_have_no_room_and_the_log_has(disk: Disk) -> None:
    """The server stays up: who reads is served, and who writes is told what is the matter."""
    with _elsewhere() as keys, _site(disk.place / "data", keys, log=keys / "log") as place:
        _full_under_load(disk, place, keys, _reads_and_no_writes)


def the_log_has_no_room_and_data_have(disk: Disk) -> None:
    """The server can't go on without its log: it goes down, and comes back."""
    with _elsewhere() as keys, _site(keys / "data", keys, log=disk.place / "log") as place:
        _full_under_load(disk, place, keys)


@pytest.mark.parametrize(
    "scenario",
    [data_and_log_share_a_full_disk, data_have_no_room_and_the_log_has, the_log_has_no_room_and_data_have],
    ids=lambda scenario: scenario.__name__,
)
def test_a_full_disk_loses_nothing(scenario: Callable[[Disk], None], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(run.size(1, 4)):
        monkeypatch.setenv(SEED, str(run.seed + number))
        on_a_disk(DISK_MIB, scenario)


@contextmanager
def _elsewhere() -> Iterator[Path]:
    """A folder on another disk."""
    with tempfile.TemporaryDirectory(prefix="stepdown-faults-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def _site(data: Path, keys: Path, *, log: Path | None = None) -> Iterator[Place]:
    """A prepared, durable server that is looked after; its write-ahead log elsewhere, if a place is named."""
    watch.LONGEST_WAIT_SECONDS = 0.5
    database.WAIT_SECONDS = 0.5  # type: ignore[misc]
    with Embedded.start(data) as server:
        migrate(server.owner_url, APPLICATION)
        prepare(server.owner_url, APPLICATION)
    if log is not None:
        usual = Layout(data).cluster / "pg_wal"
        subprocess.run(["cp", "-a", str(usual), str(log)], check=True, timeout=60)
        shutil.rmtree(usual)
        usual.symlink_to(log)
    with Embedded.start(data).watch() as server:
        yield Place(server.app_url, server.superuser_url, keys / "master.key")


def _full_under_load(
    disk: Disk, place: Place, keys: Path, while_full: Callable[[Ledger], None] = lambda ledger: None
) -> None:
    random = Random(os.environ[SEED])
    journals = keys / "journals"
    journals.mkdir()
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    task = Task(
        url=place.app_url,
        key_file=place.key_file,
        journal=journals / "clients.journal",
        name="clients",
        seed=random.getrandbits(30),
        ledgers=(LEDGER,),
        threads=3,
        seconds=1.5,
        grace_seconds=60,
    )
    with place.store() as store, ThreadPoolExecutor(1) as thread:
        probe = store.ledger("probe")
        probe.append([holiday("facility/probe")])
        writing = thread.submit(work, task)
        time.sleep(random.uniform(0.2, 0.8))
        try:
            _when_full(disk, probe)
            while_full(probe)
            time.sleep(random.uniform(0.2, 0.8))
        finally:
            disk.make_room()
        _eventually(lambda: probe.append([trigger(a_chart(), 1)]))
        writing.result(100)
    log = read_journals(journals)
    assert [story for story in log.stories.values() if story.unknown or story.refusals], "The clients were to notice."
    assert (found := check(place, log, ledgers=[LEDGER])) == [], "\n".join(map(str, found))


def _when_full(disk: Disk, probe: Ledger) -> None:
    """Returns once an append was refused. What the server takes and frees by itself meanwhile is filled as well.

    It has segments of its log in hand, of 16 MiB each, which have to be used up first.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        disk.fill()
        chart = a_chart()
        try:
            probe.append([trigger(chart, version) for version in range(1, 301)])
        except Unavailable:
            return
    raise AssertionError("The disk is full, and appends succeed.")


def _reads_and_no_writes(probe: Ledger) -> None:
    before = probe.head()
    for _ in range(20):
        with pytest.raises(Unavailable, match="has no room to write: nothing was recorded") as refusal:
            probe.append([holiday("facility/probe", number) for number in range(2, 2000)])
        assert refusal.value.recorded is False
    assert probe.head() == before
    assert len(probe.read(["facility/probe"])["facility/probe"]) == 1


def _eventually(call: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            call()
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
