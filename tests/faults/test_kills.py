"""Writers and followers that die between any two statements: what they were at is there whole, or not at all."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import pytest

from projections.follower import Follower
from store.append import Receipt
from tests.faults import doomed
from tests.faults.checker import check, projections_stand_where_they_say
from tests.faults.conftest import Run
from tests.faults.evidence import Place, gather
from tests.faults.journal import Acknowledged, Attempt, Journal, Line, lines_of, read_journals
from tests.faults.load import Task, open_site, work
from tests.faults.strikes import Moment
from tests.faults.victims import ended, forget, start, wait_for_its_end

LEDGER = "lexington"

SOON_SECONDS = 5.0
"""A dead writer's locks are gone by then, on however busy a machine: it takes a few milliseconds."""


def task(place: Place, journals: Path, run: Run, name: str) -> Task:
    return Task(
        url=place.app_url,
        key_file=place.key_file,
        journal=journals / f"{name}.journal",
        name=name,
        seed=run.seed,
        ledgers=(LEDGER,),
    )


@pytest.fixture
def opened(place: Place, journals: Path) -> Place:
    """A site that is open."""
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    return place


def sent_again(place: Place, journal: Path) -> Receipt:
    """The command of a dead client, sent at once by another one."""
    [attempt] = [line for line in lines_of(journal) if isinstance(line, Attempt)]
    with place.store(2) as store:
        began = time.monotonic()
        receipt = store.ledger(LEDGER).append(
            [fact.new() for fact in attempt.facts], reads=attempt.reads, command=attempt.command()
        )
        assert time.monotonic() - began < SOON_SECONDS
    return receipt


@pytest.mark.parametrize("moment", Moment)
def test_a_writer_may_die_at_any_statement(opened: Place, journals: Path, run: Run, moment: Moment) -> None:
    """And whoever sends the command again gets the answer that the dead one would have had, or the first one."""
    again: list[Line] = []
    repeated = []
    for statement in count(1):
        client = task(opened, journals, run, f"writer-{statement}")
        code = ended(start(doomed.append, client, statement, moment))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        receipt = sent_again(opened, client.journal)
        again.append(Acknowledged.of(client.name, receipt))
        repeated.append(receipt.repeated)
    # Of all its statements only the last, the commit, makes that the command is on record.
    assert len(repeated) >= 8
    assert not any(repeated[:-1])
    if moment is not Moment.SENT:
        assert repeated[-1] is (moment is Moment.ANSWERED)
    log = read_journals(journals)
    assert sum(story.unfinished for story in log.stories.values()) == len(repeated)
    for line in again:
        log.take(line)
    assert check(opened, log) == []


def test_a_writer_of_many_threads_may_die_at_any_statement(opened: Place, journals: Path, run: Run) -> None:
    random = Random(f"{run.seed}/threads")
    killed = 0
    for number in range(run.size(6, 60)):
        client = replace(task(opened, journals, run, f"writer-{number}"), threads=12, commands=30, seconds=20.0)
        code = ended(start(doomed.load, client, random.randint(20, 600), random.choice(list(Moment))))
        killed += code == -signal.SIGKILL
    log = read_journals(journals)
    assert killed >= run.size(6, 60) // 2
    assert any(story.is_open for story in log.stories.values())
    assert check(opened, log) == []


@pytest.mark.parametrize("moment", [Moment.ANSWERED, Moment.SENT])
def test_a_follower_may_die_at_any_statement(opened: Place, journals: Path, run: Run, moment: Moment) -> None:
    """Rows and position stay together, and the next one goes on from there; each fact counts once."""
    work(replace(task(opened, journals, run, "writer"), threads=3, commands=14, seconds=20.0))
    books = gather(opened)
    facts = books[LEDGER].position
    assert facts > doomed.FOLLOWED
    follower = task(opened, journals, run, "follower")
    step = run.size(6 if moment is Moment.ANSWERED else 14, 1)
    statements = 0
    for statement in count(1 + Random(f"{run.seed}/{moment}").randrange(step), step):
        forget(opened)
        code = ended(start(doomed.follow, follower, statement, moment))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        statements = statement
        wait_for_its_end(opened)
        assert list(projections_stand_where_they_say(opened, books)) == []
        with opened.store() as store:
            Follower(store, batch=doomed.FOLLOWED).catch_up()
        assert check(opened, read_journals(journals), resend=False) == []
    assert statements > 30
