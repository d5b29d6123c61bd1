"""Reports and rosters for people, over HTTP: PDF and pages, who may have them, and that they are on record."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from api import few
from domain.week import Week
from exchange.export.files import FORMATS
from exchange.paper.document import Form
from exchange.paper.limits import LIMITS, Limit
from exchange.paper.page import policy
from tests.api.program import DAY, ENDED, NOW, PERSONAL, STARTED, Site
from tests.exchange.paper.given import text_of

MEDIA = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
WEEK = str(Week.of(DAY))
MONTH = f"{DAY:%Y-%m}"


@pytest.fixture
def attended(site: Site) -> str:
    """A patient who came yesterday."""
    patient, episode = site.enrolled(site.cohort_id)
    session = site.session(site.cohort_id)
    site.hold(session)
    site.done("counselor", f"/episodes/{episode}/attendance", site.attended(session))
    return patient


def ask(site: Site, path: str, **params: Any) -> httpx.Response:
    response = site.ask("compliance_officer", path, params=params)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.parametrize("form", MEDIA)
@pytest.mark.parametrize(("kind", "period"), [("weekly", {"week": WEEK}), ("monthly", {"month": MONTH})])
def test_a_report_comes_as_a_file_for_people(
    site: Site, attended: str, form: str, kind: str, period: dict[str, str]
) -> None:
    path = f"/facilities/{site.code}/reports/{kind}"
    programs = ask(site, path, **period).json()
    response = ask(site, path, format=form, **period)
    assert response.headers["Content-Type"] == MEDIA[form]
    [label] = period.values()
    assert response.headers["Content-Disposition"] == f'inline; filename="{kind}-{site.code}-{label}.{form}"'
    text = text_of(response.content) if form == "pdf" else response.text
    assert programs["sha256"] in text
    assert attended[:8] in text or kind == "monthly"
    assert not any(word in text for word in PERSONAL)


def test_a_report_has_the_same_bytes_for_everybody_at_one_position(site: Site, attended: str) -> None:
    path = f"/facilities/{site.code}/reports/weekly"
    for form in MEDIA:
        params = {"week": WEEK, "format": form, "as_of": str(DAY)}
        asked = [site.ask(role, path, params=params) for role in ("compliance_officer", "supervisor")]
        again = site.ask("compliance_officer", path, params=params, Purpose_Of_Use="audit")
        assert [response.status_code for response in (*asked, again)] == [200, 200, 200]
        assert len({response.content for response in (*asked, again)}) == 1


def test_whose_charts_were_seen_and_which_file_left_is_on_record(site: Site, attended: str) -> None:
    response = ask(site, f"/facilities/{site.code}/reports/weekly", week=WEEK, format="pdf")
    saw, took = [line["fact"] for line in site.accesses()[-2:]]
    assert saw["patient_ids"] == [attended]
    assert took["what"] == saw["what"] == "read_weekly_report"
    assert took["sha256"] == sha256(response.content).hexdigest()
    assert took["rows"] > 5


@pytest.mark.parametrize("form", MEDIA)
def test_more_reports_on_paper_than_a_few_at_a_time_are_asked_to_wait(site: Site, attended: str, form: str) -> None:
    """Exports and they are counted together; nothing is on record as seen of what was not. JSON waits for none."""
    path, params = f"/facilities/{site.code}/reports/weekly", {"week": WEEK, "format": form}
    before = len(site.accesses())
    with few.one_of_few(), few.one_of_few():
        response = site.ask("compliance_officer", path, params=params)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert len(site.accesses()) == before
        ask(site, path, week=WEEK)
    assert site.ask("compliance_officer", path, params=params).status_code == 200


def test_a_large_report_points_to_where_its_rows_stand(
    site: Site, attended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, Form.PDF, Limit(rows=3, patients=500))
    path = f"/facilities/{site.code}/reports/weekly"
    response = ask(site, path, week=WEEK, format="pdf")
    text = text_of(response.content)
    assert "more than the 3 that this document takes, stand in the same report as CSV, XLSX or NDJSON" in text
    assert "Rows of HRS-1" not in text
    assert "more than the" not in ask(site, path, week=WEEK, format="html").text


def test_a_page_brings_its_style_and_nothing_else(site: Site, attended: str) -> None:
    response = ask(site, f"/facilities/{site.code}/reports/weekly", week=WEEK, format="html")
    assert response.headers["Content-Security-Policy"] == f"{policy()}; frame-ancestors 'none'"
    assert response.headers["Cache-Control"] == "no-store"
    pdf = ask(site, f"/facilities/{site.code}/reports/weekly", week=WEEK, format="pdf")
    assert pdf.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_another_format_is_malformed(site: Site) -> None:
    for path, params in (("reports/weekly", {"week": WEEK}), ("reports/monthly", {"month": MONTH})):
        response = site.ask("supervisor", f"/facilities/{site.code}/{path}", params={**params, "format": "docx"})
        assert response.status_code == 422
        assert [error["field"] for error in response.json()["errors"]] == ["query.format"]


@pytest.mark.parametrize("form", MEDIA)
def test_a_roster_comes_as_a_sheet_to_sign(site: Site, attended: str, form: str) -> None:
    session = site.session(site.cohort_id, STARTED + timedelta(hours=6), ENDED + timedelta(hours=6))
    response = site.ask("counselor", f"/sessions/{session}/roster", params={"format": form})
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == MEDIA[form]
    assert f'filename="sign-in-{session}.{form}"' in response.headers["Content-Disposition"]
    text = text_of(response.content) if form == "pdf" else response.text
    assert "Quillfeather, Ottoline" in text
    assert "Staff copy" in text
    saw, took = [line["fact"] for line in site.accesses()[-2:]]
    assert (saw["patient_ids"], saw["what"], took["what"]) == ([attended], "read_roster", "read_roster")
    assert (took["rows"], took["sha256"]) == (1, sha256(response.content).hexdigest())


def test_at_the_door_only_the_sheets_of_today_are_printed(site: Site, attended: str) -> None:
    today = site.session(site.cohort_id, NOW, NOW + timedelta(minutes=1))
    earlier = site.session(site.cohort_id, STARTED - timedelta(days=3), ENDED - timedelta(days=3))
    printed = {"format": "pdf"}
    assert site.ask("front_desk", f"/sessions/{today}/roster", params=printed).status_code == 200
    before = len([line for line in site.accesses() if line["type"] == "ExportMade"])
    assert site.ask("front_desk", f"/sessions/{earlier}/roster", params=printed).status_code == 403
    assert site.ask("alumni_coordinator", f"/sessions/{today}/roster", params=printed).status_code == 403
    assert len([line for line in site.accesses() if line["type"] == "ExportMade"]) == before


def test_a_sheet_of_no_session_is_not_found(site: Site) -> None:
    nowhere = "/sessions/00000000-0000-4000-8000-000000000000/roster"
    assert site.ask("counselor", nowhere, params={"format": "pdf"}).status_code == 404


def test_the_description_names_the_formats_and_what_they_are_sent_as(site: Site) -> None:
    document = site.client.send("GET", "/openapi.json").json()
    on_paper = {"application/json", "application/pdf", "text/html"}
    tables = {media.media_type for media in FORMATS.values()}
    for path, sent_as, formats in (
        ("/v1/facilities/{code}/reports/weekly", on_paper | tables, {"json", *FORMATS, "canonical", "pdf", "html"}),
        ("/v1/sessions/{session_id}/roster", on_paper, {"json", "pdf", "html"}),
    ):
        operation = document["paths"][path]["get"]
        assert set(operation["responses"]["200"]["content"]) == sent_as
        [said] = [one for one in operation["parameters"] if one["name"] == "format"]
        assert set(said["schema"]["enum"]) == formats
