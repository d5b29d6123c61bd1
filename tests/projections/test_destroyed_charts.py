"""A chart that is destroyed leaves every read table in the pass that digests the fact, and is set aside by none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.key_destruction import KeyDestroyed
from domain.record import EnteredInError, Recorded, stream_uuid
from projections import census, names, status
from projections.catalog import PROJECTIONS
from projections.digest import Batch, digest
from projections.follower import Follower
from projections.rebuild import check
from projections.watch import Watches
from store.ledger import Ledger
from store.store import Store
from store.together import answered
from tests.projections.tables import ACTIVITY, ELSEWHERE, NAMES, folded, positions, query, set_aside, whole, written
from tests.projections.test_rows import (
    ATTENDED,
    CHART,
    DISCHARGED,
    ENROLLED,
    INQUIRED,
    PATIENT,
    REGISTERED,
    SCHEDULED,
    SESSION,
)
from tests.projections.test_set_aside import OPENED, POISON
from tests.store.given import holiday, new

SITE = "facility/lexington"
OTHER = f"chart/{uuid4()}"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TABLES = ("status", "attendance", "census", "names")


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """Two charts with all that a table may hold of one; they take turns."""
    made = store.ledger("lexington")
    made.append([new(SITE, 1, OPENED), new(f"session/{SESSION}", 1, SCHEDULED)])
    others = [replace(REGISTERED, mrn="MRN-2", family_name="Lark"), replace(INQUIRED, episode_id=uuid4())]
    told = [new(CHART, 1, REGISTERED), new(OTHER, 1, others[0]), new(CHART, 2, INQUIRED), new(OTHER, 2, others[1])]
    before = datetime(2026, 3, 1, 12, tzinfo=UTC)
    imported = [replace(one, envelope=replace(one.envelope, recorded_elsewhere_at=before)) for one in told[2:]]
    made.append([*told[:2], *imported])
    made.append([new(CHART, version, fact) for version, fact in enumerate([ENROLLED, ATTENDED, DISCHARGED], start=3)])
    return made


def destroy(ledger: Ledger, chart: str = CHART, *, at: int = 5, site: int = 1) -> None:
    fact = KeyDestroyed(patient_id=stream_uuid(chart), authority="Schedule of retention")
    ledger.append([new(SITE, site + 1, fact)], reads={chart: at, SITE: site})


def patients(database: Any) -> dict[str, set[Any]]:
    """Whom each table has a row of, whoever asks."""
    with psycopg.connect(database.superuser_url) as connection:
        return {
            table: {
                row[0]
                for row in connection.execute(
                    psycopg.sql.SQL("SELECT patient_id FROM {}").format(psycopg.sql.Identifier("projection", table))
                )
            }
            for table in TABLES
        }


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_its_rows_go_with_the_fact_that_ends_it(store: Store, ledger: Ledger, database: Any, batch: int) -> None:
    follower = Follower(store, batch=batch)
    follower.catch_up()
    assert all(PATIENT in found for found in patients(database).values())
    destroy(ledger)
    follower.catch_up()
    stays = stream_uuid(OTHER)
    assert patients(database) == {"status": {stays}, "attendance": set(), "census": {stays}, "names": {stays}}
    assert {row[0] for row in query(store, "lexington", ACTIVITY)} == {1, 2, 4, 6, 10}
    assert {row[0] for row in query(store, "lexington", ELSEWHERE)} == {6}
    assert set_aside(store, "lexington") == []
    assert positions(store, "lexington") == {projection.name: 10 for projection in PROJECTIONS}


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_tables_that_are_made_anew_pass_by_what_nobody_reads(store: Store, ledger: Ledger, batch: int) -> None:
    destroy(ledger)
    ledger.append([holiday(version=3)])
    Follower(store, batch=batch).catch_up()
    assert set_aside(store, "lexington") == []
    assert positions(store, "lexington") == {projection.name: 11 for projection in PROJECTIONS}
    assert written(store, "lexington") == folded(ledger.facts())
    assert [row[0] for row in query(store, "lexington", NAMES)] == [stream_uuid(OTHER)]


def test_a_ledger_that_ends_in_what_nobody_reads_is_followed_to_its_end(store: Store, ledger: Ledger) -> None:
    """One batch has nothing in it that can be read."""
    last = f"chart/{uuid4()}"
    destroy(ledger)
    ledger.append([new(last, 1, replace(REGISTERED, mrn="MRN-3"))])
    destroy(ledger, last, at=1, site=2)
    rows = ledger.rows()
    with store.database.connection() as db:
        for before, upto in ((0, 2), (2, 3), (3, 9), (9, 10), (10, 11), (11, 12)):
            facts = [fact for fact in ledger.facts(after=before, upto=upto)]
            digest(db, PROJECTIONS, ledger, Batch(facts, before, upto, rows[upto - 1][4]))
    assert positions(store, "lexington") == {projection.name: 12 for projection in PROJECTIONS}
    assert written(store, "lexington") == folded(ledger.facts())


@pytest.mark.parametrize("batch", [1, 4, 1000])
def test_what_is_set_aside_beside_it_is_that_alone(store: Store, ledger: Ledger, batch: int) -> None:
    """Before the fact that no table takes, and behind it, stand some that nobody reads."""
    poison = replace(POISON, episode_id=uuid4())
    ledger.append([new(OTHER, 3, poison), new(CHART, 6, EnteredInError(target=4))])
    destroy(ledger, at=6)
    Follower(store, batch=batch).catch_up()
    assert [(row[0], row[1]) for row in set_aside(store, "lexington")] == [("attendance", 10)]
    assert positions(store, "lexington") == {projection.name: 12 for projection in PROJECTIONS}
    assert written(store, "lexington").status == folded(ledger.facts()).status


@pytest.mark.parametrize("last", [[], [EnteredInError(target=4)]], ids=["further", "folded anew"])
def test_a_chart_that_is_destroyed_between_reading_and_writing_is_not_set_aside(
    store: Store, ledger: Ledger, last: list[Any]
) -> None:
    ledger.append([new(CHART, 6, fact) for fact in last] or [holiday(version=2)])
    facts: list[Recorded] = ledger.facts()
    with store.database.connection() as db:
        digest(db, PROJECTIONS, ledger, whole(facts[:6]))
        destroy(ledger, at=5 + len(last), site=2 - len(last))
        digest(db, PROJECTIONS, ledger, whole(facts[6:]))
        assert set_aside(store, "lexington") == []
        digest(db, PROJECTIONS, ledger, whole(ledger.facts(after=10)))
    assert set_aside(store, "lexington") == []
    assert written(store, "lexington") == folded(ledger.facts())


def test_nothing_of_it_is_shown_before_the_tables_know(store: Store, ledger: Ledger, database: Any) -> None:
    """The follower has stopped; another process had the chart's document and its key at hand."""
    Follower(store).catch_up()
    found = status.answer(store, "lexington", PATIENT, now=NOW)
    assert found is not None
    watch = Watches(store).of("lexington")
    watch.keep(PATIENT, found, answered(watch.look()))
    with Store(database.app_url, store._keyring) as elsewhere:
        destroy(elsewhere.ledger("lexington"))
    assert status.answer(store, "lexington", PATIENT, now=NOW) is None
    assert names.find(store, "lexington", "Ottoline Quillfeather") == []
    assert [row["patient_id"] for row in census.answer(store, "lexington", now=NOW).rows] == [OTHER[6:]]
    assert PATIENT in answered(watch.look()).facility.destroyed
    Follower(store).catch_up()
    glance = answered(watch.look())
    assert watch.page(PATIENT, NOW.date(), glance) is None
    assert watch.pages == 0


