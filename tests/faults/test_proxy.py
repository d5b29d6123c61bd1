"""Connections that break at the COMMIT: what the client is told is true, and the same command again settles it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from domain.chart.plan import TriggerIdentified
from store.append import Command
from store.errors import Unavailable
from store.ledger import Ledger
from store.store import Store
from tests.faults.checker import check
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import SCOPE, Acknowledged, Attempt, Fact, Journal, Log, Unknown, read_journals
from tests.faults.load import Task, open_site, work
from tests.faults.proxy import Fault, Proxy
from tests.store.given import EPISODE, a_chart, new

LEDGER = "lexington"
NOT_COMMITTED = (Fault.MID_STATEMENT, Fault.BEFORE_COMMIT)
COMMITTED = (Fault.AFTER_COMMIT, Fault.HALF_ANSWERED)
CUTS = NOT_COMMITTED + COMMITTED
DELAYS = (Fault.SLOW_COMMIT, Fault.SLOW_ANSWER)


@pytest.fixture
def proxy(place: Place) -> Iterator[Proxy]:
    with Proxy(place.app_url, delay_seconds=0.1) as proxy:
        yield proxy


def _under_load(place: Place, proxy: Proxy, key_file: Path, journals: Path, seed: int, faults: list[Fault]) -> Log:
    """Four clients write through the proxy, which strikes after a few appends each time. The clients' log."""
    random = Random(seed)
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    task = Task(
        url=proxy.url,
        key_file=key_file,
        journal=journals / "clients.journal",
        name="clients",
        seed=seed,
        ledgers=(LEDGER,),
        threads=4,
        commands=9 * len(faults),
        seconds=60,
    )
    for fault in faults:
        proxy.plan([None] * random.randint(2, 7) + [fault])
    work(task)
    assert sorted(proxy.struck) == sorted(faults), f"{proxy.left} of the faults never came to pass: a longer load."
    return read_journals(journals)


@pytest.mark.parametrize("fault", CUTS, ids=lambda fault: fault.name.lower())
def test_a_connection_cut_under_load_leaves_one_fact_and_one_answer(
    fault: Fault, place: Place, proxy: Proxy, key_file: Path, journals: Path, run: Run
) -> None:
    log = _under_load(place, proxy, key_file, journals, run.seed, [fault] * run.size(5, 25))
    unknown = [story for story in log.stories.values() if story.unknown]
    assert sum(story.unknown for story in unknown) >= len(proxy.struck)
    # What was committed was answered as it had been, when it was sent again; what wasn't was carried out then.
    firsts = {story.answers[0].repeated for story in unknown if story.answers}
    assert firsts == {fault in COMMITTED}
    assert check(place, log) == []


@pytest.mark.parametrize("fault", DELAYS, ids=lambda fault: fault.name.lower())
def test_a_slow_network_costs_time_and_nothing_else(
    fault: Fault, place: Place, proxy: Proxy, key_file: Path, journals: Path, run: Run
) -> None:
    log = _under_load(place, proxy, key_file, journals, run.seed, [fault] * run.size(3, 12))
    assert [story.key for story in log.stories.values() if story.unknown] == []
    assert [line.why for story in log.stories.values() for line in story.refusals if line.why == "Unavailable"] == []
    assert check(place, log) == []


def test_all_of_them_in_one_run(place: Place, proxy: Proxy, key_file: Path, journals: Path, run: Run) -> None:
    faults = [Random(run.seed).choice(CUTS + DELAYS) for _ in range(run.size(8, 60))]
    assert check(place, _under_load(place, proxy, key_file, journals, run.seed, faults)) == []


# ---- controls


@pytest.mark.parametrize(
    ("fault", "twice"),
    [(Fault.AFTER_COMMIT, True), (Fault.BEFORE_COMMIT, False)],
    ids=["after_commit", "before_commit"],
)
def test_who_tries_again_under_another_key_stores_twice_what_was_committed(
    fault: Fault, twice: bool, place: Place, proxy: Proxy, journals: Path
) -> None:
    """The control: the checker sees it, and doesn't where there is nothing to be seen."""
    with replace(place, app_url=proxy.url).store() as store, Journal(journals / "careless.journal") as journal:
        ledger, chart = _careless_start(store, journal)
        proxy.plan([None, fault, None])
        for number in range(2, 5):
            _carelessly(ledger, chart, f"careless/{number}", journal)
    assert proxy.struck == [fault]
    found = {violation.invariant for violation in check(place, read_journals(journals), resend=False)}
    assert found == ({"commands_count_once"} if twice else set())


def _careless_start(store: Store, journal: Journal) -> tuple[Ledger, str]:
    ledger, chart = store.ledger(LEDGER), a_chart()
    _carelessly(ledger, chart, "careless/1", journal)
    return ledger, chart


def _carelessly(ledger: Ledger, chart: str, key: str, journal: Journal) -> None:
    """Appends behind what it finds, under a new key for every try."""
    for number in range(3):
        fact = TriggerIdentified(episode_id=EPISODE, text="payday")
        placed = new(chart, len(ledger.read([chart])[chart]) + 1, fact, reason=key)
        journal.note(Attempt(LEDGER, key, [Fact.of(placed)]))
        try:
            receipt = ledger.append([placed], command=Command(SCOPE, f"{key}#{number}", b""))
        except Unavailable:
            journal.note(Unknown(LEDGER, key))
        else:
            journal.note(Acknowledged.of(key, receipt))
            return
