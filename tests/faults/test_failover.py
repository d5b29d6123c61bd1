"""The machine of the primary is lost under load: a standby that had to agree to each commit takes over.

Without the two controls, in which commits must be lost, finding none lost would prove nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from threading import Event

import pytest
from psycopg_pool.base import AttemptWithBackoff

from store import database as module
from store.append import Command
from store.errors import Unavailable
from store.keys import FileKeyring
from store.store import Store
from tests.faults.checker import check
from tests.faults.clusters import Cluster, Node, Prepared, a_folder, until
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import Journal, Log, read_journals
from tests.faults.load import Task, open_site, work
from tests.store.given import a_chart, trigger

LEDGER = "lexington"
AGAIN = Command("clients", "key-1", b"{}")
CUT_OFF_SECONDS = 1.5
"""How long before the primary is lost a standby gets nothing more."""


USUAL_SECONDS, IMPATIENT_SECONDS = module.WAIT_SECONDS, 0.5


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    with a_folder() as folder:
        yield Prepared.make(folder / "made")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", IMPATIENT_SECONDS)


@contextmanager
def _clients(url: str, key_file: Path, journals: Path, run: Run, *, grace_seconds: float) -> Iterator[Event]:
    """They write to whichever server may be written to, until the event is set or the block ends."""
    with Journal(journals / "opening.journal") as journal, Store(url, FileKeyring(key_file)) as store:
        open_site(store, LEDGER, journal)
    enough = Event()

    def rounds() -> None:
        for number in count(1):
            work(
                Task(
                    url=url,
                    key_file=key_file,
                    journal=journals / f"clients-{number}.journal",
                    name=f"clients-{number}",
                    seed=run.seed,
                    ledgers=(LEDGER,),
                    threads=3,
                    seconds=0.8,
                    grace_seconds=grace_seconds,
                )
            )
            if enough.is_set():
                return

    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(rounds)
        try:
            yield enough
        finally:
            enough.set()
        writing.result(60)


def test_a_synchronous_standby_takes_over_and_nothing_is_lost_that_a_laggard_would_have_lost(
    prepared: Prepared, key_file: Path, journals: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two gets nothing for a while, so that the other one agrees to the commits."""
    for number in range(run.size(1, 4)):
        monkeypatch.setattr(module, "WAIT_SECONDS", IMPATIENT_SECONDS)
        random = Random(f"{run.seed}/{number}")
        logs = journals / str(number)
        logs.mkdir()
        behind, ahead = random.sample(["a", "b"], 2)
        with a_folder() as folder, Cluster.running(prepared, folder, quorum=True) as cluster:
            with _clients(cluster.app_url, key_file, logs, run, grace_seconds=30):
                time.sleep(random.uniform(0.1, 0.3))
                cluster.cut_off(behind)
                laggard = cluster.copy_of(behind)
                time.sleep(CUT_OFF_SECONDS)
                cluster.primary.kill()
                new = cluster.furthest()
                assert new.name == ahead
                known = _position(new)
                cluster.promote(new)
            assert _position(new) > known, "The clients go on by themselves."
            assert cluster.streaming(new) == {behind}
            # Nothing is away any more: who asks now has the usual time.
            monkeypatch.setattr(module, "WAIT_SECONDS", USUAL_SECONDS)
            assert check(Place(new.app_url, new.superuser_url, key_file), read_journals(logs)) == []
            # The control: the same log against what would be there, had the other one been promoted.
            laggard.start()
            _has_lost(laggard, known, key_file, read_journals(logs))


def test_asynchronous_replication_loses_commits(prepared: Prepared, key_file: Path, journals: Path, run: Run) -> None:
    """A control: nobody waits for the standbys, and nobody notices that they get nothing."""
    with a_folder() as folder, Cluster.running(prepared, folder, quorum=False) as cluster:
        with _clients(cluster.app_url, key_file, journals, run, grace_seconds=0) as enough:
            time.sleep(0.2)
            for name in cluster.standbys:
                cluster.cut_off(name)
            time.sleep(CUT_OFF_SECONDS)
            known = _position(cluster.primary)
            enough.set()
            cluster.primary.kill()
        _has_lost(cluster.furthest(), known, key_file, read_journals(journals))


