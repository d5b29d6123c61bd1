"""Writers of large appends on one ledger, with failures in between, and a reader on its tail: processes each."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import LiteralString
from uuid import UUID

import psycopg

from domain.claims import Claim
from store.append import Command, NewFact
from store.errors import ClaimTaken, KeyReused, Unavailable, VersionConflict
from store.ledger import Ledger
from tests.faults.commands import uuid
from tests.faults.journal import SCOPE, Acknowledged, Attempt, Fact, Fault, Journal, Refused, Seen, Unknown
from tests.faults.load import Task, reached
from tests.store.given import trigger

SIZES = (1, 1, 2, 3, 5, 10, 30, 60)
"""Facts in one append."""

ABORTED = 0.15
"""Share of the appends that are made to fail."""

TAKEN = "TAKEN"
"""A number that another chart has."""

_TAIL: LiteralString = """
SELECT position, recorded_at FROM fact WHERE ledger = %(ledger)s AND position > %(last)s ORDER BY position LIMIT 20000
"""


def write(task: Task, facts: int) -> None:
    """Each thread writes a chart of its own until it has so many facts."""
    with Journal(task.journal) as journal, reached(task) as store, ThreadPoolExecutor(task.threads) as threads:
        [name] = task.ledgers
        ledger = store.ledger(name)
        writers = [_Writer(task, number, ledger, journal) for number in range(task.threads)]
        for done in [threads.submit(writer.run, facts) for writer in writers]:
            done.result()


def fill(task: Task, facts: int) -> None:
    """Each thread writes a chart of so many facts, in large appends; nothing is noted."""
    with reached(task) as store, ThreadPoolExecutor(task.threads) as threads:
        [name] = task.ledgers
        for done in [threads.submit(_fill, store.ledger(name), number, facts) for number in range(task.threads)]:
            done.result()


def _fill(ledger: Ledger, number: int, facts: int) -> None:
    stream = f"chart/{UUID(int=number)}"
    for version in range(1, facts + 1, 500):
        ledger.append([trigger(stream, n) for n in range(version, min(version + 500, facts + 1))])


@dataclass
class _Writer:
    """One thread. What it sends isn't kept word for word: there is too much of it."""

    task: Task
    number: int
    ledger: Ledger
    journal: Journal

    def run(self, facts: int) -> None:
        random = Random(f"{self.task.seed}/{self.task.name}/{self.number}")
        stream = f"chart/{uuid(random)}"
        version = sent = 0
        while version < facts:
            sent += 1
            key = f"{self.task.name}/{self.number}/{sent}"
            if random.random() < ABORTED:
                self._fail(stream, version, key, random)
            else:
                version = self._send(stream, version, key, random.choice(SIZES))

    def _send(self, stream: str, version: int, key: str, size: int) -> int:
        facts = [trigger(stream, version + n) for n in range(1, size + 1)]
        while True:
            self._attempt(key, facts)
            try:
                receipt = self.ledger.append(facts, command=Command(SCOPE, key, b""))
            except Unavailable as lost:
                known = lost.recorded is False
                told = Refused(self.ledger.name, key, "Unavailable") if known else Unknown(self.ledger.name, key)
                self.journal.note(told)
                time.sleep(0.005)
            else:
                self.journal.note(Acknowledged.of(key, receipt))
                return receipt.latest

    def _fail(self, stream: str, version: int, key: str, random: Random) -> None:
        """A conflict, a claim that is taken, or a key that was used; whether the connection holds or not."""
        claims: list[Claim] = []
        command: Command | None = None
        facts = [trigger(stream, version + 1)]
        match random.randrange(3):
            case 0:
                # Two facts further than the stream is, or one that it has: never what comes next.
                facts = [trigger(stream, version + random.choice((0, 2) if version else (2,)))]
            case 1:
                claims = [Claim("mrn", TAKEN, stream)]
            case _:
                command = Command(SCOPE, "opening", b"another body")
        self._attempt(key, facts)
        try:
            self.ledger.append(facts, claims=claims, command=command)
        except (VersionConflict, ClaimTaken, KeyReused) as refused:
            self.journal.note(Refused(self.ledger.name, key, type(refused).__name__))
        except Unavailable as lost:
            self.journal.note(Refused(self.ledger.name, key, f"Unavailable, {lost.recorded}"))
        else:
            self.journal.note(Fault(key, "An append that had to fail did not."))

    def _attempt(self, key: str, facts: list[NewFact]) -> None:
        sent = [Fact(fact.stream, fact.version, type(fact.fact).__name__, "") for fact in facts]
        self.journal.note(Attempt(self.ledger.name, key, sent))


def read_tail(url: str, ledger: str, journal_at: Path, stop: Path) -> None:
    """Asks again and again for what comes after the last position it knows, until there is a file `stop`."""
    last, last_at = 0, None
    with Journal(journal_at) as journal, psycopg.connect(url, autocommit=True) as connection:
        ended = False
        while not ended:
            # Looked at before the last look at the ledger.
            ended = stop.exists()
            rows = connection.execute(_TAIL, {"ledger": ledger, "last": last}, prepare=True).fetchall()
            if not rows:
                time.sleep(0.001)
                continue
            ended = False
            if [position for position, _ in rows] != list(range(rows[0][0], rows[-1][0] + 1)):
                journal.note(Fault("tail", f"a hole between {rows[0][0]} and {rows[-1][0]}"))
            times = [at for _, at in rows] if last_at is None else [last_at, *(at for _, at in rows)]
            if times != sorted(times):
                journal.note(Fault("tail", f"a time that falls between {rows[0][0]} and {rows[-1][0]}"))
            last, last_at = rows[-1]
            journal.note(Seen("tail", ledger, "tail", last, rows[0][0], len(rows)))
