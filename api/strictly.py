"""Requests read strictly: what names a field of its body or a parameter twice is refused, since one of the two would be
lost unseen."""

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException


class RepeatedField(HTTPException):
    """An object in the body names a field twice. As an `HTTPException` it passes through the framework, which takes any
    other for a body that can't be read."""

    def __init__(self) -> None:
        super().__init__(400)


class _StrictRequest(Request):
    async def json(self) -> Any:
        return json.loads(await self.body(), object_pairs_hook=_named_once)


def _named_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise RepeatedField
    return named


class Strictly(APIRoute):
    """The route of a command. 422 for a repeated field, wherever in the body it stands."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            return await usual(_StrictRequest(request.scope, request.receive))

        return read_strictly


async def each_once(request: Request) -> None:
    """A dependency of every route. 422 for a parameter that comes more than once and is no list. Names that the route
    doesn't know are for others to refuse."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if len(given) == sum(given.values()):
        return
    single = set(_single(request.scope["route"]))
    if twice := [name for name, times in given.items() if times > 1 and name in single]:
        raise RequestValidationError([{"type": "repeated_parameter", "loc": ("query", name)} for name in twice])


def _single(route: APIRoute) -> Iterator[str]:
    """The parameters in the query of a route that are no lists, as a URL names them."""
    for parameter in route.dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                if get_origin(field.annotation) is not list:
                    yield field.alias or name
        elif get_origin(kind) is not list:
            yield parameter.alias
