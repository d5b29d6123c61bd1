"""Issued reports: read back byte for byte, whatever is recorded later, and asked anew at the old cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from domain.chart import fold
from domain.chart.attendance import AttendanceCorrected, AttendanceRecorded, Outcome
from domain.record import EnteredInError, Person, Source
from domain.refused import Refused
from domain.report import ReportAttested
from domain.staff import StaffCredentialed
from domain.week import Week, local_date
from exchange import delta, issued, reports
from exchange.errors import NotAsked, NotOnRecord, RowsNotKept
from exchange.importing import import_file
from exchange.reports import Question
from exchange.restoring import restore_file
from projections.follower import Follower
from store.desk import Desk
from store.errors import RowsAltered
from store.keys import FileKeyring
from store.store import Store
from tests.conftest import Database
from tests.exchange.program_file import OPERATOR, SAMPLE, changed, exported, read_rejects, write
from tests.exchange.reporting import (
    OFFICER,
    REGISTRAR,
    SITE,
    W10,
    append,
    assert_exact,
    canonical,
    issue,
    now,
    recorded,
    with_officer,
)
from tests.exchange.test_destroyed_charts import destroy, discharged
from tests.sample_program import example

CHART = "chart/04e1b64b-92b0-53e3-9a61-f2445299931f"
COUNSELOR = Person("staff/d35f949c-a5fe-5a09-a51d-7e41f1897ab9", "S. Staff1", "counselor", "LCADC")
MONDAY_MORNING = datetime(2026, 3, 9, 12, tzinfo=UTC)
"""After the week of example 15, before its correction."""


@pytest.fixture
def site(store: Store) -> Store:
    """Worked example 15, and a compliance officer."""
    store.ledger("lexington").restore(example("15"))
    with_officer(store)
    return store


def corrected(store: Store, version: int, **changes: Any) -> int:
    """The record of that version, corrected; the version of the correction."""
    fact = store.ledger("lexington").read([CHART])[CHART][version - 1].fact
    assert isinstance(fact, AttendanceRecorded | AttendanceCorrected)
    given = {name: getattr(fact, name) for name in AttendanceRecorded.__dataclass_fields__} | changes
    return recorded(store, CHART, AttendanceCorrected(corrects=version, **given), by=COUNSELOR).version


def test_an_issued_report_says_how_it_came_about(site: Store) -> None:
    report = issue(site, W10, known_at=MONDAY_MORNING)
    rows = canonical(site, report)
    said = report.record()
    assert said["sha256"] == sha256(rows).hexdigest()
    assert said["row_count"] == len(rows.splitlines()) > 5
    assert (said["report"], said["week"], said["as_of"]) == ("weekly", "2026-W10", "2026-03-08")
    assert (said["rule_set"], said["rule_set_version"], said["rule_set_asked"]) == ("landmark-iop", "1", False)
    assert (said["known_at"], said["position"]) == ("2026-03-09T12:00:00Z", 25)
    assert (said["requested_by"], said["purpose"]) == (OFFICER.id, "operations")
    assert (said["issued_by"]["name"], said["attested_on"], said["struck_by"]) == ("C. Omply", None, None)


def test_after_three_corrections_it_has_the_same_bytes_and_its_delta_names_what_changed(site: Store) -> None:
    report = issue(site, W10)
    rows = canonical(site, report)
    late = datetime(2026, 3, 4, 0, 30, tzinfo=UTC)
    one = corrected(site, 11, outcome=Outcome.ABSENT_EXCUSED, arrived_at=None, left_at=None)
    two = corrected(site, 9, arrived_at=late)
    three = corrected(site, one, outcome=Outcome.ABSENT_UNEXCUSED, arrived_at=None, left_at=None)
    assert canonical(site, issued.find(site, "lexington", report.report_id)) == rows
    changed = delta.answer(site, report, now=now())
    assert_exact(site, changed, W10)
    # The correction that was itself corrected made nothing what it is.
    assert set(changed.facts) == {f"{CHART}@{two}", f"{CHART}@{three}"}
    told = changed.facts[f"{CHART}@{three}"]
    assert (told["by"]["id"], told["reason"]) == (COUNSELOR.id, "Told in a test.")
    assert (told["type"], told["about"], told["late_hours"] > 24) == ("AttendanceCorrected", f"{CHART}@{one}", True)
    verdicts = {one.after["rule"]: one.after["verdict"] for one in changed.differences if one.after}
    assert (verdicts["HRS-1"], verdicts["ATT-1"]) == ("not_met", "not_met")


def test_with_the_old_known_at_the_same_rows_come_out_anew(
    site: Store, database: Database, keyring: FileKeyring, make_database: Callable[[], Database], tmp_path: Path
) -> None:
    """After corrections, in another process, from read tables built anew, and in a database that was restored from a
    file of the facts."""
    Follower(site).catch_up()
    report = issue(site, W10)
    rows = canonical(site, report)
    corrected(site, 11, outcome=Outcome.ABSENT_EXCUSED, arrived_at=None, left_at=None)
    asked = Question(as_of=W10.sunday, known_at=report.fact.known_at)
    build_anew(site, database)
    assert reports.answer(site, "lexington", W10, now=now(), asked=asked).header.sha256 == report.fact.sha256
    with Store(database.app_url, keyring) as another:
        assert reports.answer(another, "lexington", W10, now=now(), asked=asked).header.sha256 == report.fact.sha256
        assert canonical(another, report) == rows
    path = write(tmp_path / "facts.ndjson", exported(site))
    with Store(make_database().app_url, keyring) as elsewhere:
        restore_file(elsewhere, path, by=OPERATOR)
        assert elsewhere.ledger("lexington").kept(report.entry.stream, report.fact.sha256) is None
        there = issued.find(elsewhere, "lexington", report.report_id)
        assert there.record() == report.record()
        assert canonical(elsewhere, there) == rows
        here = delta.answer(site, report, now=now())
        again = delta.answer(elsewhere, there, now=now(), known_at=here.report.header.known_at)
        assert again.record(with_reasons=True) == here.record(with_reasons=True)


def build_anew(store: Store, database: Database) -> None:
    """The read tables, out of nothing."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'projection'").fetchall()
        for (table,) in tables:
            if table != "definition":
                connection.execute(sql.SQL("DELETE FROM projection.{}").format(sql.Identifier(table)))
    Follower(store).catch_up()


