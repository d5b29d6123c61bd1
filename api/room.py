"""The group room: who comes and goes, noted at the door, and the roster of a whole session at once.

A note names the patient alone: which episode it is, and the time where none is given, is found when it is decided.
"""

from collections.abc import Callable
from typing import Annotated, Final, Self, TypeVar, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.answers import OF_COMMANDS, OF_QUERIES, json_answer, receipt_responses
from api.asking import Current, said, wait
from api.bodies import MOST_ITEMS, Body, Count, Id, Instant, Text, one_of, record_body
from api.commands import Topic
from api.gate import Caller, may
from api.paper import CONTENT, SAID, Format, paper_answer
from api.permission import Read, recording
from api.problem import not_found
from api.recording import IdempotencyKey, IfMatch, Sent, answer, decide, decide_all
from api.room_answers import Roster
from api.strictly import Strictly
from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.claims import EPISODE
from domain.record import stream_name
from domain.room import StaffArrived, StaffLeft
from domain.roster import Arrival, Departure, Draft, Holding, RosterLine, StaffArrival, StaffDeparture
from domain.session import SessionHeld, StaffPresence
from exchange.cut import utc_text
from exchange.paper.document import Form
from exchange.paper.roster import printed_roster
from projections import room
from store.desk import Filing

_SESSION: Final = "/sessions/{session_id}"
_NOW: Final = "Now, where it is left out."
_WHY: Final = "Why: needed for what is entered more than 24 hours later."

SessionId = Annotated[UUID, Path(description="The `session_id`: what stands behind `session/` in the stream.")]


class _Note(Body):
    reason: Text | None = Field(None, description=_WHY)


class ArrivalBody(_Note):
    """A patient comes into the room."""

    patient_id: Id
    arrived_at: Instant | None = Field(None, description=_NOW)
    method: Text = Field("sign_in", description="How it is known.")


class DepartureBody(_Note):
    """A patient leaves the room."""

    patient_id: Id
    left_at: Instant | None = Field(None, description=_NOW)


class StaffArrivalBody(_Note):
    """A member of staff comes into the room."""

    staff_id: Id
    role: Text = Field("staff", description="Theirs in this session, such as lead.")
    at: Instant | None = Field(None, description=_NOW)


class StaffDepartureBody(_Note):
    """A member of staff leaves the room."""

    staff_id: Id
    at: Instant | None = Field(None, description=_NOW)


class RosterLineBody(Body):
    """One patient, named by `patient_id` or by `episode_id`, and whether they attended."""

    model_config = one_of("patient_id", "episode_id")

    patient_id: Id | None = None
    episode_id: Id | None = None
    outcome: Outcome
    arrived_at: Instant | None = Field(None, description="As noted at the door, where it is left out.")
    left_at: Instant | None = Field(None, description="As noted at the door, where it is left out.")
    family_members: Count | None = None
    method: Text | None = None
    reason: Text | None = Field(None, description="Of this line, instead of that of the roster.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.patient_id is None) == (self.episode_id is None):
            raise PydanticCustomError("one_patient", "Not one of both.")
        return self


_Presence = record_body(StaffPresence)


class RosterHoldingBody(Body):
    """That the session was held. Without `staff`, those noted at the door were in the room."""

    started_at: Instant
    ended_at: Instant
    staff: Annotated[tuple[_Presence, ...], Field(max_length=MOST_ITEMS)] | None = None  # type: ignore[valid-type]


def _some(lines: tuple[RosterLineBody, ...]) -> tuple[RosterLineBody, ...]:
    # By pydantic's own count a line that can't be read is none, so that two things would be said of one.
    if not lines:
        raise PydanticCustomError("too_short", "Nothing in it.")
    return lines


Lines = Annotated[
    tuple[RosterLineBody, ...],
    Field(max_length=MOST_ITEMS, json_schema_extra={"minItems": 1}),
    AfterValidator(_some),
]


class RosterBody(Body):
    """Everybody's attendance of a session, all or nothing."""

    lines: Lines
    holding: RosterHoldingBody | None = Field(None, description="Where the session is not on record as held yet.")
    method: Text = Field("roster", description="Of the lines that say no other.")
    reason: Text | None = Field(None, description=_WHY)


class RosterAsked(Current):
    known_at: Instant | None = Field(
        None, description="What was on record then, with offset. All that is; a later one is answered so, and says so."
    )
    format: Format = Field("json", description=SAID)


router = APIRouter(tags=[Topic.GROUP_ROOM], route_class=Strictly)

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])


def _post(path: str, verb: str, summary: str) -> Callable[[Endpoint], Endpoint]:
    return router.post(
        f"{_SESSION}/{path}",
        operation_id=verb,
        summary=summary,
        status_code=201,
        response_model=None,
        responses={**receipt_responses(), **OF_COMMANDS},
    )


