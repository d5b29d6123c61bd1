"""What was learned of a patient between two moments, out of a real ledger."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from domain.chart.attendance import AttendanceRecorded
from domain.record import Recorded
from domain.session import SessionHeld, SessionScheduled
from domain.week import local_date
from exchange import replay
from exchange.changes import Changes, answer
from exchange.errors import NotAsked, NotOnRecord
from store.store import Store
from tests.domain.test_trail import flat
from tests.exchange.test_replay import ANN, AS_OF, CORRECTED_AT, NOW, PATIENTS
from tests.sample_program import sample

FIRST, LAST = sample()[0].recorded_at, sample()[-1].recorded_at
A_MOMENT = timedelta(microseconds=1)


def changes(store: Store, since: datetime, until: datetime | None, patient_id: UUID = ANN, **asked: Any) -> Changes:
    found = answer(store, "lexington", patient_id, now=NOW, from_known_at=since, to_known_at=until, **asked)
    assert found is not None
    return found


def events(found: Changes) -> list[str]:
    return [f"{line['stream']}@{line['version']}" for line in map(json.loads, found.lines)]


def test_a_correction_is_what_was_learned_and_the_week_is_what_it_changed(restored: Store) -> None:
    found = changes(restored, CORRECTED_AT - A_MOMENT, CORRECTED_AT, as_of=AS_OF)
    [line] = map(json.loads, found.lines)
    assert (line["type"], line["recorded_at"]) == ("AttendanceCorrected", "2026-04-16T15:54:55.920094Z")
    told = found.record(CORRECTED_AT - A_MOMENT)
    fields = {one["field"]: (one["before"], one["after"]) for one in told["changes"]}
    before = replay.answer(restored, "lexington", ANN, now=NOW, as_of=AS_OF, known_at=CORRECTED_AT - A_MOMENT)
    after = replay.answer(restored, "lexington", ANN, now=NOW, as_of=AS_OF, known_at=CORRECTED_AT)
    assert before is not None
    assert after is not None
    assert fields["week.minutes"] == (before.status["week"]["minutes"], after.status["week"]["minutes"])
    assert not found.time_passed
    assert (told["from"]["version"], told["to"]["version"]) == (line["version"] - 1, line["version"])


@pytest.mark.parametrize("seed", range(40))
def test_whatever_two_moments_lead_from_one_replay_to_the_other(restored: Store, seed: int) -> None:
    """Both statuses are those of a replay at either moment; the facts are those that the one has and the other lacks;
    and what was learned in two steps was learned in one."""
    chance = Random(seed)
    patient_id = chance.choice(PATIENTS)
    as_of = date(2026, 2, 20) + timedelta(days=chance.randrange(90))
    at = sorted(FIRST + chance.random() * (LAST - FIRST) for _ in range(3))
    last = answer(restored, "lexington", patient_id, now=NOW, from_known_at=at[0], to_known_at=at[2], as_of=as_of)
    histories = [
        replay.answer(restored, "lexington", patient_id, now=NOW, as_of=as_of, known_at=each, limit=9999, trail=True)
        for each in at
    ]
    if last is None:
        assert histories == [None, None, None]
        return
    first, middle, whole = histories
    assert whole is not None
    assert last.before == (None if first is None else first.status)
    assert last.after == whole.status
    assert last.lines == whole.lines[0 if first is None else first.version :]
    moved = {one["field"]: one["after"] for one in last.record(at[0])["changes"]}
    reached = flat(last.before or {}) | moved
    assert {k: v for k, v in reached.items() if v is not None and k not in CUT} == {
        k: v for k, v in flat(last.after).items() if k not in CUT
    }
    if middle is not None:
        steps = [changes(restored, a, b, patient_id, as_of=as_of) for a, b in ((at[0], at[1]), (at[1], at[2]))]
        assert [*events(steps[0]), *events(steps[1])] == events(last)


CUT = ("patient_id", "facility")


def test_a_session_that_is_over_by_then_is_expected_by_the_passing_of_time_alone(restored: Store) -> None:
    """Nobody had recorded anything of it yet, and the status says something else after its end."""
    zone = ZoneInfo("America/New_York")
    recorded = [f for f in sample() if f.stream == f"chart/{ANN}" and isinstance(f.fact, AttendanceRecorded)]
    record = recorded[4]  # By then she was admitted.
    session = f"session/{record.fact.session_id}"
    scheduled = next(f.fact for f in sample() if f.stream == session and isinstance(f.fact, SessionScheduled))
    since, until = scheduled.starts_at, scheduled.ends_at + timedelta(minutes=1)
    assert record.recorded_at > until
    on = local_date(scheduled.starts_at, zone)
    found = changes(restored, since, until, as_of=on)
    assert found.time_passed
    assert record.name not in events(found)
    assert "week.sessions_expected" in {one["field"] for one in found.record(since)["changes"]}
    assert not changes(restored, since, scheduled.ends_at - timedelta(minutes=1), as_of=on).time_passed


def test_before_anything_was_on_record_nothing_was_known(restored: Store) -> None:
    found = changes(restored, FIRST - timedelta(days=1), None)
    told = found.record(FIRST - timedelta(days=1))
    assert (found.before, told["from"]["position"], told["from"]["version"]) == (None, 0, 0)
    assert len(found.lines) == told["to"]["version"]
    assert {one["before"] for one in told["changes"] if not isinstance(one["before"], list)} == {None}


def test_between_a_moment_and_itself_nothing_was_learned(restored: Store) -> None:
    found = changes(restored, CORRECTED_AT, CORRECTED_AT)
    assert (found.lines, found.beside, found.record(CORRECTED_AT)["changes"]) == ((), (), [])


def test_what_became_of_a_session_meanwhile_is_named_beside_the_chart(restored: Store) -> None:
    """The patient's week changes by a fact of no chart: their group was held."""
    record = next(f for f in sample() if f.stream == f"chart/{ANN}" and isinstance(f.fact, AttendanceRecorded))
    session = f"session/{record.fact.session_id}"
    held = next(f for f in sample() if f.stream == session and isinstance(f.fact, SessionHeld))
    on = local_date(held.fact.started_at, ZoneInfo("America/New_York"))
    since, until = min(held, record, key=_at).recorded_at - A_MOMENT, max(held, record, key=_at).recorded_at
    found = changes(restored, since, until, as_of=on)
    beside = [json.loads(line) for line in found.beside]
    assert held.name in [f"{one['stream']}@{one['version']}" for one in beside]
    assert record.name in events(found)
    moved = [one["field"] for one in found.record(since)["changes"]]
    assert "week.minutes" in moved
    # Nobody else's doings, and no others' names out of the site's stream.
    kinds = {one["type"] for one in beside if one["stream"].startswith("facility/")}
    assert kinds <= {"StaffCredentialed", "CredentialEnded", "EnteredInError"}
    assert not any(one["stream"].startswith("chart/") for one in beside)


def _at(fact: Recorded) -> datetime:
    return fact.recorded_at


def test_moments_in_the_wrong_order_and_unknown_charts_have_clear_answers(restored: Store) -> None:
    with pytest.raises(NotAsked, match="earlier one first"):
        changes(restored, CORRECTED_AT, CORRECTED_AT - A_MOMENT)
    assert answer(restored, "lexington", uuid4(), now=NOW, from_known_at=FIRST) is None
    with pytest.raises(NotOnRecord):
        answer(restored, "nowhere", ANN, now=NOW, from_known_at=FIRST)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(NotOnRecord):
        answer(restored, "lexington", ANN, now=NOW, from_known_at=long_ago, to_known_at=long_ago)
