"""A fact that was altered by hand in the database: what needs it says so, and all else is answered as ever."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from api.app import create_app
from api.wiring import Wiring
from exchange.cut import left_out
from projections import site_list
from projections.follower import Follower
from projections.retry import retry
from store.accesses import Accesses
from store.desk import Desk
from store.keys import FileKeyring
from store.store import Store
from tests.api.client import Client
from tests.api.conftest import now
from tests.api.program import TODAY, Site
from tests.api.test_problems import is_problem
from tests.conftest import Database

CHART = "stream = %s AND version = 2"
SESSION = "stream = %s AND version = 1"
FLIPPED = "UPDATE fact SET body = set_byte(body, 40, get_byte(body, 40) # 1)"
KEY_ALTERED: LiteralString = (
    "UPDATE chart_key SET wrapped = set_bit(wrapped, 200, 1 - get_bit(wrapped, 200)) WHERE stream = %s"
)
# Of what is kept in plain, any other byte may make another fact as well.
CUT_OFF: LiteralString = "UPDATE fact SET body = substr(body, 1, 30)"
DAMAGE: dict[str, tuple[LiteralString, LiteralString]] = {
    "a flipped byte of a chart": (FLIPPED, CHART),
    "another type in a chart": ("UPDATE fact SET type = 'TriggerIdentified'", CHART),
    "a type that is none in a chart": ("UPDATE fact SET type = 'OfALaterVersion'", CHART),
    "a body of a session cut off": (CUT_OFF, SESSION),
    "another type in a session": ("UPDATE fact SET type = 'SessionEnded'", SESSION),
    "a type that is none in a session": ("UPDATE fact SET type = 'OfALaterVersion'", SESSION),
}
THEN = {"known_at": "2100-01-01T00:00:00Z"}
YEAR, WEEK, _ = TODAY.isocalendar()
WHOLE_SITE: dict[str, dict[str, Any]] = {
    "weeks": THEN,
    "at-risk": THEN,
    "late-entries": THEN,
    "reports/weekly": {**THEN, "week": f"{YEAR}-W{WEEK:02}"},
    "exports/facts": {},
}
OF_CHARTS: dict[str, dict[str, Any]] = {
    "step-downs": THEN,
    "screenings": THEN,
    "census": THEN,
    "exports/attendance": {},
}


def damaged(database: Database, change: LiteralString, where: LiteralString, stream: str) -> int:
    """As somebody with the run of the database does it. The position of the one fact that was changed."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        found = connection.execute(change + " WHERE " + where + " RETURNING position", [stream]).fetchall()
    [[position]] = found
    return int(position)


def is_damaged(response: httpx.Response) -> dict[str, Any]:
    problem = is_problem(response, 503)
    assert problem["type"] == "urn:stepdown:problem:record-damaged"
    assert "`stepdown follow --status` and `stepdown rebuild --check`" in problem["detail"]
    return problem


@pytest.fixture
def elsewhere(site: Site, wiring: Wiring, database: Database, keyring: FileKeyring) -> Iterator[Site]:
    """Another process, which has read nothing yet."""
    with Store(database.app_url, keyring) as store:
        other = replace(wiring, store=store, desk=Desk(store, now), accesses=Accesses(store))
        with Client(create_app(other)) as client:
            yield replace(site, client=client)


