"""The weekly report out of a real ledger, at any cut."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.compliance.rule_sets import SHIPPED
from domain.compliance.verdict import Row
from domain.week import Week
from exchange import weekly
from exchange.errors import NotAsked, NotOnRecord
from exchange.importing import import_file
from exchange.restoring import restore_file
from exchange.rows import canonical
from exchange.weekly import WEEKLY_RULES, WeeklyReport, answer
from store.store import Store
from tests.domain.compliance.test_expected_rows import WEEKLY, about_these_rules, as_text
from tests.exchange.program_file import FACTS, OPERATOR, SAMPLE
from tests.sample_program import EXAMPLES, EXPECTED, Asked, read_rows

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
COMPUTED = {terms.rule for rule_set in SHIPPED for terms in rule_set.rules}
W16 = Week.parse("2026-W16")


def asked_for(store: Store, asked: Asked) -> WeeklyReport:
    """What the arguments ask for; without `as-of` as of the week's Sunday."""
    week = Week.parse(asked.arguments["week"])
    return answer(
        store,
        asked.arguments["facility"],
        week,
        now=NOW,
        rule_set=asked.arguments.get("rule-set"),
        as_of=date.fromisoformat(asked.arguments["as-of"]) if "as-of" in asked.arguments else week.sunday,
        known_at=asked.known_at,
    )


def figures(rows: tuple[Row, ...]) -> list[dict[str, str]]:
    return [as_text(row) for row in rows]


@pytest.mark.parametrize("name", WEEKLY)
def test_the_restored_program_gives_the_expected_rows(restored: Store, name: str) -> None:
    expected = read_rows(EXPECTED / name, COMPUTED)
    assert expected
    assert figures(asked_for(restored, Asked.parse(f"--facility lexington {WEEKLY[name]}")).rows) == expected


def test_a_plain_import_of_the_program_gives_the_same_rows_as_a_restore(restored: Store, store: Store) -> None:
    import_file(store, SAMPLE, by=OPERATOR)
    for name in ("weekly-2026-W10.as-of-2026-03-04.csv", "weekly-2026-W16.csv"):
        asked = Asked.parse(f"--facility lexington {WEEKLY[name]}")
        assert figures(asked_for(store, asked).rows) == figures(asked_for(restored, asked).rows), name


@pytest.mark.parametrize(
    "path", sorted(p for p in EXAMPLES.glob("*.args") if about_these_rules(p)), ids=lambda p: p.stem
)
def test_a_worked_example_gives_the_expected_rows(store: Store, path: Any) -> None:
    restore_file(store, EXAMPLES / f"{path.name[:2]}.ndjson", by=OPERATOR)
    given = figures(asked_for(store, Asked.parse(path.read_text())).rows)
    for expected in about_these_rules(path):
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
        "rules_not_computed": list(report.header.rules_not_computed),
        "as_of": "2026-04-19",
        "known_at": known_at,
        "position": FACTS + 1,
        "generated_at": "2026-11-23T15:00:00Z",
        "row_count": len(report.rows),
        "sha256": sha256(canonical(report.rows)).hexdigest(),
        "requested_by": "staff/1",
        "purpose": "operations",
    }
    assert json.loads(json.dumps(report.header.record()))["rules"][:2] == ["HRS-1", "HRS-2"]


def test_the_header_names_the_rules_of_the_set_that_are_not_computed(restored: Store) -> None:
    for rule_set in SHIPPED:
        header = answer(restored, "lexington", W16, now=NOW, rule_set=rule_set.name).header
        computed = [terms.rule for terms in rule_set.rules]
        assert list(header.rules) == computed
        assert sorted((*computed, *header.rules_not_computed)) == sorted(WEEKLY_RULES[rule_set.name])


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
    monkeypatch.setattr(weekly, "PAGE_FACTS", 101)
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
