"""What is asked at the same time is carried out together: a round trip to the database for many, not for each.

One round at a time; everything that comes while it is under way goes into the next. So nobody is answered by a round
that began before they asked, and nobody waits for more than two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from threading import Lock
from typing import Final, Generic, TypeVar

from store.errors import Unavailable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LARGEST_ROUND: Final = 500
"""How many are carried out together, at most."""

ROUNDS: Final = 20
"""How many rounds a thread goes on for the same ones before others who share it have their turn."""

WAIT_SECONDS: Final = 30.0
"""How long somebody waits: longer than the database lets anybody wait for a lock or a connection."""

_TOO_LONG: Final = "The database takes too long to answer: whether this was recorded isn't known, try again."


class Together(Generic[Question, Answer]):
    """`carry_out` gets what was asked, in order, and gives each its answer, or the error that is for this one alone;
    what it raises, all of them get.

    Its rounds are run by `threads`, which several may share. Thread-safe.
    """

    def __init__(
        self, threads: Executor, carry_out: Callable[[Sequence[Question]], Sequence[Answer | Exception]]
    ) -> None:
        self._threads = threads
        self._carry_out = carry_out
        self._waiting: list[tuple[Question, Future[Answer]]] = []
        self._under_way = False
        self._lock = Lock()

    def begin(self, question: Question) -> Future[Answer]:
        """Asks, and doesn't wait: see `answered` and `awaited`."""
        asked: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((question, asked))
            if self._under_way:
                return asked
            self._under_way = True
        self._threads.submit(self._rounds)
        return asked

    def _rounds(self) -> None:
        for _ in range(ROUNDS):
            with self._lock:
                taken, self._waiting = self._waiting[:LARGEST_ROUND], self._waiting[LARGEST_ROUND:]
                if not taken:
                    self._under_way = False
                    return
            self._round(taken)
        self._threads.submit(self._rounds)

    def _round(self, taken: Sequence[tuple[Question, Future[Answer]]]) -> None:
        # Whoever has gone meanwhile is not carried out.
        asked = [(question, waiter) for question, waiter in taken if waiter.set_running_or_notify_cancel()]
        try:
            if asked:
                answers = self._carry_out([question for question, _ in asked])
                for (_, waiter), answer in zip(asked, answers, strict=True):
                    if isinstance(answer, Exception):
                        waiter.set_exception(answer)
                    else:
                        waiter.set_result(answer)
        except BaseException as error:  # noqa: BLE001 whatever it is, nobody may be left waiting
            for _, waiter in asked:
                if not waiter.done():
                    waiter.set_exception(error)


def answered(asked: Future[Answer]) -> Answer:
    """Waits for an answer in a thread. Raises what came up; Unavailable when it takes too long."""
    try:
        return asked.result(WAIT_SECONDS)
    except TimeoutError:
        raise Unavailable(_TOO_LONG, recorded=None) from None


async def awaited(asked: Future[Answer]) -> Answer:
    """The same on an event loop, which goes on meanwhile."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            return await asyncio.wrap_future(asked)
    except TimeoutError:
        raise Unavailable(_TOO_LONG, recorded=None) from None
