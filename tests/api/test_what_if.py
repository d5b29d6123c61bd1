"""What other rules would say, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from domain.access import AccessDenied, SearchMade
from store.accesses import access_ledger
from tests.api.program import Site

W10 = {"week": "2026-W10"}


def path(site: Site) -> str:
    return f"/facilities/{site.code}/reports/what-if"


def test_both_rule_sets_stand_side_by_side_and_what_was_shown_is_on_record(site: Site) -> None:
    asked = {**W10, "rule_set": "teds-iop@1", "set": ["HRS-2.at_least_days=2", "HRS-2.of_at_least_minutes=60"]}
    document = site.told("compliance_officer", path(site), params=asked)
    assert [change["after"] for change in document["other"]["changes"]] == [2, 60]
    assert document["other"]["rules"] == ["HRS-2"]
    # The cohort of the site exists on dates of the week, or not; nobody is in it.
    assert {row["rule"] for row in document["rows"]} <= {"HRS-3"}
    everything = site.told("compliance_officer", path(site), params={**asked, "all": "true"})
    assert len(everything["rows"]) == everything["row_count"]
    last = site.client.app.state.wiring.store.ledger(access_ledger(site.code)).facts()[-1].fact
    assert isinstance(last, SearchMade)
    assert last.what == "compare_rule_sets"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"rule_set": "teds-iop"}, "query.week"),
        ({**W10, "month": "2026-03", "rule_set": "teds-iop"}, "query.week"),
        ({"week": "2026-W54", "rule_set": "teds-iop"}, "query.week"),
        ({"month": "2026-13", "rule_set": "teds-iop"}, "query.month"),
        ({**W10, "set": "HRS-1.at_least_minutes"}, "query.set.0"),
        ({**W10, "set": "HRS-1.at_least_minutes=4.5"}, "query.set.0"),
        ({**W10, "threshold": "HRS-1.at_least_minutes=4"}, "query"),
        (W10, "nothing would differ"),
        ({**W10, "rule_set": "nobody"}, "There is no such rule set"),
        ({**W10, "set": "HRS-9.at_least_minutes=480"}, "There is no such rule"),
        ({**W10, "set": "HRS-1.at_least_hours=9"}, "HRS-1 has no such threshold"),
        ({**W10, "set": "HRS-1.at_least_minutes=20000"}, "more than the minutes of a week"),
    ],
)
def test_what_can_not_be_meant_is_422_and_named(site: Site, params: dict[str, Any], said: str) -> None:
    response = site.ask("compliance_officer", path(site), params=params)
    assert response.status_code == 422
    assert said in response.text
    assert "nobody" not in response.text
    assert "at_least_hours" not in response.text


def test_who_reads_no_reports_compares_none(site: Site) -> None:
    response = site.ask("front_desk", path(site), params={**W10, "rule_set": "teds-iop"})
    assert response.status_code == 403
    denied = site.client.app.state.wiring.store.ledger(access_ledger(site.code)).facts()[-1].fact
    assert isinstance(denied, AccessDenied)
