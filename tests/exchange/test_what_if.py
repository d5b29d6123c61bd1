"""What other rules would say of the sample program, out of a real ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.month import Month
from domain.program import Payer
from domain.week import Week
from exchange import reports, what_if
from exchange.errors import NotAsked, NotOnRecord
from exchange.reports import Question
from exchange.what_if import MOST_THRESHOLDS, WhatIf
from store.store import Store

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
W10 = Week.parse("2026-W10")


def compare(store: Store, *thresholds: str, period: Week | Month = W10, **question: Any) -> WhatIf:
    asked = Question(as_of=W10.sunday, **question) if period is W10 else Question(**question)
    return what_if.answer(store, "lexington", period, now=NOW, asked=asked, thresholds=thresholds)


def test_both_sides_are_what_the_reports_say_and_nothing_is_written(restored: Store) -> None:
    before = restored.ledger("lexington").head()
    found = compare(restored, rule_set="az-s9480@1")
    for side, name in (("adopted", None), ("other", "az-s9480")):
        asked = Question(rule_set=name, as_of=W10.sunday)
        report = reports.answer(restored, "lexington", W10, now=NOW, asked=asked)
        assert [row for pair in found.pairs if (row := getattr(pair, side)) is not None] == list(report.rows)
    assert restored.ledger("lexington").head() == before


def test_the_document_says_what_was_compared_and_shows_what_changed(restored: Store) -> None:
    found = compare(restored, "HRS-1.at_least_minutes=400", requested_by="staff/1", purpose="audit")
    document = found.record(all_rows=False)
    assert document["adopted"]["rule_set"] == document["other"]["rule_set"] == "landmark-iop"
    assert document["other"]["changes"] == [
        {"rule": "HRS-1", "threshold": "at_least_minutes", "before": 540, "after": 400}
    ]
    assert (document["what_if"], document["week"], document["as_of"]) == ("weekly", "2026-W10", "2026-03-08")
    assert (document["requested_by"], document["purpose"]) == ("staff/1", "audit")
    # What it is measured against differs for everybody, what is said of it for some.
    assert {row["rule"] for row in document["rows"]} == {"HRS-1"}
    assert document["changed_count"] == len(document["rows"]) < document["row_count"]
    turned = [row for row in document["rows"] if row["other"]["verdict"] == "met" != row["adopted"]["verdict"]]
    assert turned
    assert all(400 <= row["other"]["value"] < 540 for row in turned)
    [counts] = [line for line in document["verdicts"] if line["rule"] == "HRS-1"]
    assert counts["other"]["met"] == counts["adopted"]["met"] + len(turned)
    assert len(found.record(all_rows=True)["rows"]) == document["row_count"]


def test_a_month_and_a_payer_have_their_rules(restored: Store) -> None:
    document = compare(restored, rule_set="asam-2.1", period=Month.parse("2026-03")).record(all_rows=True)
    assert (document["what_if"], document["month"], document["other"]["rules"]) == ("monthly", "2026-03", [])
    assert [row["rule"] for row in document["rows"]] == ["ATT-1", "SCR-3"]
    with pytest.raises(NotAsked, match="No rule set is adopted for this payer"):
        compare(restored, rule_set="asam-2.1", payer=Payer.COMMERCIAL)


@pytest.mark.parametrize(
    ("thresholds", "question", "said"),
    [
        ((), {}, "nothing would differ"),
        ((), {"rule_set": "landmark"}, "There is no such rule set: choose one of"),
        ((), {"rule_set": "landmark-iop@7"}, "There is no such rule set"),
        ((), {"rule_set": "landmark-iop@"}, "There is no such rule set"),
        (("HRS-1.at_least_minutes=480",), {"rule_set": "teds-iop"}, "HRS-1 is no rule of this rule set"),
        (("HRS-1.at_least_minutes",), {}, "Write a threshold"),
        (("HRS-1.at_least_minutes=1",) * (MOST_THRESHOLDS + 1), {}, "at most 50 thresholds"),
    ],
)
def test_a_question_without_an_answer_says_why(
    restored: Store, thresholds: tuple[str, ...], question: dict[str, Any], said: str
) -> None:
    with pytest.raises(NotAsked, match=said):
        compare(restored, *thresholds, **question)


def test_before_the_site_was_open_there_is_nothing_to_compare(restored: Store) -> None:
    with pytest.raises(NotOnRecord):
        compare(restored, rule_set="teds-iop", known_at=datetime(2020, 1, 1, tzinfo=UTC))
