"""Which sessions a question about a week has to read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.record import stream_name
from domain.session import SessionRescheduled, SessionScheduled
from domain.week import Week
from exchange import calendar
from exchange.calendar import Calendar, calendar_of
from exchange.weekly import site_at
from store.store import Store
from tests.exchange.program_file import FACTS

WEEKS = [Week.of(date(2026, 1, 5) + timedelta(weeks=n)) for n in range(30)]


@pytest.mark.parametrize("cut", [700, FACTS])
def test_every_session_of_a_week_is_among_them(restored: Store, cut: int) -> None:
    ledger = restored.ledger("lexington")
    site = site_at(ledger, cut)
    known = Calendar(ledger)
    found = {week: known.of_week(week, upto=cut) for week in WEEKS}
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
    kept = Calendar(ledger)
    for upto in (500, 520, 2000, FACTS):
        kept.of_week(WEEKS[0], upto=upto)
    fresh = Calendar(ledger)
    assert [kept.of_week(week, upto=FACTS) for week in WEEKS] == [fresh.of_week(week, upto=FACTS) for week in WEEKS]


def test_a_session_that_was_moved_is_in_both_weeks(restored: Store) -> None:
    ledger = restored.ledger("lexington")
    moved = [fact for fact in ledger.facts() if isinstance(fact.fact, SessionRescheduled)]
    assert moved
    for fact in moved:
        for plan in ledger.read([fact.stream])[fact.stream]:
            if isinstance(plan.fact, SessionScheduled | SessionRescheduled):
                week = Week.of(plan.fact.starts_at.date())
                assert fact.stream in calendar_of(ledger).of_week(week, upto=FACTS)
