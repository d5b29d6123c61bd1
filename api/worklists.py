"""Lists of a site to work from: its screenings by day, its step-downs by stage."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.answers import OF_QUERIES, Cut, Document, json_answer
from api.asking import Asked, Code, said, wait
from api.bodies import PlainDate
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from domain.chart.step_down import Stage
from domain.site_screenings import SeenTo, Wanted
from domain.site_step_downs import WantedStepDowns
from exchange import site_lists
from exchange.site_lists import MOST_DAYS, Listed

router = APIRouter(responses=OF_QUERIES)


class ScreeningsAsked(Asked):
    from_on: PlainDate | None = Field(
        None,
        alias="from",
        description=f"Collected on this date or later; not collected: refused, missed or ordered. At most {MOST_DAYS} "
        "days. Six days before `to`; with `due`, all of them.",
    )
    to_on: PlainDate | None = Field(None, alias="to", description="On this date or earlier. That of `as_of`.")
    due: SeenTo | None = Field(None, description="Those alone with a result that waits for this.")


class ResultDue(Document):
    step: str = Field(examples=["review", "discussion"])
    since: str = Field(description="The report, as `stream@version`.")
    reported_on: date
    due_on: date = Field(description="The last date on which it is in time (SCR-2).")
    days_left: int = Field(description="From `as_of`; negative when overdue.")


class SiteScreening(Document):
    patient_id: UUID
    episode_id: UUID
    screening_id: UUID
    event: str = Field(description="The order, as `stream@version`.")
    on: date = Field(description="The local date of the collection; without one of the refusal, the miss, the order.")
    collection: str = Field(examples=["collected", "refused", "missed", "missed_excused", "awaited"])
    collected_at: datetime | None
    panel: list[str]
    result: str | None = Field(examples=["negative", "unexpected_positive", "expected_positive", "dilute"])
    positive: list[str] = Field(description="The analytes whose final result is positive.")
    due: list[ResultDue] = Field(description="What its reports wait for, each.")


class SiteScreenings(Cut):
    """By day."""

    from_: date | None = Field(alias="from")
    to: date
    rows: list[SiteScreening]


class StepDownsAsked(Asked):
    stage: Stage | None = Field(None, description="Those at this stage. Else those on their way, whichever it is.")
    from_on: PlainDate | None = Field(None, alias="from", description="Recommended on this date or later.")
    to_on: PlainDate | None = Field(None, alias="to", description="Recommended on this date or earlier.")


class TakenStep(Document):
    stage: str = Field(examples=["recommended", "agreed", "declined", "cosigned", "decided", "in_effect", "withdrawn"])
    on: date
    by: str = Field(examples=["staff/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"])
    event: str


class AwaitedStep(Document):
    step: str = Field(examples=["cosignature", "answer", "decision", "effect"])
    whom: str = Field(examples=["patient", "staff"])
    roles: list[str] = Field(description="Who may record it.")
    but_not: str | None = Field(description="Of these people the one who may not: who recommended.")
    since: str = Field(description="The fact since which it is waited for, as `stream@version`.")
    due_on: date = Field(description="From when on it is to be in effect.")
    days_left: int = Field(description="From `as_of`; negative when overdue.")


class SiteStepDown(Document):
    patient_id: UUID
    episode_id: UUID
    step_down_id: UUID
    event: str = Field(description="The recommendation, as `stream@version`.")
    to_level: str = Field(examples=["1.0"])
    weekly_minutes: int
    effective_on: date = Field(description="As recommended.")
    stage: str = Field(description="The last step recorded.")
    steps: list[TakenStep]
    waits_for: list[AwaitedStep] = Field(description="Nothing, of who is not in treatment.")


class SiteStepDowns(Cut):
    """Those that are to be in effect first come first."""

    from_: date | None = Field(alias="from")
    to: date | None
    rows: list[SiteStepDown]


@router.get(
    "/facilities/{code}/screenings",
    operation_id="read_site_screenings",
    summary="The screenings of some days, and which results wait for review or talk",
    tags=[Topic.LABORATORY],
    response_model=None,
    responses={200: {"model": SiteScreenings}},
)
def read_site_screenings(
    by: Annotated[Caller, may(Read.HISTORY)], code: Code, asked: Annotated[ScreeningsAsked, Query()]
) -> Response:
    """By day. What became of each, analyte by analyte, is read from the patient's screenings."""
    wait(by, asked, for_tables=asked.known_at is None)
    wanted = Wanted(first=asked.from_on, last=asked.to_on, due=asked.due)
    now = by.wiring.clock()
    found = site_lists.screenings(by.wiring.store, code, wanted, now=now, as_of=asked.as_of, known_at=asked.known_at)
    return _answer(by, asked, found)


@router.get(
    "/facilities/{code}/step-downs",
    operation_id="read_site_step_downs",
    summary="The step-downs on their way or at a stage, and who is waited for",
    tags=[Topic.CLINIC],
    response_model=None,
    responses={200: {"model": SiteStepDowns}},
)
def read_site_step_downs(
    by: Annotated[Caller, may(Read.CENSUS)], code: Code, asked: Annotated[StepDownsAsked, Query()]
) -> Response:
    """On its way is what has neither taken effect nor been withdrawn, of who is in treatment."""
    wait(by, asked, for_tables=asked.known_at is None)
    wanted = WantedStepDowns(stage=asked.stage, first=asked.from_on, last=asked.to_on)
    now = by.wiring.clock()
    found = site_lists.step_downs(by.wiring.store, code, wanted, now=now, as_of=asked.as_of, known_at=asked.known_at)
    return _answer(by, asked, found)


def _answer(by: Caller, asked: Asked, found: Listed) -> Response:
    by.saw(found.found.patients)
    return json_answer(said(by, found.record(), asked.known_at))
