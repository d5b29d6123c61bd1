"""What goes wrong is said in our words: no input, no personal data, no traceback comes back or into the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from api.guards import LARGEST_BODY
from api.strictly import Strictly
from api.wiring import Wiring
from store.errors import Unavailable
from tests.api.client import Client
from tests.api.gates import routes_of
from tests.api.program import ASSESSMENT, ENDED, PATIENT, STARTED, Site, at

CANARY = "Zxqv-Canary"


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """RFC 9457, and nothing of what was sent."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:stepdown:problem:")
    assert document["title"]
    assert document["detail"].endswith((".", "`")), document["detail"]
    assert CANARY.lower() not in response.text.lower()
    assert CANARY.lower() not in str(response.headers).lower()
    return document


REGISTRATION: dict[str, tuple[Any, list[str]]] = {
    "a date that is none": ({"birth_date": CANARY}, ["body.birth_date"]),
    "a date as an instant": ({"birth_date": "1987-05-04T00:00:00Z"}, ["body.birth_date"]),
    "a date as a number": ({"birth_date": 19870504}, ["body.birth_date"]),
    "a number for a text": ({"mrn": 7731}, ["body.mrn"]),
    "an empty text": ({"family_name": ""}, ["body.family_name"]),
    "too long a text": ({"family_name": CANARY * 1000}, ["body.family_name"]),
    "text that is no Unicode": ({"family_name": "\ud800" + CANARY}, ["body.family_name"]),
    "an object for a text": ({"sex": {CANARY: CANARY}}, ["body.sex"]),
    "a field of one's own": ({CANARY: CANARY}, ["body"]),
    "null where something must be": ({"mrn": None}, ["body.mrn"]),
    "the id that the server makes": ({"patient_id": str(uuid4())}, ["body"]),
    "a NUL in a text": ({"given_name": f"{CANARY}\x00"}, ["body.given_name"]),
    "several": ({"mrn": 1, "sex": 2, CANARY: 3}, ["body.mrn", "body.sex", "body"]),
}


@pytest.mark.parametrize("wrong", REGISTRATION, ids=str)
def test_a_malformed_registration_names_the_fields_and_repeats_nothing(site: Site, wrong: str) -> None:
    changed, fields = REGISTRATION[wrong]
    body = json.dumps(PATIENT | changed)
    headers = {**site.as_("admissions", Idempotency_Key="k"), "Content-Type": "application/json"}
    response = site.client.send("POST", "/v1/patients", content=body, headers=headers)
    problem = is_problem(response, 422)
    assert [error["field"] for error in problem["errors"]] == fields


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/patients", '{"mrn": "?", "mrn": "MRN-1"}'),
        ("/episodes/{id}/intake-assessments", '{"on": "2026-03-02", "on": "2026-03-02"}'),
        ("/sessions/{id}/roster", '{"lines": [{"outcome": "attended", "outcome": "?"}]}'),
        ("/facilities/lexington/random-draws", '{"count": 1, "count": 2}'),
        ("/events/chart/{id}@1/entered-in-error", '{"reason": "x", "reason": "?"}'),
    ],
)
def test_a_field_that_is_named_twice_is_refused_wherever_it_stands(site: Site, path: str, body: str) -> None:
    headers = {**site.as_("counselor", Idempotency_Key="k"), "Content-Type": "application/json"}
    body, address = body.replace("?", CANARY), f"/v1{path.format(id=uuid4())}"
    problem = is_problem(site.client.send("POST", address, content=body, headers=headers), 422)
    assert problem["errors"] == [{"field": "body", "because": "names a field twice: say it once"}]
    stranger = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert site.client.send("POST", address, content=body, headers=stranger).status_code == 401


def test_every_command_is_read_strictly(site: Site) -> None:
    """A route that isn't would lose one of two fields of a name unseen."""
    posts = [route for route in routes_of(site.client.app) if "POST" in route.methods]
    assert len(posts) > 80
    assert [route.path for route in posts if not isinstance(route, Strictly)] == []


