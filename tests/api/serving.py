"""The application behind a web server on an address of its own, for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn

from stepdown.server import address_of, listen

SECONDS = 20


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Its address, such as `http://127.0.0.1:40123`. Requests under way are answered before this ends."""
    server = _Server(uvicorn.Config(app, log_config=None, log_level="warning", access_log=False, server_header=False))
    with listen("127.0.0.1", 0) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert server.listening.wait(SECONDS), "The server doesn't answer."
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join()