def test_a_check_finds_nothing_wrong_about_tables_that_do_not_know_yet(store: Store, ledger: Ledger) -> None:
    """Rows of the chart are there, and so is what was set aside of it; the facts that they were made of are gone."""
    poison = replace(POISON, episode_id=uuid4())
    ledger.append([new(CHART, 6, poison)])
    Follower(store).catch_up()
    assert [(row[0], row[1]) for row in set_aside(store, "lexington")] == [("attendance", 10)]
    destroy(ledger, at=6)
    assert [(one.projection, one.differences) for one in check(store, PROJECTIONS)] == [
        (projection.name, []) for projection in PROJECTIONS
    ]


def test_a_check_names_what_is_wrong_about_other_charts_when_one_was_destroyed(
    store: Store, ledger: Ledger, database: Any
) -> None:
    Follower(store).catch_up()
    destroy(ledger)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("DELETE FROM projection.activity WHERE position IN (4, 6)")
        connection.execute("DELETE FROM projection.census")
    found = [row for one in check(store, PROJECTIONS) for row in one.differences]
    other = {"patient_id": str(stream_uuid(OTHER))}
    assert [(row.projection, row.what) for row in found if row.projection == "activity"] == [
        ("activity", "missing"),
        ("activity", "missing"),
    ]
    assert {(row.projection, row.what) for row in found} == {("activity", "missing"), ("census", "missing")}
    assert {row.key["patient_id"] for row in found if row.projection == "census"} == set(other.values())
