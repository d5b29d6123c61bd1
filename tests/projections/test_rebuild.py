"""Rebuilt beside and swapped in while people work; and held against the facts, row by row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.record import stream_uuid
from projections import census, status
from projections import rebuild as work
from projections.beside import chosen
from projections.catalog import PROJECTIONS
from projections.compare import Difference
from projections.follower import Follower
from projections.hands import Reopen
from projections.leftovers import TURN
from projections.prepare import prepare
from projections.rebuild import check, rebuild
from store.errors import SchemaMismatch, StoreError
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import APP_ROLE
from tests.projections.tables import NAMES as KEYS
from tests.projections.tables import folded, named, positions, query, written
from tests.projections.test_rows import ATTENDED, ENROLLED, INQUIRED, REGISTERED
from tests.sample_program import partly_elsewhere
from tests.store.given import new

NAMES = [projection.name for projection in PROJECTIONS]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Any]) -> Any:
    return make_database()


@pytest.fixture(scope="module")
def recorded(place: Any, keyring: FileKeyring) -> Iterator[Store]:
    """The sample program, followed. Whoever spoils its tables has them rebuilt."""
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(partly_elsewhere())
        Follower(store).catch_up()
        yield store


def spoil(place: Any, *statements: LiteralString) -> None:
    """As somebody does who is in the database as its owner's superuser."""
    with psycopg.connect(place.superuser_url) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, statement


def differences(store: Store, *names: str) -> list[Difference]:
    return [row for one in check(store, chosen(names), batch=700) for row in one.differences]


def rebuilt(store: Store, place: Any) -> None:
    rebuild(store, place.owner_url, PROJECTIONS)
    assert differences(store) == []
    assert written(store, "lexington") == folded(partly_elsewhere())


def mended(store: Store, place: Any, name: str) -> None:
    """That table alone is made anew, and is right: a rebuild of all is what others look at."""
    rebuild(store, place.owner_url, chosen([name]))
    assert differences(store, name) == []


def test_tables_that_are_right_are_equal_to_a_fresh_fold(recorded: Store) -> None:
    found = check(recorded, PROJECTIONS, batch=500)
    assert [one.projection for one in found] == NAMES
    assert {one.position for one in found} == {len(partly_elsewhere())}
    few = {"step_downs": 3}
    assert all(one.rows >= few.get(one.projection, 10) and not one.differences for one in found)


@pytest.mark.parametrize(
    ("sabotage", "projection", "what"),
    [
        # A row changed.
        (
            "UPDATE projection.attendance SET outcome = 'attended', family_members = 9 WHERE ctid = (SELECT min(ctid) "
            "FROM projection.attendance WHERE outcome <> 'attended')",
            "attendance",
            "differs in family_members, outcome",
        ),
        (
            "UPDATE projection.census SET admitted_on = '2020-01-01' WHERE ctid = (SELECT min(ctid) FROM "
            "projection.census)",
            "census",
            "differs in admitted_on",
        ),
        (
            "UPDATE projection.sessions SET staff = '[]' WHERE ctid = (SELECT min(ctid) FROM projection.sessions WHERE "
            "staff <> '[]')",
            "sessions",
            "differs in staff",
        ),
        (
            "UPDATE projection.status SET chart = set_byte(chart, 40, get_byte(chart, 40) # 1) WHERE ctid = "
            "(SELECT min(ctid) FROM projection.status)",
            "status",
            "doesn't open in its place: chart",
        ),
        (
            "UPDATE projection.names SET key = '\\x00' WHERE ctid = (SELECT min(ctid) FROM projection.names)",
            "names",
            "differs in key",
        ),
        (
            "UPDATE projection.screenings SET reviewed_on = '2020-01-01' WHERE ctid = (SELECT min(ctid) FROM "
            "projection.screenings)",
            "screenings",
            "differs in reviewed_on",
        ),
        (
            "UPDATE projection.step_downs SET ended_on = '2020-01-01' WHERE ctid = (SELECT min(ctid) FROM "
            "projection.step_downs)",
            "step_downs",
            "differs in ended_on",
        ),
        (
            "UPDATE projection.activity SET person = 'system' WHERE ctid = (SELECT min(ctid) FROM projection.activity "
            "WHERE person <> 'system')",
            "activity",
            "of no fact",
        ),
        # A row doubled, under another key.
        (
            "INSERT INTO projection.attendance SELECT version, patient_id, gen_random_uuid(), episode_id, arrived_at, "
            "left_at, recorded_at, family_members, corrected, outcome, ledger FROM projection.attendance LIMIT 1",
            "attendance",
            "of no fact",
        ),
        # A row moved to another patient.
        (
            "UPDATE projection.names SET patient_id = gen_random_uuid() WHERE ctid = (SELECT min(ctid) FROM "
            "projection.names)",
            "names",
            "missing",
        ),
    ],
)
def test_a_sabotaged_row_is_named(recorded: Store, place: Any, sabotage: Any, projection: str, what: str) -> None:
    spoil(place, sabotage)
    found = differences(recorded)
    assert {row.projection for row in found} == {projection}
    assert what in {row.what for row in found}
    ids = [value for row in found for name, value in row.key.items() if name not in ("person", "position")]
    assert all(map(UUID, ids))
    mended(recorded, place, projection)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_was_deleted_is_named(recorded: Store, place: Any, name: str) -> None:
    with psycopg.connect(place.superuser_url) as connection:
        table = psycopg.sql.Identifier("projection", name)
        statement = psycopg.sql.SQL("DELETE FROM {0} WHERE ctid = (SELECT min(ctid) FROM {0})").format(table)
        assert connection.execute(statement).rowcount == 1
    assert [(row.projection, row.what) for row in differences(recorded)] == [(name, "missing")]
    mended(recorded, place, name)


