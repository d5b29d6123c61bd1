"""Submissions out of a real ledger: all records, and what has to be sent after a former export."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.chart.teds import Occasion, TedsItems, TedsItemsRecorded
from domain.record import Envelope, Person, Source, stream_kind, stream_uuid
from domain.teds.records import Kind, Records, applied
from exchange.cut import utc_text
from exchange.errors import NotAsked, NotOnRecord
from exchange.restoring import restore_file
from exchange.teds import Asked, Former, Submission, Window, answer, former_of
from store.append import NewFact
from store.store import Store
from tests.domain.teds.test_sample import ADMISSIONS, DISCHARGES, part
from tests.exchange.program_file import OPERATOR, SAMPLE
from tests.exchange.test_destroyed_charts import destroy, discharged

A, D = Kind.ADMISSIONS, Kind.DISCHARGES
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
LAST = date(2026, 5, 10)
BEFORE_VOID = datetime.fromisoformat("2026-03-25T13:20:00-04:00")
"""A discharge of 2026-03-25 was on record then, that was voided at 13:40."""


def submission(store: Store, kind: Kind, **asked: Any) -> Submission:
    return answer(store, "lexington", kind, now=NOW, asked=Asked(**{"as_of": LAST, **asked}))


def state(found: Submission, before: Records | None = None) -> Records:
    return applied(before or {}, found.lines, found.kind)


def former(found: Submission) -> Former:
    return Former(
        position=found.cut.knowledge.position, as_of=found.cut.as_of, window=found.window, state=found.state.fips
    )


def rows(found: Submission) -> dict[str, dict[str, Any]]:
    names = [item.name for item in found.kind.items]
    by_name = [dict(zip(names, line.values, strict=True)) for line in found.lines]
    return {str(row["client_id"])[:8]: row for row in by_name}


@pytest.mark.parametrize(("kind", "expected", "count"), [(A, ADMISSIONS, 39), (D, DISCHARGES, 26)])
def test_a_first_submission_adds_every_record(restored: Store, kind: Kind, expected: Any, count: int) -> None:
    """Expected rows: as reckoned by hand in tests/domain/teds/test_sample.py."""
    found = submission(restored, kind)
    assert found.counted == {"A": count, "C": 0, "D": 0}
    assert (found.doubled, found.charts_destroyed, found.former) == (0, 0, None)
    for client, row in expected.items():
        assert part(rows(found)[client], row) == row


def test_a_submission_is_the_same_whenever_it_is_asked_for(restored: Store) -> None:
    assert submission(restored, A).lines == submission(restored, A).lines
    known_at = BEFORE_VOID
    assert submission(restored, D, known_at=known_at).cut.knowledge.known_at == known_at


def test_what_was_sent_at_a_former_position_is_brought_up_to_date(restored: Store) -> None:
    """Sent at 13:20 with a discharge that was voided at 13:40; of the 26 discharges of the sample one was there."""
    first = submission(restored, D, known_at=BEFORE_VOID)
    assert first.counted == {"A": 2, "C": 0, "D": 0}
    then = submission(restored, D, former=former(first))
    assert then.counted == {"A": 25, "C": 0, "D": 1}
    assert state(then, state(first)) == state(submission(restored, D))
    assert submission(restored, D, former=former(then)).lines == []


def test_month_by_month_comes_to_the_same_as_all_at_once(restored: Store) -> None:
    sent: Records = {}
    known: Former | None = None
    for to_on in (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), LAST):
        found = submission(restored, A, window=Window(to_on=to_on), known_at=NOW, as_of=to_on, former=known)
        assert set(found.counted) == {"A", "C", "D"}
        sent, known = state(found, sent), former(found)
    assert sent == state(submission(restored, A))


def test_a_position_stands_for_a_manifest_over_the_same_days(restored: Store) -> None:
    first = submission(restored, D, known_at=BEFORE_VOID)
    position = first.cut.knowledge.position
    by_position = submission(restored, D, since_position=position)
    assert by_position.former == Former(position=position, as_of=date(2026, 3, 25))
    assert by_position.lines == submission(restored, D, former=former(first)).lines
    earlier = submission(restored, D, since_position=position, since_as_of=date(2026, 3, 24), since_to=LAST)
    assert earlier.counted == {"A": 26 - 1, "C": 0, "D": 0}


def test_an_item_told_later_is_a_change_of_both_records(store: Store) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    first = {kind: submission(store, kind) for kind in Kind}
    ledger = store.ledger("lexington")
    stream = next(s for s in ledger.streams("chart") if s.startswith("chart/115a3c98"))
    entries = ledger.read([stream])[stream]
    told = TedsItemsRecorded(
        episode_id=next(e.fact.episode_id for e in entries if hasattr(e.fact, "episode_id")),
        occasion=Occasion.ADMISSION,
        items=TedsItems(VET=1),
    )
    envelope = Envelope(by=Person("staff/x", "C. Ase", "case_manager"), source=Source.API, correlation_id=UUID(int=1))
    ledger.append([NewFact(stream=stream, version=len(entries) + 1, envelope=envelope, fact=told)])
    for kind in Kind:
        found = submission(store, kind, former=former(first[kind]))
        assert found.counted == {"A": 0, "C": 1, "D": 0}
        assert rows(found)["115a3c98"]["VET"] == 1


def test_only_the_facts_that_records_rest_on_are_opened(restored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of sessions, screenings or attendance, and none of the charts' other facts."""
    ledger, seen = restored.ledger("lexington"), Counter[str]()
    opened = type(ledger).opened

    def counting(self: Any, given: Any) -> Any:
        seen.update(row[3] for row in given)
        assert {stream_kind(row[1]) for row in given} <= {"chart"}
        return opened(self, given)

    monkeypatch.setattr(type(ledger), "opened", counting)
    submission(restored, A)
    assert seen["Admitted"] == 39
    assert {"AttendanceRecorded", "ScreeningOrdered", "SessionHeld"}.isdisjoint(seen)


