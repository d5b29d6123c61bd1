"""The OpenAPI document: whole, readable, and true to the table of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.commands import COMMANDS
from api.places import given_fields, ids_in
from domain.catalog import FACTS
from tests.api.client import Client

MUTATING = "post"


@pytest.fixture
def document(client: Client) -> Any:
    return client.send("GET", "/openapi.json").json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def nodes(value: Any) -> Iterator[Any]:
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from nodes(one)


def test_it_says_what_it_is(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Stepdown"
    described = {tag["name"] for tag in document["tags"]}
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert used == described
    assert all(tag["description"] for tag in document["tags"])


def test_every_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_reference_leads_somewhere(document: Any) -> None:
    references = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    assert references
    for reference in references:
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_path_declares_what_stands_in_braces(document: Any) -> None:
    for path, _, operation in operations(document):
        declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert declared == set(ids_in(path)), path


def test_every_answer_is_described(document: Any) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], path
        answers = operation["responses"]
        success = answers["201" if method == MUTATING else "200"]
        assert success["content"], path
        assert all(content["schema"] for content in success["content"].values()), path
        for status, answer in answers.items():
            assert answer["description"], (path, status)
            if status >= "400" and path.startswith("/v1"):
                assert list(answer["content"]) == ["application/problem+json"], (path, status)


def test_every_command_documents_what_it_needs_and_how_it_fails(document: Any) -> None:
    for path, method, operation in operations(document):
        if method != MUTATING:
            continue
        headers = {one["name"]: one for one in operation["parameters"] if one["in"] == "header"}
        assert headers["Idempotency-Key"]["required"] is True
        # What nobody can take back is decided for a purpose that is named.
        assert headers["Purpose-Of-Use"]["required"] is (operation["operationId"] == "destroy_key")
        assert set(operation["responses"]) >= {"201", "401", "403", "404", "409", "412", "413", "422", "503"}
        assert operation["requestBody"]["required"] is True
        assert "ETag" in operation["responses"]["201"]["headers"], path


def test_everything_but_health_needs_a_sign_in(document: Any) -> None:
    open_to_all = {path for path, _, operation in operations(document) if not operation.get("security")}
    assert open_to_all == {"/healthz", "/readyz", "/metrics"}
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_bodies_take_nothing_that_is_not_known(document: Any) -> None:
    bodies = {
        node["$ref"].rpartition("/")[2]
        for _, _, operation in operations(document)
        for node in nodes(operation.get("requestBody"))
        if isinstance(node, dict) and "$ref" in node
    }
    assert len(bodies) > 50
    for name in bodies:
        schema = document["components"]["schemas"][name]
        assert schema["additionalProperties"] is False, name
        assert schema.get("description"), name


def test_commands_have_the_addresses_of_the_contract(document: Any) -> None:
    assert {
        "/v1/patients",
        "/v1/patients/{patient_id}/episodes",
        "/v1/episodes/{episode_id}/enrollment",
        "/v1/episodes/{episode_id}/attendance",
        "/v1/episodes/{episode_id}/screenings",
        "/v1/episodes/{episode_id}/step-downs",
        "/v1/step-downs/{step_down_id}/cosignature",
        "/v1/events/{stream}@{version}/correction",
        "/v1/events/{stream}@{version}/entered-in-error",
        "/v1/patients/{patient_id}/status",
        "/v1/patients/{patient_id}/history",
        "/v1/facilities/{code}/census",
        "/v1/facilities/{code}/sessions",
        "/v1/facilities/{code}/reports/weekly",
        "/v1/facilities/{code}/reports",
        "/v1/reports/{report_id}",
        "/v1/reports/{report_id}/delta",
        "/v1/ledgers/{code}/facts",
        "/healthz",
        "/readyz",
        "/metrics",
    } <= set(document["paths"])


ELSEWHERE = {
    # By the name of the event that they are about.
    "AttendanceCorrected",
    "ResultCorrected",
    "DischargeVoided",
    "EnteredInError",
    # By an import alone.
    "EpisodeCarriedOver",
    # At the door of a session's room, by the patient or the member of staff.
    "ArrivalNoted",
    "DepartureNoted",
    "StaffArrived",
    "StaffLeft",
    # By the system, with the first service attended.
    "Admitted",
    # With the orders that follow from it.
    "RandomDrawMade",
    # With the other half, in the chart that stays.
    "MergedInto",
    # With its rows, which the server makes.
    "ReportIssued",
}


def test_every_fact_that_people_record_has_one_address() -> None:
    recorded = [route.fact.__name__ for route in COMMANDS]
    assert len(recorded) == len(set(recorded))
    facts = {fact.__name__ for kind in ("facility", "cohort", "session", "chart", "report") for fact in FACTS[kind]}
    assert set(recorded) == facts - ELSEWHERE


def test_what_an_address_says_is_not_asked_for_again(document: Any) -> None:
    for route in COMMANDS:
        schema = document["components"]["schemas"][f"{route.fact.__name__}Body"]
        assert not given_fields(route) & set(schema["properties"]), route.path
        assert {"reason", "entry_reason"} & set(schema["properties"])


def test_limits_are_told_in_the_words_of_json_schema(document: Any) -> None:
    """A validator in the way of a limit would leave it in words that nobody reads."""
    schemas = [node for node in nodes(document["components"]["schemas"]) if isinstance(node, dict) and "type" in node]
    assert [node for node in schemas if {"ge", "le", "gt", "lt"} & node.keys()] == []
    weeks = document["components"]["schemas"]["EnrolledBody"]["properties"]["planned_weeks"]
    assert (weeks["minimum"], weeks["maximum"]) == (0, 1_000_000_000)
