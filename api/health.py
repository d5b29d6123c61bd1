"""Whether the process is alive, and whether it can do its work. For supervisors: no sign-in, nothing about anybody."""

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from api.answers import Document, json_answer
from api.commands import Topic
from api.wiring import Wired
from projections.position import Lag, lag
from store.errors import StoreError

CURRENT_SECONDS: Final = 2.0
"""A projection further behind isn't current."""

router = APIRouter(tags=[Topic.OPERATIONS])


class Health(Document):
    status: str = Field(examples=["ok"])


class Readiness(Document):
    """`lag` is how far the projections are behind the ledgers: `events`, and in `seconds` the age of the oldest one."""

    status: str = Field(examples=["ready"])
    database: str
    projections: str
    lag: dict[str, float] | None


@router.get(
    "/healthz",
    operation_id="check_health",
    summary="Whether the process is alive",
    response_model=None,
    responses={200: {"model": Health}},
)
def check_health() -> Response:
    return json_answer({"status": "ok"})


@router.get(
    "/readyz",
    operation_id="check_readiness",
    summary="Whether the database answers and the projections are current",
    response_model=None,
    responses={
        200: {"model": Readiness},
        503: {"model": Readiness, "description": "Which of the two is not ready."},
    },
)
def check_readiness(wiring: Wired) -> Response:
    """`lag` tells how far the projections are behind the ledgers."""
    try:
        behind = lag(wiring.store)
    except StoreError:
        return _answer("unreachable", "unknown", None)
    current = behind.seconds <= CURRENT_SECONDS
    return _answer("ok", "ok" if current else "behind", behind)


def _answer(database: str, projections: str, behind: Lag | None) -> Response:
    ready = database == "ok" and projections == "ok"
    document: dict[str, Any] = {
        "status": "ready" if ready else "not ready",
        "database": database,
        "projections": projections,
        "lag": None if behind is None else asdict(behind),
    }
    return json_answer(document, 200 if ready else 503)
