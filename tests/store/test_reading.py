"""Reading: streams, the ledger in order, cuts by position and by what was known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from eventsourcing.persistence import Notification

from domain.record import Recorded
from store.append import NewFact
from store.errors import ShapeError
from store.ledger import Head, Ledger
from store.store import Store
from store.upcasts import UPCASTS
from tests.sample_program import sample
from tests.store.given import a_chart, a_session, holiday, trigger


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return store.ledger("lexington")


def test_an_empty_ledger_answers_everything_with_nothing(ledger: Ledger, store: Store) -> None:
    chart = a_chart()
    assert ledger.head() == Head(0, None)
    assert ledger.facts() == []
    assert ledger.read([chart]) == {chart: []}
    assert ledger.read([]) == {}
    assert ledger.streams("chart") == []
    assert ledger.holder("mrn", "MRN-1") is None
    assert ledger.cut(sample()[0].recorded_at) == Head(0, None)
    assert store.ledgers() == []


def test_what_was_written_is_read_as_it_was(ledger: Ledger) -> None:
    chart, other = a_chart(), a_chart()
    written = [trigger(chart, 1), holiday(), trigger(other, 1), trigger(chart, 2)]
    for new in written:
        ledger.append([new])
    read = ledger.read([other, chart, "facility/lexington"])
    assert list(read) == [other, chart, "facility/lexington"]
    assert [recorded.name for recorded in read[chart]] == [f"{chart}@1", f"{chart}@2"]
    assert [(r.fact, r.envelope) for r in read[chart]] == [(n.fact, n.envelope) for n in (written[0], written[3])]
    assert [recorded.position for recorded in ledger.facts()] == [1, 2, 3, 4]
    assert ledger.facts() == sorted((r for entries in read.values() for r in entries), key=lambda r: r.position)


def test_facts_come_in_pieces(ledger: Ledger) -> None:
    for version in range(1, 8):
        ledger.append([holiday(version=version)])
    assert [fact.position for fact in ledger.facts(after=2, limit=3)] == [3, 4, 5]
    assert [fact.position for fact in ledger.facts(after=2, upto=4)] == [3, 4]
    assert ledger.facts(after=7) == []


def test_a_position_cuts_streams_and_their_list(ledger: Ledger) -> None:
    first, second, session = a_chart(), a_chart(), a_session()
    ledger.append([trigger(first, 1)])
    ledger.append([trigger(second, 1)])
    ledger.append([trigger(first, 2)])
    assert [r.version for r in ledger.read([first], upto=2)[first]] == [1]
    assert ledger.read([second], upto=1) == {second: []}
    assert ledger.streams("chart") == [first, second]
    assert ledger.streams("chart", upto=1) == [first]
    assert ledger.streams("session") == []
    assert ledger.read([session])[session] == []


def test_kinds_that_begin_alike_are_not_mixed_up(ledger: Ledger) -> None:
    ledger.append([trigger(a_chart(), 1)])
    assert ledger.streams("char") == []
    assert ledger.streams("chart/") == []
    assert len(ledger.streams("chart")) == 1


def test_what_was_known_at_an_instant_is_a_cut(ledger: Ledger) -> None:
    """Against a plain count over the sample, where facts share an instant and many instants lie between."""
    facts = sample()
    ledger.restore(facts)
    tick = timedelta(microseconds=1)
    for recorded in (facts[0], *facts[7::301], facts[-1]):
        for known_at in (recorded.recorded_at - tick, recorded.recorded_at, recorded.recorded_at + tick):
            known = [fact for fact in facts if fact.recorded_at <= known_at]
            expected = Head(known[-1].position, known[-1].recorded_at) if known else Head(0, None)
            assert ledger.cut(known_at) == expected


def test_charts_of_more_than_one_read_are_opened_by_one_select(ledger: Ledger) -> None:
    ledger.restore(sample())
    charts = ledger.streams("chart")
    read = ledger.read(charts)
    assert len(charts) == 42
    assert sum(map(len, read.values())) == sum(1 for fact in sample() if fact.stream.startswith("chart/"))


def test_an_old_shape_is_brought_into_the_present_one_when_it_is_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made-up past: HolidayDeclared was once stored as ClosureDeclared, with `day` and no name."""
    chart = a_chart()
    ledger.append([holiday(name="Easter Monday"), trigger(chart, 1, "payday")])

    def closure(fields: dict[str, str]) -> tuple[str, dict[str, str]]:
        return "HolidayDeclared", {"on": fields["day"], "name": "closed"}

    def trigger_in_capitals(fields: dict[str, str]) -> tuple[str, dict[str, str]]:
        return "TriggerIdentified", fields | {"text": fields["text"].upper()}

    stored = ledger.recorder.select_events("facility/lexington")[0]
    old = Notification(
        stored.originator_id,
        stored.originator_version,
        "ClosureDeclared",
        stored.state.replace(b'{"on":', b'{"day":').replace(b',"name":"Easter Monday"', b""),
        1,
    )
    with pytest.raises(ShapeError, match="install a later version"):
        ledger.mapper.to_domain_event(old)
    monkeypatch.setitem(UPCASTS, "ClosureDeclared", closure)
    monkeypatch.setitem(UPCASTS, "TriggerIdentified", trigger_in_capitals)
    read = ledger.mapper.to_domain_event(old)
    assert isinstance(read, NewFact)
    assert read.fact == type(read.fact)(on=holiday().fact.on, name="closed")
    assert ledger.read([chart])[chart][0].fact.text == "PAYDAY"


def test_the_library_reads_the_ledger_through_its_own_notification_log(ledger: Ledger) -> None:
    chart = a_chart()
    new = trigger(chart, 1)
    ledger.append([holiday(), new])
    log = ledger.notification_log.select(start=1, limit=10)
    assert [(n.id, n.topic) for n in log] == [(1, "HolidayDeclared"), (2, "TriggerIdentified")]
    assert list(ledger.events.get(chart)) == [new]


def test_the_whole_sample_comes_back_as_it_was_restored(ledger: Ledger) -> None:
    ledger.restore(sample())
    pieces: list[Recorded] = []
    while piece := ledger.facts(after=len(pieces), limit=1000):
        pieces += piece
    assert pieces == list(sample())