def test_a_field_that_may_be_one_of_two_is_asked_for_by_both_names(site: Site) -> None:
    draw = {"on": "2026-03-02", "panel": ["opiates"]}
    for more in ({}, {"count": 1, "share": 0.5}):
        answer = site.send("counselor", "/facilities/lexington/random-draws", {**draw, **more})
        [error] = is_problem(answer, 422)["errors"]
        assert error["because"] == "must say how many by `count` or by `share`, one of both"
    lines = [{"outcome": "absent_unexcused"}]
    [error] = is_problem(site.send("counselor", f"/sessions/{uuid4()}/roster", {"lines": lines}), 422)["errors"]
    assert error == {"field": "body.lines.0", "because": "must name `patient_id` or `episode_id`, one of both"}


SCREEN = {"analyte": "opiates", "loinc": "1", "outcome": "negative"}
OTHERS: dict[str, tuple[str, Any, list[str]]] = {
    "a time without offset": (
        "/episodes/{id}/outreach",
        {"at": "2026-03-02T18:00:00", "method": "x", "outcome": "y"},
        ["body.at"],
    ),
    "a time as seconds": ("/episodes/{id}/outreach", {"at": 1772492400, "method": "x", "outcome": "y"}, ["body.at"]),
    "a time as a date": ("/episodes/{id}/outreach", {"at": "2026-03-02", "method": "x", "outcome": "y"}, ["body.at"]),
    "a word that is none of them": (
        "/episodes/{id}/suitability",
        {"outcome": CANARY, "on": "2026-03-02"},
        ["body.outcome"],
    ),
    "text in a list of numbers": (
        "/episodes/{id}/intake-assessments",
        {**ASSESSMENT, "ratings": [0, 1, CANARY, "2", 1, 1]},
        ["body.ratings.2", "body.ratings.3"],
    ),
    "half a number": (
        "/episodes/{id}/intake-assessments",
        {**ASSESSMENT, "ratings": [0, 1, 1.5, 2, 1, 1]},
        ["body.ratings.2"],
    ),
    "a number for true or false": (
        "/episodes/{id}/screenings",
        {"panel": ["opiates"], "random": 1},
        ["body.random"],
    ),
    "text for true or false": ("/episodes/{id}/screenings", {"panel": ["opiates"], "random": "yes"}, ["body.random"]),
    "too long a list": ("/episodes/{id}/screenings", {"panel": ["x"] * 201, "random": True}, ["body.panel"]),
    "a text for a list": ("/episodes/{id}/screenings", {"panel": CANARY, "random": True}, ["body.panel"]),
    "a field of one's own, further in": (
        "/screenings/{id}/definitive-results",
        {"at": at(ENDED), "analytes": [SCREEN, {**SCREEN, CANARY: 1}]},
        ["body.analytes.1"],
    ),
    "a number without end": ("/screenings/{id}/validity", '{"ph": 1e999}', ["body.ph"]),
    "no number": ("/screenings/{id}/validity", '{"ph": NaN}', ["body.ph"]),
    "a negative number": ("/screenings/{id}/validity", {"ph": -1}, ["body.ph"]),
    "a number beyond measure": ("/screenings/{id}/validity", {"ph": 10**30}, ["body.ph"]),
    "an id that is none": (
        "/episodes/{id}/cohort-assignments",
        {"cohort_id": CANARY, "effective_on": "2026-03-02"},
        ["body.cohort_id"],
    ),
    "an id as a number": (
        "/episodes/{id}/cohort-assignments",
        {"cohort_id": 7, "effective_on": "2026-03-02"},
        ["body.cohort_id"],
    ),
    "a year that can't be meant": (
        "/episodes/{id}/suitability",
        {"outcome": "suitable", "on": "0001-01-01"},
        ["body.on"],
    ),
    "the end of time": (
        "/episodes/{id}/outreach",
        {"at": "9999-12-31T23:59:59-12:00", "method": "x", "outcome": "y"},
        ["body.at"],
    ),
    "no JSON": ("/episodes/{id}/triggers", '{"text": "' + CANARY, ["body"]),
    "no object": ("/episodes/{id}/triggers", [CANARY], ["body"]),
    "nothing": ("/episodes/{id}/triggers", "", ["body"]),
    "a correction of nothing known": ("/events/chart/{id}@1/correction", {CANARY: 1}, ["body.result"]),
}


