"""An append whose decision looked for facts of some kind is refused when one of them has come since."""

from __future__ import annotations

import pytest

from store import group as module
from store import writing as writing_module
from store.append import AppendRequest, NoneSince, Receipt
from store.database import Connection
from store.errors import VersionConflict
from store.looking import NamingCharts
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, a_session, attended, holiday, registered, trigger
from tests.store.grouping import appending, together

ATTENDED = ("AttendanceRecorded", "AttendanceCorrected")


def test_none_may_have_come_in_any_stream_since(store: Store) -> None:
    ledger, session = store.ledger("lexington"), a_session()
    ledger.append([attended(a_chart(), 1, session)])
    ledger.append([trigger(a_chart(), 1)])
    ledger.append([holiday()], none_since=NoneSince(ATTENDED, 1))
    ledger.append([holiday(version=2)], none_since=NoneSince(("AttendanceCorrected",), 0))
    with pytest.raises(VersionConflict):
        ledger.append([holiday(version=3)], none_since=NoneSince(ATTENDED, 0))
    assert ledger.head().position == 4


def test_what_the_append_writes_itself_is_none_of_it(store: Store) -> None:
    ledger = store.ledger("lexington")
    ledger.append([attended(a_chart(), 1, a_session())], none_since=NoneSince(ATTENDED, 0))
    assert ledger.head().position == 1


def test_what_another_ledger_has_is_none_of_it(store: Store) -> None:
    store.ledger("troy").append([attended(a_chart(), 1, a_session())])
    store.ledger("lexington").append([holiday()], none_since=NoneSince(ATTENDED, 0))


def test_who_looked_too_long_ago_looks_again(store: Store) -> None:
    ledger, chart = store.ledger("lexington"), a_chart()
    ledger.append([trigger(chart, version) for version in range(1, writing_module.LONG_SINCE + 1)])
    with pytest.raises(VersionConflict):
        ledger.append([holiday()], none_since=NoneSince(ATTENDED, 0))
    ledger.append([holiday()], none_since=NoneSince(ATTENDED, 1))


def test_one_before_it_in_its_group_is_one_since(store: Store, database: Database) -> None:
    """So is one in a group of which the database finds out that somebody else stands in its way."""
    session = a_session()
    store.ledger("lexington").append([holiday()])
    outcomes = together(
        store,
        database,
        [
            appending(store, holiday(version=2), none_since=NoneSince(ATTENDED, 1)),
            appending(store, attended(a_chart(), 1, session)),
            appending(store, trigger(a_chart(), 1), none_since=NoneSince(ATTENDED, 1)),
            appending(store, trigger(a_chart(), 1)),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt, VersionConflict, Receipt]


def test_one_from_outside_concerns_those_alone_who_looked_for_it(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = store.ledger("lexington")
    ledger.append([attended(a_chart(), 1, a_session())])
    sizes: list[int] = []
    write = module.write

    def counted(connection: Connection, requests: list[AppendRequest]) -> None:
        sizes.append(len(requests))
        write(connection, requests)

    monkeypatch.setattr(module, "write", counted)
    others = [appending(store, trigger(a_chart(), 1)) for _ in range(3)]
    looked = appending(store, trigger(a_chart(), 1), none_since=NoneSince(ATTENDED, 0))
    outcomes = together(store, database, [*others, looked])
    assert [type(outcome) for outcome in outcomes] == [*[Receipt] * 3, VersionConflict]
    assert sizes == [1, 1, 4, 3, 1]


def test_the_charts_that_name_a_session_are_found_as_far_as_they_are_asked_for(store: Store) -> None:
    ledger = store.ledger("lexington")
    session, other = a_session(), a_session()
    before, one, two, elsewhere = (a_chart() for _ in range(4))
    ledger.append([attended(before, 1, session)])
    ledger.append([registered(one), attended(one, 2, session), attended(elsewhere, 1, other)])
    looking = NamingCharts(ledger, session, ATTENDED, since=1)
    assert looking.upto(2) == set()
    assert looking.upto(4) == {one}
    ledger.append([attended(two, 1, session)])
    assert looking.upto(4) == {one}
    assert looking.upto(5) == {one, two}


def test_many_facts_are_looked_through_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.looking.PAGE_FACTS", 2)
    ledger, session, charts = store.ledger("lexington"), a_session(), [a_chart() for _ in range(7)]
    ledger.append([attended(chart, 1, session if n % 2 else a_session()) for n, chart in enumerate(charts)])
    assert NamingCharts(ledger, session, ATTENDED, since=0).upto(7) == {charts[1], charts[3], charts[5]}
