"""Charts that were destroyed, at the desk where decisions are made, and in a ledger that comes back from a file."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from domain.chart.amendment import AmendmentRequested
from domain.facility import FacilityOpened
from domain.key_destruction import KeyDestroyed
from domain.record import Recorded, Source, stream_uuid
from domain.refused import Refused
from domain.staff import StaffCredentialed
from store.append import Receipt
from store.desk import Desk
from store.errors import LedgerBroken, VersionConflict
from store.hollow import Hollow
from store.keys import FileKeyring
from store.ledger import Ledger
from store.store import Store
from tests.conftest import Database
from tests.store.ending import AUTHORITY, OFFICER, SITE, destroy, stored, wrapped
from tests.store.given import AMES, a_chart, holiday, new, registered, trigger


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


@pytest.fixture
def other(database: Database, keyring: FileKeyring) -> Iterator[Store]:
    """Another process."""
    with Store(database.app_url, keyring) as opened:
        yield opened


class TestTheDesk:
    """Decisions rest on the facility's stream, which says what was destroyed."""

    @pytest.fixture
    def desk(self, store: Store) -> Desk:
        site = store.ledger("lexington")
        opened = FacilityOpened(code="lexington", name="Lexington", zone="America/New_York")
        listed = [
            StaffCredentialed(
                staff_id=UUID(person.id.removeprefix("staff/")),
                name=person.name,
                role=person.role,
                credential=person.credential,
                valid_from=datetime(2020, 1, 1, tzinfo=UTC).date(),
            )
            for person in (AMES, OFFICER)
        ]
        site.append([new(SITE, version, fact) for version, fact in enumerate([opened, *listed], start=1)])
        return Desk(store, store.database.now)

    def test_what_was_decided_on_an_older_view_is_decided_anew_and_refused(
        self, desk: Desk, store: Store, other: Store
    ) -> None:
        chart = a_chart()
        there = Desk(other, other.database.now)
        record(desk, chart, registered(chart).fact)
        record(there, chart, new(chart, 2, _listened()).fact)
        destroyed = KeyDestroyed(patient_id=stream_uuid(chart), authority=AUTHORITY)
        desk.record("lexington", SITE, destroyed, by=OFFICER, source=Source.API)
        for one in (there, desk):
            with pytest.raises(Refused, match=r"chart\.destroyed"):
                record(one, chart, _listened())
        with pytest.raises(Refused, match=r"key\.already-destroyed"):
            there.record("lexington", SITE, destroyed, by=OFFICER, source=Source.API)
        assert store.ledger("lexington").read([chart])[chart] == []

    def test_fifty_races_end_in_one_order_or_the_other(self, desk: Desk, other: Store, database: Database) -> None:
        there = Desk(other, other.database.now)
        with ThreadPoolExecutor(2) as threads:
            for n in range(50):
                chart = a_chart()
                record(desk, chart, registered(chart, mrn=f"MRN-{n}").fact)
                record(there, chart, _listened())
                start = Barrier(2)

                def write(chart: str = chart, start: Barrier = start) -> bool:
                    start.wait()
                    return recorded(there, chart, "chart.destroyed")

                def end(chart: str = chart, start: Barrier = start) -> None:
                    start.wait()
                    fact = KeyDestroyed(patient_id=stream_uuid(chart), authority=AUTHORITY)
                    desk.record("lexington", SITE, fact, by=OFFICER, source=Source.API)

                wrote, ended = threads.submit(write), threads.submit(end)
                ended.result()
                # Refused, or recorded before it was destroyed: then it is one of the facts that are there, sealed.
                assert len(stored(database, chart)) == (3 if wrote.result() else 2)
                assert wrapped(database, chart) == [None]


def record(desk: Desk, chart: str, fact: Any) -> Receipt:
    return desk.record("lexington", chart, fact, by=AMES, source=Source.API)


def recorded(desk: Desk, chart: str, rule: str) -> bool:
    """Whether it was; refused by this rule where it was not."""
    try:
        record(desk, chart, _listened())
    except Refused as refused:
        if refused.rule != rule:
            raise
        return False
    return True


def _listened() -> Any:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return AmendmentRequested(what="The first drink was at sixteen.", on=yesterday)


class TestRestoring:
    def recorded(self, ledger: Ledger) -> list[Recorded | Hollow]:
        """A ledger with a destroyed chart, as a file has it."""
        chart = a_chart()
        ledger.append([registered(chart)])
        ledger.append([trigger(chart, 2)])
        destroy(ledger, chart, at=2)
        ledger.append([holiday(version=2)])
        facts = {fact.position: fact for fact in ledger.facts()}
        return [
            facts.get(row[0])
            or Hollow(
                ledger=ledger.name, position=row[0], stream=row[1], version=row[2], type=row[3], recorded_at=row[4]
            )
            for row in ledger.rows()
        ]

    def test_a_whole_ledger_comes_back_with_what_is_left_of_the_chart(
        self, ledger: Ledger, make_database: Any, keyring: FileKeyring
    ) -> None:
        facts = self.recorded(ledger)
        place = make_database()
        with Store(place.app_url, keyring) as fresh:
            restored = fresh.ledger("lexington")
            assert restored.restore(facts).position == 4
            assert [row[:5] for row in restored.rows()] == [row[:5] for row in ledger.rows()]
            assert restored.facts() == ledger.facts()
            chart = facts[0].stream
            assert restored.destroyed() == {chart}
            assert wrapped(place, chart) == [None]
            with pytest.raises(VersionConflict):
                restored.append([trigger(chart, 3)])

    def test_what_a_file_still_tells_of_a_chart_that_it_ends_is_read_by_nobody(
        self, ledger: Ledger, make_database: Any, keyring: FileKeyring
    ) -> None:
        chart = a_chart()
        ledger.append([registered(chart)])
        [told] = ledger.facts()
        destroy(ledger, chart, at=1)
        place = make_database()
        with Store(place.app_url, keyring) as fresh:
            restored = fresh.ledger("lexington")
            restored.restore([told, *ledger.facts()])
            assert [type(fact.fact) for fact in restored.facts()] == [KeyDestroyed]
            assert wrapped(place, chart) == [None]
            assert restored.holder("mrn", "MRN-1") == chart

    def test_a_chart_without_facts_that_nobody_destroyed_is_no_ledger(
        self, ledger: Ledger, make_database: Any, keyring: FileKeyring
    ) -> None:
        facts = self.recorded(ledger)[:2]
        with Store(make_database().app_url, keyring) as fresh:
            with pytest.raises(LedgerBroken, match="nothing says that it was destroyed"):
                fresh.ledger("lexington").restore(facts)
            assert fresh.ledgers() == []
