"""Processes that are to die at a given statement of theirs: of one append, of a load by many threads, of a follower."""

from __future__ import annotations

from random import Random

from domain.claims import SEAT, Claim
from projections.follower import Follower
from store.append import NewFact
from tests.faults.commands import Hand, envelope
from tests.faults.journal import Acknowledged, Attempt, Fact, Journal
from tests.faults.load import Task, reached, work
from tests.faults.strikes import Moment, arm

FOLLOWED = 40
"""Facts in a batch of a doomed follower."""


def append(task: Task, statement: int, moment: Moment) -> None:
    """One command with everything that an append can have: a chart that begins, claims, claims given up, reads."""
    with Journal(task.journal) as journal, reached(task) as store:
        [name] = task.ledgers
        ledger = store.ledger(name)
        site = f"facility/{name}"
        random = Random(f"{task.seed}/{task.name}")
        plan = Hand(random, name).new_chart()
        facts = [
            NewFact(stream=stream, version=version, envelope=envelope(task.name, random), fact=fact)
            for version, (stream, fact) in enumerate(zip(plan.streams, plan.facts, strict=True), start=1)
        ]
        reads = {site: len(ledger.read([site])[site])}
        attempt = Attempt(name, task.name, [Fact.of(new) for new in facts], reads)
        journal.note(attempt)
        arm(statement, moment)
        receipt = ledger.append(
            facts,
            reads=reads,
            releases=[Claim(SEAT, "a seat/1", facts[0].stream)],
            command=attempt.command(),
        )
        journal.note(Acknowledged.of(task.name, receipt))


def load(task: Task, statement: int, moment: Moment) -> None:
    """Many threads at once: what is written together dies together."""
    arm(statement, moment)
    work(task)


def follow(task: Task, statement: int, moment: Moment) -> None:
    """Brings the read tables up to date in small batches."""
    with reached(task) as store:
        arm(statement, moment)
        Follower(store, batch=FOLLOWED).catch_up()
