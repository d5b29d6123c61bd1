"""Requests that reach no function of ours: malformed ones, and those to an address or with a method that there isn't.

FastAPI reads a body before it looks at who sends it. Whoever isn't signed in hears that, and nothing about the body.
"""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.document import methods_at
from api.gate import is_gated, is_signed_in
from api.problem import problem_of, unauthorized


def answer_unread(app: FastAPI) -> None:
    """Answers them by the application."""
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _refused_by_the_framework)


async def _malformed(request: Request, error: Exception) -> Response:
    if is_gated(request) and not await is_signed_in(request):
        return unauthorized().response()
    return problem_of(error).response()


async def _refused_by_the_framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return await _malformed(request, error)
    # By the framework's own count an address has the methods of one of its routes.
    allowed = {"Allow": ", ".join(methods_at(request.app, request.url.path))}
    return problem_of(HTTPException(405, headers=allowed)).response()
