"""Whose charts a list, a comparison or a report shows is on record, patient by patient: on the site of the sample."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from store.store import Store
from tests.api.program import Site
from tests.sample_program import sample

TUESDAY_EVENING = "2026-04-14T21:55:00Z"
OF_CHARTS = re.compile(r'(?:chart/|"subject":"patient","subject_id":"|"patient_id":")([0-9a-f-]{36})')
"""Each way in which an answer names a patient."""


@pytest.fixture
def site(store: Store, empty_site: Site) -> Site:
    store.ledger("lexington").restore(sample())
    empty_site.credential("compliance_officer", since=date(2025, 1, 1))
    return empty_site


@pytest.mark.parametrize(
    ("what", "path", "params"),
    [
        ("read_at_risk", "at-risk", {"known_at": TUESDAY_EVENING}),
        (
            "compare_rule_sets",
            "reports/what-if",
            {"week": "2026-W16", "known_at": TUESDAY_EVENING, "set": "HRS-1.at_least_minutes=480"},
        ),
        (
            "compare_rule_sets",
            "reports/what-if",
            {"week": "2026-W16", "known_at": TUESDAY_EVENING, "set": "HRS-1.at_least_minutes=480", "all": "true"},
        ),
        ("read_site_screenings", "screenings", {"known_at": TUESDAY_EVENING}),
        ("read_site_step_downs", "step-downs", {"known_at": TUESDAY_EVENING}),
        ("read_site_week", "weeks", {"known_at": TUESDAY_EVENING}),
        ("read_activity", "activity", {"known_at": TUESDAY_EVENING, "from": "2026-04-13", "limit": "40"}),
    ],
    ids=["at-risk", "what-if", "what-if, all", "screenings", "step-downs", "weeks", "activity"],
)
def test_whoever_is_shown_is_on_record_and_nobody_else(site: Site, what: str, path: str, params: Any) -> None:
    response = site.ask("compliance_officer", f"/facilities/lexington/{path}", params=params)
    assert response.status_code == 200, response.text
    shown = set(OF_CHARTS.findall(response.text))
    assert shown
    access = site.accesses()[-1]
    assert (access["type"], access["fact"]["what"]) == ("SearchMade", what)
    assert access["fact"]["patient_ids"] == sorted(shown)
