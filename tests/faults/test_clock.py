"""The server's clock steps back an hour and forward a day, and so does the writer's: order and cuts stay right.

The server's clock is the machine's, which no test may move. What our statements call is moved instead: they name
`clock_timestamp()` without its schema, and in these databases another one comes first on the search path.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from domain.chart.entry import InquiryReceived
from domain.record import Source
from domain.refused import Refused
from projections import census
from projections.cut import Behind, known
from projections.follower import Follower
from projections.position import lag
from store.append import Receipt
from store.desk import Desk
from store.ledger import Ledger
from store.store import Store
from tests.faults.checker import check
from tests.faults.commands import AMES, OFFICE, opening
from tests.faults.conftest import Run
from tests.faults.evidence import Place, gather
from tests.faults.journal import Journal, read_journals
from tests.faults.load import Task, open_site, work
from tests.store.given import a_chart, registered, trigger

LEDGER = "lexington"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NOTHING = timedelta()

_SHIM: LiteralString = """
CREATE SCHEMA clock;
CREATE TABLE clock.step (ahead interval NOT NULL);
INSERT INTO clock.step VALUES ('0');
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE SECURITY DEFINER
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM clock.step';
GRANT USAGE ON SCHEMA clock TO PUBLIC;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = clock, public, pg_catalog', current_database());
END $$;
"""


@dataclass(frozen=True)
class ServerClock:
    place: Place

    def step(self, ahead: timedelta) -> None:
        """From now on it is so far ahead of the true time, or behind it."""
        with psycopg.connect(self.place.superuser_url, autocommit=True) as connection:
            connection.execute("UPDATE clock.step SET ahead = %s", [ahead])


@pytest.fixture
def clock(place: Place) -> ServerClock:
    with psycopg.connect(place.superuser_url, autocommit=True) as connection:
        connection.execute(_SHIM)
    clock = ServerClock(place)
    clock.step(DAY)
    with place.store() as store:
        assert abs(store.database.now() - _true_time() - DAY) < HOUR, "The clock that our statements ask is not ours."
    clock.step(NOTHING)
    return clock


def _true_time() -> datetime:
    return datetime.now(UTC)


def _append(ledger: Ledger) -> Receipt:
    return ledger.append([trigger(a_chart(), 1)])


# ---- what is recorded


def test_under_load_time_rises_with_every_transaction(
    clock: ServerClock, place: Place, key_file: Path, journals: Path, run: Run
) -> None:
    random = Random(run.seed)
    with Journal(journals / "opening.journal") as journal, place.store() as store:
        open_site(store, LEDGER, journal)
    task = Task(
        url=place.app_url,
        key_file=key_file,
        journal=journals / "clients.journal",
        name="clients",
        seed=run.seed,
        ledgers=(LEDGER,),
        threads=4,
        seconds=run.size(2, 12),
    )
    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(work, task)
        time.sleep(0.3)
        for step in (-HOUR, NOTHING, DAY, NOTHING):
            clock.step(step)
            time.sleep(random.uniform(0.1, 0.3))
        while not writing.done():
            clock.step(random.choice((-HOUR, -2 * DAY, NOTHING, HOUR, DAY)))
            time.sleep(random.uniform(0.01, 0.2))
        writing.result()
    log = read_journals(journals)
    assert log.acknowledged > 50
    assert check(place, log) == []
    times = sorted({row.recorded_at for row in gather(place, [LEDGER], contents=False)[LEDGER].rows})
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) > 22 * HOUR, "The clock went forward."
    assert gaps.count(TICK) > 10, "The clock went back, and time crept on."


def test_after_a_step_back_time_creeps_until_the_clock_has_caught_up(clock: ServerClock, place: Place) -> None:
    with place.store() as store:
        ledger = store.ledger(LEDGER)
        before = _append(ledger).recorded_at
        clock.step(-HOUR)
        for number in range(1, 6):
            assert _append(ledger).recorded_at == before + number * TICK
        clock.step(NOTHING)
        caught_up = _append(ledger).recorded_at
        assert abs(caught_up - _true_time()) < HOUR / 2
        clock.step(DAY)
        ahead = _append(ledger).recorded_at
        assert ahead - caught_up > 23 * HOUR
        clock.step(NOTHING)
        assert [_append(ledger).recorded_at for _ in range(3)] == [ahead + number * TICK for number in (1, 2, 3)]


def test_a_cut_by_known_at_falls_where_a_fact_was_recorded(clock: ServerClock, place: Place) -> None:
    with place.store() as store:
        ledger = store.ledger(LEDGER)
        receipts = []
        for step in (NOTHING, -HOUR, -HOUR, NOTHING, DAY, NOTHING, -HOUR, NOTHING):
            clock.step(step)
            receipts += [_append(ledger), _append(ledger)]
        for receipt in receipts:
            assert ledger.cut(receipt.recorded_at).position == receipt.position
            assert ledger.cut(receipt.recorded_at - TICK).position == receipt.position - 1
        # Asked without a time, and with a later one than the last fact's, all is in.
        assert known(ledger, None).position == known(ledger, receipts[-1].recorded_at + DAY).position == len(receipts)
        # What was recorded before the clock went ahead is what is known by the true time, until that has come there.
        assert known(ledger, _true_time()).position == 8


def test_what_a_projection_lacks_is_not_taken_for_new_when_the_clock_goes_back(
    clock: ServerClock, place: Place
) -> None:
    with place.store() as store:
        _open(store)
        Follower(store).catch_up()
        assert census.answer(store, LEDGER, now=_true_time()).position == store.ledger(LEDGER).head().position
        _append(store.ledger(LEDGER))
        for step in (-HOUR, DAY):
            clock.step(step)
            assert lag(store).seconds > 3000
            with pytest.raises(Behind):
                census.answer(store, LEDGER, now=_true_time())
        Follower(store).catch_up()
        assert lag(store).events == 0
        assert census.answer(store, LEDGER, now=_true_time()).position == store.ledger(LEDGER).head().position


# ---- what is decided


def _open(store: Store) -> None:
    desk = Desk(store, _true_time)
    for fact in opening(LEDGER):
        desk.record(LEDGER, f"facility/{LEDGER}", fact, by=OFFICE, source=Source.API)


@dataclass
class Counter:
    """Where inquiries are recorded, each in a chart of its own. `ahead` says how wrong the writer's clock is."""

    store: Store
    ahead: timedelta = NOTHING

    @property
    def desk(self) -> Desk:
        return Desk(self.store, lambda: _true_time() + self.ahead)

    def register(self) -> str:
        stream = a_chart()
        person = registered(stream, mrn=stream).fact
        self.desk.record(LEDGER, stream, person, by=AMES, source=Source.API)
        return stream

    def inquire(self, at: datetime, *, reason: str | None = None, chart: str | None = None) -> Receipt:
        """In a new chart if none is named: then it is the second fact."""
        inquiry = InquiryReceived(episode_id=uuid4(), first_contact_at=at, referral_source="self")
        return self.desk.record(LEDGER, chart or self.register(), inquiry, by=AMES, source=Source.API, reason=reason)

    def refused(self, at: datetime, chart: str | None = None) -> str:
        with pytest.raises(Refused) as refusal:
            self.inquire(at, chart=chart)
        return refusal.value.rule

    def last(self) -> datetime:
        found = self.store.ledger(LEDGER).head().recorded_at
        assert found is not None
        return found


