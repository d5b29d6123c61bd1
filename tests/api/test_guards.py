"""Around the application: what servers see when something breaks half-way."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from api.guards import LastResort


def run(app: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def call() -> None:
        await LastResort(app)({"type": "http"}, receive, send)

    anyio.run(call)
    return sent


def test_what_breaks_before_the_answer_is_answered_as_a_problem() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("Quillfeather")

    start, body = run(broken)
    assert start["status"] == 500
    assert b"Quillfeather" not in body["body"]


def test_what_breaks_in_the_middle_of_an_answer_breaks_off_without_its_message() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError("Quillfeather")

    with pytest.raises(ConnectionAbortedError) as raised:
        run(broken)
    assert "Quillfeather" not in str(raised.value)
    assert raised.value.__suppress_context__
