"""A kept document ends, too, when rows are put in the place of others without a fact that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import orjson
import psycopg
import pytest

from domain.cohort import CohortFormed
from domain.week import local_date, weekday
from projections import status
from projections.catalog import PROJECTIONS
from projections.follower import Follower
from projections.rebuild import rebuild
from projections.retry import retry
from projections.watch import Watch, Watches
from store.store import Store
from tests.conftest import Database
from tests.projections.test_rows import (
    ADMITTED,
    CHART,
    COHORT,
    ENROLLED,
    INQUIRED,
    PATIENT,
    REGISTERED,
    SCHEDULED,
    SESSION,
)
from tests.projections.test_set_aside import OPENED
from tests.projections.test_watch import SITE, held, look, put, record, sent
from tests.store.given import new


@pytest.fixture
def site(store: Store) -> Store:
    """A facility and a chart, in the tables."""
    record(store, "facility/lexington", 1, OPENED)
    record(store, CHART, 1, REGISTERED)
    return store


@pytest.fixture
def over(site: Store) -> Watch:
    return Watches(site).of(SITE)


def expecting(store: Store, database: Database) -> None:
    """A patient in a cohort that met today, and tables that lack the meeting: what says so was altered."""
    zone = ZoneInfo("America/New_York")
    today = local_date(datetime.now(UTC), zone)
    midnight = datetime.combine(today, time(), zone)
    formed = CohortFormed(
        name="Days",
        program="iop",
        weekdays=(weekday(today),),
        starts="00:00",
        ends="00:01",
        capacity=12,
        on=today - timedelta(days=30),
    )
    record(store, f"cohort/{COHORT}", 1, formed)
    begun = today - timedelta(days=7)
    for version, fact in enumerate((INQUIRED, replace(ENROLLED, on=begun), replace(ADMITTED, on=begun)), start=2):
        record(store, CHART, version, fact)
    met = replace(SCHEDULED, starts_at=midnight, ends_at=midnight + timedelta(minutes=1))
    store.ledger(SITE).append([new(f"session/{SESSION}", 1, met)])
    alter(database, "SessionScheduled", "OfALaterVersion")
    Follower(store).catch_up()


def alter(database: Database, kind: str, to: str) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET type = %s WHERE type = %s", [to, kind])


def of_now(store: Store) -> status.Answer:
    found = status.answer(store, SITE, PATIENT, now=datetime.now(UTC))
    assert found is not None
    return found


def test_what_lacks_a_session_is_not_kept_and_what_was_made_before_it_was_taken_up_again_is_too_late(
    site: Store, over: Watch, database: Database
) -> None:
    """The tables are where they were before: no fact says that there is something new in them."""
    expecting(site, database)
    glance = look(over)
    lacking = of_now(site)
    on = date.fromisoformat(lacking.document["as_of"])
    assert lacking.may_lack_session
    over.keep(PATIENT, lacking, glance)
    assert held(over, on=on) is None
    alter(database, "OfALaterVersion", "SessionScheduled")
    retry(site)
    whole = of_now(site)
    assert not whole.may_lack_session
    assert whole.document["week"] != lacking.document["week"]
    # By a glance of before.
    over.keep(PATIENT, whole, glance)
    assert held(over, on=on) is None
    over.keep(PATIENT, of_now(site), look(over))
    assert held(over, on=on) == orjson.dumps(of_now(site).document)


def test_tables_that_were_rebuilt_end_what_was_kept_of_the_former_ones(
    site: Store, over: Watch, database: Database
) -> None:
    put(site, over)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("DELETE FROM projection.status WHERE patient_id = %s", [PATIENT])
    assert held(over) is not None
    rebuild(site, database.owner_url, PROJECTIONS)
    assert held(over) is None
    put(site, over)
    assert held(over) == sent(site)