# ---- a chart that was destroyed


def test_of_a_destroyed_chart_only_the_files_that_were_sent_know(store: Store) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    first = submission(store, D)
    gone = discharged(store)
    destroy(store, gone)
    by_ledger = submission(store, D, former=former(first))
    assert (by_ledger.lines, by_ledger.charts_destroyed) == ([], 1)
    by_files = submission(store, D, sent=state(first))
    assert by_files.counted == {"A": 0, "C": 0, "D": 1}
    assert [line.values[2] for line in by_files.lines] == [str(gone)]
    assert state(by_files, state(first)) == state(submission(store, D))


def test_a_destroyed_chart_without_an_admission_is_missed_nowhere(store: Store) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    never_came = next(s for s in store.ledger("lexington").streams("chart") if s.startswith("chart/35823d3e"))
    destroy(store, stream_uuid(never_came))
    assert submission(store, A).charts_destroyed == 0


# ---- what can't be asked


def test_a_former_export_that_this_one_cannot_follow_on_is_refused(restored: Store) -> None:
    sent = former(submission(restored, D, window=Window(from_on=date(2026, 3, 1), to_on=date(2026, 4, 30))))
    head = sent.position
    for asked, said in (
        ({"window": Window(to_on=date(2026, 3, 31))}, "more days"),
        ({"window": Window(from_on=date(2026, 3, 2))}, "more days"),
        ({"as_of": date(2026, 5, 9)}, "as of 2026-05-10"),
        ({"known_at": BEFORE_VOID}, "knew more"),
        ({"state": 18}, "another state"),
        ({"since_position": 5}, "Say once"),
        ({"sent": {}}, "Say once"),
    ):
        with pytest.raises(NotAsked, match=said):
            submission(restored, D, **{"former": sent, **asked})
    for position in (0, head + 1):
        with pytest.raises(NotAsked, match=f"stands at {head}"):
            submission(restored, D, since_position=position)
    with pytest.raises(NotAsked, match="FIPS"):
        submission(restored, D, state=3)


def test_days_that_end_before_they_begin_hold_nothing(restored: Store) -> None:
    assert submission(restored, D, window=Window(from_on=date(2026, 4, 30), to_on=date(2026, 3, 1))).lines == []


def test_files_that_hold_more_than_is_asked_for_are_refused(restored: Store) -> None:
    sent = state(submission(restored, D))
    for asked, said in (
        ({"window": Window(to_on=date(2026, 3, 31))}, "widen the days"),
        ({"as_of": date(2026, 4, 30)}, "widen the days"),
        ({"state": 18}, "another state"),
    ):
        with pytest.raises(NotAsked, match=said):
            submission(restored, D, sent=sent, **asked)


def test_a_window_begins_where_the_former_one_did(restored: Store) -> None:
    first = submission(restored, D, window=Window(from_on=date(2026, 4, 1), to_on=date(2026, 4, 15)))
    then = submission(restored, D, former=former(first))
    assert then.window == Window(from_on=date(2026, 4, 1))
    assert state(then, state(first)) == state(submission(restored, D, window=then.window))


def test_a_site_that_was_not_open_had_sent_nothing(restored: Store) -> None:
    found = submission(restored, A, former=Former(position=1, as_of=date(2026, 1, 1)))
    assert found.counted["A"] == 39
    with pytest.raises(NotOnRecord):
        answer(restored, "nowhere", A, now=NOW, asked=Asked())


# ---- the manifest


def manifest(found: Submission, **other: Any) -> dict[str, Any]:
    return {
        "what": found.kind.value,
        "facility": "lexington",
        "parameters": {"from": None, "to": "2026-04-30", "state": 21},
        "as_of": found.cut.as_of.isoformat(),
        "known_at": utc_text(found.cut.knowledge.known_at),
        "position": found.cut.knowledge.position,
        **other,
    }


def test_a_manifest_says_what_was_sent(restored: Store) -> None:
    found = submission(restored, A)
    assert former_of(manifest(found), A, "lexington") == Former(
        position=found.cut.knowledge.position, as_of=LAST, window=Window(to_on=date(2026, 4, 30))
    )


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"what": "teds-d"}, "another export"),
        ({"facility": "louisville"}, "another export"),
        ({"parameters": {"from": None}}, "no manifest"),
        ({"parameters": {"from": None, "to": "soon", "state": 21}}, "no manifest"),
        ({"parameters": None}, "no manifest"),
        ({"as_of": None}, "no manifest"),
        ({"position": "12"}, "whole numbers"),
        ({"position": True}, "whole numbers"),
    ],
)
def test_what_is_no_manifest_of_a_former_export_is_refused(restored: Store, other: dict[str, Any], said: str) -> None:
    with pytest.raises(NotAsked, match=said):
        former_of(manifest(submission(restored, A), **other), A, "lexington")
    with pytest.raises(NotAsked, match="no manifest"):
        former_of({}, A, "lexington")
