"""Connections on which nothing comes any more, and that nobody closes: nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from store import database as module
from store.append import Command
from store.errors import Unavailable
from store.ledger import Ledger
from store.store import Store
from tests.faults.evidence import Place
from tests.faults.proxy import Fault, Proxy
from tests.store.given import a_chart, trigger

LEDGER = "lexington"
AGAIN = Command("staff/6f1c|POST", "key-1", b"{}")
ANOTHER = Command("staff/6f1c|POST", "key-2", b"{}")


@pytest.fixture
def proxy(place: Place) -> Iterator[Proxy]:
    with Proxy(place.app_url) as proxy:
        yield proxy


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds where the house waits for longer."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(module, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(module, "TRANSACTION_SECONDS", 1.2)


@pytest.mark.usefixtures("impatient")
def test_who_waits_for_a_silent_answer_is_told_that_nobody_knows(place: Place, proxy: Proxy) -> None:
    with replace(place, app_url=proxy.url).store() as store, ThreadPoolExecutor(1) as thread:
        ledger, chart = _one_fact(store)
        proxy.plan([Fault.SILENT_AFTER])
        writing = thread.submit(ledger.append, [trigger(chart, 2)], command=AGAIN)
        try:
            with pytest.raises(Unavailable, match="same idempotency key") as refusal:
                writing.result(8)
        finally:
            proxy.hang_up()
        assert refusal.value.recorded is None
        again = ledger.append([trigger(chart, 2)], command=AGAIN)
        assert (again.repeated, again.position) == (True, 2)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_falls_silent_before_its_commit_does_not_stop_the_ledger(place: Place, proxy: Proxy) -> None:
    """Its transaction holds the head row: the server ends it (from 17 on), and the others go on."""
    with replace(place, app_url=proxy.url).store() as store, place.store() as others, ThreadPoolExecutor(1) as thread:
        ledger, chart = _one_fact(store)
        proxy.plan([Fault.SILENT_BEFORE])
        writing = thread.submit(ledger.append, [trigger(chart, 2)], command=AGAIN)
        try:
            while not proxy.struck:
                time.sleep(0.01)
            other = a_chart()
            _eventually(lambda: others.ledger(LEDGER).append([trigger(other, 1)], command=ANOTHER))
            assert others.ledger(LEDGER).head().position == 2
            with pytest.raises(Unavailable) as refusal:
                writing.result(8)
        finally:
            proxy.hang_up()
        assert refusal.value.recorded is None
        again = ledger.append([trigger(chart, 2)], command=AGAIN)
        assert (again.repeated, again.position) == (False, 3)


@pytest.mark.usefixtures("impatient")
def test_a_network_that_falls_silent_holds_up_neither_readers_nor_newcomers(place: Place, proxy: Proxy) -> None:
    with replace(place, app_url=proxy.url).store() as store, ThreadPoolExecutor(3) as threads:
        ledger, chart = _one_fact(store)
        proxy.fall_silent()
        began = time.monotonic()
        asked: list[Callable[[], object]] = [ledger.head, ledger.head, lambda: ledger.read([chart])]
        calls = [threads.submit(call) for call in asked]
        try:
            for call in calls:
                with pytest.raises(Unavailable) as refusal:
                    call.result(10)
                assert refusal.value.recorded is False
        finally:
            proxy.fall_silent(False)
        assert time.monotonic() - began < 9
        _eventually(ledger.head)
        assert ledger.append([trigger(chart, 2)]).position == 2


def test_what_never_went_out_was_not_recorded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.3)
    with Proxy(place.app_url) as proxy, replace(place, app_url=proxy.url).store() as store:
        ledger, chart = _one_fact(store)
        proxy.refuse()
        with pytest.raises(Unavailable, match="nothing was recorded") as refusal:
            ledger.append([trigger(chart, 2)])
        assert refusal.value.recorded is False


def _eventually(call: Callable[[], object]) -> None:
    for _ in range(200):
        try:
            call()
        except Unavailable:
            time.sleep(0.05)
        else:
            return
    call()


def _one_fact(store: Store) -> tuple[Ledger, str]:
    ledger, chart = store.ledger(LEDGER), a_chart()
    ledger.append([trigger(chart, 1)])
    return ledger, chart