@pytest.fixture
def counter(place: Place) -> Iterator[Counter]:
    with place.store() as store:
        _open(store)
        yield Counter(store)


LATE = "entry.late-without-reason"
FUTURE = "entry.in-the-future"
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("writer", [NOTHING, -HOUR], ids=["right", "an hour behind"])
def test_nothing_is_decided_as_of_a_time_before_the_last_fact(
    clock: ServerClock, counter: Counter, writer: timedelta
) -> None:
    """The server's clock was a day ahead, and is right again: until that day has passed, it is the last fact's time."""
    counter.ahead = writer
    clock.step(DAY)
    assert _append(counter.store.ledger(LEDGER)).recorded_at - _true_time() > 23 * HOUR
    clock.step(NOTHING)
    # To the microsecond, in what is late and in what has yet to happen.
    chart = counter.register()
    assert counter.refused(counter.last() - DAY - TICK, chart) == LATE
    assert counter.inquire(counter.last() - DAY, chart=chart).recorded_at - _true_time() > 23 * HOUR
    assert counter.inquire(counter.last() - 2 * DAY, reason="Written down on paper.").position
    chart = counter.register()
    assert counter.refused(counter.last() + 5 * MINUTE + TICK, chart) == FUTURE
    assert counter.inquire(counter.last() + 5 * MINUTE, chart=chart).position


def test_a_writer_whose_clock_is_behind_goes_by_what_others_recorded_meanwhile(
    clock: ServerClock, place: Place
) -> None:
    """By its own clock alone a thing that has just happened has yet to happen: it is told so."""
    with place.store() as store:
        clock.step(-2 * HOUR)
        _open(store)
        counter = Counter(store)
        chart = counter.register()
        clock.step(NOTHING)
        counter.ahead = -3 * HOUR
        just_now = _true_time()
        assert counter.refused(just_now, chart) == FUTURE
        _append(store.ledger(LEDGER))
        assert abs(counter.inquire(just_now, chart=chart).recorded_at - just_now) < MINUTE


def test_a_writer_whose_clock_is_ahead_is_asked_for_a_reason_and_stamps_nothing(
    clock: ServerClock, counter: Counter
) -> None:
    """By its clock everything is a day old; the record keeps the server's time."""
    counter.ahead = DAY + HOUR
    assert counter.refused(_true_time()) == LATE
    receipt = counter.inquire(_true_time(), reason="The clock of the front desk is wrong.")
    assert abs(receipt.recorded_at - _true_time()) < MINUTE
    # Right again, it goes on as if nothing had been.
    counter.ahead = NOTHING
    assert counter.inquire(_true_time()).position == receipt.position + 2