def test_a_row_that_is_there_twice_is_named(recorded: Store, place: Any) -> None:
    spoil(
        place,
        "ALTER TABLE projection.attendance DROP CONSTRAINT attendance_pkey",
        "INSERT INTO projection.attendance SELECT * FROM projection.attendance ORDER BY patient_id, session_id LIMIT 1",
    )
    [row] = differences(recorded, "attendance")
    assert (row.what, sorted(row.key)) == ("there more than once", ["patient_id", "session_id"])
    rebuilt(recorded, place)


def test_a_chart_that_is_given_to_another_patient_is_named_at_both(recorded: Store, place: Any) -> None:
    spoil(
        place,
        """UPDATE projection.attendance SET patient_id = (
               SELECT min(other.patient_id::text)::uuid FROM projection.attendance other
               WHERE other.session_id <> ALL (SELECT session_id FROM projection.attendance mine
                                              WHERE mine.patient_id = other.patient_id) IS NOT TRUE)
           WHERE ctid = (SELECT max(ctid) FROM projection.attendance WHERE session_id NOT IN (
               SELECT session_id FROM projection.attendance WHERE patient_id = (
                   SELECT min(patient_id::text)::uuid FROM projection.attendance)))""",
        """UPDATE projection.status SET chart = (SELECT chart FROM projection.status ORDER BY patient_id DESC LIMIT 1)
           WHERE patient_id = (SELECT patient_id FROM projection.status ORDER BY patient_id LIMIT 1)""",
    )
    found = differences(recorded)
    assert sorted((row.projection, row.what) for row in found) == [
        ("attendance", "missing"),
        ("attendance", "of no fact"),
        ("status", "doesn't open in its place: chart"),
    ]
    rebuilt(recorded, place)


@pytest.mark.parametrize("by", [-400, -1, 3, 100_000])
def test_a_position_that_was_moved_is_named(recorded: Store, place: Any, by: int) -> None:
    with psycopg.connect(place.superuser_url) as connection:
        connection.execute("UPDATE projection.position SET position = position + %s WHERE projection = 'census'", [by])
    found = differences(recorded, "census")
    assert ("census", {"position": str(len(partly_elsewhere()) + by)}) in [
        (row.projection, dict(row.key)) for row in found
    ]
    assert any("the position was moved" in row.what for row in found)
    rebuild(recorded, place.owner_url, PROJECTIONS)
    Follower(recorded).catch_up()
    assert differences(recorded) == []
    assert positions(recorded, "lexington") == dict.fromkeys(NAMES, len(partly_elsewhere()))


def test_rows_of_a_ledger_that_is_not_on_record_are_named(recorded: Store, place: Any) -> None:
    spoil(place, "UPDATE projection.names SET ledger = 'nowhere' WHERE ctid = (SELECT min(ctid) FROM projection.names)")
    assert sorted((row.ledger, row.what) for row in differences(recorded, "names")) == [
        ("lexington", "missing"),
        ("nowhere", "of no fact"),
    ]
    rebuilt(recorded, place)


def test_only_the_named_projection_is_rebuilt(recorded: Store, place: Any) -> None:
    spoil(place, "DELETE FROM projection.census", "DELETE FROM projection.attendance")
    [one] = rebuild(recorded, place.owner_url, chosen(["census"]))
    assert (one.projection, {row.what for row in one.differences}) == ("census", {"missing"})
    there = written(recorded, "lexington")
    assert (there.attendance, there.census) == ({}, folded(partly_elsewhere()).census)
    rebuilt(recorded, place)


def test_what_is_read_meanwhile_is_whole(recorded: Store, place: Any) -> None:
    """Nobody sees empty tables, or those of two moments."""
    usual = status.answer(recorded, "lexington", PATIENT, now=NOW)
    rows = census.answer(recorded, "lexington", now=NOW).rows
    assert rows
    wrong: list[Any] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            if census.answer(recorded, "lexington", now=NOW).rows != rows:
                wrong.append("census")
            if status.answer(recorded, "lexington", PATIENT, now=NOW) != usual:
                wrong.append("status")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(2):
            rebuild(recorded, place.owner_url, PROJECTIONS)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert wrong == []


