"""What is stored of an event beside its columns: the envelope's fields and, as `fact`, the fact's, in one JSON object.

What can't be read back is never written: all values are held against their types first, and where they don't fit at
once, what was encoded is decoded before it is stored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson

from domain.catalog import BY_NAME
from domain.record import Envelope, Person, Source
from store.codec import OPTIONS, class_of, storable, upcast
from store.errors import ShapeError
from store.explanations import explain
from store.shapes import Shape, plain, shape_of
from store.strict import Coder, NotInOrder, coder_of
from store.upcasts import UPCASTS

_ENVELOPE: Final = shape_of(Envelope)
_ENVELOPES: Final = Coder(Envelope)


def encode_body(envelope: Envelope, fact: Any) -> bytes:
    """ShapeError when a field holds what its type doesn't allow."""
    name = type(fact).__name__
    try:
        return b"".join((_ENVELOPES.encode(envelope)[:-1], b',"fact":', coder_of(name).encode(fact), b"}"))
    except NotInOrder:
        return _encode_and_try(name, envelope, fact)


def _encode_and_try(name: str, envelope: Envelope, fact: Any) -> bytes:
    with storable(name):
        values = plain(_ENVELOPE, envelope)
        values["fact"] = plain(shape_of(class_of(name)), fact)
        body = orjson.dumps(values, option=OPTIONS)
    try:
        _decoder(name).decode(body)
    except msgspec.ValidationError as error:
        raise ShapeError(explain(error, _shape(name))) from None
    return body


def decode_body(name: str, body: bytes) -> tuple[Envelope, Any]:
    """What `encode_body` wrote, under the name that it was stored by, in today's shape."""
    if name in UPCASTS:
        values = orjson.loads(body)
        name, values["fact"] = upcast(name, values["fact"])
        stored = msgspec.convert(values, _STRUCTS[class_of(name).__name__])
    else:
        stored = _decoder(name).decode(body)
    envelope = Envelope(
        by=stored.by,
        source=stored.source,
        correlation_id=stored.correlation_id,
        reason=stored.reason,
        causation_id=stored.causation_id,
        recorded_elsewhere_at=stored.recorded_elsewhere_at,
    )
    return envelope, stored.fact


def _struct(name: str) -> Any:
    return msgspec.defstruct(
        name,
        [
            ("by", Person),
            ("source", Source),
            ("correlation_id", UUID),
            ("fact", class_of(name)),
            ("reason", str | None, None),
            ("causation_id", str | None, None),
            ("recorded_elsewhere_at", datetime | None, None),
        ],
    )


# Made while one thread imports: what msgspec notes of a class on first use, two threads may not note at once.
_STRUCTS: Final = {name: _struct(name) for name in BY_NAME}
_DECODERS: Final = {name: msgspec.json.Decoder(struct) for name, struct in _STRUCTS.items()}


def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    """ShapeError when there are no facts of this name."""
    class_of(name)
    return _DECODERS[name]


@cache
def _shape(name: str) -> Shape:
    return replace(_ENVELOPE, name=name, hints={**_ENVELOPE.hints, "fact": class_of(name)})
