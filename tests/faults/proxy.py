"""A proxy between the store and its Postgres that breaks connections where it hurts.

It listens on loopback and passes on to the server's unix socket. Of the wire protocol it reads as much as it takes to
tell an append from a read and to find its COMMIT, which a client sends in one go with all that comes before it: there
the answer that a client waits for and what the server has done come apart.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

SSL_REQUEST: Final = 80877103
GSS_REQUEST: Final = 80877104

FACTS: Final = b"INSERT INTO fact"
"""What marks a transaction as an append."""

_LOST: Final = (ConnectionError, asyncio.IncompleteReadError)


class Fault(StrEnum):
    """What befalls the connection of an append."""

    MID_STATEMENT = "cut in the middle of the message that carries the facts"
    BEFORE_COMMIT = "cut before COMMIT reaches the server"
    AFTER_COMMIT = "cut once the server has committed, before it says so to the client"
    HALF_ANSWERED = "cut in the middle of the answer: COMMIT is said to be done, and the end doesn't come"
    SLOW_COMMIT = "COMMIT reaches the server late, while it holds its locks"
    SLOW_ANSWER = "the answer to COMMIT comes late"
    SILENT_BEFORE = "silent before COMMIT reaches the server, and never closed"
    SILENT_AFTER = "silent once the server has committed, and never closed"


@dataclass(slots=True)
class _Session:
    """One client's connection, and what is known of the transaction in it."""

    client: asyncio.StreamReader
    to_client: asyncio.StreamWriter
    server: asyncio.StreamReader
    to_server: asyncio.StreamWriter
    statements: dict[bytes, bytes] = field(default_factory=dict)
    fault: Fault | None = None
    appends: bool = False
    committing: bool = False
    ways: tuple[asyncio.Future[None], ...] = ()

    def cut(self) -> None:
        """As a network does it: at once, without goodbye."""
        self.to_client.transport.abort()
        self.to_server.transport.abort()


