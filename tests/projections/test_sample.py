"""The sample program, followed: its expected documents, and read tables against ledger for every patient."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chart.identity import PatientRegistered
from domain.claims import cohorts_named
from domain.record import stream_uuid
from domain.session import Session
from projections import census, sessions, status
from projections.follower import lag
from store.store import Store
from tests.projections.tables import query
from tests.sample_program import EXPECTED, sample, site_of

AFTER = datetime(2026, 6, 1, 12, tzinfo=UTC)
THEN = datetime(2026, 4, 18, 3, 59, 59, tzinfo=UTC)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)
PATIENTS = sorted({stream_uuid(fact.stream) for fact in sample() if fact.stream.startswith("chart/")})

TABLES = {
    "status": "SELECT status::text FROM projection.status",
    "sessions": "SELECT sessions::text FROM projection.sessions",
    "attendance": "SELECT attendance::text FROM projection.attendance",
    "census": "SELECT census::text FROM projection.census",
    "names": "SELECT names::text FROM projection.names",
    "screenings": "SELECT screenings::text FROM projection.screenings",
    "step_downs": "SELECT step_downs::text FROM projection.step_downs",
    "activity": "SELECT activity::text FROM projection.activity",
    "elsewhere": "SELECT elsewhere::text FROM projection.elsewhere",
    "position": "SELECT position::text FROM projection.position",
    "set_aside": "SELECT set_aside::text FROM projection.set_aside",
}


@pytest.fixture
def no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever folds a whole answer from the ledger now is found out."""

    def folds(*_: Any, **__: Any) -> None:
        raise AssertionError("folded from the ledger")

    monkeypatch.setattr(status, "_from_ledger", folds)
    monkeypatch.setattr(census, "_from_ledger", folds)


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("status-*.json")), ids=lambda path: path.stem)
def test_the_sample_program_gives_the_expected_status(followed: Store, path: Path) -> None:
    """Keys in the same order; flags may hold more."""
    expected = json.loads(path.read_text())
    answer = status.answer(followed, "lexington", UUID(expected["patient_id"]), now=AFTER, known_at=THEN)
    assert answer is not None
    assert set(expected["flags"]) <= set(answer.document["flags"])
    given = {**answer.document, "flags": [flag for flag in answer.document["flags"] if flag in expected["flags"]]}
    assert json.dumps(given) == json.dumps(expected)


def test_the_sample_has_forty_two_patients() -> None:
    assert len(PATIENTS) == 42


@pytest.mark.parametrize("patient_id", PATIENTS, ids=str)
def test_status_from_the_read_tables_is_that_of_the_ledger(
    followed: Store, patient_id: UUID, request: pytest.FixtureRequest
) -> None:
    on = date(2026, 6, 1)
    folded = status.answer(followed, "lexington", patient_id, now=AFTER, as_of=on, known_at=MUCH_LATER)
    request.getfixturevalue("no_ledger")
    assert status.answer(followed, "lexington", patient_id, now=AFTER) == folded


