"""The worked examples of the rules, asked over HTTP."""

from __future__ import annotations

from datetime import date

import pytest

from store.store import Store
from tests.api.program import Site
from tests.domain.compliance.test_expected_rows import ASKED, expected_of
from tests.sample_program import Asked, example


@pytest.mark.parametrize("number", sorted({path.name[:2] for path in ASKED}))
def test_a_worked_example_gives_the_expected_rows(store: Store, empty_site: Site, number: str) -> None:
    store.ledger("lexington").restore(example(number))
    empty_site.credential("compliance_officer", since=date(2025, 1, 1))
    for path in (path for path in ASKED if path.name.startswith(number)):
        asked = Asked.parse(path.read_text()).arguments
        kind = "monthly" if "month" in asked else "weekly"
        params = {key.replace("-", "_"): value for key, value in asked.items() if key != "facility"}
        told = empty_site.told("compliance_officer", f"/facilities/lexington/reports/{kind}", params=params)
        for expected in expected_of(path):
            assert expected in [{name: str(row[name]) for name in expected} for row in told["rows"]], path.stem
