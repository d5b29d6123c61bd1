"""Every error as RFC 9457 `application/problem+json`: one sentence that says what to do, never what was sent."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from traceback import extract_tb
from typing import Any, Final
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.strictly import RepeatedField
from domain.refused import Refused, RefusedLine
from exchange.errors import ExchangeError, NotAsked, NotOnRecord, RowsNotKept
from projections.cut import Behind
from store.desk import Stale
from store.errors import (
    ClaimTaken,
    Destroyed,
    KeyReused,
    RowsAltered,
    ShapeError,
    StoreError,
    Unavailable,
    Unreadable,
    VersionConflict,
)

MEDIA_TYPE: Final = "application/problem+json"

_log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is an error. `detail` is one sentence and holds nothing of the request, nothing personal."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        rule: str | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        lines: Sequence[RefusedLine] = (),
        position: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.rule = rule
        self.errors = errors
        self.lines = lines
        self.position = position
        self.headers = headers or {}

    def response(self) -> Response:
        document: dict[str, Any] = {
            "type": f"urn:stepdown:problem:{self.name}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.rule is not None:
            document["rule"] = self.rule
        if self.errors:
            document["errors"] = list(self.errors)
        if self.lines:
            document["lines"] = [{"line": one.line, "rule": one.rule, "detail": one.because} for one in self.lines]
        if self.position is not None:
            document["position"] = self.position
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(document), self.status, headers, MEDIA_TYPE)


def unauthorized() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "Sign in: send a valid token as `Authorization: Bearer …`.",
        headers={"WWW-Authenticate": 'Bearer realm="stepdown"'},
    )


def forbidden(detail: str) -> Problem:
    return Problem(403, "forbidden", detail)


def not_found(detail: str) -> Problem:
    return Problem(404, "not-found", detail)


def destroyed() -> Problem:
    return Problem(410, "destroyed", DESTROYED)


def malformed(field: str, because: str) -> Problem:
    """One field of the request that can't be read, by its path, such as `query.as_of`."""
    return Problem(422, "malformed", _MALFORMED, errors=[{"field": field, "because": because}])


def not_acceptable(detail: str) -> Problem:
    return Problem(406, "not-acceptable", detail)


def try_again(detail: str) -> Problem:
    return Problem(503, "try-again", detail, headers={"Retry-After": "1"})


def damaged(error: Unreadable, *, position: int | None = None) -> Problem:
    """A fact that the answer needs doesn't open, the one at `position` where that is known. Which it is goes to the log
    as well."""
    _log.error("%s", error)
    which = "A fact on record" if position is None else f"The fact at position {position}"
    return Problem(503, "record-damaged", f"{which} {_DAMAGED}", position=position)


DESTROYED: Final = "This chart was destroyed under authority: nothing of it can be read any more."

UNKNOWN_RULES: Final = frozenset({"patient.not-registered", "session.unknown", "report.unknown"})
"""Refusals that say that what the path names isn't there."""

_DAMAGED: Final = (
    "doesn't open, and this can't be answered without it: nothing is shown that may be wrong. Whoever runs the system "
    "finds which by `stepdown follow --status` and `stepdown rebuild --check`. Other questions are answered as ever."
)

_MALFORMED: Final = "The request can't be understood: see which fields, and what belongs there, in `errors`."

_HTTP: Final[Mapping[int, str]] = {
    404: "There is nothing at this address: see /openapi.json for what there is.",
    405: "This address doesn't take that method: see /openapi.json for those it does.",
    413: "The body is over 256 kB: send less at a time.",
}

_BECAUSE: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "has a field that is not known here",
    "json_invalid": "is not JSON in UTF-8",
    "string_too_short": "is empty or too short",
    "string_too_long": "is too long",
    "string_unicode": "must be Unicode text",
    "string_pattern_mismatch": "is not written as /openapi.json says",
    "too_long": "has too many items",
    "too_short": "has too few items",
    "timezone_aware": "must say its offset, such as 2026-03-02T18:00:00-05:00",
    "instant": "must be an instant with its offset, such as 2026-03-02T18:00:00-05:00",
    "year_range": "is of a year that can't be meant",
    "number_range": "is too small or too large",
    "one_patient": "must name `patient_id` or `episode_id`, one of both",
    "one_share": "must say how many by `count` or by `share`, one of both",
    "repeated_field": "names a field twice: say it once",
    "repeated_parameter": "is there more than once: say it once",
    "no_text": "has a NUL character, which is no text",
    "plain_date": "must be a date, such as 2026-03-02",
}