@pytest.mark.parametrize("wrong", OTHERS, ids=str)
def test_a_malformed_command_names_the_fields_and_repeats_nothing(empty_site: Site, wrong: str) -> None:
    path, body, fields = OTHERS[wrong]
    content = body if isinstance(body, str) else json.dumps(body)
    role = "medical_director" if "{id}/validity" in path or "results" in path or "events" in path else "counselor"
    headers = {**empty_site.as_(role, Idempotency_Key="k"), "Content-Type": "application/json"}
    url = "/v1" + path.replace("{id}", str(uuid4()))
    problem = is_problem(empty_site.client.send("POST", url, content=content, headers=headers), 422)
    assert [error["field"] for error in problem["errors"]] == fields


QUESTIONS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "a date that is none": ("/patients/{id}/status", {"as_of": CANARY}, ["query.as_of"]),
    "a day that is none": ("/patients/{id}/status", {"as_of": "2026-02-30"}, ["query.as_of"]),
    "a time without offset": ("/patients/{id}/status", {"known_at": "2026-03-02T18:00:00"}, ["query.known_at"]),
    "the beginning of time": (
        "/patients/{id}/status",
        {"as_of": "0001-01-01", "known_at": "0001-01-01T00:00:00+14:00"},
        ["query.as_of", "query.known_at"],
    ),
    "the day after the last": ("/facilities/lexington/sessions", {"on": "9999-12-31"}, ["query.on"]),
    "the week after the last": ("/facilities/lexington/reports/weekly", {"week": "9999-W52"}, ["query.week"]),
    "a parameter of one's own": ("/patients/{id}/status", {CANARY: CANARY}, ["query"]),
    "a misspelt parameter": ("/patients/{id}/status", {"asof": "2026-03-02"}, ["query"]),
    "a position that is none": ("/patients/{id}/status", {"at_least": CANARY}, ["query.at_least.0"]),
    "a page before the first": ("/patients/{id}/history", {"after": -1}, ["query.after"]),
    "too long a page": ("/patients/{id}/history", {"limit": 10**6}, ["query.limit"]),
    "nothing to look for": ("/patients", {}, ["query.mrn"]),
    "a week that is none": ("/facilities/lexington/reports/weekly", {"week": "2026-W54"}, ["query.week"]),
    "a week of another kind": ("/facilities/lexington/reports/weekly", {"week": "2026-10"}, ["query.week"]),
    "an id that is none": (f"/patients/{CANARY}/status", {}, ["path.patient_id"]),
}


@pytest.mark.parametrize("wrong", QUESTIONS, ids=str)
def test_a_malformed_question_names_the_fields_and_repeats_nothing(empty_site: Site, wrong: str) -> None:
    path, params, fields = QUESTIONS[wrong]
    response = empty_site.ask("counselor", path.replace("{id}", str(uuid4())), params=params)
    assert [error["field"] for error in is_problem(response, 422)["errors"]] == fields


def test_an_unknown_rule_set_is_not_repeated(site: Site) -> None:
    params = {"week": "2026-W10", "rule_set": CANARY}
    is_problem(site.ask("supervisor", f"/facilities/{site.code}/reports/weekly", params=params), 422)


