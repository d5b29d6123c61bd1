"""Late-entry figures out of a real ledger, against the marks that histories show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from domain.key_destruction import KeyDestroyed
from domain.late_entries import Per
from domain.record import Recorded, stream_uuid
from exchange import late_entries, replay
from exchange.errors import NotAsked, NotOnRecord
from exchange.importing import import_file
from exchange.late_entries import LateEntries, answer
from projections import elsewhere
from projections.digest import further
from projections.follower import Follower
from projections.standing import set_aside
from store.append import NewFact
from store.errors import Unreadable
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, SAMPLE
from tests.exchange.test_replay import NOW, PATIENTS
from tests.projections.test_retry import body_at, change
from tests.projections.test_rows import INQUIRED, REGISTERED
from tests.projections.test_set_aside import OPENED
from tests.sample_program import sample
from tests.store.given import new

ZONE = ZoneInfo("America/New_York")


def figures(store: Store, per: Per = Per.KIND, **asked: date | datetime | None) -> LateEntries:
    return answer(store, "lexington", per=per, now=NOW, **asked)  # type: ignore[arg-type]


def test_of_charts_they_count_what_the_trails_say(restored: Store) -> None:
    """Each history's trail was marked entry by entry, absences by the end of their session."""
    counted: dict[str, list[int]] = {}
    late: dict[str, int] = {}
    for patient_id in PATIENTS:
        history = replay.answer(restored, "lexington", patient_id, now=NOW, limit=10_000, trail=True)
        assert history is not None
        for line in map(json.loads, history.lines):
            if "lateness_minutes" in line:
                counted.setdefault(line["type"], []).append(line["lateness_minutes"])
                late[line["type"]] = late.get(line["type"], 0) + line.get("late", False)
    rows = {row["kind"]: row for row in figures(restored).rows}
    charts = {kind: row for kind, row in rows.items() if kind in counted and kind != "EnteredInError"}
    assert charts.keys() == counted.keys()
    for kind, row in charts.items():
        assert (row["entries"], row["late"]) == (len(counted[kind]), late[kind]), kind
        assert row["longest_minutes"] == max(counted[kind])
    assert sum(late.values()) > 10


@pytest.mark.parametrize("per", list(Per))
def test_rows_add_up_to_the_whole_and_weeks_to_their_period(restored: Store, per: Per) -> None:
    found = figures(restored, per)
    for name in ("entries", "late", "late_with_reason", "late_without_reason"):
        assert sum(row[name] for row in found.rows) == found.whole[name]
    assert [row[per.value] for row in found.rows] == sorted(row[per.value] for row in found.rows)
    parts = [
        figures(restored, per, from_on=date(2020, 1, 1), to_on=date(2026, 3, 31)),
        figures(restored, per, from_on=date(2026, 4, 1)),
    ]
    assert [part.whole["entries"] > 0 for part in parts] == [True, True]
    assert sum(part.whole["entries"] for part in parts) == found.whole["entries"]


def test_a_period_that_is_over_is_told_alike_ever_after(restored: Store) -> None:
    """By the dates of recording: what is entered later about that week is a later week's."""
    week = {"from_on": date(2026, 3, 2), "to_on": date(2026, 3, 8)}
    monday = datetime(2026, 3, 9, 12, tzinfo=UTC)
    then, now = figures(restored, Per.PERSON, known_at=monday, **week), figures(restored, Per.PERSON, **week)
    assert then.rows == now.rows
    assert all(row["name"] and row["role"] for row in now.rows)
    within = [f for f in sample() if date(2026, 3, 2) <= f.recorded_at.astimezone(ZONE).date() <= date(2026, 3, 8)]
    assert 0 < now.whole["entries"] <= len(within)
    weekly = figures(restored, Per.WEEK, **week)
    assert [row["week"] for row in weekly.rows] == ["2026-W10"]


def test_dates_in_the_wrong_order_and_sites_that_are_not_there_have_clear_answers(restored: Store) -> None:
    with pytest.raises(NotAsked, match="earlier one first"):
        figures(restored, from_on=date(2026, 3, 2), to_on=date(2026, 3, 1))
    with pytest.raises(NotOnRecord):
        answer(restored, "nowhere", per=Per.KIND, now=NOW)
    nobody = figures(restored, from_on=date(2019, 1, 1), to_on=date(2019, 1, 1) + timedelta(days=6))
    assert (nobody.rows, nobody.whole["entries"], nobody.whole["late_share"]) == ([], 0, None)


WEEK = {"from_on": date(2026, 3, 2), "to_on": date(2026, 3, 8)}


