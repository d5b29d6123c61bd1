"""What routes answer, written down for `/openapi.json`; bodies themselves are encoded once, by orjson."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.problem import MEDIA_TYPE

_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}

_SAID: Final[Mapping[int, str]] = {
    401: "Not signed in: no token, or one that isn't valid here.",
    403: "Not permitted to this role, at this facility, for this purpose. The denial is on record.",
    404: "There is no such thing at this facility.",
    406: "None of the media types that were asked for is there.",
    409: "Refused: `rule` is the stable id of the rule, `detail` says what to do. Or others were faster, eight times.",
    410: "The chart was destroyed under authority: nothing of it can be read any more.",
    412: "The record has changed since the version in `If-Match`.",
    413: "The body is over 256 kB.",
    422: "Malformed: `errors` names the fields. Or the idempotency key was used for another request.",
    500: "A bug; `detail` has the number that it has in the log.",
    503: "Try again, with the same idempotency key: nothing was lost. Or, as `record-damaged`, a fact that the answer "
    "needs doesn't open: whoever runs the system has to mend that first.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer, for its documentation."""
    return {status: {"description": _SAID[status], "content": _PROBLEM} for status in statuses}


OF_COMMANDS: Final = problems(401, 403, 404, 409, 412, 413, 422, 500, 503)
OF_QUERIES: Final = problems(401, 403, 404, 422, 500, 503)
OF_CHARTS: Final = problems(401, 403, 404, 410, 422, 500, 503)
"""Of questions about one patient, whose chart may have been destroyed."""


def receipt_responses(makes: str | None = None) -> dict[int | str, dict[str, Any]]:
    """What a command answers when it was recorded; `makes` is the id in its `Location`, where it has one."""
    headers = {"ETag": {"description": "The stream's version now, for `If-Match`.", "schema": {"type": "string"}}}
    if makes is not None:
        headers["Location"] = {
            "description": f"Where it is read; it names the `{makes}`.",
            "schema": {"type": "string"},
        }
    return {201: {"description": "Recorded.", "model": Receipt, "headers": headers}}


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers, "application/json")


def stamp(at: datetime) -> str:
    """As the record writes instants: UTC, six digits, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Document(BaseModel):
    model_config = ConfigDict(extra="allow")


class FieldProblem(Document):
    field: str = Field(description="Path of a field, such as `body.arrived_at`.")
    because: str


class RefusedLine(Document):
    line: int = Field(description="Its number in the list that was sent, counted from 1.")
    rule: str = Field(examples=["attendance.not-enrolled"])
    detail: str


class ProblemDocument(Document):
    """RFC 9457. Never repeats what was sent."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str = Field(examples=["urn:stepdown:problem:refused"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["This session was cancelled: nobody can have attended it."])
    rule: str | None = Field(None, examples=["attendance.session-cancelled"])
    errors: list[FieldProblem] | None = None
    lines: list[RefusedLine] | None = Field(None, description="Of a list: every line that is refused.")
    position: int | None = Field(None, description="Of the fact that doesn't open, where it is known.")


class Receipt(Document):
    """What was recorded, and where: `stream@version` names it everywhere, `ledger:position` is what reads wait for."""

    stream: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"])
    version: int
    ledger: str = Field(examples=["lexington"])
    position: int
    recorded_at: datetime


class EpisodeStatus(Document):
    episode_id: UUID | None
    state: str | None = Field(examples=["active"])
    level_of_care: str | None = Field(examples=["2.1"])
    cohort_id: UUID | None
    admitted_on: date | None
    week_of_program: int | None
    planned_weeks: int | None


class WeekStatus(Document):
    week: str = Field(examples=["2026-W10"])
    minutes: int
    qualifying_days: int
    sessions_expected: int
    sessions_attended: int


class AttendanceStatus(Document):
    last_attended_on: date | None
    consecutive_unexcused: int


class ScreeningStatus(Document):
    last_collected_on: date | None
    last_result: str | None
    pending: int
    unexpected_positives_30_days: int


class StepDownStatus(Document):
    stage: str | None
    to_level: str | None
    effective_on: date | None


class Said(Document):
    """What is said beside an answer about two times that are not as one might think, where there is something."""

    asked_known_at: datetime | None = Field(
        None, description="The instant that was asked for, where nothing was recorded after `known_at`."
    )
    remarks: list[str] | None = Field(
        None,
        description="A sentence each: on a `known_at` after the last fact, on an `as_of` that was still to come, on "
        "what the answer may lack.",
    )


class Cut(Said):
    """What an answer stands on."""

    facility: str
    as_of: date
    known_at: datetime
    position: int


class Joined(Cut):
    merged_into: str | None = Field(None, description="The chart that this one was merged into, where it was.")
    took_over: list[str] | None = Field(
        None, description="The charts merged into this one: what they hold is read there."
    )


class Status(Joined):
    patient_id: UUID
    episode: EpisodeStatus
    week: WeekStatus
    attendance: AttendanceStatus
    screening: ScreeningStatus
    step_down: StepDownStatus
    flags: list[str]


class Person(Document):
    id: str = Field(examples=["staff/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb"])
    name: str
    role: str
    credential: str | None


class Event(Document):
    """One fact in its envelope, as it is stored and exported."""

    ledger: str
    position: int
    stream: str
    version: int
    type: str = Field(examples=["AttendanceRecorded"])
    recorded_at: datetime
    recorded_elsewhere_at: datetime | None = None
    by: Person
    source: str
    reason: str | None
    correlation_id: UUID
    causation_id: str | None
    fact: dict[str, Any]


