"""What was set aside is taken up again once its cause is repaired: the tables are those of a rebuild then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from domain.record import EnteredInError
from projections import attendance, status
from projections import retry as taking_up
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.retry import retry
from projections.standing import set_aside, standings
from store.errors import SchemaMismatch
from store.store import Store
from tests.projections.tables import folded, positions, written
from tests.projections.test_rows import ATTENDED, CHART, ENROLLED, INQUIRED, REGISTERED, SCHEDULED, SESSION
from tests.projections.test_set_aside import OPENED, POISON, record
from tests.store.given import new

NAMES = sorted(projection.name for projection in PROJECTIONS)


def change(database: Any, statement: LiteralString, *given: Any) -> None:
    """As only a superuser can, with the triggers set aside."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement, given)


def body_at(database: Any, position: int) -> bytes:
    with psycopg.connect(database.superuser_url) as connection:
        [[body]] = connection.execute("SELECT body FROM fact WHERE position = %s", [position]).fetchall()
    return bytes(body)


@contextmanager
def an_unknown_kind(database: Any) -> Iterator[None]:
    change(database, "UPDATE fact SET type = 'OfALaterVersion' WHERE position = 3")
    yield
    change(database, "UPDATE fact SET type = 'InquiryReceived' WHERE position = 3")


@contextmanager
def a_wrong_shape(database: Any) -> Iterator[None]:
    """Of a stream that is kept in plain: it opens, and holds what doesn't belong there."""
    body = body_at(database, 1)
    change(database, "UPDATE fact SET body = convert_to('{\"by\": 7}', 'UTF8') WHERE position = 1")
    yield
    change(database, "UPDATE fact SET body = %s WHERE position = 1", body)


@contextmanager
def what_does_not_open(database: Any) -> Iterator[None]:
    body = body_at(database, 3)
    change(database, "UPDATE fact SET body = '\\x00' WHERE position = 3")
    yield
    change(database, "UPDATE fact SET body = %s WHERE position = 3", body)


Broken = Callable[[Any], Any]


@pytest.mark.parametrize("batch", [1, 2, 1000])
@pytest.mark.parametrize("broken", [an_unknown_kind, a_wrong_shape, what_does_not_open])
def test_what_rests_on_it_is_folded_again(store: Store, database: Any, broken: Broken, batch: int) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
    store.ledger("lexington").append([new(CHART, 5, EnteredInError(target=4))])
    whole = folded(store.ledger("lexington").facts())
    with broken(database):
        Follower(store, batch=batch).catch_up()
        aside = set_aside(store)
        assert {one.projection for one in aside} == set(NAMES)
        left = retry(store, batch=batch)
        assert (left.digested, left.left) == ([], aside)
        assert {one.set_aside for one in standings(store)} >= {1}
    done = retry(store, batch=batch)
    assert (done.digested, done.left) == (aside, [])
    assert written(store, "lexington") == whole
    assert positions(store, "lexington") == dict.fromkeys(NAMES, 6)
    assert {one.set_aside for one in standings(store)} == {0}


def test_a_fold_that_was_repaired_takes_in_what_it_stumbled_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED)
    store.ledger("lexington").append([new(f"session/{SESSION}", 1, SCHEDULED)])

    def stumble(*_: Any) -> None:
        raise KeyError("Quillfeather")

    with monkeypatch.context() as broken:
        broken.setattr(status, "further", stumble)
        Follower(store).catch_up()
    assert {one.projection for one in set_aside(store)} == {"status"}
    assert {one.projection for one in retry(store).digested} == {"status"}
    assert written(store, "lexington") == folded(store.ledger("lexington").facts())


def test_what_still_cannot_be_digested_stays_aside_and_the_rest_is_right(store: Store, database: Any) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, POISON, ATTENDED)
    with what_does_not_open(database):
        Follower(store).catch_up()
    done = retry(store)
    assert [(one.projection, one.position) for one in done.left] == [("attendance", 5)]
    facts = store.ledger("lexington").facts()
    assert written(store, "lexington").status == folded(facts).status
    assert written(store, "lexington").attendance == folded(one for one in facts if one.fact != POISON).attendance


def test_other_sites_are_left_alone(store: Store, database: Any) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED)
    store.ledger("dayton").append([new("facility/dayton", 1, replace(OPENED, code="dayton"))])
    other = f"chart/{uuid4()}"
    for version, fact in enumerate((REGISTERED, INQUIRED, ENROLLED, ATTENDED), start=1):
        store.ledger("dayton").append([new(other, version, fact)])
    with an_unknown_kind_of(database, "lexington"):
        Follower(store).catch_up()
    before = written(store, "dayton")
    retry(store)
    assert written(store, "dayton") == before == folded(store.ledger("dayton").facts())
    assert written(store, "lexington") == folded(store.ledger("lexington").facts())


@contextmanager
def an_unknown_kind_of(database: Any, ledger: str) -> Iterator[None]:
    change(database, "UPDATE fact SET type = 'OfALaterVersion' WHERE position = 3 AND ledger = %s", ledger)
    yield
    change(database, "UPDATE fact SET type = 'InquiryReceived' WHERE position = 3 AND ledger = %s", ledger)


def test_without_anything_set_aside_nothing_is_done(store: Store) -> None:
    record(store, REGISTERED)
    Follower(store).catch_up()
    assert retry(store) == taking_up.Retried([], [])


def test_a_follower_in_the_middle_of_a_batch_does_not_write_over_it(
    store: Store, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch begins before and ends after: it has read rows that are others by then, unless it waits or is waited
    for."""
    record(store, REGISTERED, INQUIRED, ENROLLED, ATTENDED)
    with an_unknown_kind(database):
        Follower(store).catch_up()
    store.ledger("lexington").append([new(CHART, 5, EnteredInError(target=4))])
    begun, go_on = threading.Event(), threading.Event()
    usual = attendance.by_stream

    def wait(*given: Any) -> Any:
        if threading.current_thread().name == "follower":
            begun.set()
            assert go_on.wait(10)
        return usual(*given)

    monkeypatch.setattr(attendance, "by_stream", wait)
    follower = threading.Thread(target=Follower(store).catch_up, name="follower")
    follower.start()
    assert begun.wait(10)
    retrying = threading.Thread(target=retry, args=(store,))
    retrying.start()
    retrying.join(0.5)
    assert retrying.is_alive(), "it waits for the batch"
    go_on.set()
    follower.join(20)
    retrying.join(20)
    assert set_aside(store) == []
    assert written(store, "lexington") == folded(store.ledger("lexington").facts())


def test_tables_of_another_version_are_left_alone(store: Store, database: Any) -> None:
    record(store, REGISTERED, INQUIRED)
    with an_unknown_kind(database):
        Follower(store).catch_up()
    change(database, "UPDATE projection.definition SET sha256 = 'x' || sha256 WHERE projection = 'status'")
    try:
        with pytest.raises(SchemaMismatch, match="stepdown migrate"):
            retry(store)
    finally:
        change(database, "UPDATE projection.definition SET sha256 = substr(sha256, 2) WHERE projection = 'status'")
    assert len(set_aside(store)) == len(NAMES)
