"""What the fields of a fact are, taken once from its dataclass: which are instants, which hold records of their own.

Everything that may be stored is one of: text, whole number, number, truth value, date, instant, UUID, enumeration of
words, a record of such (dataclass or typed dictionary), or a list of one of these. Anything else is a mistake in the
fact's definition and raises TypeError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from store.errors import ShapeError

_WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date, such as 2026-03-02",
    datetime: "an instant with its offset, such as 2026-03-02T18:00:00-05:00",
    UUID: "a UUID",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one record: the type of each field by name, and how a field is got from a record."""

    name: str
    hints: Mapping[str, Any]
    get: Callable[[Any, str], Any]
    instants: tuple[str, ...]
    numbers: tuple[str, ...]
    inner: tuple[Inner, ...]


@dataclass(frozen=True, slots=True)
class Inner:
    """A field that holds a record, or `many` of them in a list."""

    name: str
    shape: Shape
    many: bool


_SHAPES: Final[dict[Any, Shape]] = {}


def shape_of(record: Any) -> Shape:
    """The shape of a dataclass or typed dictionary, worked out once."""
    if record not in _SHAPES:
        _SHAPES[record] = _shape(record)
    return _SHAPES[record]


def _shape(record: Any) -> Shape:
    hints = {name: hint for name, hint in get_type_hints(record).items() if name in _names(record)}
    instants, numbers, inner = [], [], []
    for name, hint in hints.items():
        kind = item(hint)
        if is_record(kind):
            inner.append(Inner(name, shape_of(kind), is_list(hint)))
        elif kind is datetime and not is_list(hint):
            instants.append(name)
        elif kind is float and not is_list(hint):
            numbers.append(name)
        elif kind in (datetime, float) or not (kind in _WORDS or _is_words(kind)):
            raise TypeError(f"{record.__name__}.{name} is of a type that can't be stored")
    get = dict.get if is_typeddict(record) else getattr
    return Shape(record.__name__, hints, get, tuple(instants), tuple(numbers), tuple(inner))


def plain(shape: Shape, record: Any) -> dict[str, Any]:
    """The fields that are there, as a dictionary; records within likewise. Values stay Python's (UUID, date …).

    ShapeError for an instant without offset, or a number that is none.
    """
    get = shape.get
    found = {name: value for name in shape.hints if (value := get(record, name)) is not None}
    for name in shape.instants:
        value = found.get(name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ShapeError(f"`{name}` of {shape.name} must be {_WORDS[datetime]}.")
    for name in shape.numbers:
        value = found.get(name)
        if isinstance(value, float) and not isfinite(value):
            raise ShapeError(f"`{name}` of {shape.name} must be {_WORDS[float]}.")
    for inner in shape.inner:
        value = found.get(inner.name)
        if value is not None:
            found[inner.name] = [plain(inner.shape, one) for one in value] if inner.many else plain(inner.shape, value)
    return found


def stranger(shape: Shape, raw: Any) -> str | None:
    """The path of a field that the shape doesn't have; None when there is none. Only mappings are looked at."""
    if not isinstance(raw, Mapping):
        return None
    if unknown := raw.keys() - shape.hints.keys():
        return min(map(str, unknown))
    for inner in shape.inner:
        value = raw.get(inner.name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if (found := stranger(inner.shape, one)) is not None:
                return f"{inner.name}.{found}"
    return None


def expected(hint: Any) -> str:
    """What belongs into a field, in words."""
    kind = item(hint)
    if is_list(hint):
        return "a list" if is_record(kind) else "a list, each " * depth(hint) + expected(kind)
    if is_record(kind):
        return "an object"
    if _is_words(kind):
        return "one of " + ", ".join(kind)
    return _WORDS[kind]


def is_record(kind: Any) -> bool:
    return is_dataclass(kind) or is_typeddict(kind)


def is_list(hint: Any) -> bool:
    """Whether it is a list; it may hold lists."""
    return any(get_origin(part) is tuple for part in _parts(hint))


def depth(hint: Any) -> int:
    """How many lists lie within each other: 1 for a list, 2 for a list of lists."""
    levels = 0
    [kind] = set(_parts(hint)) if is_list(hint) else {None}
    while get_origin(kind) is tuple:
        levels += 1
        kind = get_args(kind)[0]
    return levels


def optional(hint: Any) -> bool:
    """Whether the field may be without a value."""
    return get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)


def required(record: Any) -> frozenset[str]:
    """The names of the fields that have no default."""
    if is_typeddict(record):
        return frozenset(record.__required_keys__)
    return frozenset(f.name for f in fields(record) if f.default is MISSING and f.default_factory is MISSING)


def item(hint: Any) -> Any:
    """The type of a field, or of each item of its list, without None; `int | float` is float."""
    kinds = set(_parts(hint))
    if kinds == {int, float}:
        return float
    [kind] = kinds
    if get_origin(kind) is not tuple:
        return kind
    arguments = [part for part in get_args(kind) if part is not Ellipsis]
    return item(arguments[0])


def _parts(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, UnionType):
        return [part for part in get_args(hint) if part is not NoneType]
    return [hint]


def _names(record: type[Any]) -> set[str]:
    return set(record.__annotations__) if is_typeddict(record) else {field.name for field in fields(record)}


def _is_words(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)
