"""Coders that are as strict as the checks of `store/codec.py`, for records and JSON that are in order.

msgspec passes by fields that a dataclass doesn't have, and takes an instant without its offset. So each record has a
struct beside it that does neither, and leaves out what has no value. JSON that fits the struct is what the record's
own decoder makes of it, and what is written of a record that fits can be read back. What doesn't fit may still be
right in some way that nobody writes (a whole number of twenty digits): it is for the slower ways to say.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from sys import float_info
from typing import Annotated, Any, Final

import msgspec

from domain.catalog import BY_NAME
from store.codec import class_of
from store.shapes import Shape, depth, is_record, item, optional, required, shape_of

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Number = Annotated[float, msgspec.Meta(ge=-float_info.max, le=float_info.max)]

_STRICT: Final[dict[Any, Any]] = {datetime: Instant, int: Whole, float: Whole | Number}


class Coder:
    """JSON of one kind of record, both ways."""

    __slots__ = ("_check", "_dated", "_make", "_shape", "_struct")

    def __init__(self, record: Any) -> None:
        self._shape = shape_of(record)
        self._dated = _has_instants(self._shape)
        self._struct = strict(record)
        self._check = msgspec.json.Decoder(self._struct).decode
        self._make = msgspec.json.Decoder(record).decode

    def decode(self, raw: bytes | msgspec.Raw) -> Any:
        """The record. NotInOrder when it is for `decode_fact` to say what it is."""
        try:
            self._check(raw)
            return self._make(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotInOrder from None

    def encode(self, record: Any) -> bytes:
        """The fields that have a value. NotInOrder when one holds what its type doesn't allow, or hardly does."""
        try:
            held = msgspec.convert(record, self._struct, from_attributes=True)
            if not self._dated or _to_the_minute(self._shape, held):
                return _encode(held)
        except (msgspec.ValidationError, UnicodeEncodeError):
            pass
        raise NotInOrder


class NotInOrder(Exception):
    """Not what a coder here is for. It may be wrong or right."""


_encode: Final = msgspec.json.Encoder().encode


def _has_instants(shape: Shape) -> bool:
    return bool(shape.instants) or any(_has_instants(inner.shape) for inner in shape.inner)


def _to_the_minute(shape: Shape, held: Any) -> bool:
    """Whether the offsets of all instants are whole minutes, as JSON can write them."""
    for name in shape.instants:
        at = getattr(held, name)
        if at is None or at.tzinfo is UTC:
            continue
        offset = at.utcoffset()
        if offset.seconds % 60 or offset.microseconds:
            return False
    for inner in shape.inner:
        within = getattr(held, inner.name)
        for one in within if inner.many and within is not None else (within,):
            if one is not None and not _to_the_minute(inner.shape, one):
                return False
    return True


def coder_of(name: str) -> Coder:
    """For facts of a stored name, in their present shape. ShapeError when there are none of this name."""
    class_of(name)
    return _CODERS[name]


@cache
def strict(record: Any) -> Any:
    """The struct beside a record."""
    shape = shape_of(record)
    given = required(record)
    fields: list[Any] = [
        (name, _strict(hint)) if name in given else (name, _strict(hint), None) for name, hint in shape.hints.items()
    ]
    return msgspec.defstruct(shape.name, fields, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False)


def _strict(hint: Any) -> Any:
    kind = item(hint)
    inner: Any = strict(kind) if is_record(kind) else _STRICT.get(kind, kind)
    for _ in range(depth(hint)):
        inner = tuple[inner, ...]
    return inner | None if optional(hint) else inner


# Made while one thread imports: what msgspec notes of a class on first use, two threads may not note at once.
_CODERS: Final = {name: Coder(kind) for name, kind in BY_NAME.items()}
