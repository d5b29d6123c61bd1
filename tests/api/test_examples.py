"""The examples of the OpenAPI document: true to their schemas, and understood by the server."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import jsonschema_rs
import pytest

from api.answer_examples import RECEIPT
from api.commands import COMMANDS
from api.document import ANSWERS, BODIES, operations
from api.examples import CONSENT, EPISODE, PATIENT, SCREENING, SESSION
from api.places import given_fields
from store.codec import decode_fact
from tests.api.client import Client
from tests.api.gates import roles_of
from tests.api.program import Site

WITHOUT: Final = {
    "check_health",
    "check_readiness",
    "read_metrics",
    "read_facts",
    "export_table",
    "export_census",
    "export_facts",
    "export_teds_admissions",
    "export_teds_discharges",
}


@pytest.fixture
def document(client: Client) -> Any:
    return client.send("GET", "/openapi.json").json()


def is_valid(document: Any, schema: Any, example: Any) -> str | None:
    """Nothing, or why not."""
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return next((f"{error.instance_path}: {error.message}" for error in validator.iter_errors(example)), None)


def test_every_body_has_an_example_that_is_valid(document: Any) -> None:
    shown = set()
    for _, _, operation in operations(document):
        if "requestBody" in operation:
            [content] = operation["requestBody"]["content"].values()
            assert is_valid(document, content["schema"], content["example"]) is None, operation["operationId"]
            shown.add(operation["operationId"])
    assert shown == set(BODIES)


def test_every_answer_has_an_example_that_is_valid(document: Any) -> None:
    for _, method, operation in operations(document):
        verb = operation["operationId"]
        answers = operation["responses"]
        forms = answers["201" if method == "post" else "200"]["content"]
        # Where there are several, it is JSON that has one.
        [content] = [forms["application/json"]] if len(forms) > 1 else forms.values()
        if verb in WITHOUT:
            assert "example" not in content
            continue
        assert content["example"] == (RECEIPT if method == "post" else ANSWERS[verb]), verb
        assert is_valid(document, content["schema"], content["example"]) is None, verb
        if "409" in answers:
            [refused] = answers["409"]["content"].values()
            assert is_valid(document, refused["schema"], refused["example"]) is None


def test_an_example_that_is_not_valid_would_be_found(document: Any) -> None:
    schema = {"$ref": "#/components/schemas/EnrolledBody"}
    for wrong in ({"on": "tomorrow"}, {"planned_weeks": "8"}, {"cohort": "x"}):
        assert is_valid(document, schema, BODIES["enroll"] | wrong) is not None


@pytest.mark.parametrize("route", COMMANDS, ids=lambda route: route.verb)
def test_an_example_becomes_the_fact(route: Any) -> None:
    body = BODIES[route.verb]
    own = "entry_reason" if "reason" in route.fact.__dataclass_fields__ else "reason"
    fields = {name: value for name, value in body.items() if name != own}
    given = {name: 1 if name == "opened" else str(UUID(int=1)) for name in given_fields(route)}
    fact = decode_fact(route.fact.__name__, {**fields, **given})
    assert isinstance(fact, route.fact)
    assert all(getattr(fact, name) is not None for name in fields if name not in ("from", "to"))


def test_the_server_understands_every_example(site: Site, document: Any) -> None:
    """Recorded, or refused by a rule: at this site nothing of it has happened."""
    ids = {
        "code": site.code,
        "patient_id": PATIENT,
        "linking_patient_id": PATIENT,
        "cohort_id": site.cohort_id,
        "session_id": SESSION,
        "episode_id": EPISODE,
        "screening_id": SCREENING,
        "step_down_id": SCREENING,
        "consent_id": CONSENT,
        "report_id": CONSENT,
        "goal_id": CONSENT,
        "opened": 1,
        "stream": f"session/{SESSION}",
        "version": 1,
    }
    roles = roles_of(site.client.app, site)
    answered = {}
    for path, method, operation in operations(document):
        if method == "post":
            verb = operation["operationId"]
            body = BODIES[verb]
            response = site.send(roles[verb], path.removeprefix("/v1").format(**ids), body, Purpose_Of_Use="operations")
            assert response.status_code in (201, 404, 409), (verb, response.text)
            answered[verb] = response.status_code
    assert answered["register_patient"] == 201
