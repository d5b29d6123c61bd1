"""Facts out, as they stand in the ledger."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import pairwise

import pytest

from domain.record import EnteredInError
from exchange import exporting
from exchange.errors import NotAsked, NotOnRecord
from exchange.exporting import export_facts
from exchange.restoring import restore_file
from store.store import Store
from tests.exchange.program_file import FACTS, OPERATOR, SAMPLE, sample_lines
from tests.exchange.reporting import REGISTRAR, SITE, append


def test_a_restored_program_comes_out_as_it_came_in_fact_for_fact(restored: Store) -> None:
    out = io.BytesIO()
    written = export_facts(restored, "lexington", out=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[:FACTS] == sample_lines()
    assert [line["type"] for line in lines[FACTS:]] == ["LedgerRestored"]
    assert [list(line) for line in lines[:FACTS]] == [list(line) for line in sample_lines()]
    assert written.rows == FACTS + 1
    assert written.sha256 == sha256(out.getvalue()).hexdigest()


def test_the_size_of_pages_changes_nothing(restored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, paged = io.BytesIO(), io.BytesIO()
    export_facts(restored, "lexington", out=whole)
    monkeypatch.setattr(exporting, "PAGE_FACTS", 257)
    export_facts(restored, "lexington", out=paged)
    assert paged.getvalue() == whole.getvalue()


def test_an_export_known_at_an_instant_holds_what_was_recorded_by_then(restored: Store) -> None:
    known_at = datetime(2026, 4, 20, 12, tzinfo=UTC)
    out = io.BytesIO()
    written = export_facts(restored, "lexington", out=out, known_at=known_at)
    expected = [line for line in sample_lines() if datetime.fromisoformat(line["recorded_at"]) <= known_at]
    assert [json.loads(line) for line in out.getvalue().splitlines()] == expected
    assert written.knowledge.position == written.rows == len(expected)


def test_dates_choose_a_run_of_positions_by_the_sites_local_date_of_recording(restored: Store) -> None:
    """The week in which clocks change; facts recorded on its Saturday evening are Sunday's in UTC."""
    out = io.BytesIO()
    export_facts(restored, "lexington", out=out, from_on=date(2026, 3, 7), to_on=date(2026, 3, 8))
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    first, end = datetime(2026, 3, 7, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
    expected = [line for line in sample_lines() if first <= datetime.fromisoformat(line["recorded_at"]) < end]
    assert expected
    assert found == expected
    assert all(b["position"] == a["position"] + 1 for a, b in pairwise(found))


def test_dates_are_those_of_the_zone_that_was_known_then(store: Store) -> None:
    """The opening is struck since, which takes the site's zone with it."""
    restore_file(store, SAMPLE, by=OPERATOR)

    def taken(known_at: datetime | None = None) -> bytes:
        out = io.BytesIO()
        export_facts(store, "lexington", out=out, known_at=known_at, from_on=date(2026, 3, 7), to_on=date(2026, 3, 8))
        return out.getvalue()

    known_at, before = store.ledger("lexington").head().recorded_at, taken()
    append(store, SITE, EnteredInError(target=1), by=REGISTRAR)
    assert taken(known_at) == before != b""
    with pytest.raises(NotOnRecord, match="had not been opened by then"):
        taken()


def test_dates_without_a_fact_give_an_empty_file(restored: Store) -> None:
    out = io.BytesIO()
    assert export_facts(restored, "lexington", out=out, from_on=date(2024, 1, 1), to_on=date(2024, 1, 2)).rows == 0
    assert out.getvalue() == b""


def test_a_facility_without_facts_is_said_so(restored: Store) -> None:
    with pytest.raises(NotOnRecord, match="no such facility"):
        export_facts(restored, "nowhere", out=io.BytesIO())


def test_a_time_without_an_offset_is_no_instant(restored: Store) -> None:
    with pytest.raises(NotAsked, match="offset"):
        export_facts(restored, "lexington", out=io.BytesIO(), known_at=datetime(2026, 4, 20))  # noqa: DTZ001
