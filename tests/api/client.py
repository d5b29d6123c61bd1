"""A client that calls the application as a server would: many requests at a time, from any thread."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class Client:
    """Used as a context manager. Whatever the application raises comes out here: nothing may."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1")
        self._begun = start_blocking_portal()
        self._portal: BlockingPortal

    def __enter__(self) -> Self:
        self._portal = self._begun.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal.call(self._http.aclose)
        self._begun.__exit__(kind, error, trace)

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            return await self._http.request(method, path, **given)

        return self._portal.call(send)
