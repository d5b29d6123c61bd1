"""Who did what at a site."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api.answers import OF_QUERIES, Document, Person, Said, json_answer
from api.asking import Code, Current, said, wait
from api.bodies import LARGEST, Instant, PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from exchange import activity
from exchange.activity import MOST_FACTS, PAGE_FACTS, Wanted

router = APIRouter(responses=OF_QUERIES, tags=[Topic.RECORDS])

Kind = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,60}$")]


class ActivityAsked(Current):
    known_at: Instant | None = Field(
        None, description="What was on record then, with offset. All that is; a later one is answered so, and says so."
    )
    person: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="Recorded by this person: `staff/<staff_id>`, `operator/<account>` or `system`."
    )
    patient: UUID | None = Field(None, description="In the chart of this patient.")
    kind: list[Kind] = Field(
        [], max_length=50, description="Of this kind, by its stored name, such as `AttendanceRecorded`. May repeat."
    )
    from_on: PlainDate | None = Field(None, alias="from", description="Recorded on this date of the site or later.")
    to_on: PlainDate | None = Field(None, alias="to", description="Recorded on this date or earlier.")
    after: int = Field(0, ge=0, le=LARGEST, description="Facts behind this position of the ledger.")
    limit: int = Field(PAGE_FACTS, ge=1, le=MOST_FACTS, description="At most so many.")


class DoneThing(Document):
    position: int
    event: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb@12"])
    type: str = Field(examples=["AttendanceRecorded"])
    patient_id: UUID | None = Field(description="Null for what is in no chart.")
    recorded_at: datetime
    recorded_elsewhere_at: datetime | None
    by: Person
    source: str = Field(examples=["api", "web", "lab", "import", "system"])
    reason: str | None
    happened_at: datetime | None = Field(description="The instant that lateness is counted from; null where undated.")
    lateness_minutes: int | None = Field(ge=0)
    late: bool = Field(description="Recorded more than 24 hours after it happened.")


class Activity(Said):
    """In the order of recording."""

    facility: str
    known_at: datetime
    position: int
    rows: list[DoneThing]
    next_after: int | None = Field(description="Continue with `after=` this; null on the last page.")


@router.get(
    "/facilities/{code}/activity",
    operation_id="read_activity",
    summary="Who did what: by person, patient, kind and day of recording",
    response_model=None,
    responses={200: {"model": Activity}},
)
def read_activity(
    by: Annotated[Caller, may(Read.HISTORY)], code: Code, asked: Annotated[ActivityAsked, Query()]
) -> Response:
    """Each fact with who recorded it, through which door, why and how late. What it says is read in the history."""
    wait(by, asked, for_tables=False)
    wanted = Wanted(
        person=asked.person,
        patient_id=asked.patient,
        kinds=tuple(asked.kind),
        from_on=asked.from_on,
        to_on=asked.to_on,
    )
    found = activity.answer(
        by.wiring.store,
        code,
        wanted,
        now=by.wiring.clock(),
        known_at=asked.known_at,
        after=asked.after,
        limit=asked.limit,
    )
    by.saw(found.patients)
    return json_answer(said(by, found.record(), asked.known_at))