def test_what_the_path_names_and_is_not_there(site: Site) -> None:
    nobody = uuid4()
    for path, body in [
        (f"/episodes/{nobody}/triggers", {"text": "x"}),
        (f"/screenings/{nobody}/review", {"on": "2026-03-02"}),
        (f"/step-downs/{nobody}/decision", {"on": "2026-03-02"}),
        (f"/sessions/{nobody}/cancellation", {"cause": "other"}),
        (f"/patients/{nobody}/episodes", {"first_contact_at": at(STARTED), "referral_source": "x", "reason": "x"}),
    ]:
        is_problem(site.send("counselor", path, body), 404)
    is_problem(site.ask("counselor", f"/patients/{nobody}/status"), 404)
    is_problem(site.ask("counselor", f"/patients/{nobody}/history"), 404)


def test_questions_about_a_facility_that_was_not_opened(empty_site: Site) -> None:
    for path in ("census?known_at=2100-01-01T00:00:00Z", "sessions", "reports/weekly?week=2026-W10"):
        is_problem(empty_site.ask("counselor", f"/facilities/lexington/{path}"), 404)


def test_addresses_and_methods_that_are_none(client: Client) -> None:
    is_problem(client.send("GET", f"/v1/{CANARY}"), 404)
    is_problem(client.send("GET", "/v1/patients/"), 404)
    is_problem(client.send("DELETE", "/v1/patients"), 405)
    is_problem(client.send("GET", "/docs"), 404)


def test_a_refusal_names_its_rule(site: Site) -> None:
    site.patient()
    problem = is_problem(site.send("admissions", "/patients", PATIENT), 409)
    assert problem["rule"] == "patient.mrn-in-use"
    assert PATIENT["mrn"] not in str(problem)


def test_a_body_that_is_too_large_is_refused_however_it_comes(site: Site) -> None:
    async def in_pieces() -> Any:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b" " * 1024

    headers = {**site.as_("admissions", Idempotency_Key="k"), "Content-Type": "application/json"}
    whole = b" " * (LARGEST_BODY + 1)
    is_problem(site.client.send("POST", "/v1/patients", content=whole, headers=headers), 413)
    is_problem(site.client.send("POST", "/v1/patients", content=in_pieces(), headers=headers), 413)
    is_problem(site.client.send("POST", "/v1/nowhere", content=whole, headers=headers), 413)
    is_problem(site.client.send("POST", "/v1/patients", content=whole[1:], headers=headers), 422)


class Failing:
    """A desk that fails in a way nobody foresaw, with somebody's name in the message."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def record_all(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.fixture
def failing(wiring: Wiring, site: Site) -> Iterator[tuple[Site, Failing]]:
    desk: Any = Failing(RuntimeError(f"no such key: {CANARY}"))
    with Client(create_app(replace(wiring, desk=desk))) as client:
        yield replace(site, client=client), desk


def test_a_bug_is_a_number_in_the_answer_and_a_place_in_the_log(
    failing: tuple[Site, Failing], caplog: pytest.LogCaptureFixture
) -> None:
    site, _ = failing
    with caplog.at_level(logging.DEBUG):
        problem = is_problem(site.send("admissions", "/patients", PATIENT), 500)
    number = problem["detail"].rpartition(" ")[2].rstrip(".")
    [line] = [record.getMessage() for record in caplog.records if number in record.getMessage()]
    assert "RuntimeError" in line
    assert "test_problems.py" in line
    assert CANARY not in caplog.text
    assert "Traceback" not in caplog.text
    assert "Quillfeather" not in caplog.text


def test_a_database_that_is_away_means_try_again(failing: tuple[Site, Failing]) -> None:
    site, desk = failing
    desk.error = Unavailable("The database can't be reached: try again.")
    response = site.send("admissions", "/patients", PATIENT)
    is_problem(response, 503)
    assert response.headers["Retry-After"] == "1"


def test_nothing_personal_is_logged_on_the_whole_way(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        patient, _ = site.enrolled(site.cohort_id)
        site.told("counselor", f"/patients/{patient}/history")
        site.send("admissions", "/patients", PATIENT)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore", "asyncio"))]
    assert not any(word in line for line in ours for word in ("Quillfeather", "MRN-7731", "Ottoline"))
