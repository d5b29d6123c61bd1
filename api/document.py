"""The OpenAPI document: FastAPI's own, with what it can't know. Examples, the schema of problems, and that nothing sent
in an address or a header can be null."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import compile_path

from api import answer_examples, examples, issued_examples, trail_examples, worklist_examples
from api.answer_examples import RECEIPT, REFUSED
from api.answers import ProblemDocument

BODIES: Final = {**examples.BODIES, "issue_report": issued_examples.ISSUE}
"""`operationId` → a body."""
ANSWERS: Final = {
    **answer_examples.ANSWERS,
    **issued_examples.ANSWERS,
    **trail_examples.ANSWERS,
    **worklist_examples.ANSWERS,
}
"""`operationId` → an answer."""

_NULL: Final = {"type": "null"}


def document_of(app: FastAPI) -> dict[str, Any]:
    """Made once."""
    document = app.openapi_schema
    if document is None:
        document = FastAPI.openapi(app)
        schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        for _, _, operation in operations(document):
            _complete(operation)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Address, method and operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def methods_at(app: FastAPI, path: str) -> list[str]:
    """Which methods the address takes, such as `["GET", "POST"]`."""
    document = document_of(app)
    patterns = _patterns(tuple(document["paths"]))
    found = {m.upper() for known, pattern in patterns if pattern.match(path) for m in document["paths"][known]}
    return sorted(found)


@cache
def _patterns(paths: tuple[str, ...]) -> list[tuple[str, Any]]:
    # An event's stream has a slash in it.
    return [(path, compile_path(path.replace("{stream}", "{stream:path}"))[0]) for path in paths]


def _complete(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    verb = operation["operationId"]
    for status, answer in operation["responses"].items():
        # Where it has several forms, it is JSON that is shown.
        content = answer.get("content", {"": {}})
        content = content.get("application/json") or next(iter(content.values()))
        if status == "201":
            content["example"] = RECEIPT
        elif status == "409":
            content["example"] = REFUSED
        elif status == "200" and verb in ANSWERS:
            content["example"] = ANSWERS[verb]
    if verb in BODIES:
        [content] = operation["requestBody"]["content"].values()
        content["example"] = BODIES[verb]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != _NULL]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}
