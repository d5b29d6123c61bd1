"""A wrong word is answered with those there are, wherever it stands: in a query, a header, a path or a body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.document import BODIES, operations
from tests.api.gates import roles_of
from tests.api.program import Site
from tests.api.test_problems import CANARY, is_problem


@pytest.fixture
def document(site: Site) -> Any:
    return site.client.send("GET", "/openapi.json").json()


def words_of(document: Any, schema: Any) -> list[str]:
    """Those that a field may have; none where it may have others."""
    if "$ref" in schema:
        return words_of(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = [words_of(document, one) for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(found) == 1:
        return found[0]
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def wrong_parameters(document: Any) -> Iterator[tuple[str, str, Any, list[str]]]:
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", ()) if method == "get" else ():
            if parameter["in"] == "query" and (words := words_of(document, parameter["schema"])):
                yield path, operation["operationId"], parameter["name"], words


def test_of_a_parameter(site: Site, document: Any) -> None:
    roles = roles_of(site.client.app, site)
    found = list(wrong_parameters(document))
    assert ("export_census", "format") in {(verb, name) for _, verb, name, _ in found}
    for path, verb, name, words in found:
        where = path.removeprefix("/v1").replace("{code}", site.code).replace("{kind}", "attendance")
        where = where.replace("{stream}", f"session/{uuid4()}").replace("{version}", "1")
        response = site.ask(roles[verb], where.format_map(_Anything()), params={name: CANARY})
        told = {error["field"]: error["because"] for error in is_problem(response, 422)["errors"]}
        assert told[f"query.{name}"] == f"must be one of: {', '.join(words)}", verb


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(uuid4())


def test_of_a_field(site: Site, document: Any) -> None:
    roles, asked = roles_of(site.client.app, site), 0
    for path, method, operation in operations(document):
        if method != "post":
            continue
        verb = operation["operationId"]
        [content] = operation["requestBody"]["content"].values()
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for name, field in schema.get("properties", {}).items():
            if not (words := words_of(document, field)):
                continue
            where = path.removeprefix("/v1").replace("{code}", site.code).replace("{version}", "1")
            where = where.replace("{stream}", f"session/{uuid4()}").format_map(_Anything())
            response = site.send(roles[verb], where, BODIES[verb] | {name: CANARY})
            told = {error["field"]: error["because"] for error in is_problem(response, 422)["errors"]}
            assert told[f"body.{name}"] == f"must be one of: {', '.join(words)}", verb
            asked += 1
    assert asked > 12


def test_of_a_purpose_and_of_a_kind(site: Site) -> None:
    response = site.ask("counselor", f"/patients/{uuid4()}/status", Purpose_Of_Use=CANARY)
    [error] = is_problem(response, 422)["errors"]
    assert error["because"] == "must be one of: treatment, operations, payment, audit, research"
    [error] = is_problem(site.ask("compliance_officer", f"/facilities/{site.code}/exports/{CANARY}"), 422)["errors"]
    assert error == {"field": "path.kind", "because": "must be one of: attendance, screenings, step-downs"}
