"""A fact that a projection can't digest is set aside, visibly; everything else goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.facility import FacilityOpened
from projections import status
from projections.catalog import PROJECTIONS
from projections.digest import _reason
from projections.follower import Follower, lag
from store.errors import Unreadable
from store.store import Store
from tests.projections.tables import folded, positions, set_aside, written
from tests.projections.test_rows import (
    AT_SIX,
    ATTENDED,
    CHART,
    ENROLLED,
    EPISODE,
    INQUIRED,
    MONDAY,
    PATIENT,
    REGISTERED,
    SCHEDULED,
    SESSION,
)
from tests.store.given import holiday, new

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MUCH_LATER = datetime(2100, 1, 1, tzinfo=UTC)
OPENED = FacilityOpened(code="lexington", name="Lexington", zone="America/New_York")

# No table has room for so many: the database refuses the row.
FAR_TOO_MANY = 3_000_000_000
POISON = AttendanceRecorded(
    episode_id=EPISODE,
    session_id=uuid4(),
    outcome=Outcome.ATTENDED,
    method="roster",
    arrived_at=ATTENDED.arrived_at,
    left_at=ATTENDED.left_at,
    family_members=FAR_TOO_MANY,
)
# The ledger keeps any text; a database can't.
UNSPEAKABLE = replace(SCHEDULED, topic="nightmares\x00")


def record(store: Store, *facts: Any) -> None:
    """A facility, and these facts of one chart."""
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    for version, fact in enumerate(facts, start=1):
        ledger.append([new(CHART, version, fact)])


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_the_rest_goes_on_and_the_position_with_it(store: Store, batch: int) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, POISON, ATTENDED)
    Follower(store, batch=batch).catch_up()
    assert positions(store, "lexington") == {projection.name: 6 for projection in PROJECTIONS}
    facts = store.ledger("lexington").facts()
    without = folded(fact for fact in facts if fact.fact != POISON)
    there = written(store, "lexington")
    assert there.attendance == without.attendance
    assert there.census == without.census
    # Its fold is in order: only the table of attendance has no room for it.
    assert there.status == folded(facts).status


def test_what_was_set_aside_is_named_with_a_reason_that_repeats_nothing_of_it(store: Store) -> None:
    record(store, REGISTERED, INQUIRED, ENROLLED, POISON)
    Follower(store).catch_up()
    [row] = set_aside(store, "lexington")
    assert row == (
        "attendance",
        5,
        CHART,
        4,
        "AttendanceRecorded",
        "The database refused the row (SQLSTATE 22003).",
    )
    assert lag(store).set_aside == 1


def test_a_session_that_no_table_can_hold_does_not_stop_the_others(store: Store) -> None:
    ledger = store.ledger("lexington")
    unspeakable, plain = uuid4(), uuid4()
    ledger.append([new(f"session/{unspeakable}", 1, UNSPEAKABLE), new(f"session/{plain}", 1, SCHEDULED)])
    ledger.append([holiday()])
    Follower(store).catch_up()
    assert written(store, "lexington").sessions.keys() == {plain}
    [(projection, position, stream, *_)] = set_aside(store, "lexington")
    assert (projection, position, stream) == ("sessions", 1, f"session/{unspeakable}")


class TestUnreadable:
    """A stored fact that was altered: nobody can read it any more, and nobody passes it by unseen."""

    @pytest.fixture(autouse=True)
    def altered(self, store: Store, database: Any) -> None:
        record(store, REGISTERED, INQUIRED, ENROLLED)
        other = f"chart/{uuid4()}"
        store.ledger("lexington").append([new(other, 1, replace(REGISTERED, mrn="MRN-2"))])
        with psycopg.connect(database.superuser_url) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute("UPDATE fact SET body = '\\x00' WHERE position = 3")

    @pytest.mark.parametrize("batch", [1, 2, 1000])
    def test_it_is_set_aside_by_all_and_the_rest_goes_on(self, store: Store, batch: int) -> None:
        Follower(store, batch=batch).catch_up()
        assert positions(store, "lexington") == {projection.name: 5 for projection in PROJECTIONS}
        assert [(row[0], row[1], row[4]) for row in set_aside(store, "lexington")] == [
            (name, 3, "InquiryReceived") for name in sorted(projection.name for projection in PROJECTIONS)
        ]
        assert len(written(store, "lexington").status) == 2
        assert lag(store).set_aside == 1

    def test_the_status_of_that_chart_is_no_guess(self, store: Store) -> None:
        Follower(store).catch_up()
        with pytest.raises(Unreadable):
            status.answer(store, "lexington", PATIENT, now=NOW)


def test_a_chart_that_lacks_a_fact_is_answered_from_the_ledger(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the fold of one fact broken, the ledger would still be asked, whatever the table says."""
    record(store, REGISTERED, INQUIRED)
    with monkeypatch.context() as broken:
        broken.setattr(status, "further", _stumble)
        Follower(store).catch_up()
    assert {row[0] for row in set_aside(store, "lexington")} == {"status"}
    assert not written(store, "lexington").status
    answer = status.answer(store, "lexington", PATIENT, now=NOW)
    assert answer is not None
    assert answer.version == 2


@pytest.mark.parametrize(
    ("unsaid", "facts"),
    [
        ("a record of the chart", [REGISTERED, INQUIRED, ENROLLED, POISON]),
        ("a session that the patient was in", [REGISTERED, INQUIRED, ENROLLED, ATTENDED]),
    ],
)
def test_what_a_status_would_lack_is_looked_up_in_the_ledger(store: Store, unsaid: str, facts: list[Any]) -> None:
    store.ledger("lexington").append([new(f"session/{SESSION}", 1, UNSPEAKABLE)])
    record(store, *facts)
    Follower(store).catch_up()
    shown = status.answer(store, "lexington", PATIENT, now=AT_SIX, as_of=MONDAY)
    folded = status.answer(store, "lexington", PATIENT, now=AT_SIX, as_of=MONDAY, known_at=MUCH_LATER)
    assert shown == folded
    assert shown is not None
    assert shown.document["attendance"]["last_attended_on"] == (None if POISON in facts else "2026-03-02"), unsaid


def _stumble(*_: Any) -> None:
    raise KeyError("Quillfeather")


def test_a_reason_names_the_place_and_never_what_was_found_there() -> None:
    with pytest.raises(KeyError) as caught:
        _stumble()
    reason = _reason(caught.value)
    assert "Quillfeather" not in reason
    assert "KeyError in tests.projections.test_set_aside, line" in reason