def test_after_an_outage_a_store_is_back_as_soon_as_its_database(
    prepared: Prepared, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it took: the pool's own pauses between attempts grow up to minutes (here at once)."""
    monkeypatch.setattr(AttemptWithBackoff, "DELAY_BACKOFF", 30.0)
    with a_folder() as folder:
        alone = Node.copy(prepared, folder, "alone")
        try:
            alone.start()
            with Store(alone.app_url, FileKeyring(key_file)) as store:
                ledger = store.ledger(LEDGER)
                ledger.append([trigger(a_chart(), 1)])
                alone.kill()
                again = time.monotonic() + 2.5
                while time.monotonic() < again:
                    with pytest.raises(Unavailable, match="nothing was recorded"):
                        ledger.append([trigger(a_chart(), 1)])
                alone.start()
                back = time.monotonic()
                until(lambda: _succeeds(lambda: ledger.append([trigger(a_chart(), 1)])), "an append succeeds")
                assert time.monotonic() - back < 5
        finally:
            alone.kill()


def _succeeds(call: Callable[[], object]) -> bool:
    try:
        call()
    except Unavailable:
        return False
    return True


def test_without_a_standby_nothing_is_acknowledged_and_a_standby_takes_no_writes(
    prepared: Prepared, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients are told to try again, by the same key, and whoever reads is served."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 1.0)
    with a_folder() as folder, Cluster.running(prepared, folder, quorum=True, names=["a"]) as cluster:
        standby = cluster.standbys["a"]
        with Store(cluster.app_url, FileKeyring(key_file)) as store:
            ledger, chart = store.ledger(LEDGER), a_chart()
            wrote = ledger.append([trigger(chart, 1)])
            cluster.cut_off(standby.name)
            with pytest.raises(Unavailable, match="same idempotency key") as unknown:
                ledger.append([trigger(chart, 2)], command=AGAIN)
            assert unknown.value.recorded is None
            cluster.follow(standby, cluster.primary)
            until(lambda: _succeeds(lambda: ledger.append([trigger(chart, 2)], command=AGAIN)), "a standby agrees")
            assert [fact.version for fact in ledger.read([chart])[chart]] == [1, 2]
        with Store(standby.app_url, FileKeyring(key_file)) as store:
            until(lambda: store.ledger(LEDGER).head().position == wrote.position + 1, "the standby has replayed it")
            with pytest.raises(Unavailable, match="takes no writes") as refusal:
                store.ledger(LEDGER).append([trigger(chart, 3)])
            assert refusal.value.recorded is False


def _has_lost(node: Node, known: int, key_file: Path, log: Log) -> None:
    """Promoted, it lacks all that was acknowledged behind its last position, and the checker says so of each.

    `known` is the position up to which commits were acknowledged for certain before the primary was lost.
    """
    node.promote()
    had = _position(node)
    lacking = {story.key for story in log.stories.values() if story.answers and story.answers[0].position > had}
    before = [key for key in lacking if log.stories[LEDGER, key].answers[0].position <= known]
    assert len(before) > 20, f"It has {had} of {known} facts: it must lack more for the control to say anything."
    found = check(Place(node.app_url, node.superuser_url, key_file), log, resend=False)
    assert lacking == {each.says.partition(":")[0] for each in found if each.invariant == "acknowledged_is_stored"}
    # What is there is whole all the same.
    assert {each.invariant for each in found} == {"acknowledged_is_stored", "commands_count_once"}


def _position(node: Node) -> int:
    found: int | None = node.ask("SELECT position FROM ledger WHERE ledger = %s", LEDGER)
    return found or 0
