"""Around the application: a limit on bodies, headers on every answer, and an answer when something breaks."""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import problem_of

LARGEST_BODY: Final = 256 * 1024
"""Bytes. Chart facts have some hundreds; nothing that people type comes near."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class SafeHeaders:
    """No answer is kept by a cache, guessed at by a browser or shown in a frame. A page names its own style sheet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class LastResort:
    """An exception that nobody expected becomes a 500 here. Servers would log it with its message, which may quote a
    person's data; `api.problem` logs its place alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noticing(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except Exception as error:  # noqa: BLE001 the one place where every bug has to be met
            response = problem_of(error).response()
            if started:
                # Half an answer is out: breaking off is all that can still be said.
                raise ConnectionAbortedError("The answer broke off.") from None
            await response(scope, receive, send)


class BodyLimit:
    """Reads the body before anything looks at it, and stops at the limit, whatever its length was said to be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        messages = [] if said.isdigit() and int(said) > LARGEST_BODY else await _read(receive)
        if not messages:
            await problem_of(HTTPException(413)).response()(scope, receive, send)
            return
        await self._app(scope, _again(messages, receive), send)


async def _read(receive: Receive) -> list[Message]:
    """The messages of the body; none when it is too large."""
    messages: list[Message] = []
    length = 0
    while not messages or messages[-1].get("more_body", False):
        messages.append(await receive())
        length += len(messages[-1].get("body", b""))
        if length > LARGEST_BODY:
            return []
    return messages


def _again(messages: Iterable[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def from_memory() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return from_memory
