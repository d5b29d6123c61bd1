"""The weekly and the monthly report out of a real ledger, at any cut."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.compliance.verdict import Row
from domain.month import Month
from domain.program import Payer
from domain.week import Week
from exchange import reports
from exchange.errors import NotAsked, NotOnRecord
from exchange.importing import import_file
from exchange.reports import Question, Report
from exchange.restoring import restore_file
from exchange.rows import canonical
from projections import known_site, paged_charts
from store.store import Store
from tests.domain.compliance.test_expected_rows import ASKED, REPORTS, as_of_in, as_text, expected_of, period_of
from tests.exchange.program_file import FACTS, OPERATOR, SAMPLE
from tests.sample_program import EXAMPLES, EXPECTED, Asked, read_rows

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
W16 = Week.parse("2026-W16")


def answer(store: Store, facility: str, period: Week | Month, *, now: datetime, **question: Any) -> Report:
    return reports.answer(store, facility, period, now=now, asked=Question(**question))


def asked_for(store: Store, asked: Asked) -> Report:
    """What the arguments ask for; without `as-of` as of the period's last date."""
    return answer(
        store,
        asked.arguments["facility"],
        period_of(asked),
        now=NOW,
        rule_set=asked.arguments.get("rule-set"),
        as_of=as_of_in(asked),
        known_at=asked.known_at,
    )


