"""What if a week or a month were judged by other rules: beside the adopted ones, for whoever may read reports."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api import report_answers
from api.answers import OF_QUERIES, json_answer
from api.asking import Asked, Code, said, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import malformed
from api.reports import MONTH, WEEK, read_month, read_week
from domain.program import Payer
from exchange import what_if
from exchange.reports import Question
from exchange.rows import patients_of

_THRESHOLD: Final = r"^[A-Z]{3}-[1-9]\.[a-z0-9_]{1,60}=[0-9]{1,9}$"

router = APIRouter(responses=OF_QUERIES, tags=[Topic.REPORTS])

Written = Annotated[str, StringConstraints(max_length=100, pattern=_THRESHOLD)]


class WhatIfAsked(Asked):
    week: Annotated[str, StringConstraints(max_length=8)] | None = Field(
        None, description="ISO week, such as `2026-W10`; or a `month`.", json_schema_extra={"pattern": WEEK}
    )
    month: Annotated[str, StringConstraints(max_length=7)] | None = Field(
        None, description="Such as `2026-03`; or a `week`.", json_schema_extra={"pattern": MONTH}
    )
    rule_set: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="The other rule set, such as `az-s9480` or `az-s9480@1`. Else the adopted one is changed."
    )
    set: list[Written] = Field(
        [],
        max_length=what_if.MOST_THRESHOLDS,
        description="Instead of the other rule set's own threshold: `HRS-1.at_least_minutes=480`. May repeat.",
    )
    payer: Payer | None = Field(None, description="That payer's episodes alone, beside the rule set adopted for it.")
    all: bool = Field(False, description="Also the rows that say the same under both.")


@router.get(
    "/facilities/{code}/reports/what-if",
    operation_id="compare_rule_sets",
    summary="The same period by other rules, beside the adopted ones",
    response_model=None,
    responses={200: {"model": report_answers.WhatIf}},
)
def compare_rule_sets(
    by: Annotated[Caller, may(Read.REPORT)], code: Code, asked: Annotated[WhatIfAsked, Query()]
) -> Response:
    """Nothing is adopted, issued or kept. Name another `rule_set`, or thresholds with `set`, or both."""
    if (asked.week is None) == (asked.month is None):
        raise malformed("query.week", "must be given, or `month` instead of it")
    period = read_month(asked.month or "") if asked.week is None else read_week(asked.week)
    wait(by, asked, for_tables=False)
    question = Question(
        rule_set=asked.rule_set,
        payer=asked.payer,
        as_of=asked.as_of,
        known_at=asked.known_at,
        requested_by=by.person.id,
        purpose=by.purpose,
    )
    found = what_if.answer(
        by.wiring.store, code, period, now=by.wiring.clock(), asked=question, thresholds=tuple(asked.set)
    )
    by.saw(sorted(patients_of(found.rows(all_rows=asked.all))))
    return json_answer(said(by, found.record(all_rows=asked.all), asked.known_at))