class HistoryEvent(Event):
    """A fact of a history. What is not stored with it is derived, as it was known at this cut, and there where it
    applies."""

    late: bool | None = Field(None, description="True: recorded more than 24 hours after it happened.")
    late_hours: int | None = Field(None, description="Whole hours between the two.")
    credential_in_doubt: bool | None = Field(
        None, description="True: nobody with a valid credential for it, as the staff list was known at this cut."
    )
    corrects: int | None = Field(None, description="The version whose place it takes.")
    replaced_by: int | None = Field(None, description="The version of the live correction that took its place.")
    struck_by: int | None = Field(None, description="The version of the entry that struck it.")
    happened_at: datetime | None = Field(None, description="With the trail: the instant that lateness is counted from.")
    lateness_minutes: int | None = Field(None, ge=0, description="With the trail: between the two, of a dated fact.")
    state_after: dict[str, str | None] | None = Field(
        None, description="With the trail: what is another one after it, as of the day of its recording."
    )


class History(Cut):
    """The facts of a chart, oldest first, and the status that all of them add up to at this cut."""

    patient_id: UUID
    version: int
    facts: list[HistoryEvent]
    next_after: int | None = Field(description="Continue with `after=` this; null on the last page.")
    status: Status


class Disclosed(Document):
    event: str = Field(examples=["chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb@12"])
    on: date
    recipient: str
    purpose: str
    what: str
    basis: str = Field(examples=["consent"])
    consent_id: UUID | None
    consent_in_doubt: bool = Field(description="By what is known now, the consent did not hold on that day.")
    by: Person


class Disclosures(Cut):
    """From `from_on` to `as_of`, both included."""

    patient_id: UUID
    basis: str = Field(examples=["part2"])
    from_on: date
    disclosures: list[Disclosed]


class FoundPatient(Document):
    patient_id: UUID
    mrn: str
    given_name: str
    family_name: str
    birth_date: date


class FoundPatients(Document):
    facility: str
    patients: list[FoundPatient]


class CensusRow(EpisodeStatus):
    patient_id: UUID
    last_attended_on: date | None
    flags: list[str]


class Census(Cut):
    rows: list[CensusRow]


class StaffOfSession(Document):
    staff_id: UUID
    name: str | None
    role: str = Field(examples=["lead"])


class SessionOfDay(Document):
    session_id: UUID
    cohort_id: UUID | None
    kind: str = Field(examples=["group"])
    modality: str = Field(examples=["in_person"])
    state: str = Field(examples=["planned", "held", "cancelled"])
    topic: str | None
    room: str | None
    starts_at: datetime
    ends_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cancelled: str | None = Field(description="The cause.")
    attended: int
    absent_excused: int
    absent_unexcused: int
    recorded: int = Field(description="How many have a record, attended or absent.")
    staff: list[StaffOfSession] = Field(description="Who held it; before that, who is noted as there now.")


class SessionsOfDay(Said):
    facility: str
    on: date
    known_at: datetime | None
    position: int
    sessions: list[SessionOfDay]


class Collected(Document):
    outcome: str = Field(examples=["collected", "refused", "missed", "missed_excused", "awaited"])
    event: str | None
    at: datetime | None


class SpecimenValidity(Document):
    """By the latest report; `event` is null where there was none. A measure not taken is null."""

    verdict: str = Field(examples=["valid", "dilute", "substituted", "adulterated", "invalid"])
    event: str | None


class ReportedResult(Document):
    event: str
    at: datetime
    outcome: str = Field(examples=["positive"])
    loinc: str = Field(examples=["19295-5"])
    value_ng_ml: float | None
    cutoff_ng_ml: float | None
    doubts: list[str] = Field(
        description="What does not agree: positive_under_cutoff, negative_over_cutoff, code_of_other_test."
    )


class AnalyteResults(Document):
    """`final` is the definitive result, without one the presumptive; `prescribed` on the date of collection."""

    analyte: str
    presumptive: ReportedResult | None
    definitive: ReportedResult | None
    final: str | None
    overturned: bool = Field(description="A presumptive positive that was definitively negative.")
    prescribed: bool


class NotedResult(Document):
    event: str
    on: date
    business_days: int = Field(description="Since the report.")


class ResultReport(Document):
    event: str
    kind: str = Field(examples=["presumptive", "definitive"])
    at: datetime
    corrects: str | None
    reviewed: NotedResult | None
    discussed: NotedResult | None


class CorrectedResult(Document):
    event: str
    corrects: str
    recorded_at: datetime
    reason: str | None
    was: dict[str, Any] = Field(description="Analyte or measure as it was reported before.")


class ScreeningRow(Document):
    screening_id: UUID
    episode_id: UUID
    event: str
    ordered_at: datetime
    random: bool
    drawn_by: str | None = Field(description="The random draw that the order follows from.")
    panel: list[str]
    collection: Collected
    validity: SpecimenValidity | None
    result: str | None = Field(examples=["negative", "unexpected_positive", "expected_positive", "dilute"])
    analytes: list[AnalyteResults]
    reports: list[ResultReport]
    corrections: list[CorrectedResult]


class Screenings(Joined):
    patient_id: UUID
    version: int
    screenings: list[ScreeningRow]
    breath_alcohol: list[dict[str, Any]]
    prescriptions: list[dict[str, Any]]
