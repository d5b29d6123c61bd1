"""The web server in this process: listening before it says so, ending without a signal of its own."""

from __future__ import annotations

import errno
import gc
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final

import uvicorn

from stepdown.errors import Wrong
from stepdown.signals import ending_calls

GRACE_SECONDS: Final = 10
"""How long requests under way may go on after the server was told to end."""


@contextmanager
def made_to_stay() -> Iterator[None]:
    """What is imported and made in this block is there until the process ends. Looking for garbage in it is a third of
    what a server computes until it answers, and afterwards a part of every pause of the collector: until the first
    report, whose own keeping out of its sight ends this one (`exchange.keeping`)."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. `Wrong` says why it can't be had, before anything else is started."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Wrong(f"{host} is no address to listen on: {error.strerror}.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Bound only, two could have the port; listening, the second is refused at once.
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Wrong(f"Port {port} is in use: end what listens there, or choose another with --port.") from None
        raise Wrong(f"Can't listen on {host}, port {port}: {error.strerror}.") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """`http://127.0.0.1:8642`"""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Ends on SIGINT and SIGTERM like uvicorn's own, without raising the signal again: what is wired here
    is still to be closed, and being told to end is no failure."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with ending_calls(self.handle_exit):
            yield


def serve(app: Any, listener: socket.socket, *, listening: Callable[[], None], while_open: int | None = None) -> None:
    """Serves until SIGINT or SIGTERM, or until the other end of the pipe `while_open` is closed. `listening` is called
    once requests are answered."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, listening)
    if while_open is not None:
        Thread(target=_end_with, args=(while_open, server), name="pipe", daemon=True).start()
    server.run(sockets=[listener])


def _end_with(pipe: int, server: uvicorn.Server) -> None:
    while os.read(pipe, 1024):
        pass
    server.should_exit = True
