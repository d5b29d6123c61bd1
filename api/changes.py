"""What changed about a patient between two moments of knowledge."""

from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.answers import OF_CHARTS, Document, Event, HistoryEvent, Said, json_answer
from api.asking import Current, PatientId, said, wait
from api.bodies import Instant, PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from exchange import changes

router = APIRouter(responses=OF_CHARTS, tags=[Topic.RECORDS])


class ChangesAsked(Current):
    from_known_at: Instant = Field(description="The first moment, with offset. Before all facts nothing was known.")
    to_known_at: Instant | None = Field(None, description="The second, not before the first. That of the last fact.")
    as_of: PlainDate | None = Field(
        None, description="The date of both statuses. Today at the site, or the local date of `to_known_at`."
    )


class Moment(Document):
    known_at: datetime
    position: int = Field(description="The ledger's last one then; 0 before its first fact.")
    version: int = Field(description="Of the chart; 0 where there was none yet.")


class ChangedField(Document):
    """`before` is null for a field that was not there."""

    field: str = Field(examples=["week.minutes"])
    before: Any
    after: Any


class Changes(Said):
    patient_id: str
    facility: str
    as_of: date
    from_: Moment = Field(alias="from")
    to: Moment
    changes: list[ChangedField] = Field(description="The status of `as_of`, field by field, where it is another one.")
    time_passed: bool = Field(
        description="Some of it is so because sessions were over meanwhile, whatever was recorded."
    )
    facts: list[HistoryEvent] = Field(description="The chart's facts recorded between the two, with their trail.")
    beside: list[Event] = Field(
        description="Those of its cohorts, of their sessions that week and its own, and of the staff list."
    )


@router.get(
    "/patients/{patient_id}/changes",
    operation_id="read_changes",
    summary="What was learned of a patient between two moments, and what it changed",
    response_model=None,
    responses={200: {"model": Changes}},
)
def read_changes(
    by: Annotated[Caller, may(Read.HISTORY)], patient_id: PatientId, asked: Annotated[ChangesAsked, Query()]
) -> Response:
    """The facts recorded after the first moment, up to the second, and the status of one date as it was known at
    either. `ETag` is the version of the chart at the second."""
    wait(by, asked, for_tables=False)
    found = changes.answer(
        by.wiring.store,
        by.facility,
        patient_id,
        now=by.wiring.clock(),
        from_known_at=asked.from_known_at,
        to_known_at=asked.to_known_at,
        as_of=asked.as_of,
    )
    if found is None:
        by.misses(patient_id)
    _, version = found.versions
    by.read_chart(patient_id, version)
    by.read_linked(found.linked)
    document = {
        **said(by, found.record(asked.from_known_at), asked.to_known_at, answered=found.knowledge[1].known_at),
        "facts": [orjson.Fragment(line) for line in found.lines],
        "beside": [orjson.Fragment(line) for line in found.beside],
    }
    return json_answer(document, headers={"ETag": f'"{version}"'})
