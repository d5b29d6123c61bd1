"""`kill -9` at seeded points under load: of the server, of writers, of the follower. Nothing acknowledged is lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest

from projections.follower import Follower
from tests.faults import load
from tests.faults.checker import check, projections_stand_where_they_say
from tests.faults.conftest import Run, prepare_database
from tests.faults.evidence import Place, gather
from tests.faults.journal import Journal, Log, Seen, read_journals
from tests.faults.load import Task, open_site
from tests.faults.victims import END_SECONDS, MortalServer, Part, ended, kill, start, wait_for_its_end
from tests.projections.tables import positions
from tests.store.given import a_chart, trigger

POINTS = (7, 200)
"""How many kills in the short form, and in full."""

ROUNDS_OF_A_LEDGER = 10
# A quick machine may be struck seven times between two commits: then so many times more, until it is not.
MOST_MORE = 13
"""Beside a ledger of each round there is one that lives through so many of them."""

THREADS = 12
SECONDS = 0.7
FOR_EVER = 3600.0


class Blow(StrEnum):
    """What is killed in a round."""

    SERVER = Part.ALL.value
    POSTMASTER = Part.POSTMASTER.value
    BACKEND = Part.BACKEND.value
    WRITER = "a writer"
    FOLLOWER = "the follower"
    SERVER_AND_WRITER = "server and a writer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalServer]:
    server = MortalServer(tmp_path_factory.mktemp("mortal"))
    try:
        prepare_database(server.database)
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Round:
    """One kill: what is struck, and how long after the clients began."""

    number: int
    blow: Blow
    after_seconds: float
    folder: Path

    @property
    def own(self) -> str:
        return f"round-{self.number}"

    @property
    def shared(self) -> str:
        return f"rounds-{self.number // ROUNDS_OF_A_LEDGER}"

    def task(self, place: Place, seed: int, name: str) -> Task:
        return Task(
            url=place.app_url,
            key_file=place.key_file,
            journal=self.folder / f"{self.number}-{name}.journal",
            name=f"{self.number}-{name}",
            seed=seed,
            ledgers=(self.own, self.own, self.shared),
            threads=THREADS,
            seconds=SECONDS,
        )


def rounds(run: Run, folder: Path) -> Iterator[Round]:
    """All kinds of blows in turn, again and again, in an order that the seed decides; the moments too."""
    random = Random(f"{run.seed}/rounds")
    points = run.size(*POINTS)
    blows = (list(Blow) * (points // len(Blow) + 1))[:points]
    random.shuffle(blows)
    for n, blow in enumerate(cycle(blows)):
        yield Round(n, blow, random.uniform(0.05, SECONDS), folder)


def carry_out(server: MortalServer, each: Round, place: Place, run: Run) -> None:
    """Clients begin, something dies and comes back; the writers who live come to an end by themselves."""
    random = Random(f"{run.seed}/{each.number}")
    writers = [start(load.work, each.task(place, run.seed, f"writer-{n}")) for n in range(2)]
    follower_task = replace(each.task(place, run.seed, "follower"), seconds=FOR_EVER)
    follower = start(load.follow, follower_task)
    reader = start(load.read, replace(each.task(place, run.seed, "reader"), seconds=FOR_EVER))
    wait_for_first_words([each.task(place, run.seed, f"writer-{n}").journal for n in range(2)])
    time.sleep(each.after_seconds)
    match each.blow:
        case Blow.WRITER:
            kill(writers.pop())
        case Blow.FOLLOWER:
            kill(follower)
            follower = start(load.follow, follower_task)
        case Blow.BACKEND:
            server.kill(Part.BACKEND, random)
        case Blow.SERVER | Blow.POSTMASTER | Blow.SERVER_AND_WRITER:
            if each.blow is Blow.SERVER_AND_WRITER:
                kill(writers.pop())
            server.kill(Part.POSTMASTER if each.blow is Blow.POSTMASTER else Part.ALL, random)
            server.restart()
    assert [ended(process) for process in writers] == [0] * len(writers)
    kill(follower)
    kill(reader)
    wait_for_its_end(place)


def wait_for_first_words(journals: list[Path]) -> None:
    """The clients are at work."""
    until = time.monotonic() + END_SECONDS
    while not all(path.exists() and path.stat().st_size for path in journals):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_whatever_dies_under_load_nothing_acknowledged_is_lost(
    server: MortalServer, key_file: Path, journals: Path, run: Run
) -> None:
    place, points = server.place(key_file), run.size(*POINTS)
    told: Counter[str] = Counter()
    for each in islice(rounds(run, journals), points + MOST_MORE):
        with Journal(journals / f"{each.number}-opening.journal") as journal, place.store() as store:
            for ledger in {each.own, each.shared}:
                if not store.ledger(ledger).head().position:
                    open_site(store, ledger, journal)
        before = read_journals(journals)
        carry_out(server, each, place, run)
        log = read_journals(journals)
        found = outcomes(log) - outcomes(before)
        told.update(found)
        print(f"{each.number}: {each.blow} after {each.after_seconds:.3f} s; {dict(found)}")
        assert list(projections_stand_where_they_say(place, gather(place, [each.own]))) == []
        assert check(place, log, ledgers=[each.own]) == []
        is_over = each.number >= points - 1 and told["unknown"] > 0 and told["unfinished"] > 0
        if each.number % ROUNDS_OF_A_LEDGER == ROUNDS_OF_A_LEDGER - 1 or is_over:
            assert check(place, log, ledgers=[each.shared]) == []
            for path in journals.iterdir():
                path.unlink()
        if is_over:
            break
    # Else it wasn't fire that this went through.
    assert told["unknown"] > 0
    assert told["unfinished"] > 0
    assert told["acknowledged"] > 30 * points


def outcomes(log: Log) -> Counter[str]:
    found: Counter[str] = Counter()
    for story in log.stories.values():
        found["acknowledged"] += bool(story.answers)
        found["refused"] += len(story.refusals)
        found["unknown"] += story.unknown
        found["unfinished"] += story.unfinished
    found["reads"] += sum(isinstance(read, Seen) for read in log.reads)
    return found


def test_what_the_read_tables_have_shown_they_show_after_a_crash(
    server: MortalServer, key_file: Path, run: Run
) -> None:
    """Nobody writes after the follower has: nothing but its own commit brings what it wrote to disk."""
    place, random = server.place(key_file), Random(run.seed)
    for _ in range(run.size(2, 10)):
        with place.store() as store:
            ledger = store.ledger("shown")
            receipt = ledger.append([trigger(a_chart(), 1)])
            Follower(store).catch_up()
            shown = positions(store, "shown")
            assert set(shown.values()) == {receipt.position}
            server.kill(Part.ALL, random)
        server.restart()
        with place.store() as store:
            assert positions(store, "shown") == shown
