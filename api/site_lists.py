"""Lists by which people find whom and what to name: the staff of a site with their credentials, and its cohorts."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.answers import OF_QUERIES, Document, json_answer
from api.asking import Code, Current, wait
from api.bodies import PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.problem import not_found
from exchange.cut import utc_text
from projections import listing
from projections.listing import Listing

router = APIRouter(responses=OF_QUERIES, tags=[Topic.SITE])


class OnAsked(Current):
    on: PlainDate | None = Field(None, description="The date that the list is of. Today at the site.")


class ListedCredential(Document):
    role: str = Field(examples=["counselor"])
    credential: str | None = Field(examples=["LCADC"])
    licence_number: str | None
    valid_from: date
    valid_to: date | None = Field(description="The last day, where it has one.")


class StaffMember(Document):
    staff_id: UUID
    name: str
    credentials: list[ListedCredential]


class StaffList(Document):
    facility: str
    on: date
    known_at: str
    position: int
    staff: list[StaffMember]


class ListedCohort(Document):
    cohort_id: UUID
    name: str
    program: str
    weekdays: list[str] = Field(examples=[["mon", "tue", "thu"]])
    starts: str = Field(examples=["18:00"])
    ends: str = Field(examples=["21:00"])
    capacity: int
    seats_taken: int = Field(description="Now, whatever the date.")
    formed_on: date
    closed_on: date | None


class CohortList(Document):
    facility: str
    on: date
    known_at: str
    position: int
    cohorts: list[ListedCohort]


@router.get(
    "/facilities/{code}/staff",
    operation_id="read_staff",
    summary="Who works here on a day, with which credentials",
    response_model=None,
    responses={200: {"model": StaffList}},
)
def read_staff(by: Annotated[Caller, may(Read.SITE)], code: Code, asked: Annotated[OnAsked, Query()]) -> Response:
    """Those who have a credential, or a role that needs none, valid on that day. By name."""
    return _answer(by, code, asked, "staff", listing.staff)


@router.get(
    "/facilities/{code}/cohorts",
    operation_id="read_cohorts",
    summary="The cohorts of a day, with their patterns and seats",
    response_model=None,
    responses={200: {"model": CohortList}},
)
def read_cohorts(by: Annotated[Caller, may(Read.SITE)], code: Code, asked: Annotated[OnAsked, Query()]) -> Response:
    """Those that exist on that day, by name, each with its pattern of that day; who has the seats is not said."""
    return _answer(by, code, asked, "cohorts", listing.cohorts)


def _answer(by: Caller, code: str, asked: OnAsked, what: str, look_up: Callable[..., Listing | None]) -> Response:
    wait(by, asked, for_tables=False)
    found = look_up(by.wiring.store, code, now=by.wiring.clock(), on=asked.on)
    if found is None:
        raise not_found("There is no such facility: open it first.")
    document: dict[str, Any] = {
        "facility": code,
        "on": found.on.isoformat(),
        "known_at": utc_text(found.known_at),
        "position": found.position,
        what: found.rows,
    }
    return json_answer(document)