@pytest.mark.parametrize("how", DAMAGE)
def test_questions_of_the_whole_site_say_that_the_record_is_damaged_and_others_go_on(
    site: Site, elsewhere: Site, wiring: Wiring, database: Database, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    session = site.session(site.cohort_id)
    (patient, _), (other, _) = site.enrolled(site.cohort_id), site.enrolled(site.cohort_id, "MRN-2")
    change, where = DAMAGE[how]
    of_chart = where == CHART
    stream = f"chart/{patient}" if of_chart else f"session/{session}"
    damaged(database, change, where, stream)
    Follower(wiring.store).catch_up()
    for path, params in (WHOLE_SITE | OF_CHARTS if of_chart else WHOLE_SITE).items():
        caplog.clear()
        problem = is_damaged(elsewhere.ask("compliance_officer", f"/facilities/{site.code}/{path}", params=params))
        assert stream not in str(problem), path
        assert f"{stream}@{2 if of_chart else 1}" in caplog.text, path
    assert elsewhere.ask("counselor", f"/patients/{other}/status").status_code == 200
    assert elsewhere.ask("counselor", f"/facilities/{site.code}/cohorts").status_code == 200
    if of_chart:
        for path in ("status", "history"):
            is_damaged(elsewhere.ask("counselor", f"/patients/{patient}/{path}"))


def test_a_chart_whose_key_was_altered_is_damaged_and_no_other(
    site: Site, elsewhere: Site, wiring: Wiring, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The master key is the right one: it opens what else it wraps."""
    session = site.session(site.cohort_id)
    (patient, episode), (other, _) = site.enrolled(site.cohort_id), site.enrolled(site.cohort_id, "MRN-2")
    Follower(wiring.store).catch_up()
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        assert connection.execute(KEY_ALTERED, [f"chart/{patient}"]).rowcount == 1
    for path in ("status", "history", "compliance", "screenings"):
        is_damaged(elsewhere.ask("counselor", f"/patients/{patient}/{path}"))
    is_damaged(elsewhere.ask("compliance_officer", f"/facilities/{site.code}/exports/facts"))
    is_damaged(elsewhere.send("counselor", f"/episodes/{episode}/attendance", site.attended(session)))
    assert elsewhere.ask("counselor", f"/patients/{other}/status").status_code == 200
    assert f"The key of chart/{patient} in ledger {site.code} was altered" in caplog.text


@pytest.mark.parametrize("path", ["step-downs", "screenings"])
def test_a_list_whose_tables_lack_a_damaged_fact_says_so_without_folding_the_site(
    site: Site, wiring: Wiring, database: Database, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def folds(*_: Any, **__: Any) -> None:
        raise AssertionError("folded from the ledger")

    patient, _ = site.enrolled(site.cohort_id)
    damaged(database, FLIPPED, CHART, f"chart/{patient}")
    Follower(wiring.store).catch_up()
    monkeypatch.setattr(site_list, "known_charts", folds)
    is_damaged(site.ask("counselor", f"/facilities/{site.code}/{path}"))


def test_lists_say_how_many_facts_they_had_to_leave_out(site: Site, wiring: Wiring, database: Database) -> None:
    session = site.session(site.cohort_id)
    site.enrolled(site.cohort_id)
    Follower(wiring.store).catch_up()
    paths = [f"/facilities/{site.code}/{path}" for path in ("census", "sessions")]
    assert all("remarks" not in site.told("counselor", path) for path in paths)
    # Later than what is in the tables already.
    site.done("counselor", f"/sessions/{session}/cancellation", {"cause": "weather"})
    damaged(database, CUT_OFF, "stream = %s AND version = 2", f"session/{session}")
    Follower(wiring.store).catch_up()
    for path in paths:
        [remark] = site.told("counselor", path)["remarks"]
        assert remark.startswith(
            "1 fact of this facility is damaged or not known to this version: what it tells isn't "
        )
    assert left_out(2)[0].startswith(
        "2 facts of this facility are damaged or not known to this version: what they tell "
    )


def test_a_status_says_that_it_may_lack_a_session_as_long_as_one_is_damaged(
    site: Site, elsewhere: Site, wiring: Wiring, database: Database
) -> None:
    """The session is of the patient's cohort: nobody can read that it is."""
    patient, _ = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    with psycopg.connect(database.superuser_url) as connection:
        [[body]] = connection.execute("SELECT body FROM fact WHERE stream = %s", [f"session/{session}"]).fetchall()
    damaged(database, CUT_OFF, SESSION, f"session/{session}")
    Follower(wiring.store).catch_up()
    for asker in (site, elsewhere, elsewhere):
        [remark] = asker.told("counselor", f"/patients/{patient}/status")["remarks"]
        assert remark.startswith("The record of a session of this facility is damaged: ")
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET body = %s WHERE stream = %s", [body, f"session/{session}"])
    retry(wiring.store)
    for asker in (site, elsewhere):
        assert "remarks" not in asker.told("counselor", f"/patients/{patient}/status")


@pytest.mark.parametrize("path", ["step-downs", "screenings"])
def test_a_list_that_needs_no_session_is_answered_without_a_damaged_one(
    site: Site, wiring: Wiring, database: Database, path: str
) -> None:
    damaged(database, CUT_OFF, SESSION, f"session/{site.session(site.cohort_id)}")
    Follower(wiring.store).catch_up()
    assert site.ask("counselor", f"/facilities/{site.code}/{path}").status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 5000])
def test_the_feed_hands_out_what_comes_before_a_damaged_fact_and_then_says_where_it_stands(
    site: Site, database: Database, limit: int
) -> None:
    (patient, _), _ = site.enrolled(site.cohort_id), site.enrolled(site.cohort_id, "MRN-2")
    position = damaged(database, FLIPPED, CHART, f"chart/{patient}")
    path, after, got = f"/ledgers/{site.code}/facts", 0, []
    while (response := site.ask("compliance_officer", path, params={"after": after, "limit": limit})).is_success:
        lines = [json.loads(line) for line in response.text.splitlines()]
        got += [line["position"] for line in lines]
        after = int(response.headers["Next-After"])
        assert after == got[-1]
        assert site.accesses()[-1]["fact"]["rows"] == len(lines)
    assert got == list(range(1, position))
    problem = is_damaged(response)
    assert problem["position"] == position
    assert f"at position {position} " in problem["detail"]
    beyond = site.ask("compliance_officer", path, params={"after": position})
    assert json.loads(beyond.text.splitlines()[0])["position"] == position + 1


def test_a_damaged_row_of_a_status_is_answered_from_the_ledger_and_logged(
    site: Site, elsewhere: Site, wiring: Wiring, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    patient, _ = site.enrolled(site.cohort_id)
    Follower(wiring.store).catch_up()
    path = f"/patients/{patient}/status"
    right = site.told("counselor", path)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            "UPDATE projection.status SET chart = set_byte(chart, 40, get_byte(chart, 40) # 1) WHERE patient_id = %s",
            [patient],
        )
    with caplog.at_level(logging.ERROR):
        assert elsewhere.told("counselor", path) == right
    assert f"A read column of chart/{patient} in ledger lexington doesn't open: rebuild the projection." in caplog.text
