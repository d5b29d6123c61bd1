"""A document is sent again as long as it holds, never longer; and it is the same, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from domain.chart.plan import TriggerIdentified
from domain.record import EnteredInError, stream_uuid
from domain.session import CancellationCause, SessionCancelled
from domain.staff import StaffCredentialed
from projections import status, watch
from projections.cut import Cut
from projections.follower import Follower
from projections.watch import Glance, Page, Watch, Watches
from store.keys import FileKeyring
from store.store import Store
from store.together import answered
from tests.conftest import Database
from tests.projections.test_rows import (
    ADMITTED,
    ATTENDED,
    CHART,
    ENROLLED,
    EPISODE,
    INQUIRED,
    PATIENT,
    REGISTERED,
    SCHEDULED,
    SESSION,
)
from tests.projections.test_set_aside import OPENED, POISON
from tests.sample_program import sample
from tests.store.given import holiday, new

SITE = "lexington"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = date(2026, 6, 1)
OTHER = UUID("5b3a2d3e-6f0d-4a57-9d55-1f3f6a1f7c09")


@pytest.fixture
def site(store: Store) -> Store:
    """A facility and two charts, in the tables."""
    record(store, "facility/lexington", 1, OPENED)
    record(store, CHART, 1, REGISTERED)
    record(store, f"chart/{OTHER}", 1, replace(REGISTERED, mrn="MRN-2"))
    return store


@pytest.fixture
def over(site: Store) -> Watch:
    return Watches(site).of(SITE)


def record(store: Store, stream: str, version: int, fact: Any) -> int:
    """On record, and in the read tables."""
    reason = "x" if isinstance(fact, EnteredInError) else None
    position = store.ledger(SITE).append([new(stream, version, fact, reason=reason)]).position
    Follower(store).catch_up()
    return position


def look(over: Watch) -> Glance:
    return answered(over.look())


def now_of(store: Store, patient_id: UUID = PATIENT) -> status.Answer:
    found = status.answer(store, SITE, patient_id, now=NOW)
    assert found is not None
    return found


def put(store: Store, over: Watch, patient_id: UUID = PATIENT) -> None:
    """As it is now, at hand."""
    glance = look(over)
    over.keep(patient_id, now_of(store, patient_id), glance)


def held(over: Watch, patient_id: UUID = PATIENT, on: date = TODAY) -> bytes | None:
    glance = look(over)
    page = over.page(patient_id, on, glance)
    assert glance.cut is not None
    return None if page is None else page.at(glance.cut)


def sent(store: Store, patient_id: UUID = PATIENT) -> bytes:
    return orjson.dumps(now_of(store, patient_id).document)


def test_what_was_answered_is_at_hand_for_that_date(site: Store, over: Watch) -> None:
    assert held(over) is None
    put(site, over)
    assert held(over) == sent(site)
    assert held(over, on=TODAY + timedelta(days=1)) is None
    assert held(over, OTHER) is None


@pytest.mark.parametrize("stream", [f"chart/{OTHER}", f"chart/{uuid4()}"], ids=["another chart", "a new chart"])
def test_facts_of_others_move_its_cut_alone(site: Store, over: Watch, stream: str) -> None:
    put(site, over)
    before = held(over)
    fact = replace(REGISTERED, mrn="MRN-3") if stream != f"chart/{OTHER}" else INQUIRED
    position = record(site, stream, 2 if stream == f"chart/{OTHER}" else 1, fact)
    again = held(over)
    assert again == sent(site)
    assert again is not None
    assert again != before
    assert orjson.loads(again)["position"] == position


@pytest.mark.parametrize(
    ("stream", "fact"),
    [
        (CHART, INQUIRED),
        ("facility/lexington", holiday().fact),
        (f"session/{SESSION}", SCHEDULED),
        (f"session/{uuid4()}", SCHEDULED),
    ],
    ids=["chart", "site", "session", "another session"],
)
def test_a_fact_that_it_may_rest_on_ends_it(site: Store, over: Watch, stream: str, fact: Any) -> None:
    put(site, over)
    assert held(over) is not None
    record(site, stream, 1 if stream.startswith("session") else 2, fact)
    assert held(over) is None
    put(site, over)
    assert held(over) == sent(site)


def test_what_another_process_wrote_ends_it(site: Store, over: Watch, database: Database, keyring: FileKeyring) -> None:
    put(site, over)
    assert held(over) is not None
    with Store(database.app_url, keyring) as other:
        record(other, CHART, 2, INQUIRED)
    assert held(over) is None


def test_the_server_plans_a_look_once(site: Store, database: Database, keyring: FileKeyring) -> None:
    """Whatever it expects of the values: on a ledger of some size it would plan two of the statements each time."""
    with Store(database.app_url, keyring, pool_size=1) as other:
        over = Watches(other).of(SITE)
        for _ in range(20):
            look(over)
        with other.database.connection() as connection:
            plans = connection.execute("SELECT generic_plans, custom_plans, statement FROM pg_prepared_statements")
            looked = [row for row in plans if row[0] + row[1] == 20]
            assert len(looked) >= 5
            # Which way to plan is chosen by the statement that says for whom it is read.
            assert not [row for row in looked if row[1] and "plan_cache_mode" not in row[2]]
            assert connection.execute("SHOW plan_cache_mode").fetchone() == ("auto",), "Of the look alone."


def test_an_answer_that_was_overtaken_is_not_kept(site: Store, over: Watch) -> None:
    slow = now_of(site)
    record(site, f"chart/{OTHER}", 2, INQUIRED)
    # Nothing is known of what came before the first look.
    over.keep(PATIENT, slow, look(over))
    assert held(over) is None
    slow = now_of(site)
    record(site, f"chart/{OTHER}", 3, TriggerIdentified(episode_id=EPISODE, text="payday"))
    over.keep(PATIENT, slow, look(over))
    assert held(over) == sent(site)
    slow = now_of(site)
    record(site, CHART, 2, TriggerIdentified(episode_id=EPISODE, text="payday"))
    over.keep(PATIENT, slow, look(over))
    assert held(over) is None


def test_a_glance_shows_the_staff_list_of_the_ledger_however_late_the_tables_are(site: Store, over: Watch) -> None:
    somebody = uuid4()
    line = StaffCredentialed(staff_id=somebody, name="R. Ames", role="counselor", valid_from=date(2026, 1, 1))
    assert look(over).facility.staff == {}
    site.ledger(SITE).append([new("facility/lexington", 2, line)])
    assert [one.role for one in look(over).facility.staff[somebody]] == ["counselor"]
    site.ledger(SITE).append([new("facility/lexington", 3, EnteredInError(target=2), reason="x")])
    assert look(over).facility.staff.get(somebody, ()) == ()


def test_a_staff_list_that_was_set_back_and_has_another_last_line_is_read_anew(
    site: Store, over: Watch, database: Database
) -> None:
    first, second = uuid4(), uuid4()
    line = StaffCredentialed(staff_id=first, name="R. Ames", role="counselor", valid_from=date(2026, 1, 1))
    ledger = site.ledger(SITE)
    ledger.append([new("facility/lexington", 2, line)])
    assert first in look(over).facility.staff
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM fact WHERE position = 4")
        connection.execute("UPDATE ledger SET position = 3")
    ledger.append([new("facility/lexington", 2, replace(line, staff_id=second))])
    assert set(look(over).facility.staff) == {second}


def test_a_document_holds_until_the_next_session_is_over(site: Store, over: Watch) -> None:
    put(site, over)
    page = over.page(PATIENT, TODAY, look(over))
    assert page is not None
    assert page.cut.known_at is not None
    end = page.cut.known_at + timedelta(hours=1)
    glance = look(over)
    over.keep(PATIENT, replace(now_of(site), until=end), glance)
    for at, holds in [(end - timedelta(microseconds=1), True), (end, False), (end + timedelta(days=1), False)]:
        later = replace(glance, cut=Cut(page.cut.position + 1, at))
        assert (over.page(PATIENT, TODAY, later) is not None) is holds


def test_an_answer_names_the_next_end_of_a_session_that_it_looks_at(store: Store) -> None:
    record(store, "facility/lexington", 1, OPENED)
    for version, fact in enumerate((REGISTERED, INQUIRED, ENROLLED), start=1):
        record(store, CHART, version, fact)
    starts = datetime.now(UTC) + timedelta(hours=1)
    others = replace(SCHEDULED, cohort_id=uuid4(), starts_at=starts, ends_at=starts + timedelta(hours=1))
    planned = replace(SCHEDULED, cohort_id=ENROLLED.cohort_id, starts_at=starts, ends_at=starts + timedelta(hours=3))
    record(store, f"session/{uuid4()}", 1, others)
    record(store, f"session/{uuid4()}", 1, planned)
    found = status.answer(store, SITE, PATIENT, now=datetime.now(UTC))
    assert found is not None
    assert found.until == planned.ends_at


def test_an_answer_folded_from_the_ledger_is_not_kept(site: Store, over: Watch) -> None:
    ledger = site.ledger(SITE)
    ledger.append([new(f"session/{SESSION}", 1, SCHEDULED)])
    ledger.append([new(CHART, n, fact) for n, fact in enumerate((INQUIRED, ENROLLED, ADMITTED, ATTENDED, POISON), 2)])
    Follower(site).catch_up()
    assert now_of(site).version == 6
    put(site, over)
    assert held(over) is None


def test_tables_that_may_not_be_shown_show_nothing_that_was_kept(site: Store, over: Watch, database: Database) -> None:
    put(site, over)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("UPDATE projection.position SET position = position - 1 WHERE projection = 'sessions'")
    glance = look(over)
    assert glance.cut is None
    assert over.page(PATIENT, TODAY, glance) is None


def test_tables_that_went_back_begin_anew(site: Store, over: Watch, database: Database) -> None:
    put(site, over)
    assert held(over) is not None
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("UPDATE projection.position SET position = position - 1")
        connection.execute("UPDATE projection.position SET recorded_at = recorded_at - interval '1 hour'")
    assert held(over) is None


def test_a_ledger_that_is_another_one_at_the_same_position_begins_anew(
    site: Store, over: Watch, database: Database
) -> None:
    put(site, over)
    assert held(over) is not None
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE fact SET recorded_at = recorded_at + interval '1 second' WHERE position = 3")
        connection.execute("UPDATE projection.position SET recorded_at = recorded_at + interval '1 second'")
    assert held(over) is None


def test_more_news_than_can_be_looked_through_end_everything(
    site: Store, over: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "NEWS", 4)
    put(site, over)
    for version in range(2, 4):
        record(site, f"chart/{OTHER}", version, TriggerIdentified(episode_id=EPISODE, text="payday"))
    assert held(over) is not None
    for version in range(4, 8):
        record(site, f"chart/{OTHER}", version, TriggerIdentified(episode_id=EPISODE, text="payday"))
    assert held(over) is None


def test_charts_touched_long_ago_are_forgotten_and_answers_older_than_that_not_kept(
    site: Store, over: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "NEWS", 3)
    glance = look(over)
    old = now_of(site)
    for n in range(5):
        record(site, f"chart/{uuid4()}", 1, replace(REGISTERED, mrn=f"MRN-1{n}"))
        look(over)
    over.keep(PATIENT, old, glance)
    assert held(over) is None
    put(site, over)
    assert held(over) == sent(site)


def test_no_more_than_some_are_kept(site: Store, over: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "KEPT", 1)
    look(over)
    put(site, over)
    put(site, over, OTHER)
    assert held(over) is None
    assert held(over, OTHER) == sent(site, OTHER)


def test_the_site_that_nobody_asked_about_for_longest_is_forgotten_first(
    site: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    watches = Watches(site)
    monkeypatch.setattr(watch, "SITES", 2)
    first, second = watches.of(SITE), watches.of("second")
    assert watches.of(SITE) is first
    watches.of("third")
    assert watches.of(SITE) is first
    assert watches.of("second") is not second


def test_documents_of_all_sites_together_are_no_more_than_some(site: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    watches = Watches(site)
    monkeypatch.setattr(watch, "KEPT_OF_ALL", 1)
    over = watches.of(SITE)
    put(site, over)
    watches.of("other")
    assert watches.of(SITE) is over
    put(site, over, OTHER)
    # What is asked about just now stays.
    assert watches.of(SITE) is over
    assert held(over, OTHER) == sent(site, OTHER)
    other = watches.of("other")
    assert watches.of("other") is other
    assert watches.of(SITE) is not over


def test_pages_of_the_sample_program_are_its_documents(followed: Store) -> None:
    over = Watches(followed).of(SITE)
    now = datetime(2026, 5, 8, 22, tzinfo=UTC)
    glance = look(over)
    assert glance.cut is not None
    patients = {stream_uuid(fact.stream) for fact in sample() if fact.stream.startswith("chart/")}
    for patient in patients:
        found = status.answer(followed, SITE, patient, now=now)
        assert found is not None
        over.keep(patient, found, glance)
        page = over.page(patient, date.fromisoformat(found.document["as_of"]), glance)
        assert isinstance(page, Page)
        assert (page.at(glance.cut), page.version) == (orjson.dumps(found.document), found.version)


def test_a_cancelled_session_ends_what_rests_on_it(site: Store, over: Watch) -> None:
    record(site, f"session/{SESSION}", 1, SCHEDULED)
    for version, fact in enumerate((INQUIRED, ENROLLED, ADMITTED, ATTENDED), start=2):
        record(site, CHART, version, fact)
    put(site, over)
    first = held(over)
    assert first == sent(site)
    record(site, f"session/{SESSION}", 2, SessionCancelled(cause=CancellationCause.OTHER))
    assert held(over) is None
    assert b"record_in_cancelled_session" in sent(site)
