"""Clients under load, each a process of its own: they send seeded commands, try again until they know, and keep a log.

`python -m tests.faults.load --help` runs one by hand.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg

from domain.record import Source
from domain.refused import Refused as Denied
from projections.follower import Follower
from projections.position import wait_for
from store.append import Command, Receipt
from store.desk import Desk
from store.errors import ClaimTaken, StoreError, Unavailable, VersionConflict
from store.keys import FileKeyring
from store.store import Store
from tests.faults.commands import AMES, OFFICE, Hand, Plan, opening
from tests.faults.journal import (
    SCOPE,
    Acknowledged,
    Attempt,
    Fact,
    Fault,
    Journal,
    Refused,
    Seen,
    Unknown,
    Waited,
)
from tests.projections.tables import positions

RESENT = 0.08
"""Of the commands that were acknowledged, the share that a client sends again at once, as if the answer was lost."""

_CONFLICTS = 20
_PAUSE_SECONDS = 0.03


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one process does. `name` is its own and begins the keys of its commands; `seed` decides what they are.

    It ends after so many `commands` a thread or after `seconds`, whichever comes first. What is under way is still
    brought to an answer, for `grace_seconds` at most, and after an outage each thread sends `afterwards` more.
    """

    url: str
    key_file: Path
    journal: Path
    name: str
    seed: int
    ledgers: tuple[str, ...] = ("lexington",)
    threads: int = 8
    commands: int = 10**9
    seconds: float = 2.0
    afterwards: int = 3
    grace_seconds: float = 30.0


