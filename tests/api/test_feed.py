"""The feed of a ledger: followed while people write, it has every fact once and in order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from random import Random
from threading import Event
from time import monotonic
from typing import Any

import pytest

from api.wiring import Wiring
from exchange.exporting import text_of
from tests.api.program import LATE, Site

WRITERS = 4
EACH = 12


def path(site: Site) -> str:
    return f"/ledgers/{site.code}/facts"


def page(site: Site, **params: Any) -> tuple[list[dict[str, Any]], int]:
    """The facts, and where to go on."""
    response = site.ask("compliance_officer", path(site), params=params)
    assert response.status_code == 200, response.text
    assert response.headers["ETag"] == f'"{sha256(response.content).hexdigest()}"'
    return [json.loads(line) for line in response.text.splitlines()], int(response.headers["Next-After"])


@pytest.mark.parametrize("seed", range(3))
def test_a_reader_who_follows_while_others_write_misses_nothing_and_gets_nothing_twice(
    site: Site, wiring: Wiring, seed: int
) -> None:
    chance, done = Random(seed), Event()
    followed: list[dict[str, Any]] = []

    def follow() -> None:
        after = 0
        while True:
            finished = done.is_set()
            some, after = page(site, after=after, limit=chance.randrange(1, 20), wait=0 if finished else 1)
            followed.extend(some)
            assert after == (some[-1]["position"] if some else len(followed))
            if finished and not some:
                return

    def write(writer: int) -> None:
        for n in range(EACH):
            site.patient(f"MRN-{writer}-{n}")

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        reader = threads.submit(follow)
        for writing in [threads.submit(write, writer) for writer in range(WRITERS)]:
            writing.result()
        done.set()
        reader.result()
    ledger = wiring.store.ledger(site.code)
    text, _ = text_of(ledger, ledger.rows())
    assert followed == [json.loads(line) for line in text.splitlines()]
    assert [line["position"] for line in followed] == list(range(1, len(followed) + 1))
    assert sum(line["type"] == "PatientRegistered" for line in followed) == WRITERS * EACH


def test_who_waits_is_answered_as_soon_as_something_comes(site: Site) -> None:
    _, after = page(site)
    begun = monotonic()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(page, site, after=after, wait=20)
        patient = site.patient()
        some, _ = waiting.result()
    assert [line["stream"] for line in some] == [f"chart/{patient}"]
    assert monotonic() - begun < 15


def test_who_waits_in_vain_is_told_that_nothing_came_and_where_to_go_on(site: Site) -> None:
    _, after = page(site)
    taken = len(site.accesses())
    begun = monotonic()
    assert page(site, after=after, wait=1) == ([], after)
    assert monotonic() - begun >= 1
    made = site.accesses()
    assert (len(made), made[-1]["type"], made[-1]["fact"]["rows"]) == (taken, "ExportMade", after)
    too_long = site.ask("compliance_officer", path(site), params={"wait": 3600})
    assert too_long.status_code == 422


def test_a_chart_that_was_destroyed_leaves_lines_and_no_hole(site: Site) -> None:
    patient = site.patient()
    before, _ = page(site)
    ended = {"patient_id": patient, "authority": "The retention period is over.", "reason": LATE}
    site.done("compliance_officer", f"/facilities/{site.code}/key-destructions", ended, Purpose_Of_Use="operations")
    after, last = page(site)
    assert [line["position"] for line in after] == list(range(1, last + 1))
    [hollow] = [line for line in after if line["stream"] == f"chart/{patient}"]
    assert hollow.keys() == {"ledger", "position", "stream", "version", "type", "recorded_at"}
    assert [line for line in after if line["position"] < len(before) and line is not hollow] == [
        line for line in before if line["position"] < len(before) and line["stream"] != hollow["stream"]
    ]


def test_who_comes_from_beyond_the_last_fact_is_told_where_it_is(site: Site) -> None:
    """As after a restore to an earlier moment: waiting there would miss all that comes up to there."""
    _, after = page(site)
    exports = len(site.accesses())
    begun = monotonic()
    response = site.ask("compliance_officer", path(site), params={"after": after + 1, "wait": 20})
    assert monotonic() - begun < 10
    assert (response.status_code, response.json()["type"]) == (409, "urn:stepdown:problem:beyond-head")
    assert response.json()["detail"].startswith(f"This ledger ends at position {after}, before your `after`: ")
    assert "Next-After" not in response.headers
    assert len(site.accesses()) == exports
    assert page(site, after=after) == ([], after)
