"""Writers of one fact at a time that note how long each append took."""

from __future__ import annotations

import time
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

from store.ledger import Ledger
from tests.faults.commands import uuid
from tests.faults.journal import Acknowledged, Attempt, Fact, Fault, Journal
from tests.faults.load import Task, reached
from tests.store.given import trigger


def write(task: Task) -> None:
    """For `seconds`. Each append has to succeed: there is nobody else in its stream."""
    with Journal(task.journal) as journal, reached(task) as store, ThreadPoolExecutor(task.threads) as threads:
        [name] = task.ledgers
        ledger = store.ledger(name)
        until = time.monotonic() + task.seconds
        work = [threads.submit(_write, task, number, ledger, journal, until) for number in range(task.threads)]
        times = array("d")
        for done in work:
            times.extend(done.result())
    task.journal.with_suffix(".times").write_bytes(times.tobytes())


def _write(task: Task, number: int, ledger: Ledger, journal: Journal, until: float) -> array[float]:
    stream = f"chart/{uuid(Random(f'{task.seed}/{task.name}/{number}'))}"
    times = array("d")
    version = 0
    while time.monotonic() < until:
        version += 1
        key = f"{task.name}/{number}/{version}"
        fact = trigger(stream, version)
        fact = replace(fact, envelope=replace(fact.envelope, reason=key))
        attempt = Attempt(ledger.name, key, [Fact.of(fact)])
        journal.note(attempt)
        began = time.perf_counter()
        try:
            receipt = ledger.append([fact], command=attempt.command())
        except Exception as error:  # noqa: BLE001 - none of any kind may come
            journal.note(Fault(key, f"{type(error).__name__}: {error}"))
            break
        times.append(time.perf_counter() - began)
        journal.note(Acknowledged.of(key, receipt))
    return times


def times_of(folder: Path) -> list[float]:
    """How long the appends of all writers took, in seconds, the shortest first."""
    times = array("d")
    for path in folder.glob("*.times"):
        times.frombytes(path.read_bytes())
    return sorted(times)