def work(task: Task) -> None:
    """A writer."""
    with Journal(task.journal) as journal, reached(task) as store:
        began = time.monotonic()
        clients = [_Client(task, number, store, journal, began + task.seconds) for number in range(task.threads)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def reached(task: Task) -> Store:
    """An opened store; the database may be down at first."""
    until = time.monotonic() + task.grace_seconds
    while True:
        store = Store(task.url, FileKeyring(task.key_file), pool_size=task.threads + 2)
        try:
            store.open()
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return store


def open_site(store: Store, ledger: str, journal: Journal) -> None:
    """The facts that every ledger begins with, through the desk."""
    desk = Desk(store, lambda: datetime.now(UTC))
    for number, fact in enumerate(opening(ledger)):
        key, stream = f"opening/{ledger}/{number}", f"facility/{ledger}"
        command = Command(SCOPE, key, b"")
        journal.note(Attempt(ledger, key, [Fact.judged(stream, fact)], whole=False))
        receipt = desk.record(ledger, stream, fact, by=OFFICE, source=Source.API, reason=key, command=command)
        journal.note(Acknowledged.of(key, receipt))


@dataclass
class _Client:
    """One thread of a writer."""

    task: Task
    number: int
    store: Store
    journal: Journal
    until: float
    random: Random = field(init=False)
    desk: Desk = field(init=False)
    sent: int = 0
    owed: int = 0
    under_way: bool = False

    def __post_init__(self) -> None:
        self.random = Random(f"{self.task.seed}/{self.task.name}/{self.number}")
        self.desk = Desk(self.store, lambda: datetime.now(UTC))

    def run(self) -> None:
        hands = [Hand(self.random, ledger) for ledger in self.task.ledgers]
        while (time.monotonic() < self.until or self.owed > 0) and self.sent < self.task.commands:
            hand = self.random.choice(hands)
            self.sent += 1
            key = f"{self.task.name}/{self.number}/{self.sent}"
            try:
                self._bring_to_an_answer(hand, hand.next(), key)
            except Exception as error:  # noqa: BLE001 - whatever it is, the checker is to hear of it
                self.journal.note(Fault(key, f"{type(error).__name__}: {error}"))
                return

    def _bring_to_an_answer(self, hand: Hand, plan: Plan, key: str) -> None:
        """The same command under the same key, until somebody says what became of it."""
        conflicts = 0
        while conflicts < _CONFLICTS:
            self.under_way = False
            try:
                latest = self._judged(hand, plan, key) if plan.judged else self._appended(hand, plan, key)
            except (VersionConflict, ClaimTaken, Denied) as refused:
                self.journal.note(Refused(hand.ledger, key, type(refused).__name__))
                if not isinstance(refused, VersionConflict):
                    return
                conflicts += 1
            except Unavailable as lost:
                known = lost.recorded is False
                if self.under_way:
                    told = Refused(hand.ledger, key, "Unavailable") if known else Unknown(hand.ledger, key)
                    self.journal.note(told)
                if time.monotonic() > self.until + self.task.grace_seconds:
                    self.owed = 0
                    return
                self.owed = self.task.afterwards
                time.sleep(self.random.random() * _PAUSE_SECONDS)
            else:
                self.owed = max(0, self.owed - 1)
                hand.done(plan, latest)
                return

    def _judged(self, hand: Hand, plan: Plan, key: str) -> dict[str, int]:
        [stream], [fact] = plan.streams, plan.facts
        self._attempt(Attempt(hand.ledger, key, [Fact.judged(stream, fact)], whole=False))
        receipt = self.desk.record(
            hand.ledger, stream, fact, by=AMES, source=Source.API, reason=key, command=Command(SCOPE, key, b"")
        )
        self._note(key, receipt)
        return {stream: receipt.latest}

    def _appended(self, hand: Hand, plan: Plan, key: str) -> dict[str, int]:
        ledger = self.store.ledger(hand.ledger)
        streams = sorted({*plan.streams, *plan.reads})
        known = {chart.stream: chart.version for chart in hand.charts}
        versions = {stream: known.get(stream, 0) for stream in streams}
        if shared := [stream for stream in streams if stream not in known and plan.kind in ("shared", "roster")]:
            versions |= {name: entries[-1].version if entries else 0 for name, entries in ledger.read(shared).items()}
        facts = plan.at(versions, key, self.random)
        reads = {stream: versions[stream] for stream in plan.reads}
        attempt = Attempt(hand.ledger, key, [Fact.of(new) for new in facts], reads)
        self._attempt(attempt)
        receipt = ledger.append(facts, reads=reads, command=attempt.command())
        self._note(key, receipt)
        if self.random.random() < RESENT:
            self._attempt(attempt)
            self._note(key, ledger.append(facts, reads=reads, command=attempt.command()))
        counted = {stream: versions[stream] for stream in plan.streams}
        for stream in plan.streams:
            counted[stream] += 1
        return counted

    def _attempt(self, attempt: Attempt) -> None:
        self.journal.note(attempt)
        self.under_way = True

    def _note(self, key: str, receipt: Receipt) -> None:
        self.journal.note(Acknowledged.of(key, receipt))
        self.under_way = False


def read(task: Task) -> None:
    """A reader: of the head, of the tail, and of the projections, which it also waits for."""
    with Journal(task.journal) as journal:
        until = time.monotonic() + task.seconds
        tails = dict.fromkeys(task.ledgers, 0)
        while time.monotonic() < until:
            try:
                with reached(task) as store:
                    while time.monotonic() < until:
                        for ledger in task.ledgers:
                            _look(store, ledger, task.name, tails, journal)
            except (StoreError, psycopg.OperationalError):
                time.sleep(_PAUSE_SECONDS)


def _look(store: Store, ledger: str, reader: str, tails: dict[str, int], journal: Journal) -> None:
    head = store.ledger(ledger).head().position
    journal.note(Seen(reader, ledger, "head", head))
    if new := store.ledger(ledger).facts(after=tails[ledger]):
        tails[ledger] = new[-1].position
        journal.note(Seen(reader, ledger, "tail", new[-1].position, new[0].position, len(new)))
    reached_there = min(positions(store, ledger).values(), default=0)
    journal.note(Seen(reader, ledger, "projections", reached_there))
    if head and wait_for(store, ledger, head, 0.5):
        journal.note(Waited(reader, ledger, head, min(positions(store, ledger).values(), default=0)))


def follow(task: Task) -> None:
    """A follower, in small batches; several may run at once."""
    until = time.monotonic() + task.seconds
    stop = threading.Event()
    with reached(task) as store:
        following = threading.Thread(target=Follower(store, batch=50).run, args=(stop,))
        following.start()
        time.sleep(max(0.0, until - time.monotonic()))
        stop.set()
        following.join()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.load", description=__doc__)
    parser.add_argument("url", help="URL of the application's login")
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--name", default="by-hand", help="begins the keys of its commands: another name each time")
    parser.add_argument("--ledger", action="append", required=True)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    task = Task(
        url=given.url,
        key_file=given.key_file,
        journal=given.journal,
        name=given.name,
        seed=given.seed,
        ledgers=tuple(given.ledger),
        threads=given.threads,
        seconds=given.seconds,
    )
    with Journal(given.journal) as journal, reached(task) as store:
        for ledger in given.ledger:
            if not store.ledger(ledger).head().position:
                open_site(store, ledger, journal)
    work(task)
    return 0


if __name__ == "__main__":
    sys.exit(main())
