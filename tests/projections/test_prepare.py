"""Read tables are rebuilt, never migrated: what was made by another definition is made anew beside, the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from domain.record import stream_uuid
from projections import census, status
from projections.catalog import PROJECTIONS
from projections.cut import Behind
from projections.follower import Follower, lag
from projections.prepare import prepare
from projections.rebuild import renew
from projections.standing import standings
from store.errors import SchemaMismatch, StoreError, Unavailable
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import APP_ROLE
from tests.projections.tables import folded, positions, written
from tests.sample_program import sample

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FACTS = sample()[:300]
PATIENT = next(stream_uuid(fact.stream) for fact in FACTS if fact.stream.startswith("chart/"))
NAMES = [projection.name for projection in PROJECTIONS]


@pytest.fixture
def place(make_database: Callable[[], Any]) -> Any:
    return make_database()


def made_by_another(place: Any, projection: str) -> None:
    """As if another version of the program had prepared it."""
    with psycopg.connect(place.owner_url) as connection:
        connection.execute("UPDATE projection.definition SET sha256 = 'other' WHERE projection = %s", [projection])


def test_preparing_again_changes_nothing(place: Any) -> None:
    assert prepare(place.owner_url, APP_ROLE) == []


def test_a_table_that_is_not_there_is_made_empty_and_only_that(place: Any, keyring: FileKeyring) -> None:
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        Follower(store).catch_up()
        with psycopg.connect(place.owner_url) as connection:
            connection.execute("DROP TABLE projection.attendance")
            connection.execute("DELETE FROM projection.definition WHERE projection = 'attendance'")
        assert prepare(place.owner_url, APP_ROLE) == ["attendance"]
        at = positions(store, "lexington")
        assert at == {name: len(FACTS) for name in NAMES if name != "attendance"}
        there = written(store, "lexington")
        assert (there.attendance, there.status) == ({}, folded(FACTS).status)
        Follower(store, batch=70).catch_up()
        assert written(store, "lexington") == folded(FACTS)
        assert positions(store, "lexington") == dict.fromkeys(NAMES, len(FACTS))


def test_a_projection_of_another_definition_stays_until_that_of_this_one_takes_its_place(
    place: Any, keyring: FileKeyring
) -> None:
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        Follower(store).catch_up()
        made_by_another(place, "attendance")
        with psycopg.connect(place.owner_url) as connection:
            connection.execute("DELETE FROM projection.attendance")
        assert prepare(place.owner_url, APP_ROLE) == []
        assert written(store, "lexington").attendance == {}
        assert positions(store, "lexington") == dict.fromkeys(NAMES, len(FACTS))
        assert lag(store).events == len(FACTS)
        assert {one.projection: one.events for one in standings(store)} == {
            name: len(FACTS) if name == "attendance" else 0 for name in NAMES
        }
        assert renew(store, place.owner_url) == ["attendance"]
        assert written(store, "lexington") == folded(FACTS)
        assert positions(store, "lexington") == dict.fromkeys(NAMES, len(FACTS))
        assert (lag(store).events, renew(store, place.owner_url)) == (0, [])


def test_when_the_followers_own_tables_change_everything_is_made_anew(place: Any, keyring: FileKeyring) -> None:
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        Follower(store).catch_up()
        made_by_another(place, "base")
        assert prepare(place.owner_url, APP_ROLE) == NAMES
        assert positions(store, "lexington") == {}
        Follower(store).catch_up()
        assert written(store, "lexington") == folded(FACTS)


def test_tables_of_another_version_are_neither_written_nor_shown(place: Any, keyring: FileKeyring) -> None:
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        Follower(store).catch_up()
        current = status.answer(store, "lexington", PATIENT, now=NOW)
        made_by_another(place, "status")
        with psycopg.connect(place.owner_url) as connection:
            # Of what was added since, a former table has nothing.
            connection.execute("ALTER TABLE projection.status DROP COLUMN cohorts")
        with pytest.raises(SchemaMismatch, match="stepdown migrate"):
            Follower(store).catch_up()
        with pytest.raises(Behind):
            census.answer(store, "lexington", now=NOW)
        # One chart is folded from the ledger instead: the same answer.
        assert status.answer(store, "lexington", PATIENT, now=NOW) == current


def test_a_table_that_was_made_anew_under_a_follower_gets_nothing_from_it(
    place: Any, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower of the former version is in the middle of a batch while the new version is being installed."""
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        monkeypatch.setattr(Follower, "_refuse_others", lambda *_: made_by_another(place, "status"))
        with pytest.raises(SchemaMismatch):
            Follower(store).catch_up()
        assert positions(store, "lexington") == {}


def test_each_projection_has_a_definition_of_its_own() -> None:
    assert len({projection.definition for projection in PROJECTIONS}) == len(PROJECTIONS)


def test_a_login_that_may_not_use_the_tables_is_named_as_the_trouble(place: Any) -> None:
    with pytest.raises(StoreError, match="may not use the read tables"):
        prepare(place.owner_url, "pg_monitor")


def test_only_the_owner_prepares(place: Any) -> None:
    made_by_another(place, "base")
    with pytest.raises(StoreError, match="SQLSTATE 42501"):
        prepare(place.app_url, APP_ROLE)


def test_a_database_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(Unavailable, match="can't be reached"):
        prepare("postgresql://nobody@127.0.0.1:1/none", APP_ROLE)


def test_without_tables_a_question_says_what_to_do(place: Any, keyring: FileKeyring) -> None:
    with psycopg.connect(place.owner_url) as connection:
        connection.execute("DROP SCHEMA projection CASCADE")
    with Store(place.app_url, keyring) as store:
        store.ledger("lexington").restore(FACTS)
        for _ in range(3):
            with pytest.raises(StoreError, match="stepdown migrate"):
                census.answer(store, "lexington", now=NOW)
        # No connection was lost to it.
        assert store.ledger("lexington").head().position == len(FACTS)
