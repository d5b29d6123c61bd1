"""What is asked at the same time is carried out together: a round trip to the database for many, not for each.

One round at a time; everything that comes while it is under way goes into the next. So nobody is answered by a round
that began before they asked, and nobody waits for more than two.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from threading import Condition, Lock, local
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from store.errors import Unavailable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

LARGEST_ROUND: Final = 500
"""How many are carried out together, at most."""

ROUNDS: Final = 20
"""How many rounds a thread goes on for the same ones before others who share it have their turn."""

LINGER: Final = 0.001
"""Seconds that a round waits, at most, for those who asked with the last one and may be back at once. Where two
processes answer sixteen clients, a round of four costs either, and the database, nearly what a round of eight does."""

LONGEST_REST: Final = 64
"""Rounds. When not even half came of those that were waited for, the next one doesn't wait, then the next two, four …,
up to so many: clients that take their time between questions are not slowed down by each other."""

WAIT_SECONDS: Final = 30.0
"""How long somebody waits: longer than the database lets anybody wait for a lock or a connection."""

_UNKNOWN: Final = "The database takes too long to answer: whether this was recorded isn't known, try again."
_NOT_RECORDED: Final = "The database takes too long to answer: nothing was recorded, try again."
_NO_THREAD: Final = "This server can't begin anything new at present: nothing was recorded, try again."


class Asked(Future[Answer]):
    """What somebody waits for. `records`: something may be on record once it has begun, also without an answer."""

    def __init__(self, *, records: bool) -> None:
        super().__init__()
        self.records = records
        self.sleepers: Sleepers | None = None
        """Where they sleep, if it is on an event loop."""


class Sleepers:
    """Those who wait on one event loop. It is called once for all whom a round has answered, not for each."""

    def __init__(self) -> None:
        self._answered: deque[asyncio.Future[None]] = deque()

    def sleep(self, asked: Asked[Any], loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """Done when that is."""
        sleeper: asyncio.Future[None] = loop.create_future()
        asked.sleepers = self
        asked.add_done_callback(lambda _: self._answered.append(sleeper))
        if asked.done():
            _wake(sleeper)
        return sleeper

    def call(self) -> None:
        """From any thread, once those who are answered are noted."""
        # Others may be waking them already; a loop that has ended has nobody left to wake.
        with suppress(IndexError, RuntimeError):
            self._answered[0].get_loop().call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        while self._answered:
            _wake(self._answered.popleft())


def _wake(sleeper: asyncio.Future[None]) -> None:
    # Whoever has gone meanwhile needn't be.
    if not sleeper.done():
        sleeper.set_result(None)


class _Here(local):
    """Of a thread: the event loop that it ran last, and who sleeps there."""

    loop: asyncio.AbstractEventLoop | None = None
    sleepers: Sleepers


_HERE: Final = _Here()


def _call(asked: Iterable[Asked[Any]]) -> None:
    """What was asked is answered: those who sleep on event loops are told."""
    for sleepers in {one.sleepers for one in asked if one.sleepers is not None}:
        sleepers.call()


class Together(Generic[Question, Answer]):
    """`carry_out` gets what was asked, in order, and gives each its answer, or the error that is for this one alone;
    what it raises, all of them get. `records`: whether it writes, or only looks.

    Its rounds are run by `threads`, which several may share. Thread-safe.
    """

    def __init__(
        self,
        threads: Executor,
        carry_out: Callable[[Sequence[Question]], Sequence[Answer | Exception]],
        *,
        records: bool = True,
    ) -> None:
        self._threads = threads
        self._carry_out = carry_out
        self._records = records
        self._waiting: list[tuple[Question, Asked[Answer]]] = []
        self._under_way = False
        self._turn = 0
        self._lock = Lock()
        self._filled = Condition(self._lock)
        self._expected = 1
        self._rest, self._next_rest = 0, 1

    def begin(self, question: Question) -> Asked[Answer]:
        """Asks, and doesn't wait: see `answered` and `awaited`."""
        asked: Asked[Answer] = Asked(records=self._records)
        with self._lock:
            self._waiting.append((question, asked))
            if self._under_way:
                if len(self._waiting) == self._expected:
                    self._filled.notify()
                return asked
            self._under_way = True
        self._submit()
        return asked

    def _submit(self) -> None:
        """Where no thread can be had, all who wait are told, and the next one who asks tries again."""
        with self._lock:
            self._turn += 1
            turn = self._turn
        try:
            self._threads.submit(self._rounds, turn)
        except RuntimeError:
            with self._lock:
                # An executor that can't start a thread has put this in its queue all the same: not to be run then.
                self._turn += 1
                self._under_way = False
                refused, self._waiting = self._waiting, []
            for _, waiter in refused:
                if waiter.set_running_or_notify_cancel():
                    waiter.set_exception(Unavailable(_NO_THREAD))
            _call(waiter for _, waiter in refused)

    def _rounds(self, turn: int) -> None:
        for _ in range(ROUNDS):
            with self._lock:
                if turn != self._turn:
                    return
                self._linger()
                taken, self._waiting = self._waiting[:LARGEST_ROUND], self._waiting[LARGEST_ROUND:]
                if not taken:
                    self._under_way = False
                    return
            self._round(taken)
            with self._lock:
                came = len(taken) + len(self._waiting)
                self._expected = min(LARGEST_ROUND, max(came, (self._expected + 1) // 2))
        self._submit()

    def _linger(self) -> None:
        """For as many as came to the last round and since it began, unless nobody is here, or that was in vain lately.
        Called with the lock."""
        here = len(self._waiting)
        if not 0 < here < self._expected:
            return
        if self._rest:
            self._rest -= 1
            return
        until = monotonic() + LINGER
        while len(self._waiting) < self._expected and (left := until - monotonic()) > 0:
            self._filled.wait(left)
        if 2 * (len(self._waiting) - here) < self._expected - here:
            self._rest, self._next_rest = self._next_rest, min(2 * self._next_rest, LONGEST_REST)
        else:
            self._next_rest = 1

    def _round(self, taken: Sequence[tuple[Question, Asked[Answer]]]) -> None:
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
                    # Raised in many threads, one error would gather the traces of all of them.
                    waiter.set_exception(_another(error))
        finally:
            _call(waiter for _, waiter in asked)


def _another(error: BaseException) -> BaseException:
    """The same error. Not made by its class, which may make its message from other words than these."""
    kind = type(error)
    other = kind.__new__(kind, *error.args)
    other.__dict__.update(error.__dict__)
    other.__cause__, other.__context__ = error.__cause__, error.__context__
    other.__suppress_context__ = error.__suppress_context__
    return other.with_traceback(error.__traceback__)


def answered(asked: Asked[Answer]) -> Answer:
    """Waits for an answer in a thread. Raises what came up; Unavailable when it takes too long."""
    try:
        return asked.result(WAIT_SECONDS)
    except TimeoutError:
        raise _too_long(asked) from None


async def awaited(asked: Asked[Answer]) -> Answer:
    """The same on an event loop, which goes on meanwhile."""
    loop = asyncio.get_running_loop()
    if _HERE.loop is not loop:
        _HERE.loop, _HERE.sleepers = loop, Sleepers()
    sleeper = _HERE.sleepers.sleep(asked, loop)
    alarm = loop.call_later(WAIT_SECONDS, _wake, sleeper)
    try:
        await sleeper
    except asyncio.CancelledError:
        asked.cancel()
        raise
    finally:
        alarm.cancel()
    if not asked.done():
        raise _too_long(asked)
    return asked.result()


def _too_long(asked: Asked[Answer]) -> Unavailable:
    """What hasn't begun never will; what only looks has recorded nothing."""
    if asked.cancel() or not asked.records:
        return Unavailable(_NOT_RECORDED)
    return Unavailable(_UNKNOWN, recorded=None)