PATIENT = next(stream_uuid(fact.stream) for fact in partly_elsewhere() if fact.stream.startswith("chart/"))


def test_while_facts_are_written_and_followed_nothing_is_lost_or_doubled(store: Store, database: Any) -> None:
    rebuilt_meanwhile(store, database, None, times=3)


def rebuilt_meanwhile(store: Store, database: Any, reopen: Reopen | None, *, times: int) -> None:
    """Somebody writes, somebody follows, and the tables are rebuilt so many times."""
    stop = threading.Event()
    follower = threading.Thread(target=Follower(store, batch=7).run, args=(stop,))
    written_so_far = threading.Event()

    def write() -> None:
        ledger, count = store.ledger("lexington"), 0
        while not stop.is_set():
            chart, episode = f"chart/{uuid4()}", uuid4()
            facts = [
                replace(REGISTERED, mrn=f"MRN-{count}"),
                *(replace(fact, episode_id=episode) for fact in (INQUIRED, ENROLLED, ATTENDED)),
            ]
            for version, fact in enumerate(facts, start=1):
                ledger.append([new(chart, version, fact)])
            count += 1
            if count == 20:
                written_so_far.set()
            # What a rebuild takes longer for is more to check afterwards, and shows nothing more.
            stop.wait(0.02)

    writer = threading.Thread(target=write)
    follower.start()
    writer.start()
    try:
        assert written_so_far.wait(30)
        for _ in range(times):
            found = rebuild(store, database.owner_url, PROJECTIONS, batch=50, reopen=reopen)
            assert [row for one in found for row in one.differences] == []
            assert {row for one in check(store, PROJECTIONS, batch=50) for row in map(str, one.differences)} == set()
    finally:
        stop.set()
        writer.join()
        follower.join()
    Follower(store).catch_up()
    facts = store.ledger("lexington").facts(limit=100_000)
    assert written(store, "lexington") == folded(facts)
    assert dict(query(store, "lexington", KEYS)) == named(store, facts)
    assert positions(store, "lexington") == dict.fromkeys(NAMES, len(facts))


def test_one_that_was_interrupted_leaves_the_live_tables_and_the_next_starts_over(
    recorded: Store, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(work, "_swap", fall)
        with pytest.raises(KeyboardInterrupt):
            rebuild(recorded, place.owner_url, PROJECTIONS)
    assert differences(recorded) == []
    with psycopg.connect(place.superuser_url) as connection:
        assert connection.execute("SELECT count(*) FROM projection_next.status").fetchone() != (0,)
        connection.execute("DELETE FROM projection_next.status")
    rebuilt(recorded, place)
    assert query(recorded, "lexington", "SELECT to_regnamespace('projection_next')") == [(None,)]


def test_two_at_once_do_not_get_in_each_others_way(recorded: Store, place: Any) -> None:
    with psycopg.connect(place.owner_url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [TURN])
        with pytest.raises(StoreError, match="Another rebuild"):
            rebuild(recorded, place.owner_url, PROJECTIONS)
    until = time.monotonic() + 5
    while query(recorded, "lexington", "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
        assert time.monotonic() < until
        time.sleep(0.01)
    rebuilt(recorded, place)


def test_only_their_owner_puts_tables_in_place(recorded: Store, place: Any) -> None:
    with pytest.raises(StoreError, match="SQLSTATE 42501"):
        rebuild(recorded, place.app_url, PROJECTIONS)


def test_tables_of_another_version_are_not_compared(place: Any, recorded: Store) -> None:
    spoil(place, "UPDATE projection.definition SET sha256 = 'other' WHERE projection = 'status'")
    with pytest.raises(SchemaMismatch, match="stepdown migrate"):
        check(recorded, PROJECTIONS)
    # Made anew, they are those of this version.
    found = rebuild(recorded, place.owner_url, chosen(["status"]))
    assert found == []
    assert differences(recorded) == []


def test_a_new_version_makes_its_tables_while_the_former_one_serves(recorded: Store, place: Any) -> None:
    """One projection had other columns, one was not there at all."""
    spoil(
        place,
        "UPDATE projection.definition SET sha256 = 'former' WHERE projection = 'status'",
        "ALTER TABLE projection.status RENAME COLUMN since TO earliest",
        "DELETE FROM projection.definition WHERE projection = 'names'",
        "DELETE FROM projection.position WHERE projection = 'names'",
        "DROP TABLE projection.names",
    )
    found = rebuild(recorded, place.owner_url, PROJECTIONS)
    assert {one.projection for one in found} == set(NAMES) - {"status", "names"}
    assert positions(recorded, "lexington") == dict.fromkeys(NAMES, len(partly_elsewhere()))
    assert differences(recorded) == []
    assert prepare(place.owner_url, APP_ROLE) == []
    assert dict(query(recorded, "lexington", KEYS)) == named(recorded, partly_elsewhere())