def test_a_report_stays_whole_when_a_chart_in_it_is_destroyed(
    store: Store, make_database: Callable[[], Database], keyring: FileKeyring, tmp_path: Path
) -> None:
    restore_file(store, SAMPLE, by=OPERATOR)
    with_officer(store)
    patient = discharged(store)
    report = issue(store, _week(store, patient))
    rows = canonical(store, report)
    assert str(patient) in rows.decode()
    destroy(store, patient)
    assert canonical(store, report) == rows
    changed = delta.answer(store, report, now=now())
    [name] = changed.facts
    assert changed.facts[name]["type"] == "KeyDestroyed"
    assert changed.report.header.charts_destroyed == 1
    own = [row for row in issued.rows_in(rows) if row["subject_id"] == str(patient)]
    assert [one.before for one in changed.differences if one.after is None] == own
    others = [one for one in changed.differences if one.after is not None]
    assert {one.after["rule"] for one in others if one.after} == {"RAT-1"}
    assert all(one.facts == (name,) and not one.program_changed for one in changed.differences)
    # At the cut of before the destruction as well: nobody can know any more what was known then.
    before = delta.answer(store, report, now=now(), known_at=report.fact.known_at)
    assert before.differences == changed.differences
    with Store(make_database().app_url, keyring) as elsewhere:
        restore_file(elsewhere, write(tmp_path / "facts.ndjson", exported(store)), by=OPERATOR)
        there = issued.find(elsewhere, "lexington", report.report_id)
        with pytest.raises(RowsNotKept, match="not in this database"):
            canonical(elsewhere, there)