def test_a_status_rests_on_no_session_of_a_group_that_is_not_the_patients(
    followed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would take longer with every group of the site."""
    read: list[dict[UUID, Session]] = []

    def noted(rows: Iterable[Any]) -> dict[UUID, Session]:
        read.append(sessions.sessions_in(rows))
        return read[-1]

    monkeypatch.setattr(status, "sessions_in", noted)
    now = datetime(2026, 5, 8, 22, tzinfo=UTC)
    charts = site_of(sample()).charts
    to_come = 0
    for patient_id in PATIENTS:
        assert status.answer(followed, "lexington", patient_id, now=now) is not None
        chart, found = charts[patient_id], read.pop()
        assert found.keys() >= chart.attendances.keys()
        beside = [session for key, session in found.items() if key not in chart.attendances]
        assert {session.cohort_id for session in beside} <= cohorts_named(chart)
        to_come += len(beside)
    assert to_come > 20


@pytest.mark.parametrize("now", [datetime(2026, 5, 8, 22, tzinfo=UTC), datetime(2026, 3, 9, 3, tzinfo=UTC)])
def test_status_in_the_middle_of_treatment_is_that_of_the_ledger_too(
    followed: Store, now: datetime, request: pytest.FixtureRequest
) -> None:
    """With the week at hand in it. Where the clock stands before what is on record, nothing of it shows yet."""
    on = now.astimezone(site_of(sample()).facility.clock).date()
    folded = [status.answer(followed, "lexington", p, now=now, as_of=on, known_at=MUCH_LATER) for p in PATIENTS]
    assert any(answer is not None and answer.document["week"]["minutes"] for answer in folded)
    request.getfixturevalue("no_ledger")
    assert [status.answer(followed, "lexington", p, now=now) for p in PATIENTS] == folded


def test_an_answer_carries_the_cut_that_it_stands_on(followed: Store) -> None:
    answer = status.answer(followed, "lexington", PATIENTS[0], now=AFTER)
    assert answer is not None
    assert (answer.document["position"], answer.document["known_at"]) == (4183, "2026-05-11T03:20:00Z")
    assert answer.document["as_of"] == "2026-06-01"


def test_a_given_known_at_makes_its_date_the_default(followed: Store) -> None:
    answer = status.answer(followed, "lexington", PATIENTS[0], now=AFTER, known_at=THEN)
    assert answer is not None
    assert answer.document["as_of"] == "2026-04-17"


def test_who_has_no_chart_has_no_status(followed: Store) -> None:
    assert status.answer(followed, "lexington", uuid4(), now=AFTER) is None
    assert status.answer(followed, "elsewhere", PATIENTS[0], now=AFTER) is None
    before_all = datetime(2026, 1, 1, tzinfo=UTC)
    assert status.answer(followed, "lexington", PATIENTS[0], now=AFTER, known_at=before_all) is None


@pytest.mark.parametrize("now", [AFTER, datetime(2026, 5, 8, 22, tzinfo=UTC), datetime(2026, 3, 9, 3, tzinfo=UTC)])
def test_the_census_from_the_read_tables_is_that_of_the_ledger(
    followed: Store, now: datetime, request: pytest.FixtureRequest
) -> None:
    on = now.astimezone(site_of(sample()).facility.clock).date()
    folded = census.answer(followed, "lexington", now=now, as_of=on, known_at=MUCH_LATER)
    request.getfixturevalue("no_ledger")
    assert census.answer(followed, "lexington", now=now) == folded
    assert folded.rows
    assert (folded.as_of, folded.position) == (on, 4183)


def test_a_past_census_is_of_those_who_were_open_then(followed: Store) -> None:
    then = census.answer(followed, "lexington", now=AFTER, as_of=date(2026, 4, 17))
    now = census.answer(followed, "lexington", now=AFTER)
    states = Counter(row["state"] for row in then.rows)
    assert states["active"] > 10
    assert states["discharged"] == 0
    assert {row["patient_id"] for row in now.rows} < {str(patient) for patient in PATIENTS}
    assert [row["patient_id"] for row in then.rows] == sorted(row["patient_id"] for row in then.rows)


def test_the_census_as_known_then_stands_on_that_cut(followed: Store) -> None:
    then = census.answer(followed, "lexington", now=AFTER, known_at=THEN)
    assert (then.as_of, then.position, then.known_at) == (date(2026, 4, 17), 2964, THEN)


def test_the_census_of_a_site_without_facts_is_empty(followed: Store) -> None:
    nothing = census.answer(followed, "elsewhere", now=AFTER)
    assert (nothing.rows, nothing.position, nothing.known_at) == ([], 0, None)


def test_the_sessions_of_a_day_say_who_came(followed: Store) -> None:
    """2026-03-02, a Monday: thirteen sessions, one of them cancelled."""
    day = sessions.answer(followed, "lexington", on=date(2026, 3, 2))
    records = {
        (record.session_id, record.outcome.value)
        for chart in site_of(sample()).charts.values()
        for record in chart.attendances.values()
    }
    assert day.position == 4183
    assert [row["starts_at"] for row in day.rows] == sorted(row["starts_at"] for row in day.rows)
    assert Counter(row["state"] for row in day.rows) == {"held": 12, "cancelled": 1}
    assert all(row["starts_at"].startswith("2026-03-02T") for row in day.rows)
    for row in day.rows:
        for outcome in ("attended", "absent_excused", "absent_unexcused"):
            assert (row[outcome] > 0) is ((UUID(row["session_id"]), outcome) in records)


@pytest.mark.parametrize("on", [date(2026, 2, 26), date(2026, 3, 2), date(2026, 5, 8)], ids=str)
def test_the_sessions_of_a_day_from_the_read_tables_are_those_of_the_ledger(followed: Store, on: date) -> None:
    shown = sessions.answer(followed, "lexington", on=on)
    assert shown.rows
    assert sessions.answer(followed, "lexington", on=on, known_at=MUCH_LATER) == shown


def test_the_sessions_of_a_day_as_known_before_it_are_planned(followed: Store) -> None:
    then = datetime(2026, 3, 2, 12, tzinfo=UTC)
    before = sessions.answer(followed, "lexington", on=date(2026, 3, 2), known_at=then)
    assert (before.known_at, before.position < 4183) == (then, True)
    assert "planned" in {row["state"] for row in before.rows}
    assert "held" not in {row["state"] for row in before.rows}
    assert not any(row["recorded"] for row in before.rows)


def test_a_session_of_late_evening_is_on_its_own_local_day(followed: Store) -> None:
    """After the change to daylight-saving time as well: 21:00 in Lexington is the next day in UTC."""
    days = [date(2026, 3, 6), date(2026, 3, 9), date(2026, 3, 10)]
    site = site_of(sample())
    zone = site.facility.clock
    expected = {str(key) for key, session in site.sessions.items() if session.program_day(zone) in days}
    shown = {row["session_id"] for on in days for row in sessions.answer(followed, "lexington", on=on).rows}
    assert shown == expected


def test_no_read_table_holds_a_name_a_number_or_a_phone_in_plain(followed: Store) -> None:
    registered = [fact.fact for fact in sample() if isinstance(fact.fact, PatientRegistered)]
    secrets = {text for r in registered for text in (r.family_name, r.mrn, r.phone) if text}
    assert len(secrets) > 100
    for table, statement in TABLES.items():
        rows = query(followed, "lexington", statement)
        assert rows or table in ("set_aside", "elsewhere")
        text = "\n".join(row[0] for row in rows)
        found = {secret for secret in secrets if secret in text or secret.encode().hex() in text}
        assert not found, table


def test_nothing_of_the_sample_is_set_aside(followed: Store) -> None:
    state = lag(followed)
    assert (state.events, state.seconds, state.set_aside) == (0, 0, 0)
