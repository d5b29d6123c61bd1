"""`kill -9` of `stepdown serve`, of a worker or of everything, while clients register patients over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from api.tokens import Tokens
from tests.faults.checker import check
from tests.faults.commands import AMES, Hand
from tests.faults.conftest import Run
from tests.faults.evidence import Place
from tests.faults.journal import Acknowledged, Attempt, Fact, Journal, Refused, Unknown, read_journals
from tests.faults.load import open_site
from tests.faults.victims import END_SECONDS, children
from tests.stepdown.command import Serving, is_ready, serving

LEDGER = "lexington"
THREADS = 6
BETWEEN_SECONDS = (0.2, 0.6)

MOST_TURNS = 20
"""Where luck has it that nobody was at work at what is killed, it is killed once more."""


@dataclass
class Clients:
    """Threads that register patients, one after another, each until it is told that it is done."""

    address: str
    token: str
    journal: Journal
    seed: int
    http: httpx.Client = field(default_factory=lambda: httpx.Client(verify=False, timeout=10))
    stop: threading.Event = field(default_factory=threading.Event)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, number: int) -> None:
        hand = Hand(Random(f"{self.seed}/http/{number}"), LEDGER)
        count = 0
        while not self.stop.is_set():
            count += 1
            key = f"http/{number}/{count}"
            person = hand.new_chart().facts[0]
            names = ("mrn", "given_name", "family_name", "sex")
            body = {name: getattr(person, name) for name in names}
            self.sent[key] = body | {"birth_date": person.birth_date.isoformat(), "reason": key}
            self.answered[key] = self.until_answered(key, Fact.judged("chart/-", person))

    def until_answered(self, key: str, fact: Fact, *, again: bool = False) -> dict[str, Any]:
        """What a careful client does: the same request under the same key, until the system says what became of it."""
        until = time.monotonic() + END_SECONDS
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        while time.monotonic() < until:
            self.journal.note(Attempt(LEDGER, key, [fact], whole=False))
            try:
                answer = self.http.post(f"{self.address}/v1/patients", json=self.sent[key], headers=headers)
            except httpx.ConnectError:
                self.journal.note(Refused(LEDGER, key, "no connection"))
            except httpx.TransportError:
                self.journal.note(Unknown(LEDGER, key))
            else:
                if answer.status_code == 201:
                    document: dict[str, Any] = answer.json()
                    self.journal.note(acknowledged(key, document, int(answer.headers["ETag"].strip('"')), again=again))
                    return document
                assert answer.status_code == 503, answer.text
                self.journal.note(Unknown(LEDGER, key))
            time.sleep(0.02)
        raise AssertionError("No answer in time.")


def acknowledged(key: str, document: dict[str, Any], latest: int, *, again: bool) -> Acknowledged:
    return Acknowledged(
        document["ledger"],
        key,
        document["stream"],
        document["version"],
        latest,
        document["position"],
        datetime.fromisoformat(document["recorded_at"]),
        # An answer doesn't say so: the first one that a client gets is taken for the first.
        repeated=again,
    )


@pytest.fixture
def opened(place: Place, journals: Path) -> Place:
    """A site that is open."""
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    return place


@pytest.fixture
def port() -> int:
    """One that is free, to come back to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(place: Place, folder: Path, port: int) -> Iterator[Serving]:
    variables = {"STEPDOWN_DATABASE_URL": place.app_url, "STEPDOWN_DATA": str(place.key_file.parent)}
    with serving("serve", "--port", str(port), "--workers", "2", cwd=folder, **variables) as server:
        [address] = server.said(1)
        assert is_ready(address)
        yield server


@contextmanager
def stopped(clients: Clients) -> Iterator[None]:
    """Whatever happens, they begin nothing new afterwards."""
    try:
        yield
    finally:
        clients.stop.set()


def strike(server: Serving, *, whole: bool, random: Random) -> None:
    """A worker, or all there is."""
    workers = children(server.process.pid)
    assert workers
    for process in [server.process.pid, *workers] if whole else [random.choice(workers)]:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def anybody_unanswered(journals: Path) -> bool:
    """Whether a request was sent of which the client doesn't know what became."""
    return any(story.unknown for story in read_journals(journals).stories.values())


def test_what_was_answered_over_http_is_there_whatever_dies(
    opened: Place, journals: Path, tmp_path: Path, port: int, run: Run
) -> None:
    random = Random(f"{run.seed}/http")
    token = Tokens.development(opened.key_file.parent / "token.key").issue(AMES, LEDGER)
    with Journal(journals / "http.journal") as journal, ThreadPoolExecutor(THREADS) as threads:
        clients = Clients(f"http://127.0.0.1:{port}", token, journal, run.seed)
        for turn in range(MOST_TURNS):
            clients.stop.clear()
            with served(opened, tmp_path, port) as server, stopped(clients):
                at_work = [threads.submit(clients.run, turn * THREADS + number) for number in range(THREADS)]
                for whole in (False, True):
                    time.sleep(random.uniform(*BETWEEN_SECONDS))
                    strike(server, whole=whole, random=random)
            # Who waits for an answer gets it from the next one; and so does who asks again.
            with served(opened, tmp_path, port):
                for client in at_work:
                    client.result()
                stories = read_journals(journals).stories
                for key, first in clients.answered.items():
                    [sent] = stories[LEDGER, key].attempts[0].facts
                    assert clients.until_answered(key, sent, again=True) == first
                clients.answered.clear()
            if turn + 1 >= run.size(1, 10) and anybody_unanswered(journals):
                break
        clients.http.close()
    log = read_journals(journals)
    assert log.acknowledged > THREADS
    assert anybody_unanswered(journals)
    assert check(opened, log, resend=False) == []
