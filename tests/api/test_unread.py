"""Requests that reach no function: who isn't signed in hears that first, and an address says what it takes."""

from __future__ import annotations

from json import dumps
from typing import Any
from uuid import uuid4

import pytest

from api.guards import LARGEST_BODY
from tests.api.program import TODAY, Site

UNREADABLE: dict[str, dict[str, Any]] = {
    "no JSON": {"content": b"{"},
    "no UTF-8": {"content": b"\xff\xfe{}"},
    "a list": {"json": []},
    "other fields": {"json": {"mrn": 1}},
    "nothing": {},
    "another purpose": {"json": {}, "headers": {"Purpose-Of-Use": "curiosity"}},
}


@pytest.mark.parametrize("wrong", UNREADABLE, ids=str)
@pytest.mark.parametrize("token", [None, "Bearer e30.e30.e30", "Basic YTpi"])
@pytest.mark.parametrize("path", ["patients", "episodes/none/enrollment", "events/none@0/correction"])
def test_who_is_not_signed_in_hears_nothing_about_the_body(
    empty_site: Site, wrong: str, token: str | None, path: str
) -> None:
    sent = UNREADABLE[wrong]
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4()), **sent.get("headers", {})}
    if token is not None:
        headers["Authorization"] = token
    answer = empty_site.client.send("POST", f"/v1/{path}", **{**sent, "headers": headers})
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stepdown"'
    assert "errors" not in answer.json()


@pytest.mark.parametrize("wrong", ["no JSON", "no UTF-8"])
def test_who_is_signed_in_hears_that_it_is_no_json(empty_site: Site, wrong: str) -> None:
    headers = empty_site.as_("admissions", Idempotency_Key="k", Content_Type="application/json")
    answer = empty_site.client.send("POST", "/v1/patients", headers=headers, **UNREADABLE[wrong])
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "because": "is not JSON in UTF-8"}]


def test_a_question_that_cannot_be_read_needs_a_sign_in_too(empty_site: Site) -> None:
    path = f"/v1/patients/{uuid4()}/status?as_of=yesterday"
    assert empty_site.client.send("GET", path).status_code == 401
    assert empty_site.client.send("GET", path, headers=empty_site.as_("counselor")).status_code == 422


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/patients", "GET, POST"),
        ("/v1/facilities/lexington/sessions", "GET, POST"),
        ("/v1/facilities/lexington/census", "GET"),
        ("/v1/events/chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb@3/correction", "POST"),
        ("/healthz", "GET"),
    ],
)
def test_an_address_says_which_methods_it_takes(empty_site: Site, path: str, allowed: str) -> None:
    answer = empty_site.client.send("PATCH", path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("count", "status"), [(2, 409), (2.0, 409), (2.5, 422), ("2", 422), (True, 422), (1e999, 422)])
def test_a_whole_number_is_one_however_it_is_written(site: Site, count: Any, status: int) -> None:
    """By JSON's own count, 2.0 is an integer. Nobody is in care yet: the draw itself is refused."""
    body = f'{{"on": "{TODAY}", "panel": ["opiates"], "count": {dumps(count)}}}'.replace("Infinity", "1e999")
    headers = site.as_("counselor", Idempotency_Key="k", Content_Type="application/json")
    answer = site.client.send("POST", f"/v1/facilities/{site.code}/random-draws", content=body, headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("more", "status"), [(0, 201), (1, 413)])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_body_of_256_kb_is_the_largest(site: Site, more: int, status: int, in_pieces: bool) -> None:
    holiday = b'{"on":"2126-12-25","name":"Christmas"}'
    body = holiday.ljust(256 * 1024 + more)
    assert LARGEST_BODY == 256 * 1024

    async def pieces() -> Any:
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    headers = site.as_("administrator", Idempotency_Key="k", Content_Type="application/json")
    content: Any = pieces() if in_pieces else body
    answer = site.client.send("POST", f"/v1/facilities/{site.code}/holidays", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert ("Content-Length" in answer.request.headers) is not in_pieces


def test_the_roster_of_two_hundred_fits(site: Site) -> None:
    """With what people write beside the names: no line is anybody's here, and each of them is told so."""
    line = {
        "outcome": "attended",
        "arrived_at": "2026-03-02T18:00:00.000000-05:00",
        "left_at": "2026-03-02T21:00:00.000000-05:00",
        "family_members": 2,
        "method": "telehealth, seen on camera",
        "reason": "The connection was lost twice; was back each time within a minute or two. " * 9,
    }
    lines = [{"patient_id": str(uuid4()), **line} for _ in range(200)]
    answer = site.send("counselor", f"/sessions/{site.session(site.cohort_id)}/roster", {"lines": lines})
    assert len(answer.request.content) > 200 * 900
    assert answer.status_code == 409, answer.text[:400]
    assert len(answer.json()["lines"]) == 200
