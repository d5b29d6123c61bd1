"""Who needs what by when: for the people at work, of the week at hand."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api import at_risk_answers
from api.answers import OF_QUERIES, json_answer
from api.asking import Asked, Code, said, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.reports import WEEK, read_week
from exchange import at_risk

router = APIRouter(responses=OF_QUERIES, tags=[Topic.GROUP_ROOM])


class AtRiskAsked(Asked):
    week: Annotated[str, StringConstraints(max_length=8)] | None = Field(
        None, description="ISO week, such as `2026-W10`. That of `as_of`.", json_schema_extra={"pattern": WEEK}
    )


@router.get(
    "/facilities/{code}/at-risk",
    operation_id="read_at_risk",
    summary="Who can still reach the hours of the week, and what is due of whom",
    response_model=None,
    responses={200: {"model": at_risk_answers.AtRisk}},
)
def read_at_risk(
    by: Annotated[Caller, may(Read.CENSUS)], code: Code, asked: Annotated[AtRiskAsked, Query()]
) -> Response:
    """The most urgent first. Sessions that are not over count against nobody."""
    wait(by, asked, for_tables=asked.known_at is None)
    week = None if asked.week is None else read_week(asked.week)
    found = at_risk.answer(
        by.wiring.store, code, now=by.wiring.clock(), week=week, as_of=asked.as_of, known_at=asked.known_at
    )
    by.saw(found.patients)
    return json_answer(said(by, found.record(), asked.known_at))
