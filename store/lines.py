"""Events as the lines that files hold: one JSON object each, an envelope and a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson

from domain.record import Envelope, Person, Recorded, Source
from store.codec import LEDGER_NAME, check_place, decode_fact, encode_fact
from store.errors import ShapeError
from store.explanations import explain, stray
from store.shapes import plain, shape_of, stranger
from store.strict import Coder, Count, Instant, NotInOrder, coder_of
from store.upcasts import UPCASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A line but for its fact."""

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


_SHAPE: Final = replace(shape_of(_Head), name="the event")

# Made while one thread imports: what msgspec notes of a class on first use, two threads may not note at once.
msgspec.json.Decoder(_Head)


class ParsedLine(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands in a file. What a file from elsewhere may lack is None."""

    stream: str
    version: int
    by: Person
    fact: Any
    ledger: str | None
    position: int | None
    recorded_at: datetime | None
    recorded_elsewhere_at: datetime | None
    source: Source | None
    reason: str | None
    correlation_id: UUID | None
    causation_id: str | None

    def recorded(self) -> Recorded:
        """The event with its place in its ledger. ShapeError when the line doesn't say all of it."""
        if self.ledger is None or self.position is None or self.recorded_at is None:
            raise ShapeError("`ledger`, `position` and `recorded_at` are needed here: give a line as exported.")
        if self.source is None or self.correlation_id is None:
            raise ShapeError("`source` and `correlation_id` are needed here: give a line as exported.")
        envelope = Envelope(
            by=self.by,
            source=self.source,
            correlation_id=self.correlation_id,
            reason=self.reason,
            causation_id=self.causation_id,
            recorded_elsewhere_at=self.recorded_elsewhere_at,
        )
        return Recorded(
            version=self.version,
            recorded_at=self.recorded_at,
            envelope=envelope,
            fact=self.fact,
            ledger=self.ledger,
            position=self.position,
            stream=self.stream,
        )


class _Line(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A line in order, who and what still as they stand there."""

    stream: str
    version: Count
    type: str
    by: msgspec.Raw
    fact: msgspec.Raw
    ledger: str | None = None
    position: Count | None = None
    recorded_at: Instant | None = None
    recorded_elsewhere_at: Instant | None = None
    source: Source | None = None
    reason: str | None = None
    correlation_id: UUID | None = None
    causation_id: str | None = None


_read_line: Final = msgspec.json.Decoder(_Line).decode
_read_person: Final = Coder(Person).decode


@lru_cache(maxsize=1000)
def _person(raw: bytes) -> Person:
    """The few people of a site stand in every line."""
    person: Person = _read_person(raw)
    return person


def read_line(text: bytes) -> ParsedLine | None:
    """An event out of a line of JSON that is in order; None for all others, and where only `from_line` can say.

    What this reads, `from_line` reads as the same.
    """
    try:
        line = _read_line(text)
        if line.type in UPCASTS or (line.ledger is not None and not LEDGER_NAME.fullmatch(line.ledger)):
            return None
        check_place(line.stream, line.type)
        return ParsedLine(
            stream=line.stream,
            version=line.version,
            by=_person(bytes(line.by)),
            fact=coder_of(line.type).decode(line.fact),
            ledger=line.ledger,
            position=line.position,
            recorded_at=line.recorded_at,
            recorded_elsewhere_at=line.recorded_elsewhere_at,
            source=line.source,
            reason=line.reason,
            correlation_id=line.correlation_id,
            causation_id=line.causation_id,
        )
    except (ShapeError, NotInOrder, msgspec.DecodeError, UnicodeDecodeError):
        return None


def from_line(line: Mapping[str, Any]) -> ParsedLine:
    """An event out of the values of a line. Strict; ShapeError names the field and what belongs there."""
    if not isinstance(line, Mapping):
        raise ShapeError("A line must be a JSON object: an event.")
    fields = {name: value for name, value in line.items() if name != "fact"}
    if (unknown := stranger(_SHAPE, fields)) is not None:
        raise ShapeError(stray(unknown, "the event"))
    try:
        head = msgspec.convert(fields, _Head)
    except msgspec.ValidationError as error:
        raise ShapeError(explain(error, _SHAPE)) from None
    plain(_SHAPE, head)
    if head.version < 1 or (head.position is not None and head.position < 1):
        raise ShapeError("`version` and `position` count from 1.")
    if head.ledger is not None and not LEDGER_NAME.fullmatch(head.ledger):
        raise ShapeError("`ledger` must be a facility's code.")
    if "fact" not in line:
        raise ShapeError("`fact` is missing: give an object with the fields of the fact.")
    fact = decode_fact(head.type, line["fact"])
    check_place(head.stream, type(fact).__name__)
    return ParsedLine(
        stream=head.stream,
        version=head.version,
        by=head.by,
        fact=fact,
        ledger=head.ledger,
        position=head.position,
        recorded_at=head.recorded_at,
        recorded_elsewhere_at=head.recorded_elsewhere_at,
        source=head.source,
        reason=head.reason,
        correlation_id=head.correlation_id,
        causation_id=head.causation_id,
    )


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
        "recorded_at": stamp(recorded.recorded_at),
        **({} if elsewhere is None else {"recorded_elsewhere_at": stamp(elsewhere)}),
        "by": {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential},
        "source": envelope.source.value,
        "reason": envelope.reason,
        "correlation_id": str(envelope.correlation_id),
        "causation_id": envelope.causation_id,
        "fact": orjson.loads(_json_of(recorded.fact)),
    }


def _json_of(fact: Any) -> bytes:
    try:
        return coder_of(type(fact).__name__).encode(fact)
    except NotInOrder:
        return encode_fact(fact)


def stamp(at: datetime) -> str:
    """As instants stand in lines: UTC, with microseconds and `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
