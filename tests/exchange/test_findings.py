"""The findings of one patient out of a real ledger: as many sessions are read as the rules look at, and no more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.compliance.findings import assess_chart
from domain.compliance.verdict import Row
from domain.program import Payer
from exchange import findings
from exchange.errors import NotAsked, NotOnRecord
from exchange.reports import Question, site_at
from store.store import Store
from tests.rule_sets import LANDMARK_IOP

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
APRIL = datetime(2026, 4, 18, 3, 59, 59, tzinfo=UTC)
CORRECTED = UUID("6e0b3a72-3a0f-4e01-85b9-568a0846352a")


@pytest.mark.parametrize("as_of", [date(2026, 3, 4), date(2026, 4, 17), date(2026, 5, 10)])
def test_they_are_those_of_the_whole_site(restored: Store, as_of: date) -> None:
    head = restored.ledger("lexington").head()
    assert head.recorded_at is not None
    site = site_at(restored.ledger("lexington"), head.position)
    given: dict[UUID, list[Row]] = {}
    for key, chart in site.charts.items():
        found = findings.answer(restored, "lexington", key, now=NOW, asked=Question(as_of=as_of))
        assert found is not None
        assert found.version == chart.version
        given[key] = assess_chart(
            chart,
            facility=site.facility,
            sessions=site.sessions,
            cohorts=site.cohorts,
            rule_set=LANDMARK_IOP,
            as_of=as_of,
            known_at=head.recorded_at,
        )
        assert list(found.rows) == given[key]
    assert {row.rule for rows in given.values() for row in rows} >= {"HRS-1", "ATT-2", "FAM-1", "PLN-1", "ASM-1"}


def test_a_cut_shows_what_was_known_then(restored: Store) -> None:
    found = findings.answer(restored, "lexington", CORRECTED, now=NOW, asked=Question(known_at=APRIL))
    assert found is not None
    assert found.cut.as_of == date(2026, 4, 17)
    assert found.version < restored.ledger("lexington").head().position
    assert (found.rule_set.name, found.rule_set.version) == ("landmark-iop", "1")


def test_of_a_payer_they_are_by_its_rule_set(restored: Store) -> None:
    def rules(asked: Question) -> set[str]:
        found = findings.answer(restored, "lexington", CORRECTED, now=NOW, asked=asked)
        assert found is not None
        return {row.rule for row in found.rows}

    shown = [rules(Question(as_of=date(2026, 4, 17), rule_set="az-s9480", payer=payer)) for payer in Payer]
    assert sorted(shown, key=len) == [set(), {"HRS-1", "HRS-2"}]
    with pytest.raises(NotAsked, match="No rule set is adopted for this payer"):
        rules(Question(payer=Payer.COMMERCIAL))


def test_there_are_none_of_a_chart_or_a_site_that_is_not_on_record(restored: Store) -> None:
    assert findings.answer(restored, "lexington", UUID(int=1), now=NOW) is None
    with pytest.raises(NotOnRecord):
        findings.answer(restored, "nowhere", CORRECTED, now=NOW)
