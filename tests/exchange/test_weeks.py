"""Weeks of the sample program: the figures of its reports, from the read tables as from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.week import Week
from exchange import reports, weeks
from projections import census
from projections.follower import Follower
from store.keys import FileKeyring
from store.store import Store
from tests.sample_program import sample

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)
LABELS = ("2026-W09", "2026-W11", "2026-W14", "2026-W16", "2026-W18")


@pytest.fixture(scope="module")
def followed(make_database: Callable[[], Any], keyring: FileKeyring) -> Iterator[Store]:
    with Store(make_database().app_url, keyring) as store:
        store.ledger("lexington").restore(sample())
        Follower(store).catch_up()
        yield store


@pytest.mark.parametrize("label", LABELS)
def test_a_week_of_the_site_has_the_figures_of_the_report(followed: Store, label: str) -> None:
    week = Week.parse(label)
    asked = reports.Question(as_of=week.sunday, known_at=MUCH_LATER)
    report = reports.answer(followed, "lexington", week, now=NOW, asked=asked)
    figures = {(row.rule, row.subject_id): (row.value, row.of) for row in report.rows if row.rule in ("HRS-1", "HRS-2")}
    found = weeks.of_site(followed, "lexington", week, now=NOW, as_of=week.sunday)
    assert {("HRS-1", row["patient_id"]): (row["minutes"], row["minutes_owed"]) for row in found.rows} | {
        ("HRS-2", row["patient_id"]): (row["qualifying_days"], row["days_owed"]) for row in found.rows
    } == figures
    assert any(row["minutes"] for row in found.rows)


def test_each_patient_has_the_weeks_that_the_site_has_of_them(followed: Store) -> None:
    on = date(2026, 4, 17)
    of_site: dict[str, list[dict[str, Any]]] = {}
    for n in range(7, 17):
        found = weeks.of_site(followed, "lexington", Week.parse(f"2026-W{n:02}"), now=NOW, as_of=on)
        for row in found.rows:
            of_site.setdefault(row.pop("patient_id"), []).append(row)
    assert len(of_site) > 20
    for patient_id, expected in of_site.items():
        mine = weeks.of_patient(followed, "lexington", UUID(patient_id), now=NOW, as_of=on)
        assert mine is not None
        assert [row for row in mine.rows if row["week"] >= "2026-W07"] == expected


def test_as_known_then_it_holds_what_was_on_record_then(followed: Store) -> None:
    """On Wednesday noon, of the week at hand."""
    then = datetime(2026, 4, 15, 16, tzinfo=UTC)
    found = weeks.of_site(followed, "lexington", None, now=NOW, known_at=then)
    assert (str(found.week), found.cut.as_of, found.cut.knowledge.known_at) == ("2026-W16", date(2026, 4, 15), then)
    assert {day["on"] for row in found.rows for day in row["days"]} <= {"2026-04-13", "2026-04-14", "2026-04-15"}


def test_who_has_no_chart_has_no_weeks(followed: Store) -> None:
    assert weeks.of_patient(followed, "lexington", UUID(int=7), now=NOW) is None


def test_weeks_that_are_still_to_come_are_not_listed(followed: Store) -> None:
    """Of who was never discharged they would go on for ever."""
    [in_care, *_] = [row["patient_id"] for row in census.answer(followed, "lexington", now=NOW).rows]
    asked = weeks.of_patient(followed, "lexington", UUID(in_care), now=NOW, as_of=date(2150, 1, 1))
    today = weeks.of_patient(followed, "lexington", UUID(in_care), now=NOW)
    assert asked is not None
    assert today is not None
    assert [row["week"] for row in asked.rows] == [row["week"] for row in today.rows]
    assert today.rows[-1]["week"] == "2026-W23"
