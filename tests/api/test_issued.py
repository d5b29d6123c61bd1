"""Reports issued, attested, read back and asked again over HTTP."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg
import pytest

from domain.record import Person
from store.store import Store
from tests.api.program import Site
from tests.conftest import Database
from tests.sample_program import example

CHART = "chart/04e1b64b-92b0-53e3-9a61-f2445299931f"
PATIENT = CHART.partition("/")[2]
MONDAY = "2026-03-09T12:00:00Z"
ISSUE = {"kind": "weekly", "week": "2026-W10", "as_of": "2026-03-08", "known_at": MONDAY, "purpose": "audit"}


@pytest.fixture
def site(store: Store, empty_site: Site) -> Site:
    """Worked example 15 up to the evening before its correction, and who may issue."""
    facts = example("15")
    store.ledger("lexington").restore(facts[:-1])
    empty_site.credential("compliance_officer", since=date(2025, 1, 1))
    empty_site.people["counselor"] = Person("staff/d35f949c-a5fe-5a09-a51d-7e41f1897ab9", "S. Staff1", "counselor")
    return empty_site


def issued(site: Site, body: Any = ISSUE) -> str:
    """The id of a report."""
    response = site.send("compliance_officer", "/facilities/lexington/reports", body)
    assert response.status_code == 201, response.text
    return str(response.headers["Location"].rpartition("/")[2])


def test_example_15_is_issued_corrected_read_again_and_explained(site: Site) -> None:
    sent = site.send("compliance_officer", "/facilities/lexington/reports", ISSUE)
    assert sent.status_code == 201, sent.text
    receipt = sent.json()
    report_id = receipt["stream"].partition("/")[2]
    assert sent.headers["Location"] == f"/v1/reports/{report_id}"
    assert (receipt["version"], receipt["ledger"]) == (1, "lexington")
    address = f"/reports/{report_id}"
    before = site.ask("compliance_officer", address, Accept="application/x-ndjson")
    told = site.told("compliance_officer", address)
    assert told["sha256"] == sha256(before.content).hexdigest()
    assert before.headers["Repr-Digest"] == f"sha-256=:{b64encode(sha256(before.content).digest()).decode()}:"
    assert before.headers["Content-Type"] == "application/x-ndjson"
    assert told["rows"] == [orjson.loads(line) for line in before.content.splitlines()]
    assert _verdict(told["rows"], "HRS-1") == "not_met"
    corrected = {
        "outcome": "attended",
        "arrived_at": "2026-03-05T18:00:00-05:00",
        "left_at": "2026-03-05T21:00:00-05:00",
        "method": "sign_in",
        "reason": "sign-in sheet says otherwise",
    }
    fact = site.done("counselor", f"/events/{CHART}@10/correction", corrected).json()
    attested = site.done("compliance_officer", f"{address}/attestation", {"on": str(_today(site))})
    again = site.ask("compliance_officer", address, Accept="application/x-ndjson")
    assert again.content == before.content
    assert again.headers["ETag"] == attested.headers["ETag"] == '"2"'
    delta = site.told("compliance_officer", f"{address}/delta")
    [cause] = delta["facts"]
    assert cause["event"] == f"{fact['stream']}@{fact['version']}" == f"{CHART}@11"
    assert (cause["by"]["name"], cause["reason"]) == ("S. Staff1", "sign-in sheet says otherwise")
    hours = next(one for one in delta["changed"] if one["rule"] == "HRS-1")
    assert hours["changes"]["verdict"] == {"before": "not_met", "after": "met"}
    assert hours["facts"] == [cause["event"]]
    params = {"week": "2026-W10", "as_of": "2026-03-08"}
    weekly = "/facilities/lexington/reports/weekly"
    now = site.told("compliance_officer", weekly, params=params)
    then = site.told("compliance_officer", weekly, params={**params, "known_at": MONDAY})
    assert (now["sha256"], then["sha256"]) == (delta["now"]["sha256"], told["sha256"])
    assert site.told("compliance_officer", f"{address}/delta", params={"known_at": MONDAY})["changed"] == []


def _verdict(rows: Any, rule: str) -> str:
    return next(row["verdict"] for row in rows if row["rule"] == rule)


def _today(site: Site) -> date:
    """At the site: in the evening there it is tomorrow in UTC."""
    at: datetime = site.client.app.state.wiring.clock()
    return at.astimezone(ZoneInfo("America/New_York")).date()


def test_who_reads_a_report_leaves_whose_charts_were_shown(site: Site) -> None:
    report_id = issued(site)
    before = len(site.accesses())
    site.told("compliance_officer", f"/reports/{report_id}")
    site.ask("compliance_officer", f"/reports/{report_id}", Accept="text/csv")
    site.told("compliance_officer", f"/reports/{report_id}/delta")
    facts = [(line["type"], line["fact"]) for line in site.accesses()[before:]]
    assert [(kind, fact["what"]) for kind, fact in facts] == [
        ("SearchMade", "read_issued_report"),
        ("SearchMade", "read_issued_report"),
        ("ExportMade", "read_issued_report"),
        ("SearchMade", "read_report_delta"),
    ]
    assert facts[0][1]["patient_ids"] == [PATIENT]
    assert facts[3][1]["patient_ids"] == []


def test_a_report_is_there_in_three_forms(site: Site) -> None:
    address = f"/reports/{issued(site)}"
    rows = site.told("compliance_officer", address)["rows"]
    table = site.ask("compliance_officer", address, Accept="text/csv;q=0.9, application/json;q=0.1")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert [row["verdict"] for row in csv.DictReader(io.StringIO(table.text))] == [row["verdict"] for row in rows]
    assert site.ask("compliance_officer", address, Accept="*/*").headers["Content-Type"] == "application/json"
    refused = site.ask("compliance_officer", address, Accept="application/pdf")
    assert (refused.status_code, refused.json()["type"]) == (406, "urn:stepdown:problem:not-acceptable")


def test_sent_again_it_is_one_report(site: Site) -> None:
    address = "/facilities/lexington/reports"
    one = site.send("compliance_officer", address, ISSUE, key="the-week")
    again = site.send("compliance_officer", address, ISSUE, key="the-week")
    assert (one.json(), one.headers["Location"]) == (again.json(), again.headers["Location"])
    other = site.send("compliance_officer", address, {**ISSUE, "known_at": "2026-03-09T13:00:00Z"}, key="the-week")
    assert (other.status_code, other.json()["type"]) == (422, "urn:stepdown:problem:key-reused")
    assert len(site.told("compliance_officer", address)["reports"]) == 1


def test_reports_are_listed_in_pages_by_kind_and_period(site: Site) -> None:
    week = issued(site)
    month = issued(site, {"kind": "monthly", "month": "2026-03", "purpose": "operations"})
    address = "/facilities/lexington/reports"

    def listed(**params: Any) -> list[str]:
        return [one["report_id"] for one in site.told("compliance_officer", address, params=params)["reports"]]

    assert listed() == [month, week]
    assert (listed(kind="weekly"), listed(week="2026-W10"), listed(month="2026-03")) == ([week], [week], [month])
    page = site.told("compliance_officer", address, params={"limit": 1})
    assert listed(before=page["next_before"]) == [week]
    assert site.ask("compliance_officer", address, params={"week": "2026-W60"}).status_code == 422


def test_only_a_compliance_officer_issues_and_the_denial_is_on_record(site: Site) -> None:
    refused = site.send("counselor", "/facilities/lexington/reports", ISSUE)
    assert refused.status_code == 403
    assert site.denials()[-1][0] == "issue_report"
    assert site.told("compliance_officer", "/facilities/lexington/reports")["reports"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"month": "2026-03"},
        {"week": None},
        {"kind": "monthly"},
        {"kind": "daily"},
        {"week": "2026-W54"},
        {"purpose": "curiosity"},
        {"rule_set": "house-rules"},
        {"payer": "commercial"},
        {"known_at": "2026-03-09T12:00:00"},
        {"reason": "none is asked for"},
    ],
    ids=str,
)
def test_what_is_no_question_is_not_issued(site: Site, change: Any) -> None:
    body = {name: value for name, value in {**ISSUE, **change}.items() if value is not None}
    refused = site.send("compliance_officer", "/facilities/lexington/reports", body)
    assert refused.status_code == 422, refused.text
    assert site.told("compliance_officer", "/facilities/lexington/reports")["reports"] == []


def test_what_was_known_before_the_site_was_is_not_issued(site: Site) -> None:
    body = {**ISSUE, "known_at": "2020-01-01T00:00:00Z"}
    assert site.send("compliance_officer", "/facilities/lexington/reports", body).status_code == 404


def test_a_report_that_is_nobodys_is_not_found(site: Site) -> None:
    for path in (f"/reports/{UUID(int=3)}", f"/reports/{UUID(int=3)}/delta"):
        assert site.ask("compliance_officer", path).status_code == 404


def test_rows_that_were_tampered_with_are_a_fault_with_a_name(site: Site, database: Database) -> None:
    report_id = issued(site)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE kept_rows SET body = set_bit(body, 400, 1 - get_bit(body, 400))")
    for path in (f"/reports/{report_id}", f"/reports/{report_id}/delta"):
        answer = site.ask("compliance_officer", path)
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:stepdown:problem:report-altered")
        assert PATIENT not in answer.text


def corrected(site: Site) -> None:
    """The absence that example 15 corrects."""
    correction = {
        "outcome": "attended",
        "arrived_at": "2026-03-05T18:00:00-05:00",
        "left_at": "2026-03-05T21:00:00-05:00",
        "method": "sign_in",
        "reason": "sign-in sheet says otherwise",
    }
    site.done("counselor", f"/events/{CHART}@10/correction", correction)


def test_who_asks_what_changed_leaves_whose_charts_were_shown(site: Site) -> None:
    report_id = issued(site)
    corrected(site)
    delta = site.told("compliance_officer", f"/reports/{report_id}/delta")
    assert PATIENT in {one["subject_id"] for one in delta["changed"]}
    access = site.accesses()[-1]
    assert (access["type"], access["fact"]["what"]) == ("SearchMade", "read_report_delta")
    assert access["fact"]["patient_ids"] == [PATIENT]


def test_why_a_fact_was_recorded_is_told_to_whoever_may_read_histories(site: Site) -> None:
    report_id = issued(site)
    corrected(site)
    full = site.told("compliance_officer", f"/reports/{report_id}/delta")
    assert [fact["reason"] for fact in full["facts"]] == ["sign-in sheet says otherwise"]
    response = site.ask("administrator", f"/reports/{report_id}/delta")
    assert response.status_code == 200, response.text
    assert "sign-in sheet" not in response.text
    told = response.json()
    reasonless = [{name: value for name, value in fact.items() if name != "reason"} for fact in full["facts"]]
    assert (told["facts"], told["changed"]) == (reasonless, full["changed"])


@pytest.mark.parametrize("purpose", ["research", "payment", "treatment"])
def test_a_report_is_issued_for_what_its_issuer_may_read_reports_for(site: Site, purpose: str) -> None:
    address = "/facilities/lexington/reports"
    refused = site.send("compliance_officer", address, {**ISSUE, "purpose": purpose})
    assert refused.status_code == 403, refused.text
    assert site.denials()[-1][0] == "issue_report"
    assert site.told("compliance_officer", address)["reports"] == []
    # The act is one of operations: what the report is for is another thing.
    assert site.send("compliance_officer", address, ISSUE, Purpose_Of_Use="audit").status_code == 403
    [report] = [issued(site)]
    assert site.told("compliance_officer", f"/reports/{report}")["purpose"] == "audit"
