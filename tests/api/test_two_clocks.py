"""`as_of` and `known_at` mean one thing at every address, and what they can't mean is said in one sentence everywhere.

Which addresses take them, the OpenAPI document says: a new one is in this table without anybody's doing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from store.keys import FileKeyring
from tests.api.program import Site
from tests.api.questions import Question, questions_of
from tests.api.sample_site import sample_site
from tests.conftest import Database

CANARY: Final = "canary-7f3a"
"""What no answer may repeat."""

LATER: Final = "2100-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def lexington(make_database: Callable[[], Database], keyring: FileKeyring) -> Iterator[Site]:
    with sample_site(make_database(), keyring) as site:
        yield site


@pytest.fixture(scope="module")
def questions(lexington: Site) -> list[Question]:
    return questions_of(lexington)


def told(response: httpx.Response) -> dict[str, Any]:
    """The answer's own words on its two times: in its document, or in the manifest of a file."""
    assert response.status_code == 200, response.text
    manifest = response.headers.get("Export-Manifest")
    document: dict[str, Any] = response.json() if manifest is None else json.loads(manifest)
    return document


def same(sentences: set[str]) -> str:
    [sentence] = sentences
    return sentence


def test_whatever_is_asked_as_of_a_date_can_be_asked_as_known_at_an_instant(questions: list[Question]) -> None:
    assert [each.name for each in questions if not each.has_known_at] == []


def test_the_questions_of_the_contract_take_a_known_at(questions: list[Question]) -> None:
    assert {each.name for each in questions} >= {
        "read_status",
        "read_history",
        "read_census",
        "read_compliance",
        "read_weekly_report",
        "read_monthly_report",
        "read_sessions",
        "read_roster",
        "read_at_risk",
        "read_screenings",
        "export_facts",
        "export_census",
        "export_table",
    }


def test_before_the_first_fact_nothing_was_on_record(lexington: Site, questions: list[Question]) -> None:
    said = set()
    for each in questions:
        response = each.ask(lexington, known_at="2020-01-01T00:00:00Z")
        assert response.status_code == 404, (each.name, response.text)
        said.add(response.json()["detail"])
    assert same(said) == "Nothing was on record of this facility at that time: ask for a later `known_at`."


def test_after_the_last_fact_it_is_answered_as_that_and_says_so(lexington: Site, questions: list[Question]) -> None:
    for each in questions:
        answer = told(each.ask(lexington, known_at=LATER))
        assert datetime.fromisoformat(answer["asked_known_at"]) == datetime(2100, 1, 1, tzinfo=UTC), each.name
        [later, *_] = answer["remarks"]
        assert later.startswith("Nothing was recorded after "), each.name
        assert later.endswith(": this is what was known then."), each.name


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"as_of": "2026-04-19", "known_at": "2026-04-10T22:00:00Z"}, id="as_of after known_at"),
        pytest.param({"as_of": "2026-04-19"}, id="as_of in the future"),
    ],
)
def test_a_date_that_was_still_to_come_is_answered_and_says_so(
    lexington: Site, questions: list[Question], times: dict[str, str]
) -> None:
    said = set()
    for each in questions:
        if each.has_as_of:
            answer = told(each.ask(lexington, **times))
            assert answer["as_of"] == "2026-04-19", each.name
            said |= set(answer["remarks"])
    assert same(said) == (
        "2026-04-19 was still to come when this was known: plans count, and nothing has happened by then yet."
    )


def test_the_usual_times_are_answered_without_a_word(lexington: Site, questions: list[Question]) -> None:
    """Also of an evening: the local date of an instant has not ended then, and is the usual one."""
    for each in questions:
        for times in ({}, {"known_at": "2026-04-10T22:00:00Z"}):
            if times and each.name == "read_report_delta":
                continue  # Of a report that was not issued yet nothing can have changed.
            answer = told(each.ask(lexington, **times))
            assert not {"asked_known_at", "remarks"} & answer.keys(), each.name


@pytest.mark.parametrize(
    ("field", "value", "because"),
    [
        ("known_at", "2026-03-10T02:00:00", "must say its offset, such as 2026-03-02T18:00:00-05:00"),
        ("known_at", "yesterday", "must be an instant with its offset, such as 2026-03-02T18:00:00-05:00"),
        ("known_at", "2026-03-10", "must be an instant with its offset, such as 2026-03-02T18:00:00-05:00"),
        ("known_at", "0026-03-10T02:00:00Z", "is of a year that can't be meant"),
        ("as_of", "2026-02-30", "must be a date, such as 2026-03-02"),
        ("as_of", "2026-03-02T00:00:00Z", "must be a date, such as 2026-03-02"),
        ("as_of", "9026-03-10", "is of a year that can't be meant"),
    ],
)
def test_what_is_no_time_is_malformed(
    lexington: Site, questions: list[Question], field: str, value: str, because: str
) -> None:
    for each in questions:
        name = each.known_at if field == "known_at" else field
        if field == "known_at" or each.has_as_of:
            response = each.ask(lexington, **{field: value})
            assert response.status_code == 422, (each.name, response.text)
            assert response.json()["errors"] == [{"field": f"query.{name}", "because": because}], each.name


def test_an_instant_is_written_in_one_form_everywhere(lexington: Site, questions: list[Question]) -> None:
    asked, late = "2026-04-30T22:00:00Z", "2100-01-01T00:00:00Z"
    for each in questions:
        if each.name not in ("read_report_delta", "read_changes"):
            answer = told(each.ask(lexington, known_at=asked))
            assert answer["known_at"] == asked, each.name
        assert told(each.ask(lexington, known_at=late))["asked_known_at"] == late, each.name


def test_a_parameter_that_is_said_twice_is_refused_wherever_it_is_no_list(
    lexington: Site, questions: list[Question]
) -> None:
    because = "is there more than once: say it once"
    for each in questions:
        names = [each.known_at, *(["as_of"] if each.has_as_of else [])]
        twice = {**each.needed, **{name: [CANARY, CANARY] for name in names}}
        response = lexington.ask(each.role, each.path, params=twice)
        assert response.status_code == 422, (each.name, response.text)
        told_of = [(error["field"], error["because"]) for error in response.json()["errors"]]
        assert sorted(told_of) == sorted((f"query.{name}", because) for name in names), each.name
        assert CANARY not in response.text


def test_a_list_may_repeat_and_a_stranger_hears_nothing_of_parameters(lexington: Site) -> None:
    path = f"/facilities/{lexington.code}/census"
    seen = [f"{lexington.code}:1", "elsewhere:7"]
    assert lexington.ask("counselor", path, params={"at_least": seen}).status_code == 200
    twice = {"as_of": ["2026-03-02", "2026-03-03"]}
    assert lexington.client.send("GET", f"/v1{path}", params=twice).status_code == 401
