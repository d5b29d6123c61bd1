"""Bodies read strictly: an object that names a field twice is refused, since one of the two would be lost unseen."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
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