class Proxy:
    """Use as a context manager. `app_url` is a libpq URL of a server on a unix socket; `url` the same, through here.

    `plan(faults)` says what befalls the next appends, one each, in the order in which they come; None spares one.
    """

    def __init__(self, app_url: str, *, delay_seconds: float = 0.3) -> None:
        parts = urlsplit(app_url)
        where = parse_qs(parts.query)
        self._socket = f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}"
        self._login = parts
        self._delay_seconds = delay_seconds
        self._plan: deque[Fault | None] = deque()
        self._turn = threading.Lock()
        self._struck: list[Fault] = []
        self._sessions: dict[asyncio.Task[None], _Session] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._silent = False
        self._refuses = False
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=64), self._loop
        ).result(10)
        host, port = self._server.sockets[0].getsockname()
        login = f"{self._login.username}:{self._login.password}@{host}:{port}"
        self.url = f"postgresql://{login}{self._login.path}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        served = list(self._sessions)
        await self._cut_all()
        await asyncio.gather(*served)

    def plan(self, faults: Sequence[Fault | None]) -> None:
        with self._turn:
            self._plan.extend(faults)

    @property
    def struck(self) -> list[Fault]:
        """The faults that came to pass so far."""
        with self._turn:
            return list(self._struck)

    @property
    def left(self) -> int:
        """How many of the planned appends haven't come yet."""
        with self._turn:
            return len(self._plan)

    def fall_silent(self, silent: bool = True) -> None:
        """From now on nothing passes in any connection, nor in new ones; none of them is closed."""
        self._silent = silent

    def hang_up(self) -> None:
        """Cuts every connection that there is."""
        asyncio.run_coroutine_threadsafe(self._cut_all(), self._loop).result(10)

    def refuse(self) -> None:
        """From now on nobody is let in, and who is in is cut off."""
        self._refuses = True
        self.hang_up()

    async def _cut_all(self) -> None:
        for session in self._sessions.values():
            session.cut()
            for way in session.ways:
                way.cancel()

    def _strike(self, session: _Session) -> None:
        with self._turn:
            if session.fault is not None:
                self._struck.append(session.fault)
        session.fault = None

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise AssertionError("A connection is served by a task of its own.")
        try:
            if self._refuses:
                raise ConnectionRefusedError
            server, to_server = await asyncio.open_unix_connection(self._socket)
        except OSError:
            to_client.transport.abort()
            return
        session = self._sessions[task] = _Session(client, to_client, server, to_server)
        session.ways = asyncio.ensure_future(self._upward(session)), asyncio.ensure_future(self._downward(session))
        await asyncio.wait(session.ways, return_when=asyncio.FIRST_COMPLETED)
        for way in session.ways:
            way.cancel()
        await asyncio.gather(*session.ways, return_exceptions=True)
        session.cut()
        del self._sessions[task]

    async def _upward(self, session: _Session) -> None:
        with suppress(*_LOST):
            await self._begin(session)
            while True:
                head = await session.client.readexactly(5)
                body = await session.client.readexactly(struct.unpack(">I", head[1:])[0] - 4)
                await self._hold()
                if not await self._watch(session, head[:1], head + body):
                    return
                session.to_server.write(head + body)
                await session.to_server.drain()

    async def _begin(self, session: _Session) -> None:
        """The first message of a connection has no type. Encryption is declined, so that the rest can be read."""
        while True:
            size = await session.client.readexactly(4)
            body = await session.client.readexactly(struct.unpack(">I", size)[0] - 4)
            await self._hold()
            if struct.unpack(">I", body[:4])[0] not in (SSL_REQUEST, GSS_REQUEST):
                session.to_server.write(size + body)
                return
            session.to_client.write(b"N")

    async def _hold(self) -> None:
        while self._silent:
            await asyncio.sleep(0.02)

    async def _watch(self, session: _Session, kind: bytes, message: bytes) -> bool:
        """What a message of the client means, and the fault that is due before it. False when the connection is cut."""
        text = _statement(session.statements, kind, message)
        if text is None:
            return True
        if text.lstrip().startswith(FACTS) and not session.appends:
            session.appends = True
            with self._turn:
                session.fault = self._plan.popleft() if self._plan else None
            if session.fault is Fault.MID_STATEMENT:
                session.to_server.write(message[: len(message) // 2])
                await session.to_server.drain()
                return self._cut(session)
        elif text == b"COMMIT" and session.appends and not session.committing:
            session.committing = True
            if session.fault is Fault.BEFORE_COMMIT:
                return self._cut(session)
            await self._hold_up(session, slow=Fault.SLOW_COMMIT, silent=Fault.SILENT_BEFORE)
        return True

    async def _hold_up(self, session: _Session, *, slow: Fault, silent: Fault) -> None:
        if session.fault is slow:
            self._strike(session)
            await asyncio.sleep(self._delay_seconds)
        elif session.fault is silent:
            self._strike(session)
            await asyncio.Event().wait()

    def _cut(self, session: _Session) -> bool:
        self._strike(session)
        session.cut()
        return False

    async def _downward(self, session: _Session) -> None:
        with suppress(*_LOST):
            while True:
                head = await session.server.readexactly(5)
                body = await session.server.readexactly(struct.unpack(">I", head[1:])[0] - 4)
                await self._hold()
                if head[:1] == b"C" and body == b"COMMIT\0" and session.committing:
                    if session.fault is Fault.AFTER_COMMIT:
                        self._cut(session)
                        return
                    if session.fault is Fault.HALF_ANSWERED:
                        session.to_client.write(head + body)
                        self._cut(session)
                        return
                    await self._hold_up(session, slow=Fault.SLOW_ANSWER, silent=Fault.SILENT_AFTER)
                if head[:1] == b"Z":
                    self._over(session)
                session.to_client.write(head + body)
                await session.to_client.drain()

    def _over(self, session: _Session) -> None:
        """The transaction has ended; a fault that found no COMMIT (a conflict came first) waits for the next append."""
        with self._turn:
            if session.fault is not None:
                self._plan.appendleft(session.fault)
        session.fault, session.appends, session.committing = None, False, False


def _statement(statements: dict[bytes, bytes], kind: bytes, message: bytes) -> bytes | None:
    """The text that a message is about to run. Prepared ones are sent once, then named."""
    if kind == b"Q":
        return message[5:-1]
    if kind == b"P":
        name, text = message[5:].split(b"\0", 2)[:2]
        statements[name] = text
    elif kind == b"B":
        return statements.get(message[5:].split(b"\0", 2)[1])
    return None
