"""Request bodies, made from the facts they become: the same names and types, read strictly.

A number is no text and a text no number; an instant says its offset; what isn't known is refused, at every depth. What
the path or the server says already (`episode_id`, `corrects` …) is left out of the body; `reason` is added, why it is
recorded: it goes into the envelope.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from inspect import getdoc
from types import NoneType
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints, is_typeddict
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from domain.chart.teds import MISSING as MISSING_CODE
from domain.chart.teds import Codes
from domain.week import can_be_meant
from store.codec import decode_fact
from store.shapes import depth, is_record, item

LONGEST_TEXT: Final = 4000
MOST_ITEMS: Final = 200
LARGEST: Final = 1_000_000_000

D = TypeVar("D", bound=date)

ENTRY_REASON: Final = "entry_reason"
"""What `reason` is called where the fact has a field of that name itself, as a discharge does."""

_REASON: Final = "Why: needed for a correction, and for an entry more than 24 hours after what it tells of."


def _text(given: str) -> str:
    # No table of Postgres takes it, and nobody means it.
    if "\x00" in given:
        raise PydanticCustomError("no_text", "A NUL character.")
    return given


Text = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=LONGEST_TEXT),
    Field(json_schema_extra={"pattern": r"^[^\u0000]*$"}),
    AfterValidator(_text),
]


class Body(BaseModel):
    """What came in the body of a command, or a record in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_of(*names: str) -> ConfigDict:
    """For a body that takes one of these fields and no two: says so in its schema."""
    given: list[JsonValue] = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]
    return ConfigDict(json_schema_extra={"oneOf": given})


def _instant(given: object) -> object:
    if not isinstance(given, str) or "T" not in given.upper():
        raise PydanticCustomError("instant", "Not an instant.")
    return given


def _plain_date(given: object) -> object:
    if not isinstance(given, str) or len(given) != len("2026-03-02"):
        raise PydanticCustomError("plain_date", "Not a date.")
    return given


def _uuid(given: object) -> object:
    if not isinstance(given, str):
        raise PydanticCustomError("uuid_type", "Not a UUID.")
    return given


def _number(given: object) -> int | float:
    # A whole number stays whole. NaN is not within any limits.
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise PydanticCustomError("float_type", "Not a number.")
    if not 0 <= given <= LARGEST:
        raise PydanticCustomError("number_range", "Not within the limits.")
    return given


def _whole(given: object) -> object:
    # As JSON has it, 2.0 is a whole number.
    return int(given) if isinstance(given, float) and given.is_integer() else given


def whole_number(least: int, most: int) -> Any:
    """A whole number within limits, which the API's description tells as well."""
    limits = Field(ge=least, le=most)
    said = Annotated[int, limits]
    return Annotated[StrictInt, limits, BeforeValidator(_whole, json_schema_input_type=said)]


Count = whole_number(0, LARGEST)

Number = Annotated[
    int | float, PlainValidator(_number), WithJsonSchema({"type": "number", "minimum": 0, "maximum": LARGEST})
]


def _within_reach(given: D) -> D:
    if not can_be_meant(given):
        raise PydanticCustomError("year_range", "Not within the limits.")
    return given


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant, json_schema_input_type=AwareDatetime),
    AfterValidator(_within_reach),
]
"""With its offset. A number would be read as seconds since 1970, which nobody means."""
PlainDate = Annotated[date, BeforeValidator(_plain_date, json_schema_input_type=date), AfterValidator(_within_reach)]

Id = Annotated[UUID, BeforeValidator(_uuid, json_schema_input_type=UUID)]

_SCALARS: Final[dict[Any, Any]] = {
    str: Text,
    int: Count,
    float: Number,
    bool: StrictBool,
    datetime: Instant,
    date: PlainDate,
    UUID: Id,
}


def body_of(fact: type[Any], without: frozenset[str] = frozenset()) -> type[Body]:
    """The body that becomes this fact: its fields but those in `without`, and why it is recorded."""
    named = {name: _field(hint, default) for name, (hint, default) in _fields(fact).items() if name not in without}
    named[ENTRY_REASON if "reason" in named else "reason"] = (Text | None, Field(None, description=_REASON))
    return create_model(f"{fact.__name__}Body", __base__=Body, __doc__=getdoc(fact), **named)


def fact_of(kind: type[Any], body: Body, given: Mapping[str, Any]) -> Any:
    """The fact that a body becomes with what the path or the server gives; JSON-ready values."""
    return decode_fact(kind.__name__, {**fields_in(body), **given})


def fields_in(body: Body) -> dict[str, Any]:
    """What a body says of the fact, JSON-ready. What is null is left out, as if it had not been sent."""
    return body.model_dump(mode="json", exclude_none=True, exclude={_reason_name(body)})


def reason_in(body: Body) -> str | None:
    """What a body says for the envelope; nothing, where it has no room for it."""
    reason: str | None = getattr(body, _reason_name(body), None)
    return reason


def _reason_name(body: Body) -> str:
    return ENTRY_REASON if ENTRY_REASON in type(body).model_fields else "reason"


def _code(codes: Codes) -> Any:
    """A code of a codebook; which codes there are is the domain's to refuse."""
    said = f"{MISSING_CODE} for missing, or {codes.first} to {codes.last}."
    return Annotated[whole_number(MISSING_CODE, LARGEST), Field(description=said)]


@cache
def record_body(kind: Any) -> Any:
    """The body of a record in a fact."""
    named = {name: _field(hint, default) for name, (hint, default) in _fields(kind).items()}
    return create_model(kind.__name__, __base__=Body, __doc__=getdoc(kind) if is_dataclass(kind) else None, **named)


def _fields(kind: type[Any]) -> dict[str, tuple[Any, Any]]:
    """Name → type and default; `...` where there is none."""
    if is_typeddict(kind):
        extras = get_type_hints(kind, include_extras=True)
        return {name: (hint, ... if name in kind.__required_keys__ else None) for name, hint in extras.items()}
    hints = get_type_hints(kind)
    return {one.name: (hints[one.name], ... if one.default is MISSING else one.default) for one in fields(kind)}


def _field(hint: Any, default: Any) -> Any:
    if get_origin(hint) is Annotated:
        return (_code(*hint.__metadata__) | None, default)
    kind = item(hint)
    inner: Any = record_body(kind) if is_record(kind) else _SCALARS.get(kind, kind)
    for _ in range(depth(hint)):
        inner = Annotated[tuple[inner, ...], Field(max_length=MOST_ITEMS)]
    return (inner | None if NoneType in get_args(hint) else inner, default)
