"""The facts of a site in order, for integrators: who goes on from where they were misses none and gets none twice.

A compliance officer's or the operator's, as any other whole ledger that leaves (`api.permission`); each answer that
holds facts is an export on record, with the hash of what left. By an empty one nothing leaves: on record, those of a
poll every few seconds would bury the others, and the access ledger would grow for ever.
"""

from asyncio import sleep
from collections.abc import Mapping
from hashlib import sha256
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from api.answers import OF_QUERIES, problems
from api.asking import Code, Current, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import Problem, damaged
from exchange.exporting import text_of, those_before_damage
from store.errors import Unreadable

LONGEST_WAIT_SECONDS: Final = 20
_LOOK_SECONDS: Final = 0.2
"""How often it is looked whether something came: one look-up of the ledger's head."""


class Ndjson(Response):
    """A JSON object a line."""

    media_type = "application/x-ndjson"


_TEXT: Final = {"schema": {"type": "string"}}
_FACTS: Final[Mapping[str, Any]] = {
    "description": "One fact a line.",
    "content": {Ndjson.media_type: {"schema": {"type": "string", "description": "Each line is an `Event`."}}},
    "headers": {
        "Next-After": {
            "description": "Where to go on: the last position here, or `after` where there is none.",
            **_TEXT,
        },
        "ETag": {"description": "SHA-256 of the body: another one where a chart was destroyed since.", **_TEXT},
    },
}

_AHEAD: Final = {**problems(409)[409], "description": "`after` lies beyond the last fact: `detail` says where that is."}

router = APIRouter(responses=OF_QUERIES, tags=[Topic.RECORDS])


class FactsAsked(Current):
    after: int = Field(0, ge=0, le=10**15, description="Facts of positions above this.")
    limit: int = Field(1000, ge=1, le=5000, description="At most so many.")
    wait_seconds: int = Field(
        0,
        alias="wait",
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="Where there is none yet, wait so many seconds for one; then the answer is empty.",
    )


@router.get(
    "/ledgers/{code}/facts",
    operation_id="read_facts",
    summary="The facts of a site in order, for integrators",
    response_model=None,
    response_class=Ndjson,
    responses={200: dict(_FACTS), 409: _AHEAD},
)
async def read_facts(
    by: Annotated[Caller, may(Read.FACTS)], code: Code, asked: Annotated[FactsAsked, Query()]
) -> Response:
    """NDJSON. Go on with `after=` the last position, which `Next-After` says; positions have no holes. Nothing is there
    when all was read; 409 where `after` lies beyond the last fact, as it may when an earlier moment was restored. Of a
    chart that was destroyed a line has the fields `ledger` to `recorded_at` alone. A fact that is damaged ends the
    answer before it; asked for what comes next, the answer is 503 with its `position`."""
    await run_in_threadpool(wait, by, asked, for_tables=False)
    ledger = by.wiring.store.ledger(code)
    until = monotonic() + asked.wait_seconds
    head = (await run_in_threadpool(ledger.head)).position
    if head < asked.after:
        raise _beyond(head)
    # Nobody's thread waits: only the look is taken by one.
    while head <= asked.after and monotonic() < until:
        await sleep(_LOOK_SECONDS)
        head = (await run_in_threadpool(ledger.head)).position
    return await run_in_threadpool(_answer, by, code, asked)


def _beyond(head: int) -> Problem:
    """Whoever waited there would miss all that is recorded up to there meanwhile."""
    return Problem(
        409,
        "beyond-head",
        f"This ledger ends at position {head}, before your `after`: an earlier moment was restored, or it is another "
        "ledger. Find the last of your facts that is here as you have it, take back those behind it, and go on with "
        "`after=` its position.",
    )


def _answer(by: Caller, code: str, asked: FactsAsked) -> Response:
    ledger = by.wiring.store.ledger(code)
    rows = ledger.rows(after=asked.after, limit=asked.limit)
    try:
        body, _ = text_of(ledger, rows)
    except Unreadable as error:
        # What comes before it was asked for as well, and is right.
        failing, rows = rows, list(those_before_damage(ledger, rows))
        if not rows:
            raise damaged(error, position=failing[0][0]) from None
        body, _ = text_of(ledger, rows)
    digest = sha256(body).hexdigest()
    if rows:
        by.took(len(rows), digest)
    last = rows[-1][0] if rows else asked.after
    return Ndjson(body, headers={"Next-After": str(last), "ETag": f'"{digest}"'})