def test_of_a_week_no_more_is_counted_than_that_week(restored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever came afterwards: no session is looked up for it."""
    judged: list[Recorded] = []

    def ends(ledger: object, entries: Sequence[Recorded], upto: int) -> dict[int, datetime | None]:
        judged.extend(entries)
        return {}

    monkeypatch.setattr(late_entries, "scheduled_ends", ends)
    assert figures(restored, **WEEK).whole["entries"]
    assert {entry.recorded_at.astimezone(ZONE).date() for entry in judged} <= {date(2026, 3, n) for n in range(2, 9)}


@pytest.fixture
def imported(store: Store) -> Store:
    """The sample program, recorded elsewhere, and here today."""
    import_file(store, SAMPLE, by=OPERATOR)
    return store


def test_what_was_imported_counts_in_the_week_in_which_it_was_recorded_elsewhere(
    restored: Store, imported: Store
) -> None:
    """It came in long after: behind all that was recorded here that week."""
    for per in (Per.KIND, Per.PERSON):
        assert figures(imported, per, **WEEK).rows == figures(restored, per, **WEEK).rows


@pytest.mark.parametrize("followed", [0, 1, 2000, 3000, None])
def test_the_table_finds_them_as_far_as_it_has_come_and_the_ledger_is_looked_through_for_the_rest(
    restored: Store, imported: Store, monkeypatch: pytest.MonkeyPatch, followed: int | None
) -> None:
    """In pages of three hundred."""
    ledger = imported.ledger("lexington")
    last = ledger.head().position if followed is None else followed
    if last:
        with imported.database.connection() as db:
            further(db, [elsewhere.PROJECTION], ledger, 0, last, last)
    expected, read, usual = figures(restored, **WEEK).rows, [], Ledger.rows

    def watched(ledger: Ledger, **asked: Any) -> list[Row]:
        rows = usual(ledger, **asked)
        read.extend(row[0] for row in rows)
        return rows

    monkeypatch.setattr(Ledger, "rows", watched)
    monkeypatch.setattr(late_entries, "PAGE_FACTS", 300)
    assert figures(imported, **WEEK).rows == expected
    assert read == list(range(last + 1, ledger.head().position + 1))


def test_without_a_first_date_all_that_was_recorded_by_the_last_counts(restored: Store, imported: Store) -> None:
    until = {"to_on": date(2026, 3, 8)}
    before = figures(imported, **until).rows
    Follower(imported).catch_up()
    assert figures(imported, **until).rows == before == figures(restored, **until).rows


def test_an_entry_that_the_table_lacks_is_read_in_the_ledger(
    restored: Store, imported: Store, database: Database
) -> None:
    one = next(fact.position for fact in sample() if fact.recorded_at.astimezone(ZONE).date() == WEEK["from_on"])
    body = body_at(database, one)
    change(database, "UPDATE fact SET body = '\\x00' WHERE position = %s", one)
    Follower(imported).catch_up()
    with pytest.raises(Unreadable):
        figures(imported, **WEEK)
    change(database, "UPDATE fact SET body = %s WHERE position = %s", body, one)
    assert {aside.position for aside in set_aside(imported)} == {one}
    assert figures(imported, **WEEK).rows == figures(restored, **WEEK).rows


def test_a_day_begins_and_ends_at_midnight_of_the_site_by_the_table_as_by_the_ledger(store: Store) -> None:
    """On the day when the clocks are changed as well."""
    ledger, zone = store.ledger("lexington"), ZONE
    days = [date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9)]
    instants = [
        datetime.combine(day, time(), zone).astimezone(UTC) + off
        for day in (*days, date(2026, 3, 10))
        for off in (timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1))
    ]
    ledger.append([new("facility/lexington", 1, OPENED)])
    for number, at in enumerate(instants):
        chart = f"chart/{uuid4()}"
        told = [replace(REGISTERED, mrn=f"MRN-{number}"), replace(INQUIRED, episode_id=uuid4())]
        ledger.append([elsewhere_at(new(chart, version, fact), at) for version, fact in enumerate(told, start=1)])
    counts = []
    for _ in ("by the ledger", "by the table"):
        counts.append([figures(store, from_on=day, to_on=day).whole["entries"] for day in days])
        Follower(store).catch_up()
    assert counts == [[3, 3, 3]] * 2


def elsewhere_at(fact: NewFact, at: datetime) -> NewFact:
    return replace(fact, envelope=replace(fact.envelope, recorded_elsewhere_at=at))


def test_what_was_recorded_after_the_cut_does_not_count(restored: Store) -> None:
    """In the middle of the week that is asked for."""
    wednesday = datetime(2026, 3, 4, 12, tzinfo=ZONE)
    then = figures(restored, **WEEK, known_at=wednesday).whole["entries"]
    days = [figures(restored, from_on=date(2026, 3, n), to_on=date(2026, 3, n)).whole["entries"] for n in range(2, 9)]
    assert sum(days[:2]) <= then <= sum(days[:3])
    assert then < sum(days)


def test_a_chart_that_was_destroyed_is_in_no_figure(imported: Store) -> None:
    ledger = imported.ledger("lexington")
    [chart, *_] = (
        fact.stream
        for fact in sample()
        if fact.stream.startswith("chart/") and fact.recorded_at.astimezone(ZONE).date() == WEEK["from_on"]
    )
    by_ledger = figures(imported, **WEEK).whole["entries"]
    Follower(imported).catch_up()
    assert figures(imported, **WEEK).whole["entries"] == by_ledger
    gone = KeyDestroyed(patient_id=stream_uuid(chart), authority="Schedule of retention")
    site = len(ledger.read(["facility/lexington"])["facility/lexington"])
    ledger.append(
        [new("facility/lexington", site + 1, gone)],
        reads={chart: len(ledger.read([chart])[chart]), "facility/lexington": site},
    )
    left = figures(imported, **WEEK).whole["entries"]
    Follower(imported).catch_up()
    assert figures(imported, **WEEK).whole["entries"] == left < by_ledger
