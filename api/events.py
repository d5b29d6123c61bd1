"""What is done about an event on record, by its name `stream@version`: corrected, struck, a discharge voided.

A correction says the fields anew; which episode, session or screening it is about is what the corrected event says.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Discriminator, Tag

from api.answers import OF_COMMANDS, receipt_responses
from api.bodies import Body, body_of, fact_of
from api.commands import Topic
from api.gate import Caller, may
from api.permission import recording
from api.recording import IdempotencyKey, IfMatch, Sent, answer, decide
from api.strictly import Strictly
from domain.chart.attendance import AttendanceCorrected
from domain.chart.exit import DischargeVoided
from domain.chart.screening import ResultCorrected
from domain.record import EnteredInError, stream_kind

_KNOWN: Final = frozenset({"corrects", "target", "episode_id", "session_id", "screening_id"})
"""What the name of the event, or the event itself, says already."""

_NOBODY: Final = str(UUID(int=0))
"""Stands for an id that the event doesn't say. Then it isn't of the kind, and the decision refuses that first."""

AttendanceCorrection = body_of(AttendanceCorrected, _KNOWN)
ResultCorrection = body_of(ResultCorrected, _KNOWN)
Striking = body_of(EnteredInError, _KNOWN)
Voiding = body_of(DischargeVoided, _KNOWN)


def _kind(body: Any) -> str:
    """A correction that tells an outcome is one of an attendance."""
    outcome = "outcome" in body if isinstance(body, Mapping) else hasattr(body, "outcome")
    return "attendance" if outcome else "result"


Stream = Annotated[
    str,
    Path(
        pattern=r"^(facility/[A-Za-z0-9][A-Za-z0-9_-]{0,62}|(cohort|session|chart|report)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        description="Such as `chart/7f7f7a41-cccd-43a4-88b4-651cd43a7bbb`.",
    ),
]
Version = Annotated[int, Path(ge=1, le=10**9, description="The event's version in its stream.")]
Correction = Annotated[
    Annotated[AttendanceCorrection, Tag("attendance")] | Annotated[ResultCorrection, Tag("result")],  # type: ignore[valid-type]
    Discriminator(_kind),
]

_EVENT: Final = "/events/{stream:path}@{version}"

router = APIRouter(tags=[Topic.RECORDS], responses={**receipt_responses(), **OF_COMMANDS}, route_class=Strictly)


@router.post(
    f"{_EVENT}/correction",
    operation_id="correct_entry",
    summary="Correct an attendance or a result: all its fields anew",
    status_code=201,
    response_model=None,
)
def correct_entry(
    by: Annotated[Caller, may(recording(AttendanceCorrected), recording(ResultCorrected))],
    stream: Stream,
    version: Version,
    body: Correction,
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """What is corrected stays readable; the correction counts in its place. Needs a `reason`."""
    fact = AttendanceCorrected if isinstance(body, AttendanceCorrection) else ResultCorrected
    by.may(recording(fact))
    return _about(fact, by, "correction", stream, version, body, key, if_match)


@router.post(
    f"{_EVENT}/entered-in-error",
    operation_id="strike_entry",
    summary="Strike an entry: it was made in error and counts for nothing",
    status_code=201,
    response_model=None,
)
def strike_entry(
    by: Annotated[Caller, may(recording(EnteredInError))],
    stream: Stream,
    version: Version,
    body: Striking,  # type: ignore[valid-type]
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """It stays readable. Striking a correction brings back what it had replaced. Needs a `reason`."""
    return _about(EnteredInError, by, "entered-in-error", stream, version, body, key, if_match)


@router.post(
    f"{_EVENT}/voiding",
    operation_id="void_discharge",
    summary="Void a discharge: the episode is in the state before it",
    status_code=201,
    response_model=None,
)
def void_discharge(
    by: Annotated[Caller, may(recording(DischargeVoided))],
    stream: Stream,
    version: Version,
    body: Voiding,  # type: ignore[valid-type]
    key: IdempotencyKey,
    if_match: IfMatch = None,
) -> Response:
    """Refused while another episode is open, or aftercare, alumni or a summary rests on it. Needs a `reason`."""
    return _about(DischargeVoided, by, "voiding", stream, version, body, key, if_match)


def _about(
    kind: type[Any],
    by: Caller,
    what: str,
    stream: str,
    version: int,
    body: Body,
    key: str,
    if_match: str | None,
) -> Response:
    if stream_kind(stream) == "facility":
        by.at(stream.partition("/")[2])
    entries = by.wiring.store.ledger(by.facility).read([stream])[stream]
    target = next((entry.fact for entry in entries if entry.version == version), None)
    given: dict[str, Any] = {
        one.name: version if one.name in ("corrects", "target") else str(getattr(target, one.name, _NOBODY))
        for one in fields(kind)
        if one.name in _KNOWN
    }
    sent = Sent(f"/v1/events/{{stream}}@{{version}}/{what}", {"stream": stream, "version": version}, key, if_match)
    return answer(decide(by, stream, fact_of(kind, body, given), body, sent))
