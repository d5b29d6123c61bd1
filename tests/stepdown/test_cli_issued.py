"""Reports that stand for good, on the command line: worked example 15 from the issuing to the delta."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest

from domain.access import ExportMade, SearchMade
from domain.record import Envelope, Source
from domain.staff import StaffCredentialed
from store.append import NewFact
from store.keys import FileKeyring
from store.store import Store
from tests.exchange.reporting import OFFICER, REGISTRAR, SITE, append
from tests.sample_program import EXAMPLES, example
from tests.stepdown.command import run
from tests.stepdown.conftest import Program

BY = ("--by", OFFICER.id)
WEEK = ("report", "weekly", "--week", "2026-W10", "--as-of", "2026-03-08", "--known-at", "2026-03-09T12:00:00Z")
CORRECTION = "chart/04e1b64b-92b0-53e3-9a61-f2445299931f@11"


@pytest.fixture
def officer(empty_program: Program) -> Program:
    """Worked example 15, and a compliance officer."""
    run("import", "--restore", EXAMPLES / "15.ndjson").done()
    listed(empty_program)
    return empty_program


def listed(program: Program) -> None:
    """The compliance officer is on the staff list of the site."""
    officer = StaffCredentialed(
        staff_id=UUID(OFFICER.id.removeprefix("staff/")),
        name=OFFICER.name,
        role=OFFICER.role,
        credential=None,
        valid_from=example("15")[0].recorded_at.date(),
    )
    with Store(program.database.app_url, FileKeyring(program.data / "master.key")) as store:
        ledger = store.ledger("lexington")
        version = len(ledger.read(["facility/lexington"])["facility/lexington"]) + 1
        envelope = Envelope(by=REGISTRAR, source=Source.API, correlation_id=uuid4())
        ledger.append([NewFact(stream="facility/lexington", version=version, envelope=envelope, fact=officer)])


def issued() -> str:
    said = run(*WEEK, "--issue", *BY).done().err
    return said.strip().removeprefix("Issued as report/").removesuffix(".")


def test_example_15_is_issued_read_attested_and_explained(officer: Program, tmp_path: Path) -> None:
    shown = run(*WEEK, "--issue", *BY, "--format", "json").done()
    report_id = shown.err.strip().removeprefix("Issued as report/").removesuffix(".")
    rows = run("report", "read", report_id, "--format", "ndjson", *BY).done().out
    told = run("report", "read", report_id, "--format", "json", *BY).done().document
    assert told["sha256"] == shown.document["sha256"]
    assert told["rows"] == [orjson.loads(line) for line in rows.splitlines()]
    assert "not met" in run("report", "read", report_id, *BY).done().text
    out = tmp_path / "week.csv"
    run("report", "read", report_id, "--format", "csv", "--out", out, *BY).done()
    assert len(out.read_text().splitlines()) == told["row_count"] + 1
    searched, exported = (entry.fact for entry in officer.accesses()[-2:])
    assert isinstance(searched, SearchMade)
    assert isinstance(exported, ExportMade)
    assert exported.rows == told["row_count"]
    manifest = orjson.loads((tmp_path / "week.csv.manifest.json").read_bytes())
    assert manifest["sha256"] == exported.sha256 == sha256(out.read_bytes()).hexdigest()
    assert (manifest["what"], manifest["parameters"]) == ("weekly", {"week": "2026-W10"})
    assert (manifest["report_id"], manifest["rows_sha256"]) == (report_id, told["sha256"])
    assert [manifest[name] for name in ("rule_set", "as_of", "known_at", "position", "issued_at")] == [
        told[name] for name in ("rule_set", "as_of", "known_at", "position", "issued_at")
    ]
    assert (manifest["requested_by"], manifest["rows"]) == (OFFICER.id, told["row_count"])
    run("report", "attest", report_id, *BY).done()
    [listed] = [orjson.loads(line) for line in run("report", "issued", "--json", *BY).done().out.splitlines()]
    assert (listed["report_id"], listed["attested_by"]["name"]) == (report_id, "C. Omply")
    table = run("report", "issued", "--week", "2026-W10").done().text
    assert report_id in table
    assert report_id not in run("report", "issued", "--week", "2026-W11").done().text
    delta = run("report", "delta", report_id, "--json", *BY).done().document
    access = officer.accesses()[-1].fact
    assert isinstance(access, SearchMade)
    assert (access.what, access.patient_ids) == ("read_report_delta", (UUID(CORRECTION[6:42]),))
    assert [fact["event"] for fact in delta["facts"]] == [CORRECTION]
    hours = next(one for one in delta["changed"] if one["rule"] == "HRS-1")
    assert hours["changes"]["verdict"] == {"before": "not_met", "after": "met"}
    table = " ".join(run("report", "delta", report_id, *BY).done().text.split())
    assert "because: sign-in sheet says otherwise" in table
    assert CORRECTION in table
    assert "AttendanceCorrected of version 10" in table
    absent = CORRECTION.replace("@11", "@10")
    radius = run("blast-radius", absent, "--json", *BY).done().document
    assert radius["undone_by"]["event"] == CORRECTION
    assert radius["reports_before"] == []
    assert "It stands." in run("blast-radius", CORRECTION, *BY).done().text
    shown = run("blast-radius", absent, *BY).done().text
    assert f"Undone by {CORRECTION}, AttendanceCorrected" in shown
    assert "Files: of one that left" in shown
    run("blast-radius", "chart/10").not_understood("stream@version")
    unchanged = run("report", "delta", report_id, "--known-at", "2026-03-09T12:00:00Z", "--json").done().document
    assert (unchanged["changed"], unchanged["facts"]) == ([], [])
    assert run("report", "read", report_id, "--format", "ndjson").done().out == rows
    assert run(*WEEK, "--format", "canonical").done().out == rows


def test_who_may_not_issue_or_attest_is_refused(officer: Program) -> None:
    run(*WEEK, "--issue").refused("operator")
    report_id = issued()
    run("report", "attest", report_id).refused("operator")
    early = ("report", "attest", report_id, "--on", "2026-03-10", *BY)
    run(*early).refused("entry.late-without-reason")
    run(*early, "--reason", "It was on paper.").refused("report.attested-before-issued")


def test_what_is_no_report_is_said_so(officer: Program) -> None:
    run("report", "read", str(UUID(int=4)), *BY).refused("no such report")
    run("report", "delta", "week-ten", *BY).not_understood("report_id")
    run("report", "delta", issued(), "--known-at", "2026-03-01T12:00:00Z", *BY).refused("later than the report")


def test_rows_that_were_tampered_with_are_found_wrong(officer: Program) -> None:
    report_id = issued()
    with psycopg.connect(officer.database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE kept_rows SET body = set_bit(body, 400, 1 - get_bit(body, 400))")
    for word in ("read", "delta"):
        run("report", word, report_id, *BY).refused(f"report/{report_id}", "not those that were issued")


def test_a_report_is_issued_for_what_its_issuer_may_read_reports_for(officer: Program) -> None:
    run(*WEEK, "--issue", "--issue-for", "research", *BY).refused("research")
    run(*WEEK, "--issue", "--purpose", "audit", *BY).refused("audit")
    run(*WEEK, "--issue-for", "audit", *BY).not_understood("--issue")
    said = run(*WEEK, "--issue", "--issue-for", "audit", *BY).done().err
    report_id = said.strip().removeprefix("Issued as report/").removesuffix(".")
    [listed] = [orjson.loads(line) for line in run("report", "issued", "--json", *BY).done().out.splitlines()]
    assert (listed["report_id"], listed["purpose"]) == (report_id, "audit")


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_of_reports_fits_a_narrow_terminal_with_every_id_whole(
    officer: Program, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    report_id = issued()
    run("report", "attest", report_id, *BY).done()
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("report", "issued").done().text
    assert max(map(len, shown.splitlines())) <= columns
    [line] = [line for line in shown.splitlines() if line.startswith(report_id)]
    assert line.split()[1:4] == ["2026-W10", "landmark-iop", "1"]
    said = " ".join(shown.split())
    assert f"by {OFFICER.name}, compliance officer; attested" in said
    assert "…" not in said
    assert "No report is issued at lexington" in run("report", "issued", "--week", "2026-W11").done().text


def test_why_a_fact_was_recorded_is_told_to_whoever_may_read_histories(officer: Program) -> None:
    report_id = issued()
    administrator = StaffCredentialed(
        staff_id=UUID(int=0xC4),
        name="A. Dministrator",
        role="administrator",
        credential=None,
        valid_from=example("15")[0].recorded_at.date(),
    )
    with Store(officer.database.app_url, FileKeyring(officer.data / "master.key")) as store:
        append(store, SITE, administrator, by=REGISTRAR)
    by = ("--by", f"staff/{UUID(int=0xC4)}")
    delta = run("report", "delta", report_id, "--json", *by).done().document
    assert [fact["event"] for fact in delta["facts"]] == [CORRECTION]
    assert "reason" not in delta["facts"][0]
    table = " ".join(run("report", "delta", report_id, *by).done().text.split())
    assert CORRECTION in table
    assert "because" not in table
