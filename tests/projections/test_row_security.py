"""The database itself shows a reader one ledger and lets nobody but the projector write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from projections.follower import Follower
from projections.projection import AS_PROJECTOR
from store.database import AS_READER, AS_WRITER
from store.keys import FileKeyring
from store.store import Store
from tests.sample_program import partly_elsewhere

COUNTS: dict[str, LiteralString] = {
    "status": "SELECT count(*) FROM projection.status",
    "sessions": "SELECT count(*) FROM projection.sessions",
    "attendance": "SELECT count(*) FROM projection.attendance",
    "census": "SELECT count(*) FROM projection.census",
    "names": "SELECT count(*) FROM projection.names",
    "screenings": "SELECT count(*) FROM projection.screenings",
    "step_downs": "SELECT count(*) FROM projection.step_downs",
    "activity": "SELECT count(*) FROM projection.activity",
    "elsewhere": "SELECT count(*) FROM projection.elsewhere",
    "position": "SELECT count(*) FROM projection.position",
}
WRITES: dict[str, LiteralString] = {
    "status": "DELETE FROM projection.status",
    "sessions": "UPDATE projection.sessions SET room = 'elsewhere'",
    "attendance": "DELETE FROM projection.attendance",
    "census": "DELETE FROM projection.census",
    "names": "DELETE FROM projection.names",
    "screenings": "UPDATE projection.screenings SET reviewed_on = '2026-01-01'",
    "step_downs": "DELETE FROM projection.step_downs",
    "activity": "UPDATE projection.activity SET person = 'system'",
    "elsewhere": "DELETE FROM projection.elsewhere",
    "position": "UPDATE projection.position SET position = 0",
    "set_aside": "INSERT INTO projection.set_aside VALUES ('a', 'b', 1, 'c', 1, 'd', 'e')",
    "definition": "DELETE FROM projection.definition",
}


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Any], keyring: FileKeyring) -> Any:
    place = make_database()
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(partly_elsewhere())
        Follower(store).catch_up()
    return place


@pytest.fixture
def login(place: Any) -> Iterator[psycopg.Connection[Any]]:
    """The application's own login, in a transaction."""
    with psycopg.connect(place.app_url) as connection:
        yield connection


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS.keys())
@pytest.mark.parametrize(("ledger", "shows"), [("lexington", True), ("louisville", False), ("", False), (None, False)])
def test_a_reader_sees_the_ledger_that_was_set_and_no_other(
    login: psycopg.Connection[Any], count: LiteralString, ledger: str | None, shows: bool
) -> None:
    login.execute(AS_READER)
    if ledger is not None:
        login.execute("SELECT set_config('stepdown.ledger', %s, true)", [ledger])
    [row] = login.execute(count).fetchall()
    assert (row[0] > 0) is shows


@pytest.mark.parametrize("role", [AS_READER, AS_WRITER], ids=["reader", "writer"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_nobody_but_the_projector_writes(
    login: psycopg.Connection[Any], role: LiteralString, write: LiteralString
) -> None:
    login.execute(role)
    login.execute("SELECT set_config('stepdown.ledger', 'lexington', true)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute(write)


@pytest.mark.parametrize(
    "write", ["DELETE FROM fact", "UPDATE ledger SET position = 0", "DELETE FROM projection.definition"]
)
def test_the_projector_changes_no_fact_and_no_definition(login: psycopg.Connection[Any], write: LiteralString) -> None:
    login.execute(AS_PROJECTOR)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute(write)


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS.keys())
def test_the_login_itself_sees_nothing(login: psycopg.Connection[Any], count: LiteralString) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute(count)
