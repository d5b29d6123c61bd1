"""Who did what: found by the read table or in the ledger, page by page, the same facts in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.key_destruction import KeyDestroyed
from domain.record import Recorded, stream_uuid
from domain.recording import LATE_HOURS
from exchange import activity
from exchange.activity import Activity, Wanted
from exchange.errors import NotAsked, NotOnRecord
from projections.activity import positions_of
from projections.follower import Follower
from projections.found import Found
from store.keys import FileKeyring
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store
from tests.projections.tables import refusing, set_aside
from tests.projections.test_rows import CHART, INQUIRED, PATIENT, REGISTERED
from tests.projections.test_set_aside import OPENED
from tests.sample_program import sample, site_of
from tests.store.given import AMES, new

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ZONE = site_of(sample()).facility.clock
PEOPLE = sorted({fact.envelope.by.id for fact in sample()})
PATIENTS = sorted({stream_uuid(fact.stream) for fact in sample() if fact.stream.startswith("chart/")})
KINDS = sorted({type(fact.fact).__name__ for fact in sample()})


@pytest.fixture(scope="module")
def followed(make_database: Callable[[], Any], keyring: FileKeyring) -> Iterator[Store]:
    with Store(make_database().app_url, keyring) as store:
        store.ledger("lexington").restore(sample())
        Follower(store).catch_up()
        yield store


def all_pages(store: Store, wanted: Wanted, limit: int, known_at: datetime | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = activity.answer(store, "lexington", wanted, now=NOW, known_at=known_at, after=after, limit=limit)
        assert len(page.rows) <= limit
        assert page.next_after is None or page.rows
        rows += page.rows
        after = page.next_after
    return rows


def is_wanted(fact: Recorded, wanted: Wanted) -> bool:
    on = fact.recorded_at.astimezone(ZONE).date()
    return (
        (wanted.person is None or fact.envelope.by.id == wanted.person)
        and (wanted.patient_id is None or fact.stream == f"chart/{wanted.patient_id}")
        and (not wanted.kinds or type(fact.fact).__name__ in wanted.kinds)
        and (wanted.from_on is None or wanted.from_on <= on)
        and (wanted.to_on is None or on <= wanted.to_on)
    )


WANTED = st.builds(
    Wanted,
    person=st.none() | st.sampled_from(PEOPLE),
    patient_id=st.none() | st.none() | st.sampled_from(PATIENTS),
    kinds=st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
    from_on=st.none() | st.just(date(2026, 3, 10)),
    to_on=st.none() | st.just(date(2026, 4, 10)),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=WANTED, limit=st.sampled_from([7, 100, 1000]), cut=st.none() | st.integers(1, len(sample())))
def test_it_is_what_was_recorded_and_all_of_it(followed: Store, wanted: Wanted, limit: int, cut: int | None) -> None:
    known_at = None if cut is None else sample()[cut - 1].recorded_at
    told = [fact for fact in sample() if known_at is None or fact.recorded_at <= known_at]
    expected = [fact for fact in told if is_wanted(fact, wanted)]
    if len(expected) > 60 * limit:
        limit = 1000
    rows = all_pages(followed, wanted, limit, known_at)
    assert [(row["position"], row["event"], row["type"]) for row in rows] == [
        (fact.position, fact.name, type(fact.fact).__name__) for fact in expected
    ]
    assert [row["by"]["id"] for row in rows] == [fact.envelope.by.id for fact in expected]


@pytest.mark.parametrize("come", [0, 2500])
@pytest.mark.parametrize("person", PEOPLE[:4] + PEOPLE[-2:])
def test_a_table_that_is_behind_is_not_waited_for(
    followed: Store, person: str, monkeypatch: pytest.MonkeyPatch, come: int
) -> None:
    """As far as it has come it is gone by, and what is behind that is read in the ledger."""
    by_table = all_pages(followed, Wanted(person=person), 1000)
    read, usual = [], Ledger.rows

    def watched(ledger: Ledger, **asked: Any) -> list[Row]:
        read.append(asked["after"])
        return usual(ledger, **asked)

    def so_far(*given: Any, after: int, upto: int, **asked: Any) -> Found:
        if after >= come:
            return Found((), after)
        return positions_of(*given, after=after, upto=min(upto, come), **asked)

    monkeypatch.setattr(activity, "positions_of", so_far)
    monkeypatch.setattr(Ledger, "rows", watched)
    assert all_pages(followed, Wanted(person=person), 1000) == by_table
    assert by_table
    assert min(read) == come


def test_lateness_is_counted_from_when_it_was_over(followed: Store) -> None:
    rows = all_pages(followed, Wanted(), 1000)
    dated = [row for row in rows if row["happened_at"] is not None]
    assert len(dated) > 1000
    for row in dated:
        passed = datetime.fromisoformat(row["recorded_elsewhere_at"] or row["recorded_at"]) - datetime.fromisoformat(
            row["happened_at"]
        )
        assert row["lateness_minutes"] == max(int(passed.total_seconds() // 60), 0)
        assert row["late"] is (passed > timedelta(hours=LATE_HOURS))
    late = [row for row in rows if row["late"]]
    assert late
    assert all(row["reason"] for row in late)
    assert not any(row["late"] or row["lateness_minutes"] for row in rows if row["happened_at"] is None)


def test_who_has_no_chart_in_it_names_no_patient(followed: Store) -> None:
    found = activity.answer(followed, "lexington", Wanted(kinds=("SessionScheduled",)), now=NOW)
    assert found.rows
    assert found.patients == []


def test_what_there_can_not_be_is_refused(followed: Store) -> None:
    def ask(wanted: Wanted, **more: Any) -> Activity:
        return activity.answer(followed, "lexington", wanted, now=NOW, **more)

    with pytest.raises(NotAsked, match="Name the person"):
        ask(Wanted(person="R. Ames"))
    with pytest.raises(NotAsked, match="no such kind"):
        ask(Wanted(kinds=("Attendance",)))
    with pytest.raises(NotAsked, match="before the first"):
        ask(Wanted(from_on=date(2026, 4, 2), to_on=date(2026, 4, 1)))
    with pytest.raises(NotOnRecord):
        ask(Wanted(), known_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert ask(Wanted(person=f"staff/{UUID(int=1)}")).rows == []


def test_a_chart_that_was_destroyed_is_nobody_s_work_any_more(store: Store) -> None:
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    ledger.append([new(CHART, 1, REGISTERED), new(CHART, 2, INQUIRED)])
    Follower(store).catch_up()
    person = Wanted(person=AMES.id)
    assert [row["position"] for row in all_pages(store, person, 1)] == [1, 2, 3]
    gone = KeyDestroyed(patient_id=PATIENT, authority="Schedule of retention")
    ledger.append([new("facility/lexington", 2, gone)], reads={CHART: 2, "facility/lexington": 1})
    for _ in ("before the table knows", "when it does"):
        assert [row["position"] for row in all_pages(store, person, 1)] == [1, 4]
        assert all_pages(store, Wanted(patient_id=PATIENT), 10) == []
        Follower(store).catch_up()


def test_what_the_table_lacks_is_found_in_the_ledger(store: Store, database: Any) -> None:
    ledger = store.ledger("lexington")
    ledger.append([new("facility/lexington", 1, OPENED)])
    ledger.append([new(CHART, 1, REGISTERED), new(CHART, 2, INQUIRED)])
    with refusing(database, "activity", "position <> 2"):
        Follower(store).catch_up()
    assert [(row[0], row[1]) for row in set_aside(store, "lexington")] == [("activity", 2)]
    assert [row["position"] for row in all_pages(store, Wanted(person=AMES.id), 10)] == [1, 2, 3]