@_post("arrivals", "note_arrival", "Note that a patient came into the room")
def note_arrival(
    by: Annotated[Caller, may(recording(ArrivalNoted))],
    session_id: SessionId,
    body: ArrivalBody,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """Who is in the room now. It earns no hours; the roster does. The receipt, and `If-Match`, are of the chart."""
    draft = Arrival(session_id=session_id, method=body.method, arrived_at=body.arrived_at)
    return _noted(by, stream_name("chart", body.patient_id), draft, body, _sent("arrivals", session_id, key, if_match))


@_post("departures", "note_departure", "Note that a patient left the room")
def note_departure(
    by: Annotated[Caller, may(recording(DepartureNoted))],
    session_id: SessionId,
    body: DepartureBody,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """Who goes out for a while may come in again. The receipt, and `If-Match`, are of the chart."""
    draft = Departure(session_id=session_id, left_at=body.left_at)
    return _noted(
        by, stream_name("chart", body.patient_id), draft, body, _sent("departures", session_id, key, if_match)
    )


@_post("staff-arrivals", "note_staff_arrival", "Note that a member of staff came into the room")
def note_staff_arrival(
    by: Annotated[Caller, may(recording(StaffArrived))],
    session_id: SessionId,
    body: StaffArrivalBody,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """Of whoever is on the staff list on the program day, until the session is on record as held."""
    draft = StaffArrival(staff_id=body.staff_id, role=body.role, at=body.at)
    sent = _sent("staff-arrivals", session_id, key, if_match)
    return _noted(by, stream_name("session", session_id), draft, body, sent)


@_post("staff-departures", "note_staff_departure", "Note that a member of staff left the room")
def note_staff_departure(
    by: Annotated[Caller, may(recording(StaffLeft))],
    session_id: SessionId,
    body: StaffDepartureBody,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """Of who is noted as in the room, until the session is on record as held."""
    draft = StaffDeparture(staff_id=body.staff_id, at=body.at)
    sent = _sent("staff-departures", session_id, key, if_match)
    return _noted(by, stream_name("session", session_id), draft, body, sent)


@_post("roster", "record_roster", "Record the attendance of a whole group, all or nothing")
def record_roster(
    by: Annotated[Caller, may(recording(AttendanceRecorded))],
    session_id: SessionId,
    body: RosterBody,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """In one transaction. When lines are refused, nothing is recorded, and `lines` of the problem names every one of
    them: its number, counted from 1, its rule and what to do. The receipt, and `If-Match`, are of the session."""
    session = stream_name("session", session_id)
    filings = _lines(by, session_id, body)
    if (holding := body.holding) is not None:
        by.may(recording(SessionHeld))
        staff = None if holding.staff is None else tuple(_presence(one) for one in holding.staff)
        held = Holding(started_at=holding.started_at, ended_at=holding.ended_at, staff=staff)
        filings = [Filing(session, held), *filings]
    sent = _sent("roster", session_id, key, if_match)
    return answer(decide_all(by, filings, body, sent, resource=session))


@router.get(
    f"{_SESSION}/roster",
    operation_id="read_roster",
    summary="Who is expected at a session, who is in the room, and the ratio now",
    response_model=None,
    responses={200: {"model": Roster, "content": CONTENT}, **OF_QUERIES},
)
def read_roster(
    by: Annotated[Caller, may(Read.ROSTER, Read.ROSTER_TODAY)],
    session_id: SessionId,
    asked: Annotated[RosterAsked, Query()],
) -> Response:
    """As it is known now, or was then, from the ledger itself; as PDF or HTML a sheet to be signed by hand, which is a
    staff copy. Whoever works at the door sees the sessions of today alone. `ETag` is the version of the session, for
    the `If-Match` of a roster."""
    wait(by, asked, for_tables=False)
    found = room.answer(by.wiring.store, by.facility, session_id, now=by.wiring.clock(), known_at=asked.known_at)
    if found is None:
        raise not_found("There is no such session at this facility, or there was none then.")
    if not found.today:
        by.may(Read.ROSTER)
    by.saw(found.patient_ids)
    if asked.format != "json":
        form = Form(asked.format)
        body = printed_roster(by.wiring.store, by.facility, session_id, found, form)
        return paper_answer(by, body, form, called=f"sign-in-{session_id}", rows=len(found.patient_ids))
    if found.known_at is None:
        raise LookupError("A session is on record with a time.")
    document = {
        "session_id": str(session_id),
        "facility": by.facility,
        "known_at": utc_text(found.known_at),
        "position": found.position,
        **found.document,
    }
    return json_answer(said(by, document, asked.known_at), headers={"ETag": f'"{found.version}"'})


def _presence(one: Body) -> StaffPresence:
    return cast("StaffPresence", dict(one))


def _lines(by: Caller, session_id: UUID, body: RosterBody) -> list[Filing]:
    """A filing for each line, for the chart that it means."""
    ledger = by.wiring.store.ledger(by.facility)
    episodes = [str(line.episode_id) for line in body.lines if line.episode_id is not None]
    charts = ledger.held(EPISODE, episodes)
    filings = []
    for number, line in enumerate(body.lines, start=1):
        # An episode that is nobody's gets the name of a chart that isn't there, where the decision doesn't find it.
        elsewhere = stream_name("chart", line.episode_id or session_id)
        stream = charts.get(str(line.episode_id), elsewhere)
        if line.patient_id is not None:
            stream = stream_name("chart", line.patient_id)
        draft = RosterLine(
            session_id=session_id,
            outcome=line.outcome,
            method=line.method or body.method,
            episode_id=line.episode_id,
            arrived_at=line.arrived_at,
            left_at=line.left_at,
            family_members=line.family_members,
        )
        filings.append(Filing(stream, draft, reason=line.reason, line=number))
    return filings


def _sent(what: str, session_id: UUID, key: str, if_match: str | None) -> Sent:
    return Sent(f"/v1{_SESSION}/{what}", {"session_id": session_id}, key, if_match)


def _noted(by: Caller, stream: str, draft: Draft, body: _Note, sent: Sent) -> Response:
    return answer(decide(by, stream, draft, body, sent))
