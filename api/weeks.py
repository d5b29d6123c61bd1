"""Minutes and qualifying days by week: of a patient, and of everybody enrolled at a site."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field, StringConstraints

from api.answers import OF_CHARTS, OF_QUERIES, Cut, Document, json_answer
from api.asking import Asked, Code, PatientId, said, wait
from api.commands import Topic
from api.gate import Caller, may
from api.permission import Read
from api.reports import WEEK, read_week
from exchange import weeks

router = APIRouter(tags=[Topic.CLINIC])


class SiteWeekAsked(Asked):
    week: Annotated[str, StringConstraints(max_length=8)] | None = Field(
        None, description="ISO week, such as `2026-W10`. That of `as_of`.", json_schema_extra={"pattern": WEEK}
    )


class DayMinutes(Document):
    on: date = Field(description="The program day.")
    minutes: int


class PatientWeek(Document):
    """As HRS-1 and HRS-2 count. What the rule set doesn't ask for is null."""

    week: str = Field(examples=["2026-W10"])
    active: str = Field(examples=["full", "partial", "no"], description="On how many of the scheduled dates.")
    minutes: int = Field(description="By the end of `as_of`.")
    minutes_owed: int | None
    qualifying_days: int
    days_owed: int | None
    of_at_least_minutes: int = Field(description="With so many minutes a day qualifies.")
    sessions_expected: int
    sessions_attended: int
    days: list[DayMinutes] = Field(description="Those with credit.")


class PatientWeeks(Cut):
    """Every week with a date on which an episode is enrolled, each by the rule set adopted by its Sunday."""

    patient_id: UUID
    version: int = Field(description="Of the chart.")
    weeks: list[PatientWeek]


class WeekOfPatient(PatientWeek):
    patient_id: UUID


class SiteWeek(Cut):
    """By `patient_id`."""

    week: str = Field(examples=["2026-W10"])
    rule_set: str
    rule_set_version: str
    rows: list[WeekOfPatient]


@router.get(
    "/patients/{patient_id}/weeks",
    operation_id="read_weeks",
    summary="A patient's weeks: minutes and qualifying days",
    response_model=None,
    responses={200: {"model": PatientWeeks}, **OF_CHARTS},
)
def read_weeks(
    by: Annotated[Caller, may(Read.CHART)], patient_id: PatientId, asked: Annotated[Asked, Query()]
) -> Response:
    """In order, up to the week of `as_of`. `ETag` is the version of the chart shown."""
    wait(by, asked, for_tables=False)
    now = by.wiring.clock()
    found = weeks.of_patient(
        by.wiring.store, by.facility, patient_id, now=now, as_of=asked.as_of, known_at=asked.known_at
    )
    if found is None:
        by.misses(patient_id)
    by.read_chart(patient_id, found.version)
    return json_answer(said(by, found.record(), asked.known_at), headers={"ETag": f'"{found.version}"'})


@router.get(
    "/facilities/{code}/weeks",
    operation_id="read_site_week",
    summary="A week of everybody enrolled: minutes and qualifying days",
    response_model=None,
    responses={200: {"model": SiteWeek}, **OF_QUERIES},
)
def read_site_week(
    by: Annotated[Caller, may(Read.CENSUS)], code: Code, asked: Annotated[SiteWeekAsked, Query()]
) -> Response:
    """Who is enrolled on some date of the week, with what they have of it by the end of `as_of`."""
    wait(by, asked, for_tables=False)
    week = None if asked.week is None else read_week(asked.week)
    found = weeks.of_site(
        by.wiring.store, code, week, now=by.wiring.clock(), as_of=asked.as_of, known_at=asked.known_at
    )
    by.saw(found.patients)
    return json_answer(said(by, found.record(), asked.known_at))
