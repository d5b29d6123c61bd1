"""Facts as JSON and back. Events as the lines that files hold are in `store/lines.py`.

Written with orjson, read with msgspec, into the domain's own dataclasses. Fields without a value are left out, at
every depth. Whole numbers stay whole and others as they came; an instant keeps its offset (`Z` for UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import orjson

from domain.catalog import BY_NAME, belongs
from domain.record import stream_kind
from store.errors import ShapeError
from store.explanations import explain, stray
from store.shapes import plain, shape_of, stranger
from store.upcasts import UPCASTS

OPTIONS: Final = orjson.OPT_UTC_Z

LEDGER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STREAM: Final = re.compile(
    rf"facility/{LEDGER_NAME.pattern}|[a-z]+/[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"
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
    if not belongs(stream_kind(stream), name):
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