def _week(store: Store, patient: UUID) -> Week:
    """The first week in which the patient attended."""
    stream = f"chart/{patient}"
    chart = fold(patient, store.ledger("lexington").read([stream])[stream])
    arrived = min(record.arrived_at for record in chart.attendances.values() if record.arrived_at is not None)
    return Week.of(local_date(arrived, ZoneInfo("America/New_York")))


def test_a_report_that_was_imported_into_another_order_says_that_its_rows_are_elsewhere(
    site: Store, make_database: Callable[[], Database], keyring: FileKeyring, tmp_path: Path
) -> None:
    report = issue(site, W10, known_at=MONDAY_MORNING)
    with Store(make_database().app_url, keyring) as elsewhere:
        import_file(elsewhere, write(tmp_path / "facts.ndjson", exported(site)), by=OPERATOR)
        there = issued.find(elsewhere, "lexington", report.report_id)
        assert there.fact == report.fact
        with pytest.raises(RowsNotKept):
            canonical(elsewhere, there)


TAMPERED = {
    "altered": "UPDATE kept_rows SET body = set_bit(body, 400, 1 - get_bit(body, 400))",
    "cut off": "UPDATE kept_rows SET body = substring(body for 40)",
    "in plain": "UPDATE kept_rows SET body = '{}'",
    "taken away": "DELETE FROM kept_rows",
    "under another's key": "UPDATE chart_key SET wrapped = (SELECT wrapped FROM chart_key WHERE stream LIKE 'chart/%')"
    " WHERE stream LIKE 'report/%'",
    "taken away, and the key altered": "WITH gone AS (DELETE FROM kept_rows) "
    "UPDATE chart_key SET wrapped = set_bit(wrapped, 200, 1 - get_bit(wrapped, 200)) WHERE stream LIKE 'report/%'",
    "without the key": "DELETE FROM chart_key WHERE stream LIKE 'report/%'",
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
def test_rows_that_were_tampered_with_are_not_given(
    site: Store, database: Database, keyring: FileKeyring, change: str
) -> None:
    report = issue(site, W10)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        assert connection.execute(change.encode()).rowcount == 1
    with Store(database.app_url, keyring) as fresh:
        for ask in (lambda: canonical(fresh, report), lambda: delta.answer(fresh, report, now=now())):
            with pytest.raises(RowsAltered, match=f"{report.entry.stream} are not those that were issued"):
                ask()


def test_rows_never_lie_in_plain(site: Store, database: Database) -> None:
    report = issue(site, W10)
    assert CHART.encode() in canonical(site, report)
    with psycopg.connect(database.superuser_url) as connection:
        [(body,)] = connection.execute("SELECT body FROM kept_rows").fetchall()
        [(fact,)] = connection.execute("SELECT body FROM fact WHERE type = 'ReportIssued'").fetchall()
    for text in (body, fact):
        assert CHART.partition("/")[2].encode() not in text


def test_two_reports_of_the_same_rows_are_two_reports(site: Store) -> None:
    one, two = issue(site, W10, known_at=MONDAY_MORNING), issue(site, W10, known_at=MONDAY_MORNING)
    assert one.fact.sha256 == two.fact.sha256
    assert canonical(site, one) == canonical(site, two)


def test_reports_are_listed_the_last_one_first_by_kind_and_period(site: Store) -> None:
    week_nine = Week.parse("2026-W09")
    first, second, third = issue(site, W10), issue(site, week_nine), issue(site, W10, rule_set="az-s9480")

    def listed(**asked: Any) -> list[UUID]:
        return [report.report_id for report in issued.listing(site, "lexington", **asked).reports]

    assert listed() == [third.report_id, second.report_id, first.report_id]
    assert listed(week="2026-W10") == [third.report_id, first.report_id]
    assert listed(kind="monthly") == listed(month="2026-03") == []
    page = issued.listing(site, "lexington", limit=2)
    assert page.next_before == second.entry.position
    assert listed(before=page.next_before, limit=2) == [first.report_id]
    assert issued.listing(site, "lexington", limit=3).next_before is None
    assert third.record()["rule_set_asked"]


def test_a_struck_report_stays_readable_and_says_so(site: Store) -> None:
    report = issue(site, W10)
    rows = canonical(site, report)
    supervisor = Person(f"staff/{UUID(int=0xC2)}", "S. Upervisor", "supervisor")
    append(site, report.entry.stream, EnteredInError(target=1), by=supervisor)
    found = issued.find(site, "lexington", report.report_id)
    assert found.record()["struck_by"] == f"{report.entry.stream}@2"
    assert canonical(site, found) == rows


def test_the_attestation_is_told_and_a_struck_one_is_not(site: Store) -> None:
    report = issue(site, W10)
    today = now().astimezone(ZoneInfo("America/New_York")).date()
    Desk(site, now).record("lexington", report.entry.stream, ReportAttested(on=today), by=OFFICER, source=Source.API)
    found = issued.find(site, "lexington", report.report_id)
    assert found.record()["attested_by"]["id"] == OFFICER.id
    assert found.record()["version"] == 2
    supervisor = Person(f"staff/{UUID(int=0xC2)}", "S. Upervisor", "supervisor")
    append(site, report.entry.stream, EnteredInError(target=2), by=supervisor)
    struck = issued.find(site, "lexington", report.report_id).record()
    assert (struck["attested_on"], struck["attested_by"], struck["version"]) == (None, None, 3)


def test_what_was_never_issued_is_not_on_record(site: Store) -> None:
    with pytest.raises(NotOnRecord, match="no such report"):
        issued.find(site, "lexington", UUID(int=1))


def test_a_delta_does_not_go_back_behind_its_report(site: Store) -> None:
    report = issue(site, W10)
    with pytest.raises(NotAsked, match="later than the report"):
        delta.answer(site, report, now=now(), known_at=MONDAY_MORNING)


def test_a_report_stands_on_what_was_on_record_when_it_is_issued(site: Store) -> None:
    report, head = issue(site, W10), site.ledger("lexington").head().position
    with pytest.raises(Refused, match="before it was issued"):
        recorded(site, f"report/{uuid4()}", replace(report.fact, at_position=head + 1), by=OFFICER)
    recorded(site, f"report/{uuid4()}", replace(report.fact, at_position=head), by=OFFICER)


def test_a_report_in_a_file_stands_on_what_comes_before_it_there(
    site: Store, make_database: Callable[[], Database], keyring: FileKeyring, tmp_path: Path
) -> None:
    issue(site, W10)
    *before, line = exported(site)
    wrong = changed(line, fact={"at_position": line["position"]})
    rejects = tmp_path / "rejects.ndjson"
    with Store(make_database().app_url, keyring) as elsewhere:
        import_file(elsewhere, write(tmp_path / "wrong.ndjson", [*before, wrong]), by=OPERATOR, rejects=rejects)
        [reject] = read_rejects(rejects)
        assert reject["rule"] == "report.cut"
        import_file(elsewhere, write(tmp_path / "right.ndjson", [*before, line]), by=OPERATOR)
        assert issued.find(elsewhere, "lexington", UUID(line["stream"].partition("/")[2]))


def test_a_struck_report_is_read_as_it_was_and_gives_its_stream_to_no_other(site: Store) -> None:
    supervisor = Person(f"staff/{UUID(int=0xC3)}", "S. Upervisor", "supervisor", "LCSW")
    listed = StaffCredentialed(
        staff_id=UUID(int=0xC3), name=supervisor.name, role="supervisor", credential="LCSW", valid_from=date(2020, 1, 1)
    )
    append(site, SITE, listed, by=REGISTRAR)
    report = issue(site, W10)
    stream = report.entry.stream
    recorded(site, stream, EnteredInError(target=1), by=supervisor)
    with pytest.raises(Refused, match="never changes"):
        recorded(site, stream, replace(report.fact, rows=99), by=OFFICER)
    assert issued.find(site, "lexington", report.report_id).struck_by == f"{stream}@2"
