"""A patient's history out of a real ledger, as it was known at an instant."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chart.attendance import RECORDS, AttendanceCorrected, AttendanceRecorded
from domain.record import EnteredInError, Recorded, stream_uuid
from domain.recording import is_late
from domain.site import fold_site
from domain.staff import CredentialEnded
from exchange.errors import NotOnRecord
from exchange.replay import FEW, History, answer
from projections import status
from store.append import NewFact
from store.lines import to_line
from store.store import Store
from tests.exchange.program_file import sample_lines
from tests.sample_program import EXPECTED, sample

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
AS_OF = date(2026, 4, 17)
KNOWN_AT = datetime(2026, 4, 18, 3, 59, 59, tzinfo=UTC)
PATIENTS = sorted({stream_uuid(fact.stream) for fact in sample() if fact.stream.startswith("chart/")})
ANN = UUID("71288baf-a0ae-43e6-bbef-6bbe935ce0c5")
CORRECTED_AT = datetime(2026, 4, 16, 15, 54, 55, 920094, tzinfo=UTC)
"""When her Wednesday, 15 April, was corrected."""


def replay(store: Store, patient_id: UUID = ANN, **asked: Any) -> History:
    found = answer(store, "lexington", patient_id, now=NOW, **asked)
    assert found is not None
    return found


MARKS = ("late", "late_hours", "corrects", "replaced_by", "struck_by")


def facts(history: History) -> list[dict[str, Any]]:
    """As they are stored."""
    return [{k: v for k, v in line.items() if k not in MARKS} for line in marked(history)]


def marked(history: History) -> list[dict[str, Any]]:
    return [json.loads(line) for line in history.lines]


def marks(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in MARKS if name in line}


def of_chart(patient_id: UUID = ANN, known_at: datetime = NOW) -> list[dict[str, Any]]:
    """The lines of the sample about a chart that were known then."""
    return [
        line
        for line in sample_lines()
        if line["stream"] == f"chart/{patient_id}" and datetime.fromisoformat(line["recorded_at"]) <= known_at
    ]


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("status-*.json")), ids=lambda path: path.stem)
def test_the_restored_program_gives_the_expected_status(restored: Store, path: Path) -> None:
    """Keys in the same order; flags may hold more."""
    expected = json.loads(path.read_text())
    given = replay(restored, UUID(expected["patient_id"]), as_of=AS_OF, known_at=KNOWN_AT).status
    assert set(expected["flags"]) <= set(given["flags"])
    given["flags"] = [flag for flag in given["flags"] if flag in expected["flags"]]
    assert json.dumps(given) == json.dumps(expected)


def test_the_facts_come_oldest_first_as_they_stand_in_the_ledger(restored: Store) -> None:
    history = replay(restored)
    assert facts(history) == of_chart()
    assert history.version == len(history.lines)
    assert history.next_after is None


def test_pages_follow_each_other_without_a_gap(restored: Store) -> None:
    pages, after = [], 0
    while True:
        page = replay(restored, after=after, limit=7)
        assert len(page.lines) <= 7
        pages += facts(page)
        if page.next_after is None:
            break
        after = page.next_after
    assert pages == of_chart()
    assert replay(restored, after=10_000).lines == ()
    assert replay(restored, after=10_000).next_after is None


def test_before_a_correction_the_uncorrected_week_is_shown_and_after_it_the_corrected_one(restored: Store) -> None:
    before = replay(restored, as_of=AS_OF, known_at=CORRECTED_AT - timedelta(microseconds=1))
    after = replay(restored, as_of=AS_OF, known_at=CORRECTED_AT)
    assert [fact["type"] for fact in facts(after)[len(before.lines) :]] == ["AttendanceCorrected"]
    assert facts(before) == facts(after)[:-1]
    correction = marked(after)[-1]
    corrected = correction["fact"]["corrects"]
    assert correction["corrects"] == corrected
    assert marked(after)[corrected - 1]["replaced_by"] == correction["version"]
    assert "replaced_by" not in marked(before)[corrected - 1]
    assert before.status["week"] != after.status["week"]
    assert before.status["known_at"] == "2026-04-16T15:54:55.920093Z"
    assert (after.status["position"], after.status["week"]["week"]) == (facts(after)[-1]["position"], "2026-W16")


def test_a_late_entry_is_marked_wherever_its_history_is_shown(restored: Store) -> None:
    """By the rule that asks it for a reason: an absence is counted from when its session was to end."""
    site = fold_site(restored_streams(restored))
    late = 0
    for patient_id in PATIENTS:
        for line in marked(replay(restored, patient_id)):
            late += line.get("late", False)
            assert line.get("late_hours", 24) >= 24
            assert ("late" in line) == ("late_hours" in line)
            entry = next(e for e in sample() if (e.stream, e.version) == (line["stream"], line["version"]))
            session = site.sessions.get(getattr(entry.fact, "session_id", None))
            absent = getattr(entry.fact, "left_at", None) is None and isinstance(entry.fact, RECORDS)
            end = session.ends_at if absent and session is not None else None
            assert line.get("late", False) == is_late(entry, site.facility.clock, scheduled_end=end)
    assert late > 10


def restored_streams(store: Store) -> dict[str, list[Recorded]]:
    streams: dict[str, list[Recorded]] = {}
    for fact in store.ledger("lexington").facts(limit=10_000):
        streams.setdefault(fact.stream, []).append(fact)
    return streams


def test_what_became_of_an_entry_is_marked_as_it_was_at_the_cut(store: Store) -> None:
    """An entry, its correction, the correction of that, and the strike of the last one."""
    ledger = store.ledger("lexington")
    ledger.restore(sample())
    entries = ledger.read([f"chart/{ANN}"])[f"chart/{ANN}"]
    record = next(e for e in entries if isinstance(e.fact, AttendanceRecorded) and e.fact.outcome == "attended")
    first = record.version
    positions = []
    version = len(entries)
    for target in (first, version + 1):
        version += 1
        fields = {f.name: getattr(record.fact, f.name) for f in dataclass_fields(record.fact)}
        correction = AttendanceCorrected(corrects=target, **fields)
        new = NewFact(stream=record.stream, version=version, envelope=record.envelope, fact=correction)
        positions.append(ledger.append([new]).recorded_at)
    strike = EnteredInError(target=version)
    new = NewFact(stream=record.stream, version=version + 1, envelope=record.envelope, fact=strike)
    positions.append(ledger.append([new]).recorded_at)

    def seen(at: datetime) -> list[dict[str, Any]]:
        lines = marked(replay(store, known_at=at))
        shown = [lines[n - 1] for n in (first, version - 1, version, version + 1) if n <= len(lines)]
        return [{k: v for k, v in marks(line).items() if not k.startswith("late")} for line in shown]

    assert seen(positions[0]) == [{"replaced_by": version - 1}, {"corrects": first}]
    twice = [{"replaced_by": version - 1}, {"corrects": first, "replaced_by": version}, {"corrects": version - 1}]
    assert seen(positions[1]) == twice
    assert seen(positions[2]) == [
        {"replaced_by": version - 1},
        {"corrects": first},
        {"corrects": version - 1, "struck_by": version + 1},
        {},
    ]
    assert seen(positions[1]) == twice


def test_what_is_known_later_does_not_change_what_was_known(restored: Store) -> None:
    assert facts(replay(restored, known_at=KNOWN_AT)) == of_chart(known_at=KNOWN_AT)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_read_before_changes_no_answer(store: Store, seed: int) -> None:
    """Whoever asks again, at whatever cut, while facts come in, is answered what the ledger holds up to there, folded
    from the whole site."""
    chance, ledger = Random(seed), store.ledger("lexington")
    ledger.restore(sample()[:3000])
    patients = chance.sample(PATIENTS, 3)
    for first in range(3000, 4000, 100):
        for patient_id in patients:
            known_at = chance.choice([None, chance.choice(sample()[200:3000]).recorded_at])
            expected = status.answer(store, "lexington", patient_id, now=NOW, known_at=known_at)
            found = answer(store, "lexington", patient_id, now=NOW, known_at=known_at)
            assert (found is None) == (expected is None)
            if found is not None and expected is not None:
                stream = f"chart/{patient_id}"
                entries = ledger.read([stream], upto=expected.document["position"])[stream]
                assert found.status == expected.document
                assert facts(found) == [to_line(entry) for entry in entries]
        ledger.append(
            [
                NewFact(stream=e.stream, version=e.version, envelope=e.envelope, fact=e.fact)
                for e in sample()[first : first + 100]
            ]
        )


def test_doubts_are_by_the_staff_list_of_the_cut_whatever_was_asked_before(store: Store) -> None:
    ledger, stream = store.ledger("lexington"), "facility/lexington"
    ledger.restore(sample())
    site = ledger.read([stream])[stream]
    last = ledger.head().recorded_at
    assert len(replay(store).lines) > FEW
    by = Counter(entry.envelope.by for entry in ledger.read([f"chart/{ANN}"])[f"chart/{ANN}"])
    [(author, many)] = by.most_common(1)
    ended = CredentialEnded(
        staff_id=UUID(author.id.removeprefix("staff/")),
        credential=str(author.credential),
        on=date(2026, 3, 1),
        reason="licence suspended",
    )
    ledger.append([NewFact(stream=stream, version=len(site) + 1, envelope=site[-1].envelope, fact=ended)])
    for known_at in (None, last, None, last):
        whole = replay(store, known_at=known_at)
        pages = [replay(store, known_at=known_at, after=after, limit=10) for after in range(0, whole.version, 10)]
        assert [line for page in pages for line in page.lines] == list(whole.lines)
        doubted = [line for line in marked(whole) if "credential_in_doubt" in line]
        assert (len(doubted) > many // 2) == (known_at is None)


def test_whoever_pages_pays_for_the_status_once(restored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"as_of": AS_OF, "known_at": KNOWN_AT}
    whole = replay(restored, **asked)
    with monkeypatch.context() as counting:
        counting.setattr("exchange.replay.present", lambda *_, **__: pytest.fail("It was told before."))
        pages = [replay(restored, after=after, limit=10, **asked) for after in range(0, whole.version, 10)]
        assert [line for page in pages for line in page.lines] == list(whole.lines)
        assert all(page.status == whole.status for page in pages)
    assert replay(restored, as_of=date(2026, 4, 3), known_at=KNOWN_AT).status != whole.status
    assert replay(restored, as_of=AS_OF, known_at=CORRECTED_AT - timedelta(seconds=1)).status != whole.status
    assert replay(restored, **asked).status == whole.status


def test_as_of_moves_the_status_and_leaves_the_facts(restored: Store) -> None:
    early, late = replay(restored, as_of=date(2026, 4, 10)), replay(restored, as_of=AS_OF)
    assert early.lines == late.lines
    assert (early.status["week"]["week"], late.status["week"]["week"]) == ("2026-W15", "2026-W16")


def test_without_as_of_the_status_is_that_of_the_sites_today(restored: Store) -> None:
    assert replay(restored).status["as_of"] == "2026-11-23"
    assert replay(restored, known_at=KNOWN_AT).status["as_of"] == "2026-04-17"


def test_nobody_has_a_history_before_being_registered_or_without_being_so(restored: Store) -> None:
    registered_at = datetime.fromisoformat(of_chart()[0]["recorded_at"])
    assert answer(restored, "lexington", ANN, now=NOW, known_at=registered_at - timedelta(seconds=1)) is None
    assert answer(restored, "lexington", uuid4(), now=NOW) is None


def test_a_facility_that_does_not_exist_has_no_histories(restored: Store) -> None:
    with pytest.raises(NotOnRecord):
        answer(restored, "nowhere", ANN, now=NOW)
