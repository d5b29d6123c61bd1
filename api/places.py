"""Where a command's fact goes: the stream that an address means, and the fields that it says already."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from re import findall
from typing import Any, Final
from uuid import UUID

from api.bodies import Body, fields_in
from api.commands import CommandRoute
from api.gate import Caller
from api.problem import not_found
from domain.claims import CONSENT, EPISODE, SCREENING, STEP_DOWN
from domain.record import stream_name
from store.append import Receipt

_STREAMS: Final[Mapping[str, str]] = {
    "linking_patient_id": "chart",
    "patient_id": "chart",
    "session_id": "session",
    "cohort_id": "cohort",
    "report_id": "report",
}
"""Id → the kind of stream that it names."""

_HELD: Final[Mapping[str, tuple[str, str]]] = {
    "episode_id": (EPISODE, "episode"),
    "screening_id": (SCREENING, "screening"),
    "step_down_id": (STEP_DOWN, "step-down"),
    "consent_id": (CONSENT, "consent"),
}
"""Id → the claim by which its chart is found, and its word. The first that an address names says which chart."""

_ADDRESSES: Final[Mapping[str, str]] = {
    "patient_id": "/v1/patients/{}/status",
    "session_id": "/v1/sessions/{}/roster",
    "episode_id": "/v1/episodes/{}",
    "screening_id": "/v1/screenings/{}",
    "step_down_id": "/v1/step-downs/{}",
    "consent_id": "/v1/consents/{}",
}
"""Id that the server makes → where it is read, for `Location`. Of a cohort, which is read in the list of its site, the
stream of the receipt says the id."""


@dataclass(frozen=True, slots=True)
class Place:
    """The stream, and the fields of the fact that path and server give, JSON-ready."""

    stream: str
    given: Mapping[str, Any]


def ids_in(path: str) -> list[str]:
    """What stands in braces."""
    return findall(r"{(\w+)}", path)


def given_fields(route: CommandRoute) -> frozenset[str]:
    """The fields of the fact that don't come from the body."""
    named = {*ids_in(route.path), route.makes}
    if not named.isdisjoint(_HELD):
        named.add("episode_id")
    return frozenset(one.name for one in fields(route.fact) if one.name in named)


def place_of(route: CommandRoute, by: Caller, ids: Mapping[str, Any], body: Body) -> Place:
    """404 when an id in the path is nobody's at this facility; 403 for another facility's code in the body."""
    # A version stays a number.
    known: dict[str, Any] = {name: value if isinstance(value, int) else str(value) for name, value in ids.items()}
    if route.makes is not None:
        known[route.makes] = str(by.wiring.new_id())
    if not known:
        known["code"] = fields_in(body)["code"]
        by.at(known["code"])
    stream = _stream(by, known)
    wanted = given_fields(route)
    if "episode_id" in wanted - known.keys():
        known["episode_id"] = _episode_of(by, stream, known)
    return Place(stream, {name: value for name, value in known.items() if name in wanted})


def _stream(by: Caller, known: Mapping[str, Any]) -> str:
    for name, kind in _STREAMS.items():
        if name in known:
            return stream_name(kind, known[name])
    for name, (claim, word) in _HELD.items():
        if name in known:
            stream = by.wiring.store.ledger(by.facility).holder(claim, known[name])
            if stream is None:
                raise not_found(f"There is no such {word} at this facility.")
            return stream
    return stream_name("facility", known["code"])


def _episode_of(by: Caller, stream: str, known: Mapping[str, Any]) -> str:
    """The episode of a screening or a step-down: that of the fact that began it."""
    [name] = known
    entries = by.wiring.store.ledger(by.facility).read([stream])[stream]
    began = next((entry.fact for entry in entries if getattr(entry.fact, name, None) == UUID(known[name])), None)
    # Of a chart that was destroyed nobody can say any more: the decision refuses it, whichever episode it is told.
    return str(UUID(int=0) if began is None else began.episode_id)


def named_by_location(route: CommandRoute) -> str | None:
    """The id that a route makes, where its `Location` names it."""
    return route.makes if route.makes in _ADDRESSES else None


def location_of(route: CommandRoute, by: Caller, place: Place, receipt: Receipt) -> str | None:
    """Where what was made is found; the same for a command that is sent again. None when nothing is made, or nothing of
    it is left."""
    made = route.makes
    if made is None or made not in _ADDRESSES:
        return None
    key: Any = receipt.stream.partition("/")[2]
    if made in place.given:
        key = place.given[made]
        if receipt.repeated:
            entries = by.wiring.store.ledger(by.facility).read([receipt.stream])[receipt.stream]
            if len(entries) < receipt.version:
                return None  # It was destroyed since.
            key = getattr(entries[receipt.version - 1].fact, made)
    return _ADDRESSES[made].format(key)
