"""Reports of the present come from the read tables, and say what the ledger says: the same rows, the same hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.chart.merging import ChartsMerged, MergedInto
from domain.compliance.period import Period
from domain.facility import HolidayDeclared, RuleSetAdopted
from domain.key_destruction import KeyDestroyed, ended_by
from domain.month import Month
from domain.program import Payer
from domain.record import EnteredInError
from domain.session import CancellationCause, SessionCancelled, SessionRescheduled, SessionScheduled
from domain.week import Week
from exchange import reports
from exchange.importing import import_file
from exchange.reports import Question, Report
from exchange.rows import full_record
from projections import known_site, present_site
from projections.attendants import Attendants
from projections.follower import Follower
from projections.paged_charts import PagedCharts
from store.append import NewFact
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.domain.compliance.evenings import MONDAY, Evenings
from tests.domain.compliance.histories import History, fortnights, full_rooms, weeks_of_care
from tests.domain.program import ENVELOPE, LATER, Patient
from tests.exchange.program_file import OPERATOR, SAMPLE
from tests.random_ledgers import joined, ledger_of
from tests.sample_program import sample

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SITE = "facility/lexington"
W10, W16 = Week.parse("2026-W10"), Week.parse("2026-W16")


@contextmanager
def folding(*, refused: bool) -> Iterator[None]:
    """Whoever folds a site from the ledger is found out, or everybody has to."""

    def folds(*_: Any, **__: Any) -> Any:
        raise AssertionError("folded from the ledger")

    with patch.object(reports, "known_site", folds) if refused else patch.object(reports, "present_site", no_tables):
        yield


def no_tables(*_: Any, **__: Any) -> None:
    return None


def told(report: Report) -> tuple[Any, ...]:
    """All that a report says, but for when it was made."""
    header = report.header.record()
    del header["generated_at"]
    return header, [full_record(row) for row in report.rows]


def same(store: Store, period: Week | Month, now: datetime = NOW, **asked: Any) -> Report:
    """The report from the tables, which is that from the ledger."""
    with folding(refused=True):
        shown = reports.answer(store, "lexington", period, now=now, asked=Question(**asked))
    with folding(refused=False):
        folded = reports.answer(store, "lexington", period, now=now, asked=Question(**asked))
    assert told(shown) == told(folded)
    return shown


def asked_of_ledger(store: Store, period: Week | Month, **asked: Any) -> Report:
    """The report, which has to come from the ledger."""
    folded: list[int] = []

    def counted(*given: Any) -> Any:
        folded.append(1)
        return known_site.known_site(*given)

    with patch.object(reports, "known_site", counted):
        report = reports.answer(store, "lexington", period, now=NOW, asked=Question(**asked))
    assert folded
    return report


# ---- the sample program


@pytest.fixture(scope="module")
def followed(make_database: Callable[[], Database], keyring: FileKeyring) -> Iterator[Store]:
    """The sample program and its read tables. Nobody writes to it."""
    with Store(make_database().app_url, keyring, pool_size=4) as opened:
        opened.ledger("lexington").restore(sample())
        Follower(opened).catch_up()
        yield opened


def test_every_week_of_the_sample_is_the_same(followed: Store) -> None:
    week, rows = Week.parse("2026-W01"), 0
    while week.monday < date(2026, 7, 1):
        rows += len(same(followed, week).rows)
        week = Week(week.monday + timedelta(days=7))
    assert rows > 2500


@pytest.mark.parametrize("month", ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"])
def test_every_month_of_the_sample_is_the_same(followed: Store, month: str) -> None:
    same(followed, Month.parse(month))
    same(followed, Month.parse(month), payer=Payer.COMMERCIAL, rule_set="landmark-iop")


@pytest.mark.parametrize("as_of", [date(2026, 1, 1), date(2026, 3, 4), date(2026, 4, 15), date(2026, 4, 30)])
def test_as_of_any_date_it_is_the_same(followed: Store, as_of: date) -> None:
    for week in (W10, W16, Week.parse("2026-W19")):
        same(followed, week, as_of=as_of)
        same(followed, week, as_of=as_of, payer=Payer.COMMERCIAL, rule_set="landmark-iop")


def test_a_time_after_the_last_fact_is_of_the_present_and_the_last_fact_itself_too(followed: Store) -> None:
    same(followed, W16, known_at=LATER)
    same(followed, W16, known_at=followed.ledger("lexington").head().recorded_at)


def test_what_was_known_before_is_asked_of_the_ledger(followed: Store) -> None:
    head = followed.ledger("lexington").head()
    assert head.recorded_at is not None
    report = asked_of_ledger(followed, W16, known_at=head.recorded_at - timedelta(microseconds=1))
    assert report.header.position == head.position - 1


def test_charts_that_do_not_matter_are_not_opened(followed: Store) -> None:
    def opened(period: Period) -> int:
        found = present_site.present_site(followed, "lexington", looked_at=period, as_of=NOW.date(), position=0)
        assert found is not None
        assert {key for key, _ in found.site.charts.items()} == set(found.site.charts)
        return len(found.site.charts)

    assert opened(Period(date(2025, 1, 1), date(2025, 1, 7))) == 0
    assert 0 < opened(Period(date(2026, 2, 23), date(2026, 3, 1))) < opened(Period(date(2026, 1, 1), date(2026, 6, 1)))


# ---- histories drawn at random


@pytest.fixture(scope="module")
def place(make_database: Callable[[], Database]) -> Database:
    return make_database()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.one_of(weeks_of_care(), fortnights(), full_rooms()), data=st.data())
def test_whatever_is_on_record_the_tables_say_what_the_ledger_says(
    place: Database, keyring: FileKeyring, history: History, data: st.DataObject
) -> None:
    joined(history.program, lambda sides: data.draw(st.integers(0, sides - 1)))
    facts = ledger_of(history.program)
    until = data.draw(st.integers(1, len(facts)), label="followed up to")
    place.empty()
    with Store(place.app_url, keyring, pool_size=3) as store:
        store.ledger("lexington").restore(facts)
        Follower(store, batch=until).catch_up()
        now = history.known_at
        for weeks in (0, -1, 2):
            week = Week(history.week.monday + timedelta(weeks=weeks))
            same(store, week, now)
            same(store, week, now, as_of=history.as_of)
            same(store, week, now, as_of=history.as_of, payer=Payer.COMMERCIAL, rule_set="landmark-iop")
        same(store, Month(history.week.monday.replace(day=1)), now)
        same(store, Month(history.week.monday.replace(day=1)), now, as_of=history.as_of)


def merged(gone: Patient, stays: Patient) -> None:
    stays.records(ChartsMerged(from_chart=gone.patient_id))
    gone.records(MergedInto(chart=stays.patient_id))


def test_guests_whose_charts_were_merged_are_one_in_the_room_though_the_chart_that_stays_has_no_dates(
    store: Store,
) -> None:
    """One chart went straight into the one that stays, one by way of another; only the first two were in the room."""
    program = Evenings()
    evening = program.evening(MONDAY)
    guests = [Patient(program, program.new_id()) for _ in range(4)]
    for n, guest in enumerate(guests):
        guest.registered(date(1980 + n, 5, 1))
    ann, ben, between, stays = guests
    ann.attended(evening)
    ben.attended(evening)
    merged(ann, stays)
    merged(ben, between)
    merged(between, stays)
    store.ledger("lexington").restore(ledger_of(program))
    Follower(store).catch_up()
    [row] = [row for row in same(store, W10).rows if row.rule == "RAT-1"]
    assert dict(row.figures)["peak_patients"] == 1


# ---- what is written meanwhile


def append(store: Store, stream: str, *facts: Any) -> None:
    ledger = store.ledger("lexington")
    version = len(ledger.read([stream])[stream])
    for n, fact in enumerate(facts, start=1):
        ended = ended_by(fact)
        reads = {} if ended is None else {ended: len(ledger.read([ended])[ended])}
        new = NewFact(stream=stream, version=version + n, envelope=ENVELOPE, fact=fact)
        ledger.append([new], reads=reads)


@pytest.fixture
def caught_up(store: Store) -> Store:
    store.ledger("lexington").restore(sample())
    Follower(store).catch_up()
    return store


def test_a_fact_is_in_the_report_as_soon_as_it_is_on_record(caught_up: Store) -> None:
    """Nobody follows: nothing is waited for, the ledger is asked."""
    append(caught_up, SITE, HolidayDeclared(on=date(2026, 12, 25), name="Christmas"))
    head = caught_up.ledger("lexington").head()
    with patch.object(present_site, "wait_for", side_effect=AssertionError("waited")):
        assert asked_of_ledger(caught_up, W16).header.position == head.position
    Follower(caught_up).catch_up()
    assert same(caught_up, W16).header.position == head.position


def test_a_fact_recorded_after_the_time_that_was_asked_for_is_in_no_report(caught_up: Store) -> None:
    """That time is after the head. The cut is taken, then a fact is recorded and followed, then the tables are read."""
    head, asked = caught_up.ledger("lexington").head(), datetime.now(UTC)
    looked_up = reports.present_site

    def late(*given: Any, **named: Any) -> Any:
        append(caught_up, SITE, HolidayDeclared(on=date(2026, 12, 25), name="Christmas"))
        Follower(caught_up).catch_up()
        return looked_up(*given, **named)

    with patch.object(reports, "present_site", late):
        report = asked_of_ledger(caught_up, W16, known_at=asked)
    later = caught_up.ledger("lexington").head().recorded_at
    assert later is not None
    assert later > asked
    assert (report.header.position, report.header.known_at) == (head.position, head.recorded_at)
    assert told(report)[1] == told(asked_of_ledger(caught_up, W16, known_at=asked))[1]


def test_a_session_that_was_moved_is_missed_on_the_day_that_it_left(caught_up: Store) -> None:
    likes = next(f.fact for f in sample() if isinstance(f.fact, SessionScheduled) and f.fact.cohort_id is not None)
    stream, starts_at = f"session/{UUID(int=77)}", datetime(2026, 4, 14, 14, tzinfo=UTC)
    ends_at, later = starts_at + timedelta(hours=1), timedelta(days=21)
    append(caught_up, stream, replace(likes, starts_at=starts_at, ends_at=ends_at))
    Follower(caught_up).catch_up()
    append(caught_up, stream, SessionRescheduled(starts_at=starts_at + later, ends_at=ends_at + later))
    Follower(caught_up).catch_up()
    assert any(f"{stream}@2" in row.evidence for row in same(caught_up, W16, as_of=W16.sunday).rows)
    assert any(f"{stream}@2" in row.evidence for row in same(caught_up, Week.parse("2026-W19")).rows)
    back = SessionRescheduled(starts_at=starts_at, ends_at=ends_at)
    append(caught_up, stream, back, SessionCancelled(cause=CancellationCause.WEATHER))
    Follower(caught_up).catch_up()
    assert any(f"{stream}@4" in row.evidence for row in same(caught_up, W16, as_of=W16.sunday).rows)
    append(caught_up, stream, EnteredInError(target=4), EnteredInError(target=3))
    Follower(caught_up).catch_up()
    assert any(f"{stream}@2" in row.evidence for row in same(caught_up, W16, as_of=W16.sunday).rows)


def test_a_fact_that_was_set_aside_is_not_missed(caught_up: Store, database: Database) -> None:
    with caught_up.database.connection() as db, db.transaction():
        db.execute("SET LOCAL ROLE stepdown_projector")
        db.execute(
            "INSERT INTO projection.set_aside (ledger, projection, position, stream, version, type, reason)"
            " SELECT ledger, 'status', position, stream, version, type, 'a test' FROM fact WHERE position = 9"
        )
    asked_of_ledger(caught_up, W16)


def test_tables_that_somebody_follows_are_waited_for(caught_up: Store) -> None:
    """The follower, which holds its lock, is woken by the wait: as late as that may be."""
    append(caught_up, SITE, HolidayDeclared(on=date(2026, 12, 25), name="Christmas"))
    waited = present_site.wait_for

    def woken(store: Store, ledger: str, position: int, seconds: float) -> bool:
        Follower(store).catch_up()
        return waited(store, ledger, position, seconds)

    with (
        patch.object(present_site, "attendants", lambda store: Attendants(followed=True, standing_by=0)),
        patch.object(present_site, "wait_for", woken),
    ):
        assert same(caught_up, W16).header.position == caught_up.ledger("lexington").head().position


def test_tables_that_were_never_filled_are_not_asked(store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    assert asked_of_ledger(store, W16).rows


def test_a_rule_set_adopted_while_it_is_asked_for_judges_all_of_it(caught_up: Store) -> None:
    """The cut is taken, then the set is adopted and followed, then the tables are read."""
    adopted = RuleSetAdopted(rule_set="asam-2.1", version="1", effective_on=date(2026, 4, 1))
    asked = reports.present_site

    def late(*given: Any, **named: Any) -> Any:
        append(caught_up, SITE, adopted)
        Follower(caught_up).catch_up()
        return asked(*given, **named)

    with patch.object(reports, "present_site", late):
        report = asked_of_ledger(caught_up, W16)
    assert report.header.rule_set == "landmark-iop"
    assert same(caught_up, W16).header.rule_set == "asam-2.1"


def test_a_chart_destroyed_while_the_report_is_made_is_left_out_and_counted(caught_up: Store) -> None:
    found = present_site.present_site(
        caught_up, "lexington", looked_at=Period(W16.monday, W16.sunday), as_of=W16.sunday, position=0
    )
    assert found is not None
    before = len(list(found.site.charts.values()))
    patient_id = next(iter(found.site.charts))
    append(caught_up, SITE, KeyDestroyed(patient_id=patient_id, authority="Schedule of retention"))
    assert found.charts_destroyed == 0
    left = [chart.patient_id for chart in found.site.charts.values()]
    assert (len(left), patient_id in left, found.charts_destroyed) == (before - 1, False, 1)
    Follower(caught_up).catch_up()
    assert same(caught_up, W16).header.charts_destroyed == 1


def test_charts_are_opened_when_they_are_looked_at_and_asked_for_by_patient() -> None:
    asked: list[list[UUID]] = []

    def open_page(patients: Any) -> Iterator[Any]:
        asked.append(list(patients))
        return iter(())

    charts = PagedCharts([UUID(int=n) for n in range(101)], open_page)
    assert len(charts) == 101
    assert UUID(int=100) in charts
    assert not asked
    with pytest.raises(KeyError):
        charts[UUID(int=500)]
    assert (list(charts.values()), [len(page) for page in asked]) == ([], [100, 1])
    assert charts.gone == set(charts)
