"""Group commit: appends of one process that wait at the same time go out in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.claims import Claim
from store import group as module
from store import writing as writing_module
from store.append import AppendRequest, Command, Receipt
from store.database import Connection
from store.errors import ClaimTaken, KeyReused, StoreError, VersionConflict
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, a_session, holiday, registered, trigger
from tests.store.grouping import appending, together


def test_what_waits_together_is_recorded_at_one_instant_each_at_its_own_position(
    store: Store, database: Database
) -> None:
    charts = [a_chart() for _ in range(5)]
    receipts = together(store, database, [appending(store, trigger(c, 1), trigger(c, 2)) for c in charts])
    assert [receipt.position for receipt in receipts] == [4, 6, 8, 10, 12]
    assert [(receipt.stream, receipt.version, receipt.latest) for receipt in receipts] == [(c, 1, 2) for c in charts]
    assert len({receipt.recorded_at for receipt in receipts}) == 1
    facts = store.ledger("lexington").facts(after=2)
    assert [(fact.stream, fact.version) for fact in facts] == [(c, v) for c in charts for v in (1, 2)]


def test_ledgers_are_written_together_too_each_in_its_own_order(store: Store, database: Database) -> None:
    for site in ("albany", "troy"):
        store.ledger(site).append([holiday(f"facility/{site}")])
    calls = [
        appending(store, holiday(f"facility/{site}", version), ledger=site)
        for version in (2, 3)
        for site in ("troy", "albany")
    ]
    receipts = together(store, database, calls)
    assert [(receipt.ledger, receipt.position) for receipt in receipts] == [
        ("troy", 2),
        ("albany", 2),
        ("troy", 3),
        ("albany", 3),
    ]


def test_the_same_key_twice_in_a_group_counts_once(store: Store, database: Database) -> None:
    chart, command = a_chart(), Command("staff|POST", "key-1", b"{}")
    calls = [appending(store, trigger(chart, 1), command=command) for _ in range(4)]
    first, *others = together(store, database, calls)
    assert not first.repeated
    for receipt in others:
        assert receipt.repeated
        assert (receipt.position, receipt.recorded_at, receipt.stream, receipt.version, receipt.latest) == (
            first.position,
            first.recorded_at,
            first.stream,
            first.version,
            first.latest,
        )
    assert len(store.ledger("lexington").read([chart])[chart]) == 1


def test_the_same_key_with_another_request_is_refused_in_a_group_too(store: Store, database: Database) -> None:
    chart, other = a_chart(), a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(chart, 1), command=Command("staff|POST", "key-1", b"{}")),
            appending(store, trigger(other, 1), command=Command("staff|POST", "key-1", b'{"other": 1}')),
        ],
    )
    assert isinstance(outcomes[0], Receipt)
    assert isinstance(outcomes[1], KeyReused)


def test_of_two_in_a_group_who_decided_on_the_same_version_the_first_wins(store: Store, database: Database) -> None:
    chart, other = a_chart(), a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(chart, 1)),
            appending(store, trigger(chart, 1)),
            appending(store, trigger(other, 1), reads={chart: 0}),
            appending(store, trigger(other, 1), reads={chart: 1}),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, VersionConflict, VersionConflict, Receipt]


def test_one_may_follow_in_a_group_on_what_another_writes(store: Store, database: Database) -> None:
    chart = a_chart()
    store.ledger("lexington").append([trigger(chart, 1)])
    outcomes = together(store, database, [appending(store, trigger(chart, v)) for v in (2, 3, 4)])
    assert [outcome.version for outcome in outcomes] == [2, 3, 4]
    assert len({outcome.recorded_at for outcome in outcomes}) == 1


def test_a_claim_goes_to_the_first_of_a_group(store: Store, database: Database) -> None:
    charts = [a_chart() for _ in range(3)]
    outcomes = together(
        store,
        database,
        [appending(store, registered(chart, mrn=mrn)) for chart, mrn in zip(charts, ("7", "7", "8"), strict=True)],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, ClaimTaken, Receipt]


def test_a_claim_that_one_of_a_group_gives_up_may_be_taken_by_the_next(store: Store, database: Database) -> None:
    leaver, comer = a_chart(), a_chart()
    ledger = store.ledger("lexington")
    ledger.append([trigger(leaver, 1)], claims=[Claim("seat", "evening/1", leaver)])
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(leaver, 2), releases=[Claim("seat", "evening/1", leaver)]),
            appending(store, trigger(comer, 1), claims=[Claim("seat", "evening/1", comer)]),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, Receipt]
    assert ledger.holder("seat", "evening/1") == comer


@pytest.mark.parametrize("conflicts", [1, 2])
def test_a_conflict_from_outside_falls_back_on_that_one_alone(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch, conflicts: int
) -> None:
    """What a group writes is counted: one try that fails, one of all the others, and one for each that conflicts."""
    session, charts = a_session(), [a_chart() for _ in range(6)]
    chart, command = a_chart(), Command("staff|POST", "key-0", b"{}")
    ledger = store.ledger("lexington")
    ledger.append([trigger(chart, 1)], command=command)
    stale = [
        appending(store, trigger(a_chart(), 1), reads={session: 3}),
        appending(store, trigger(a_chart(), 1), command=command),
    ]
    sizes: list[int] = []
    write = module.write

    def counted(connection: Connection, requests: list[AppendRequest]) -> None:
        sizes.append(len(requests))
        write(connection, requests)

    monkeypatch.setattr(module, "write", counted)
    calls = [appending(store, trigger(c, 1)) for c in charts]
    outcomes = together(store, database, [*calls[:3], *stale[:conflicts], *calls[3:]])
    lost = outcomes[3 : 3 + conflicts]
    assert all(isinstance(outcome, Receipt) for outcome in (*outcomes[:3], *outcomes[3 + conflicts :]))
    assert isinstance(lost[0], VersionConflict)
    assert all(isinstance(outcome, Receipt) and outcome.repeated for outcome in lost[1:])
    assert sizes == [1, 1, 6 + conflicts, 6, *[1] * conflicts]
    assert ledger.head().position == 3 + 6


def test_what_the_database_refuses_of_one_is_no_harm_to_the_others(store: Store, database: Database) -> None:
    """The name of a stream that a text of Postgres can't hold: nothing checks it before."""
    ledger, chart = store.ledger("lexington"), a_chart()
    ledger.append([trigger(chart, 1)])
    [event] = ledger.recorder.select_events(chart)

    def bad() -> Any:
        request = AppendRequest(ledger="lexington", reads={"chart/\0": 0})
        return ledger.recorder.insert_events([replace(event, originator_id=a_chart())], request=request)

    outcomes = together(
        store, database, [appending(store, trigger(a_chart(), 1)), bad, appending(store, trigger(a_chart(), 1))]
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, StoreError, Receipt]