def figures(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    return [as_text(row) for row in rows]


@pytest.mark.parametrize("name", REPORTS)
def test_the_restored_program_gives_the_expected_rows(restored: Store, name: str) -> None:
    expected = read_rows(EXPECTED / name)
    assert expected
    assert figures(asked_for(restored, Asked.parse(f"--facility lexington {REPORTS[name]}")).rows) == expected


def test_a_plain_import_of_the_program_gives_the_same_rows_as_a_restore(restored: Store, store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    for name in ("weekly-2026-W10.as-of-2026-03-04.csv", "weekly-2026-W16.csv"):
        asked = Asked.parse(f"--facility lexington {REPORTS[name]}")
        assert figures(asked_for(store, asked).rows) == figures(asked_for(restored, asked).rows), name


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.stem)
def test_a_worked_example_gives_the_expected_rows(store: Store, path: Any) -> None:
    restore_file(store, EXAMPLES / f"{path.name[:2]}.ndjson", by=OPERATOR)
    given = figures(asked_for(store, Asked.parse(path.read_text())).rows)
    for expected in expected_of(path):
        assert expected in given


def test_the_header_says_what_the_report_rests_on(restored: Store) -> None:
    report = answer(
        restored,
        "lexington",
        W16,
        now=NOW,
        as_of=W16.sunday,
        requested_by="staff/1",
        purpose="operations",
    )
    head = restored.ledger("lexington").head()
    assert head.recorded_at is not None
    known_at = head.recorded_at.isoformat().replace("+00:00", "Z")
    assert report.header.record() == {
        "report": "weekly",
        "facility": "lexington",
        "week": "2026-W16",
        "rule_set": "landmark-iop",
        "rule_set_version": "1",
        "rules": list(report.header.rules),
        "as_of": "2026-04-19",
        "known_at": known_at,
        "position": FACTS + 1,
        "generated_at": "2026-11-23T15:00:00Z",
        "row_count": len(report.rows),
        "charts_destroyed": 0,
        "sha256": sha256(canonical(report.rows)).hexdigest(),
        "requested_by": "staff/1",
        "purpose": "operations",
    }
    assert json.loads(json.dumps(report.header.record()))["rules"][:2] == ["HRS-1", "HRS-2"]


def test_the_header_names_the_rules_of_the_set_that_such_a_report_has_rows_for(restored: Store) -> None:
    def rules(period: Week | Month, **question: Any) -> str:
        return " ".join(answer(restored, "lexington", period, now=NOW, **question).header.rules)

    assert rules(W16) == "HRS-1 HRS-2 HRS-3 HRS-4 ATT-1 IND-1 FAM-1 RAT-1 DUR-1 SCR-1 INT-1 STP-1"
    assert rules(W16, rule_set="asam-2.1") == "HRS-1 HRS-4"
    assert rules(Month.parse("2026-03")) == "ATT-1 SCR-3"
    assert rules(Month.parse("2026-03"), rule_set="teds-iop") == ""
    of_a_payer = rules(W16, rule_set="landmark-iop", payer=Payer.COMMERCIAL)
    assert of_a_payer == "HRS-1 HRS-2 HRS-4 ATT-1 IND-1 FAM-1 DUR-1 SCR-1 INT-1 STP-1"


def test_asked_again_at_the_same_cut_it_gives_the_same_hash(restored: Store) -> None:
    known_at = datetime(2026, 4, 20, 12, tzinfo=UTC)
    one = answer(restored, "lexington", W16, now=NOW, known_at=known_at)
    other = answer(restored, "lexington", W16, now=NOW + timedelta(days=30), known_at=known_at)
    assert one.header.sha256 == other.header.sha256
    assert one.header.position == other.header.position < FACTS
    assert one.header.sha256 != answer(restored, "lexington", W16, now=NOW, as_of=W16.sunday).header.sha256


def test_before_a_correction_the_uncorrected_week_is_shown_and_after_it_the_corrected_one(restored: Store) -> None:
    """An absence entered as excused, corrected to unexcused on 20 April at 19:28:38 UTC."""
    patient = "1c034a63-709b-4440-bcd0-9969f71a0575"
    corrected_at = datetime(2026, 4, 20, 19, 28, 38, 471731, tzinfo=UTC)

    def verdicts(known_at: datetime) -> dict[str, str]:
        report = answer(restored, "lexington", W16, now=NOW, as_of=W16.sunday, known_at=known_at)
        return {row.rule: row.verdict.value for row in report.rows if row.subject_id == patient}

    before, after = verdicts(corrected_at - timedelta(microseconds=1)), verdicts(corrected_at)
    assert {before[rule] for rule in ("ATT-1", "HRS-1", "HRS-2")} == {"not_met_excused"}
    assert {after[rule] for rule in ("ATT-1", "HRS-1", "HRS-2")} == {"not_met"}


def test_a_time_after_the_last_fact_is_answered_as_that_and_says_so(restored: Store) -> None:
    later = datetime(2100, 1, 1, tzinfo=UTC)
    report = answer(restored, "lexington", W16, now=NOW, known_at=later)
    assert report.header.known_at == restored.ledger("lexington").head().recorded_at
    assert report.header.record()["asked_known_at"] == "2100-01-01T00:00:00Z"


def test_as_of_is_the_sites_today_or_the_local_date_of_the_time_it_was_known_at(restored: Store) -> None:
    evening = datetime(2026, 4, 18, 3, 59, 59, tzinfo=UTC)
    assert answer(restored, "lexington", W16, now=evening).header.as_of == date(2026, 4, 17)
    assert answer(restored, "lexington", W16, now=NOW, known_at=evening).header.as_of == date(2026, 4, 17)


def test_the_size_of_pages_changes_nothing(restored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = answer(restored, "lexington", W16, now=NOW).header.sha256
    monkeypatch.setattr(paged_charts, "PAGE_CHARTS", 7)
    monkeypatch.setattr(known_site, "PAGE_STREAMS", 11)
    assert answer(restored, "lexington", W16, now=NOW).header.sha256 == whole


def test_an_unknown_rule_set_names_those_there_are(restored: Store) -> None:
    with pytest.raises(NotAsked, match=r"choose one of .*landmark-iop"):
        answer(restored, "lexington", W16, now=NOW, rule_set="ours")


@pytest.mark.parametrize("known_at", [datetime(2026, 1, 7, 12, 59, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_before_the_first_fact_nothing_is_known(restored: Store, known_at: datetime) -> None:
    with pytest.raises(NotOnRecord, match="at that time"):
        answer(restored, "lexington", W16, now=NOW, known_at=known_at)


def test_a_facility_that_does_not_exist_has_no_report(restored: Store) -> None:
    with pytest.raises(NotOnRecord):
        answer(restored, "nowhere", W16, now=NOW)
