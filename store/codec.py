"""Facts as JSON and back, and events as the lines that files hold.

Written with orjson, read with msgspec, into the domain's own dataclasses. Fields without a value are left out, at
every depth. Whole numbers stay whole and others as they came; an instant keeps its offset (`Z` for UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson

from domain.catalog import BY_NAME, FACTS
from domain.record import Envelope, Person, Recorded, Source, stream_kind
from store.errors import ShapeError
from store.explanations import explain, stray
from store.shapes import plain, shape_of, stranger
from store.upcasts import UPCASTS

OPTIONS: Final = orjson.OPT_UTC_Z

_BELONGS: Final = frozenset((kind, fact.__name__) for kind, facts in FACTS.items() for fact in facts)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STREAM: Final = re.compile(
    rf"facility/{_NAME.pattern}|[a-z]+/[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"
)


def class_of(name: str) -> type[Any]:
    """The class of a stored name. ShapeError when there is none."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise ShapeError(
            "`type` names no fact that this version knows: see the list of facts, or install a later version."
        ) from None


def check_place(stream: str, name: str) -> None:
    """ShapeError when no fact of this stored name may stand in a stream of this name."""
    if (stream_kind(stream), name) not in _BELONGS:
        raise ShapeError(f"{class_of(name).__name__} doesn't belong in a stream of this kind: see the list of facts.")
    if not _STREAM.fullmatch(stream):
        raise ShapeError("`stream` must be `facility/` and its code, or a kind and a UUID in lower case.")


def encode_fact(fact: Any) -> bytes:
    """The fact alone as JSON. ShapeError when a field holds what can't be stored."""
    name = type(fact).__name__
    with storable(name):
        return orjson.dumps(plain(shape_of(class_of(name)), fact), option=OPTIONS)


def decode_fact(name: str, raw: bytes | Mapping[str, Any]) -> Any:
    """A fact from JSON, as bytes or as values. Strict: unknown fields and times without offset are ShapeErrors."""
    try:
        fields = orjson.loads(raw) if isinstance(raw, bytes) else raw
    except orjson.JSONDecodeError:
        raise ShapeError(f"{class_of(name).__name__} must be JSON in UTF-8.") from None
    name, fields = upcast(name, fields)
    kind = class_of(name)
    shape = shape_of(kind)
    if (unknown := stranger(shape, fields)) is not None:
        raise ShapeError(stray(unknown, name))
    try:
        fact = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise ShapeError(explain(error, shape)) from None
    plain(shape, fact)
    return fact


def upcast(name: str, fields: Any) -> tuple[str, Any]:
    """Name and fields in their present shape."""
    bring = UPCASTS.get(name)
    return (name, fields) if bring is None else bring(fields)


@contextmanager
def storable(name: str) -> Iterator[None]:
    """What can't become JSON comes out as a ShapeError; also text that isn't Unicode, and numbers beyond 64 bits."""
    try:
        yield
    except (AttributeError, KeyError, TypeError):
        raise ShapeError(f"A field of {name} holds what can't be stored: see the types of its fields.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHead:
    """A line but for its fact. What a file from elsewhere may lack is None."""

    stream: str
    version: int
    type: str
    by: Person
    ledger: str | None = None
    position: int | None = None
    recorded_at: datetime | None = None
    recorded_elsewhere_at: datetime | None = None
    source: Source | None = None
    reason: str | None = None
    correlation_id: UUID | None = None
    causation_id: str | None = None


_HEAD: Final = replace(shape_of(LineHead), name="the event")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: an event as it stands there."""

    head: LineHead
    fact: Any

    def recorded(self) -> Recorded:
        """The event with its place in its ledger. ShapeError when the line doesn't say all of it."""
        head = self.head
        if head.ledger is None or head.position is None or head.recorded_at is None:
            raise ShapeError("`ledger`, `position` and `recorded_at` are needed here: give a line as exported.")
        if head.source is None or head.correlation_id is None:
            raise ShapeError("`source` and `correlation_id` are needed here: give a line as exported.")
        envelope = Envelope(
            by=head.by,
            source=head.source,
            correlation_id=head.correlation_id,
            reason=head.reason,
            causation_id=head.causation_id,
            recorded_elsewhere_at=head.recorded_elsewhere_at,
        )
        return Recorded(
            version=head.version,
            recorded_at=head.recorded_at,
            envelope=envelope,
            fact=self.fact,
            ledger=head.ledger,
            position=head.position,
            stream=head.stream,
        )


def from_line(line: Mapping[str, Any]) -> Line:
    """An event out of the values of a line. Strict; ShapeError names the field and what belongs there."""
    if not isinstance(line, Mapping):
        raise ShapeError("A line must be a JSON object: an event.")
    fields = {name: value for name, value in line.items() if name != "fact"}
    if (unknown := stranger(_HEAD, fields)) is not None:
        raise ShapeError(stray(unknown, "the event"))
    try:
        head = msgspec.convert(fields, LineHead)
    except msgspec.ValidationError as error:
        raise ShapeError(explain(error, _HEAD)) from None
    plain(_HEAD, head)
    if head.version < 1 or (head.position is not None and head.position < 1):
        raise ShapeError("`version` and `position` count from 1.")
    if head.ledger is not None and not _NAME.fullmatch(head.ledger):
        raise ShapeError("`ledger` must be a facility's code.")
    if "fact" not in line:
        raise ShapeError("`fact` is missing: give an object with the fields of the fact.")
    fact = decode_fact(head.type, line["fact"])
    check_place(head.stream, type(fact).__name__)
    return Line(head, fact)


def to_line(recorded: Recorded) -> dict[str, Any]:
    """The values of an event's line, in the contract's order; what is absent in the fact is left out."""
    envelope = recorded.envelope
    elsewhere = envelope.recorded_elsewhere_at
    by = envelope.by
    return {
        "ledger": recorded.ledger,
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": type(recorded.fact).__name__,
        "recorded_at": _stamp(recorded.recorded_at),
        **({} if elsewhere is None else {"recorded_elsewhere_at": _stamp(elsewhere)}),
        "by": {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential},
        "source": envelope.source.value,
        "reason": envelope.reason,
        "correlation_id": str(envelope.correlation_id),
        "causation_id": envelope.causation_id,
        "fact": orjson.loads(encode_fact(recorded.fact)),
    }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
