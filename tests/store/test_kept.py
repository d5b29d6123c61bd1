"""The rows of issued reports: in the transaction of the fact, sealed, and read back as they were or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest

from domain.report import ReportIssued
from store.append import Command, NewFact, Receipt
from store.errors import RowsAltered, VersionConflict
from store.kept import KeptRows
from store.ledger import Ledger
from store.store import Store
from tests.conftest import Database
from tests.domain.cast import issued
from tests.store.given import a_chart, envelope, trigger

ROWS = b'{"rule":"HRS-1","subject_id":"0198c2a0-77aa-47d3-b0a9-8e6f5c4d3b2a"}\n' * 40
DIGEST = sha256(ROWS).hexdigest()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def a_report() -> str:
    return f"report/{uuid4()}"


def issue(ledger: Ledger, stream: str, *, version: int = 1, command: Command | None = None) -> Receipt:
    fact: ReportIssued = issued
    new = NewFact(stream=stream, version=version, envelope=envelope(), fact=fact)
    return ledger.append([new], kept=KeptRows(stream, ROWS), command=command)


def stored(database: Database) -> int:
    with psycopg.connect(database.superuser_url) as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM kept_rows").fetchall()
    return int(count)


def test_what_is_kept_is_read_back_byte_for_byte(ledger: Ledger, database: Database) -> None:
    stream = a_report()
    issue(ledger, stream)
    assert ledger.kept(stream, DIGEST) == ROWS
    with psycopg.connect(database.superuser_url) as connection:
        [(body,)] = connection.execute("SELECT body FROM kept_rows").fetchall()
    assert b"0198c2a0" not in body
    assert len(body) < len(ROWS) / 5


def test_of_a_report_that_never_had_rows_here_there_are_none(ledger: Ledger) -> None:
    stream = a_report()
    ledger.append([NewFact(stream=stream, version=1, envelope=envelope(), fact=issued)])
    assert ledger.kept(stream, DIGEST) is None


def test_rows_are_kept_for_their_own_report_and_hash_alone(ledger: Ledger, store: Store) -> None:
    one, two = a_report(), a_report()
    issue(ledger, one)
    assert ledger.kept(two, DIGEST) is None
    assert store.ledger("louisville").kept(one, DIGEST) is None
    with pytest.raises(RowsAltered):
        ledger.kept(one, "0" * 64)


def test_where_the_fact_is_refused_nothing_is_kept(ledger: Ledger, database: Database) -> None:
    stream = a_report()
    issue(ledger, stream)
    with pytest.raises(VersionConflict):
        issue(ledger, stream)
    assert stored(database) == 1


def test_sent_again_it_is_kept_once(ledger: Ledger, database: Database) -> None:
    command = Command("officer|POST", "the-week", b"{}")
    first = issue(ledger, a_report(), command=command)
    again = issue(ledger, a_report(), command=command)
    assert (again.stream, again.repeated) == (first.stream, True)
    assert stored(database) == 1


def test_reports_and_charts_go_out_in_one_group(ledger: Ledger, database: Database) -> None:
    streams = [a_report() for _ in range(8)]
    issue(ledger, streams[0])
    with ThreadPoolExecutor(12) as threads:
        work = [threads.submit(issue, ledger, stream) for stream in streams[1:]]
        work += [threads.submit(ledger.append, [trigger(a_chart(), 1)]) for _ in range(8)]
        for each in work:
            each.result()
    assert stored(database) == len(streams)
    assert all(ledger.kept(stream, DIGEST) == ROWS for stream in streams)
    assert ledger.head().position == len(ledger.facts()) == 16