def test_of_two_in_a_group_who_read_a_stream_at_different_versions_one_is_wrong(
    store: Store, database: Database
) -> None:
    session = "facility/lexington"
    store.ledger("lexington").append([holiday(session)])
    outcomes = together(
        store,
        database,
        [
            appending(store, trigger(a_chart(), 1), reads={session: 1}),
            appending(store, trigger(a_chart(), 1), reads={session: 0}),
            appending(store, trigger(a_chart(), 1), reads={session: 1}),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt, VersionConflict, Receipt]


def test_a_repeated_command_gets_its_first_answer_whoever_stands_before_it_in_a_group(
    store: Store, database: Database
) -> None:
    ledger, chart, command = store.ledger("lexington"), a_chart(), Command("staff|POST", "key-1", b"{}")
    ledger.append([holiday()])
    first = ledger.append([registered(chart, mrn="7")], command=command)
    ledger.append([trigger(chart, 2)], releases=[Claim("mrn", "7", chart)])
    taker = a_chart()
    outcomes = together(
        store,
        database,
        [
            appending(store, registered(taker, mrn="7")),
            appending(store, trigger(chart, 3)),
            appending(store, registered(chart, mrn="7"), command=command),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 3
    assert outcomes[2] == replace(first, repeated=True)


def test_who_knew_a_stream_later_is_not_stopped_by_who_knew_it_earlier(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, facility, charts = store.ledger("lexington"), "facility/lexington", [a_chart() for _ in range(4)]
    ledger.append([holiday(facility)])
    before = ledger.head().position
    ledger.append([holiday(facility, 2)])
    after = ledger.head().position
    sizes: list[int] = []
    write = module.write

    def counted(connection: Connection, requests: list[AppendRequest]) -> None:
        sizes.append(len(requests))
        write(connection, requests)

    monkeypatch.setattr(module, "write", counted)
    early = appending(store, trigger(charts[0], 1), reads={charts[0]: 0}, seen=before)
    late = [appending(store, trigger(c, 1), reads={c: 0, facility: 2}, seen=after) for c in charts[1:]]
    outcomes = together(store, database, [early, *late])
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 4
    assert sizes == [1, 1, 4]


def test_a_decision_on_what_has_a_fact_since_is_not_stored(store: Store, database: Database) -> None:
    ledger, facility, chart = store.ledger("lexington"), "facility/lexington", a_chart()
    ledger.append([holiday(facility)])
    known = ledger.head().position
    ledger.append([holiday(facility, 2)])
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 1)], reads={facility: 1}, seen=known)
    ledger.append([trigger(chart, 1)], reads={facility: 2}, seen=known + 1)
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 3)], reads={chart: 2}, seen=ledger.head().position)


def test_a_decision_on_what_was_known_long_ago_is_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "LONG_SINCE", 3)
    ledger = store.ledger("lexington")
    ledger.append([holiday()])
    for _ in range(2):
        ledger.append([trigger(a_chart(), 1)])
    ledger.append([trigger(a_chart(), 1)], reads={"facility/lexington": 1}, seen=1)
    with pytest.raises(VersionConflict):
        ledger.append([trigger(a_chart(), 1)], reads={"facility/lexington": 1}, seen=1)
