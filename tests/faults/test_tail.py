"""Who has seen position n has seen 1..n: always, whatever fails in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psycopg

from store.append import Command
from tests.faults import crowd
from tests.faults.checker import check_places, reads_never_fall
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import SCOPE, Log, Seen, lines_of, read_journals
from tests.faults.load import Task
from tests.faults.victims import ended, start
from tests.store.given import a_chart, registered

LEDGER = "lexington"
PROCESSES = 4
THREADS = 4


def test_a_reader_on_the_tail_never_sees_a_hole(place: Place, journals: Path, run: Run) -> None:
    """Sixteen writers, in processes of four; conflicts, claims, keys that were used, and connections cut from them."""
    facts = run.facts
    with place.store() as store:
        opening = [registered(a_chart(), mrn=crowd.TAKEN)]
        store.ledger(LEDGER).append(opening, command=Command(SCOPE, "opening", b"a body"))
    stop = journals / "stop"
    reader = start(crowd.read_tail, place.superuser_url, LEDGER, journals / "tail.journal", stop)
    began = time.monotonic()
    writers = [
        start(
            crowd.write,
            Task(
                url=place.app_url,
                key_file=place.key_file,
                journal=journals / f"writer-{number}.journal",
                name=f"writer-{number}",
                seed=run.seed,
                ledgers=(LEDGER,),
                threads=THREADS,
            ),
            -(-facts // (PROCESSES * THREADS)),
        )
        for number in range(PROCESSES)
    ]
    random = Random(f"{run.seed}/cuts")
    cut = 0
    while any(writer.is_alive() for writer in writers):
        time.sleep(random.uniform(0.05, 0.3))
        cut += cut_one_off(place, random)
    seconds = time.monotonic() - began
    assert [ended(writer) for writer in writers] == [0] * PROCESSES
    stop.touch()
    assert ended(reader) == 0
    log = read_journals(journals)
    with place.store() as store:
        head = store.ledger(LEDGER).head().position
    seen = [read for read in log.reads if isinstance(read, Seen)]
    refused = sum(len(story.refusals) for story in log.stories.values())
    unknown = sum(story.unknown for story in log.stories.values())
    print(
        f"{head} facts in {seconds:.1f} s, {refused} appends refused, {cut} connections cut, {unknown} outcomes "
        f"unknown; the reader looked {len(seen)} times."
    )
    assert head > facts
    assert seen[-1].position == head
    # Else it wasn't a tail that was read, and nothing went wrong in between.
    assert len(seen) > 50
    assert refused > len(log.stories) // 20
    assert cut > 3
    assert check_places(place, log, LEDGER) == []


def test_a_reader_on_a_tail_that_is_numbered_before_it_is_committed_does_see_one(place: Place, tmp_path: Path) -> None:
    """The control: the same reader on a table whose positions come from a sequence."""
    at, stop = tmp_path / "tail.journal", tmp_path / "stop"
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA plain; SET search_path = plain")
        connection.execute("CREATE TABLE fact (ledger text, position bigserial, recorded_at timestamptz DEFAULT now())")
    url = f"{place.superuser_url}&options=-csearch_path%3Dplain"
    reader = threading.Thread(target=crowd.read_tail, args=(url, LEDGER, at, stop))
    with psycopg.connect(url) as first, psycopg.connect(url) as second:
        reader.start()
        for connection in (first, second):
            connection.execute("INSERT INTO fact (ledger) VALUES (%s)", [LEDGER])
        second.commit()
        wait_until(lambda: at.stat().st_size > 0)
        first.commit()
    stop.touch()
    reader.join()
    assert [line for line in lines_of(at) if isinstance(line, Seen)] == [Seen("tail", LEDGER, "tail", 2, 2, 1)]
    assert list(reads_never_fall(Log.of(lines_of(at)), {}))


def wait_until(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not met():
        assert time.monotonic() < until
        time.sleep(0.002)


def cut_one_off(place: Place, random: Random) -> int:
    """Ends one writer's session at the server; 0 when there is none."""
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'stepdown'"
        ).fetchall()
        if not rows:
            return 0
        [[done]] = connection.execute("SELECT pg_terminate_backend(%s)", [random.choice(rows)[0]]).fetchall()
    return int(done)
