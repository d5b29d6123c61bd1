"""Who needs what by when in the sample program, out of a real ledger."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.facility import RuleSetAdopted
from domain.week import Week
from exchange import at_risk, reports
from exchange.at_risk import AtRiskAnswer
from exchange.errors import NotOnRecord
from exchange.reports import Question
from projections.follower import Follower
from store.store import Store
from tests.sample_program import sample

TUESDAY = date(2026, 4, 14)
EVENING = datetime(2026, 4, 14, 21, 55, tzinfo=UTC)
"""17:55 in Lexington."""
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def answer(store: Store, **asked: Any) -> AtRiskAnswer:
    return at_risk.answer(store, "lexington", now=NOW, **asked)


def test_on_tuesday_at_five_to_six_the_evenings_to_come_are_named(restored: Store) -> None:
    found = answer(restored, known_at=EVENING)
    document = json.loads(json.dumps(found.record()))
    assert (document["week"], document["as_of"], document["rule_set"]) == ("2026-W16", "2026-04-14", "landmark-iop")
    goals = [goal for row in document["rows"] if row["hours"] for goal in row["hours"]["goals"]]
    assert {goal["rule"] for goal in goals} == {"HRS-1", "HRS-2"}
    assert {goal["verdict"] for goal in goals} == {"can_reach", "cannot_reach"}
    for row in document["rows"]:
        ahead = {} if row["hours"] is None else {one["session_id"]: one for one in row["hours"]["ahead"]}
        for goal in () if row["hours"] is None else row["hours"]["goals"]:
            assert {*goal["sessions"]} <= ahead.keys()
            assert all(ahead[key]["on"] >= "2026-04-14" for key in goal["sessions"])
    assert document["staff"]
    assert [row["patient_id"] for row in document["rows"]] != sorted(row["patient_id"] for row in document["rows"])


def test_minutes_and_verdicts_are_those_of_the_report_at_that_cut(restored: Store) -> None:
    asked = Question(known_at=EVENING)
    report = reports.answer(restored, "lexington", Week.of(TUESDAY), now=NOW, asked=asked)
    rows = {(row.subject_id, row.rule): row for row in report.rows}
    for one in answer(restored, known_at=EVENING).record()["rows"]:
        for goal in () if one["hours"] is None else one["hours"]["goals"]:
            row = rows[one["patient_id"], goal["rule"]]
            assert (goal["value"], goal["of"]) == (row.value, row.of)


def test_every_due_item_names_a_fact_that_was_on_record(restored: Store) -> None:
    known = {f"{fact.stream}@{fact.version}" for fact in sample() if fact.recorded_at <= EVENING}
    document = answer(restored, known_at=EVENING).record()
    items = [item for row in document["rows"] for item in row["due"]] + document["staff"]
    assert {item["since"] for item in items} <= known
    personal = {fact.fact.family_name for fact in sample() if hasattr(fact.fact, "family_name")} - {None}
    assert not any(name in item["sentence"] for item in items for name in personal)


def test_the_same_question_has_the_same_answer_in_the_same_order(restored: Store) -> None:
    asked = {"as_of": TUESDAY, "known_at": EVENING}
    assert answer(restored, **asked).record() == answer(restored, **asked).record()


def test_another_week_and_the_rule_set_adopted_by_then(restored: Store) -> None:
    assert answer(restored, known_at=EVENING, week=Week.parse("2026-W15")).record()["week"] == "2026-W15"
    later = answer(restored, as_of=date(2026, 4, 20), known_at=datetime(2030, 1, 1, tzinfo=UTC)).record()
    assert later["asked_known_at"] == "2030-01-01T00:00:00Z"
    adopted = [fact.fact for fact in sample() if isinstance(fact.fact, RuleSetAdopted)]
    assert later["rule_set"] in {"landmark-iop", *(one.rule_set for one in adopted)}


def test_before_the_site_was_open_nobody_is_at_risk(restored: Store) -> None:
    with pytest.raises(NotOnRecord):
        answer(restored, known_at=datetime(2020, 1, 1, tzinfo=UTC))


def test_an_evening_that_is_over_lies_ahead_of_nobody_though_nothing_was_recorded_since(store: Store) -> None:
    """All that is on record is of the days before Tuesday; it is asked on Wednesday."""
    store.ledger("lexington").restore([fact for fact in sample() if fact.recorded_at.date() < TUESDAY])
    wednesday = datetime(2026, 4, 15, 16, tzinfo=UTC)
    document = at_risk.answer(store, "lexington", now=wednesday).record()
    assert (document["as_of"], document["asked_at"]) == ("2026-04-15", "2026-04-15T16:00:00Z")
    hours = [row["hours"] for row in document["rows"] if row["hours"]]
    assert all(one["on"] >= "2026-04-15" for each in hours for one in each["ahead"])
    assert any(one["on"] == "2026-04-14" for each in hours for one in each["unrecorded"])
    again = at_risk.answer(store, "lexington", now=NOW, known_at=wednesday, as_of=date(2026, 4, 15)).record()
    assert again["rows"] == document["rows"]


@pytest.mark.parametrize("day", ["2026-03-05", "2026-04-14", "2026-04-26", "2026-07-20"])
def test_the_read_tables_give_what_the_ledger_gives(store: Store, day: str) -> None:
    """On that evening, of the week at hand, the one before and the next, and of long ago."""
    on = date.fromisoformat(day)
    evening = datetime(on.year, on.month, on.day, 21, 55, tzinfo=UTC)
    store.ledger("lexington").restore([fact for fact in sample() if fact.recorded_at <= evening])
    weeks = [None, Week.of(on - timedelta(days=7)), Week.of(on + timedelta(days=7)), Week.parse("2026-W08")]

    def answers() -> list[dict[str, Any]]:
        return [at_risk.answer(store, "lexington", now=evening, week=week).record() for week in weeks]

    from_ledger = answers()
    assert any(document["rows"] for document in from_ledger)
    Follower(store).catch_up()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at_risk, "site_at", never)
        assert answers() == from_ledger


def never(*_: Any) -> None:
    raise AssertionError("The ledger was folded.")
