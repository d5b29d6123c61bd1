"""The same command from many clients at the same moment: one fact, and everybody has the same answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from domain.record import Source
from store.append import Command, NewFact, Receipt
from store.desk import Desk
from store.errors import KeyReused
from store.ledger import Ledger
from store.store import Store
from tests.faults.checker import check
from tests.faults.commands import AMES, Hand, envelope
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import SCOPE, Acknowledged, Attempt, Fact, Journal, read_journals
from tests.faults.load import Task, open_site, reached
from tests.faults.victims import ended, start
from tests.store.given import a_chart, trigger
from tests.store.racing import race

LEDGER = "lexington"
TIMES = 50
PROCESSES = 3
THREADS = 6


@pytest.fixture
def opened(place: Place, journals: Path) -> Place:
    """A site that is open."""
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    return place


@pytest.fixture
def store(opened: Place) -> Iterator[Store]:
    with opened.store(THREADS + 2) as store:
        yield store


def submit(task: Task, at: list[float]) -> None:
    """One process of many: its threads send the same commands as those of all others, each at the same moment."""
    with Journal(task.journal) as journal, reached(task) as store, ThreadPoolExecutor(task.threads) as threads:
        ledger = store.ledger(LEDGER)
        for number, moment in enumerate(at):
            attempt = same_for_all(task.seed, number)
            facts = [fact.new() for fact in attempt.facts]
            time.sleep(max(0.0, moment - time.time()))
            sent = [threads.submit(send, ledger, attempt, facts, journal) for _ in range(task.threads)]
            for each in sent:
                each.result()


def same_for_all(seed: int, number: int) -> Attempt:
    """The same key and the same facts, whoever makes it."""
    random = Random(f"{seed}/{number}")
    plan = Hand(random, LEDGER).new_chart()
    key = f"twice/{number}"
    facts = [
        NewFact(stream=stream, version=version, envelope=envelope(key, random), fact=fact)
        for version, (stream, fact) in enumerate(zip(plan.streams, plan.facts, strict=True), start=1)
    ]
    return Attempt(LEDGER, key, [Fact.of(new) for new in facts])


def send(ledger: Ledger, attempt: Attempt, facts: list[NewFact], journal: Journal) -> None:
    journal.note(attempt)
    journal.note(Acknowledged.of(attempt.key, ledger.append(facts, command=attempt.command())))


def test_fifty_commands_sent_by_many_processes_at_once_count_once_each(opened: Place, journals: Path, run: Run) -> None:
    task = Task(
        url=opened.app_url,
        key_file=opened.key_file,
        journal=journals,
        name="twice",
        seed=run.seed,
        threads=THREADS,
    )
    moments = [time.time() + 1.0 + 0.02 * number for number in range(TIMES)]
    clients = [
        start(submit, replace(task, journal=journals / f"{number}.journal"), moments) for number in range(PROCESSES)
    ]
    assert [ended(client) for client in clients] == [0] * PROCESSES
    log = read_journals(journals)
    stories = [story for story in log.stories.values() if story.key.startswith("twice/")]
    assert len(stories) == TIMES
    for story in stories:
        assert len(story.answers) == PROCESSES * THREADS
        assert len({answer.place for answer in story.answers}) == 1
        assert [answer.repeated for answer in story.answers].count(False) == 1
    assert check(opened, log) == []


def test_of_two_requests_under_one_key_one_is_refused(store: Store) -> None:
    ledger = store.ledger(LEDGER)
    for number in range(TIMES):
        bodies = iter([b"one", b"other"] * (THREADS // 2))
        turn = threading.Lock()

        def submit_one(
            key: str, bodies: Iterator[bytes] = bodies, turn: threading.Lock = turn
        ) -> tuple[bytes, Receipt]:
            with turn:
                body = next(bodies)
            return body, ledger.append([trigger(a_chart(), 1)], command=Command(SCOPE, key, body))

        outcomes = race(THREADS, submit_one, f"reused/{number}")
        answered = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
        assert [type(outcome) for outcome in outcomes if outcome not in answered] == [KeyReused] * (THREADS // 2)
        assert len({body for body, _ in answered}) == 1
        assert [receipt.repeated for _, receipt in answered].count(False) == 1
        assert len({receipt.position for _, receipt in answered}) == 1
    assert ledger.head().position == 2 + TIMES


def test_a_decision_sent_by_many_at_once_is_made_once(store: Store) -> None:
    desk = Desk(store, lambda: datetime.now(UTC))
    for number in range(TIMES // 2):
        stream, fact = f"chart/{uuid4()}", Hand(Random(f"desk/{number}"), LEDGER).new_chart().facts[0]
        command = Command(SCOPE, f"desk/{number}", b"")

        def decide(stream: str = stream, fact: object = fact, command: Command = command) -> Receipt:
            return desk.record(LEDGER, stream, fact, by=AMES, source=Source.API, reason="twice", command=command)

        receipts = race(THREADS, decide)
        assert {type(receipt) for receipt in receipts} == {Receipt}
        assert len({replace(receipt, repeated=True) for receipt in receipts}) == 1
        assert [receipt.repeated for receipt in receipts].count(False) == 1
