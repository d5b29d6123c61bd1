"""From the table of commands to routes: permission, the fact out of path and body, one decision, one receipt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Path, Response

from api.answers import OF_COMMANDS, json_answer, receipt_responses, stamp
from api.bodies import Body, body_of, fact_of, fields_in, reason_in
from api.commands import COMMANDS, CommandRoute
from api.gate import Caller, may
from api.permission import RECORDS, recording
from api.places import given_fields, ids_in, location_of, named_by_location, place_of
from api.strictly import Strictly
from api.tokens import SIGN_IN_ROLES
from domain.access import Purpose
from domain.acts import LAB
from domain.record import Source
from domain.refused import Refused
from projections.position import hint
from store.append import Command, Receipt
from store.desk import Filing
from store.kept import KeptRows

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", description="The facility's code.")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Made by the client for this one command. Sent again with the same body it gets the "
        "first receipt again and records nothing; with another body it is refused.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^"?[0-9]{1,18}"?$',
        description="The version that the decision was made on, as an `ETag` gave it: 412 when there is a later one.",
    ),
]


@dataclass(frozen=True, slots=True)
class Sent:
    """What makes a command safe to send again, and the version that it was decided on."""

    address: str
    ids: Mapping[str, Any]
    key: str
    if_match: str | None

    def command(self, by: Caller, body: Body) -> Command:
        """The same whatever the order of fields and the spelling of values. Ids that the server makes are no part."""
        said = {"path": self.ids, "body": fields_in(body), "reason": reason_in(body)}
        canonical = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        return Command(scope=f"{by.person.id}|POST {self.address}", key=self.key, body=canonical)

    @property
    def expected(self) -> int | None:
        return None if self.if_match is None else int(self.if_match.strip('"'))


def decide(by: Caller, stream: str, fact: Any, body: Body, sent: Sent) -> Receipt:
    """One decision, one append. Who may not decide it is turned away on record, as at the gate."""
    return decide_all(by, [Filing(stream, fact)], body, sent)


def decide_all(
    by: Caller,
    filings: Sequence[Filing],
    body: Body,
    sent: Sent,
    *,
    resource: str | None = None,
    kept: KeptRows | None = None,
) -> Receipt:
    """As `decide`, for several facts, all or nothing; the receipt names `resource`, else the first one's stream.
    `kept`: the rows of the report that they issue."""
    try:
        return _record(by, filings, body, replace(sent.command(by, body), resource=resource), sent.expected, kept)
    except Refused as refused:
        for rule in dict.fromkeys((refused.rule, *(line.rule for line in refused.lines))):
            if rule.startswith("act."):
                by.denied(rule)
        raise


def _record(
    by: Caller,
    filings: Sequence[Filing],
    body: Body,
    command: Command,
    expected: int | None,
    kept: KeptRows | None,
) -> Receipt:
    receipt = by.wiring.desk.record_all(
        by.facility,
        filings,
        by=by.person,
        source=Source.LAB if by.person.role == LAB else Source.API,
        reason=reason_in(body),
        command=command,
        expected=expected,
        kept=kept,
    )
    hint(by.wiring.store)
    return receipt


def answer(receipt: Receipt, location: str | None = None) -> Response:
    """201 with the receipt."""
    document = {
        "stream": receipt.stream,
        "version": receipt.version,
        "ledger": receipt.ledger,
        "position": receipt.position,
        "recorded_at": stamp(receipt.recorded_at),
    }
    headers = {"ETag": f'"{receipt.latest}"'}
    return json_answer(document, 201, headers if location is None else {**headers, "Location": location})


_IDS: Final[Mapping[str, Any]] = {
    "code": Code,
    "opened": Annotated[int, Path(ge=1, le=10**9, description="The version at which it was opened.")],
}
"""What an id in an address is, where it is no UUID."""

_BODIES: Final = {route.verb: body_of(route.fact, given_fields(route)) for route in COMMANDS}


def command_routes() -> APIRouter:
    """A route for each line of the table."""
    router = APIRouter(route_class=Strictly)
    for route in COMMANDS:
        router.add_api_route(
            route.path,
            _endpoint(route),
            methods=["POST"],
            operation_id=route.verb,
            name=route.verb,
            summary=route.summary,
            description=_description(route),
            tags=[route.topic],
            status_code=201,
            response_model=None,
            responses={**receipt_responses(named_by_location(route)), **OF_COMMANDS},
        )
    return router


def _description(route: CommandRoute) -> str:
    who = ", ".join(f"`{role}`" for role in sorted(RECORDS[recording(route.fact)] & SIGN_IN_ROLES))
    return f"Recorded as `{route.fact.__name__}`, by {who}."


NamedPurpose = Annotated[Purpose, Header(alias="Purpose-Of-Use", description="Why: it has to be said.")]


def _endpoint(route: CommandRoute) -> Callable[..., Response]:
    """The function of a route. Its signature says what FastAPI reads: who may, the path, the body, the headers."""

    def endpoint(by: Caller, body: Body, key: str, if_match: str | None = None, **ids: Any) -> Response:
        place = place_of(route, by, ids, body)
        fact = fact_of(route.fact, body, place.given)
        receipt = decide(by, place.stream, fact, body, Sent(f"/v1{route.path}", ids, key, if_match))
        return answer(receipt, location_of(route, by, place, receipt))

    def endpoint_saying_why(*, purpose: Purpose, **given: Any) -> Response:
        """As the other; that it was said is all that is asked here: the gate has looked at it."""
        return endpoint(**given)

    types: dict[str, Any] = {
        "by": Annotated[Caller, may(recording(route.fact))],
        "body": _BODIES[route.verb],
        "key": IdempotencyKey,
        **{name: _IDS.get(name, UUID) for name in ids_in(route.path)},
    }
    parameters = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind) for name, kind in types.items()]
    if not _begins_a_stream(route):
        parameters.append(Parameter("if_match", Parameter.KEYWORD_ONLY, annotation=IfMatch, default=None))
    decided: Callable[..., Response] = endpoint
    if route.says_purpose:
        parameters.append(Parameter("purpose", Parameter.KEYWORD_ONLY, annotation=NamedPurpose))
        decided = endpoint_saying_why
    decided.__signature__ = Signature(parameters, return_annotation=Response)  # type: ignore[attr-defined]
    return decided


def _begins_a_stream(route: CommandRoute) -> bool:
    """Nobody can have read a version of what isn't there yet."""
    return route.makes in ("patient_id", "cohort_id", "session_id") or not ids_in(route.path)