_BECAUSE_OF_KIND: Final[Sequence[tuple[str, str]]] = (
    ("uuid", "must be a UUID"),
    ("datetime", "must be an instant with its offset, such as 2026-03-02T18:00:00-05:00"),
    ("date", "must be a date, such as 2026-03-02"),
    ("bool", "must be true or false"),
    ("int", "must be a whole number"),
    ("float", "must be a number"),
    ("finite", "must be a number"),
    ("string", "must be text"),
    ("tuple", "must be a list"),
    ("list", "must be a list"),
    ("greater", "is too small"),
    ("less", "is too large"),
    ("model", "must be an object"),
    ("dict", "must be an object"),
)


_ONE_OF: Final = frozenset({"enum", "literal_error"})

_WORD: Final = re.compile(r"'([^']*)'")


def _because(error: Mapping[str, Any]) -> str:
    """Our own words for an error of pydantic's: its messages quote what was sent. Of those that a field may have, what
    it expected has them all."""
    kind = str(error["type"])
    if kind in _ONE_OF:
        return "must be one of: " + ", ".join(_WORD.findall(error["ctx"]["expected"]))
    if kind in _BECAUSE:
        return _BECAUSE[kind]
    return next((words for start, words in _BECAUSE_OF_KIND if kind.startswith(start)), "can't be understood")


def _field(error: Mapping[str, Any]) -> str:
    """The path of a field, by our names for it. A name that the client made up, or a place in its text, isn't told."""
    path = list(error["loc"])
    if error["type"] in ("extra_forbidden", "json_invalid"):
        path = path[:-1]
    return ".".join(map(str, path))


def fields_of(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """422 for the errors that pydantic found, in its order."""
    told = {_field(error): _because(error) for error in errors}
    return Problem(422, "malformed", _MALFORMED, errors=[{"field": at, "because": why} for at, why in told.items()])


def problem_of(error: Exception) -> Problem:
    """The answer to an exception. An unknown one is a bug: 500, and its place in the log, without its message."""
    match error:
        case Problem():
            return error
        case Refused(rule=rule, because=because) if rule in UNKNOWN_RULES:
            return Problem(404, "not-found", because, rule=rule)
        case Refused(rule=rule, because=because, lines=lines):
            return Problem(409, "refused", because, rule=rule, lines=lines)
        case Stale():
            return Problem(412, "changed", str(error))
        case KeyReused():
            return Problem(422, "key-reused", str(error))
        case Destroyed():
            return destroyed()
        case Unreadable():
            return damaged(error)
        case ShapeError() | NotAsked():
            return Problem(422, "malformed", str(error))
        case VersionConflict() | ClaimTaken():
            return Problem(409, "conflict", str(error))
        case RowsAltered() | RowsNotKept():
            return _rows_lost(error)
        case NotOnRecord():
            return not_found(str(error))
        case Unavailable() | Behind():
            return try_again(str(error))
        case RequestValidationError():
            return fields_of(error.errors())
        case HTTPException(status_code=400):
            return malformed("body", _BECAUSE["repeated_field" if isinstance(error, RepeatedField) else "json_invalid"])
        case HTTPException(status_code=status):
            detail = _HTTP.get(status, "The request can't be answered: see /openapi.json for how to ask.")
            return Problem(status, HTTPStatus(status).phrase.lower().replace(" ", "-"), detail, headers=error.headers)
        case _:
            return _unexpected(error)


def _rows_lost(error: RowsAltered | RowsNotKept) -> Problem:
    """Of an issued report. That somebody altered them is for the operator to know as well."""
    if isinstance(error, RowsNotKept):
        return Problem(410, "rows-not-kept", str(error))
    _log.error("%s", error)
    return Problem(500, "report-altered", str(error))


def _unexpected(error: Exception) -> Problem:
    """A bug. Where it is goes to the log under a number that the answer repeats; messages may hold personal data."""
    number = uuid4()
    where = " < ".join(
        f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(extract_tb(error.__traceback__))
    )
    said = f" ({error})" if isinstance(error, StoreError) else ""
    _log.error("%s: %s%s at %s", number, type(error).__name__, said, where)
    detail = f"Something is wrong with the program; nothing was lost. Its operator finds it in the log as {number}."
    return Problem(500, "unexpected", detail)


def answer_problem(request: Request, error: Exception) -> Response:
    return problem_of(error).response()


def answer_problems(app: FastAPI) -> None:
    """Every kind of error that we know, answered by the application; the rest is caught by `api.guards`. What can't be
    read, and what isn't there, is answered by `api.unread`."""
    for kind in (Problem, Refused, StoreError, ExchangeError):
        app.add_exception_handler(kind, answer_problem)
