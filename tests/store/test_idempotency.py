"""The same command sent again counts once."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from store.append import Command
from store.errors import KeyReused, VersionConflict
from store.ledger import Ledger
from store.store import Store
from tests.conftest import Database
from tests.store.given import a_chart, registered, trigger
from tests.store.racing import race

ARRIVAL = Command("staff/6f1c|POST /v1/patients", "key-1", b'{"mrn":"MRN-1"}')


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def test_a_command_sent_again_gets_the_first_answer(ledger: Ledger) -> None:
    chart = a_chart()
    first = ledger.append([registered(chart), trigger(chart, 2)], command=ARRIVAL)
    ledger.append([trigger(chart, 3)])
    again = ledger.append([registered(a_chart())], command=ARRIVAL)
    assert again == replace(first, repeated=True)
    assert not first.repeated
    assert (again.version, again.latest, again.position) == (1, 2, 2)
    assert ledger.head().position == 3


def test_the_first_answer_comes_before_any_other_reason_to_refuse(ledger: Ledger) -> None:
    """The command again, as a client sends it that lost the answer: same claim, same version."""
    chart = a_chart()
    first = ledger.append([registered(chart)], command=ARRIVAL)
    assert ledger.append([registered(chart)], command=ARRIVAL).position == first.position


def test_a_key_is_not_used_for_another_request(ledger: Ledger) -> None:
    ledger.append([registered(a_chart())], command=ARRIVAL)
    other = Command(ARRIVAL.scope, ARRIVAL.key, b'{"mrn":"MRN-2"}')
    with pytest.raises(KeyReused):
        ledger.append([registered(a_chart(), mrn="MRN-2")], command=other)
    with pytest.raises(KeyReused):
        ledger.answered(other)
    assert ledger.head().position == 1


def test_another_person_may_use_the_same_key(ledger: Ledger) -> None:
    ledger.append([registered(a_chart())], command=ARRIVAL)
    other = Command("staff/0000|POST /v1/patients", ARRIVAL.key, ARRIVAL.body)
    assert not ledger.append([registered(a_chart(), mrn="MRN-2")], command=other).repeated


def test_what_was_answered_can_be_asked_before_deciding(ledger: Ledger) -> None:
    assert ledger.answered(ARRIVAL) is None
    first = ledger.append([registered(a_chart())], command=ARRIVAL)
    answered = ledger.answered(ARRIVAL)
    assert answered is not None
    assert answered.repeated
    assert answered.position == first.position


def test_what_failed_is_not_kept(ledger: Ledger) -> None:
    chart = a_chart()
    with pytest.raises(VersionConflict):
        ledger.append([trigger(chart, 2)], command=ARRIVAL)
    assert ledger.answered(ARRIVAL) is None
    assert not ledger.append([trigger(chart, 1)], command=ARRIVAL).repeated


def test_a_receipt_names_the_resource_of_the_command(ledger: Ledger) -> None:
    first, second = a_chart(), a_chart()
    ledger.append([trigger(first, 1), trigger(first, 2)])
    roster = Command("staff/6f1c|POST roster", "key-2", b"[]", resource=first)
    receipt = ledger.append([trigger(second, 1)], reads={first: 2}, command=roster)
    assert (receipt.stream, receipt.version, receipt.position) == (first, 2, 3)
    answered = ledger.answered(roster)
    assert answered is not None
    assert (answered.stream, answered.version, answered.position) == (first, 2, 3)
    unread = Command("staff/6f1c|POST roster", "key-3", b"[]", resource=a_chart())
    with pytest.raises(ValueError, match="receipt names a stream"):
        ledger.append([trigger(second, 2)], command=unread)


def test_one_command_sent_twenty_times_at_once_counts_once(ledger: Ledger) -> None:
    for number in range(5):
        command = Command("staff/6f1c|POST /v1/patients", f"racing-{number}", b"{}")
        receipts = race(20, lambda c: ledger.append([trigger(a_chart(), 1)], command=c), command)
        assert {receipt.position for receipt in receipts} == {number + 1}
        assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert ledger.head().position == 5


def test_neither_key_nor_request_is_stored(ledger: Ledger, database: Database) -> None:
    ledger.append([registered(a_chart())], command=ARRIVAL)
    with psycopg.connect(database.superuser_url) as connection:
        rows = connection.execute("SELECT idempotency::text FROM idempotency").fetchall()
    assert len(rows) == 1
    stored = rows[0][0]
    for text in ("key-1", "MRN-1", "6f1c"):
        assert text not in stored
        assert text.encode().hex() not in stored
