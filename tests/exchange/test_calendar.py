"""Which sessions a question about a week has to read."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from weakref import ref

import psycopg
import pytest

from domain.record import stream_name
from domain.session import SessionRescheduled, SessionScheduled
from domain.week import Week
from exchange import calendar
from exchange.calendar import Calendar, planned_in
from exchange.reports import site_at
from store.keys import FileKeyring
from store.ledger import Ledger
from store.store import Store
from store.upcasts import UPCASTS
from tests.conftest import Database
from tests.exchange.program_file import FACTS
from tests.projections.test_rows import SCHEDULED
from tests.store.given import new

WEEKS = [Week.of(date(2026, 1, 5) + timedelta(weeks=n)) for n in range(30)]


@pytest.mark.parametrize("cut", [700, FACTS])
def test_every_session_of_a_week_is_among_them(restored: Store, cut: int) -> None:
    ledger = restored.ledger("lexington")
    site = site_at(ledger, cut)
    known = Calendar()
    found = {week: known.of_week(ledger, week, upto=cut) for week in WEEKS}
    for session in site.sessions.values():
        week = Week.of(session.program_day(site.facility.clock))
        assert stream_name("session", session.session_id) in found[week]
    # And not all of them in every week.
    assert max(len(streams) for streams in found.values()) < len(site.sessions) / 2


@pytest.mark.parametrize("tail", [50, 100_000])
def test_what_came_since_is_found_as_if_all_were_read_anew(
    restored: Store, monkeypatch: pytest.MonkeyPatch, tail: int
) -> None:
    """Also where too much has come to look through it."""
    monkeypatch.setattr(calendar, "TAIL", tail)
    ledger = restored.ledger("lexington")
    kept = Calendar()
    for upto in (500, 520, 2000, FACTS):
        kept.of_week(ledger, WEEKS[0], upto=upto)
    fresh = Calendar()
    for week in WEEKS:
        assert kept.of_week(ledger, week, upto=FACTS) == fresh.of_week(ledger, week, upto=FACTS)


def test_a_session_that_was_moved_is_in_both_weeks(restored: Store) -> None:
    ledger = restored.ledger("lexington")
    moved = [fact for fact in ledger.facts() if isinstance(fact.fact, SessionRescheduled)]
    assert moved
    for fact in moved:
        for plan in ledger.read([fact.stream])[fact.stream]:
            if isinstance(plan.fact, SessionScheduled | SessionRescheduled):
                week = Week.of(plan.fact.starts_at.date())
                assert fact.stream in planned_in(ledger, week, upto=FACTS)


def on(day: date) -> SessionScheduled:
    starts = datetime.combine(day, time(17), tzinfo=UTC)
    return replace(SCHEDULED, starts_at=starts, ends_at=starts + timedelta(hours=3))


def plan(ledger: Ledger, day: date) -> tuple[str, int]:
    """A session on record: its stream, and the position of the ledger."""
    stream = stream_name("session", uuid4())
    return stream, ledger.append([new(stream, 1, on(day))]).position


def test_a_calendar_is_gone_with_its_ledger(database: Database, keyring: FileKeyring) -> None:
    with Store(database.app_url, keyring) as store:
        ledger = store.ledger("lexington")
        _, position = plan(ledger, WEEKS[0].monday)
        planned_in(ledger, WEEKS[0], upto=position)
        kept = ref(calendar._CALENDARS[ledger])
        assert kept() is not None
    del store, ledger
    gc.collect()
    assert kept() is None


def test_a_session_stored_under_an_old_name_is_found_among_the_news(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = store.ledger("lexington")
    known = Calendar()
    _, position = plan(ledger, WEEKS[0].monday)
    known.of_week(ledger, WEEKS[0], upto=position)
    stream, position = plan(ledger, WEEKS[1].monday)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET type = 'SessionBooked' WHERE position = %s", [position])
    monkeypatch.setitem(UPCASTS, "SessionBooked", lambda fields: ("SessionScheduled", fields))
    assert known.of_week(ledger, WEEKS[1], upto=position) == {stream}


def test_what_is_known_of_the_same_ledger_is_not_looked_at_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = store.ledger("lexington")
    known, here, elsewhere = Calendar(), object(), object()
    first, position = plan(ledger, WEEKS[0].monday)
    assert known.of_week(ledger, WEEKS[0], upto=position, since=here) == {first}
    looked: list[int] = []
    rows = ledger.rows
    monkeypatch.setattr(ledger, "rows", lambda **given: looked.append(given["upto"]) or rows(**given))
    assert known.of_week(ledger, WEEKS[0], upto=position, since=here) == {first}
    assert looked == []
    second, position = plan(ledger, WEEKS[0].sunday)
    assert known.of_week(ledger, WEEKS[0], upto=position, since=here) == {first, second}
    assert known.of_week(ledger, WEEKS[0], upto=1, since=elsewhere) == {first, second}
    assert known.of_week(ledger, WEEKS[0], upto=1) == {first, second}
    assert len(looked) == 3


@pytest.mark.parametrize("others", [1, 2], ids=["fewer", "as many"])
def test_a_ledger_that_was_set_back_is_read_anew(store: Store, database: Database, others: int) -> None:
    ledger = store.ledger("lexington")
    known = Calendar()
    for week in WEEKS[:3]:
        lost, position = plan(ledger, week.monday)
    assert known.of_week(ledger, WEEKS[2], upto=position) == {lost}
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM fact WHERE position > 1")
        connection.execute("UPDATE ledger SET position = 1")
    streams = [plan(ledger, WEEKS[2].sunday) for _ in range(others)]
    assert known.of_week(ledger, WEEKS[2], upto=1 + others) == {stream for stream, _ in streams}
