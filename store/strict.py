"""Decoders that are as strict as the checks of `store/codec.py`, for JSON that is in order.

msgspec passes by fields that a dataclass doesn't have, and takes an instant without its offset. So each record has a
struct beside it that does neither; JSON that fits the struct is what the record's own decoder makes of it. What
doesn't fit may still be right in some way that nobody writes (a whole number of twenty digits): it is for
`decode_fact` to say.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from sys import float_info
from typing import Annotated, Any, Final

import msgspec

from store.codec import class_of
from store.shapes import is_list, is_record, item, optional, required, shape_of
from store.upcasts import UPCASTS

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Number = Annotated[float, msgspec.Meta(ge=-float_info.max, le=float_info.max)]

_STRICT: Final[dict[Any, Any]] = {datetime: Instant, int: Whole, float: Whole | Number}


class Decoder:
    """From the JSON of one kind of record. msgspec's ValidationError or DecodeError where it is not in order."""

    __slots__ = ("_check", "_make")

    def __init__(self, record: Any) -> None:
        self._check = msgspec.json.Decoder(strict(record)).decode
        self._make = msgspec.json.Decoder(record).decode

    def decode(self, raw: bytes | msgspec.Raw) -> Any:
        self._check(raw)
        return self._make(raw)


@cache
def decoder_of(name: str) -> Decoder | None:
    """For facts of a stored name, unless they are to be upcast. ShapeError when there are none of this name."""
    return None if name in UPCASTS else Decoder(class_of(name))


@cache
def strict(record: Any) -> Any:
    """The struct beside a record."""
    shape = shape_of(record)
    fields = []
    for n, (name, hint) in enumerate(shape.hints.items()):
        kind = _strict(hint)
        # The names of fields may be Python's own words (`from`): they are only called by their names in JSON.
        named = msgspec.field(name=name) if name in required(record) else msgspec.field(name=name, default=None)
        fields.append((f"field_{n}", kind, named))
    return msgspec.defstruct(shape.name, fields, kw_only=True, forbid_unknown_fields=True, gc=False)


def _strict(hint: Any) -> Any:
    kind = item(hint)
    inner: Any = strict(kind) if is_record(kind) else _STRICT.get(kind, kind)
    listed = tuple[inner, ...] if is_list(hint) else inner
    return listed | None if optional(hint) else listed
