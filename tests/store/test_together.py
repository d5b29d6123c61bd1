"""What is asked while a round is under way is carried out together by the next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition, Event
from time import monotonic, sleep
from typing import Any

import pytest

from store import together as module
from store.errors import ClaimTaken, Unavailable, VersionConflict
from store.together import Asked, Together, answered, awaited


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


class Slow:
    """Answers with the question, and the number of the round; each round waits until it may."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.begun, self.may = Event(), Event()

    def __call__(self, questions: Sequence[int]) -> Sequence[tuple[int, int] | Exception]:
        self.rounds.append(list(questions))
        self.begun.set()
        self.may.wait(10)
        if -1 in questions:
            raise Unavailable("away")
        return [ValueError("odd") if one % 2 else (one, len(self.rounds)) for one in questions]


def test_whoever_asks_while_a_round_is_under_way_is_in_the_next(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)
    first = together.begin(0)
    slow.begun.wait(10)
    others = [together.begin(n) for n in (2, 4, 6)]
    slow.may.set()
    assert answered(first) == (0, 1)
    assert [answered(other) for other in others] == [(2, 2), (4, 2), (6, 2)]
    assert slow.rounds == [[0], [2, 4, 6]]


def test_a_round_waits_for_those_who_came_to_the_last_and_will_be_back(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    together = Together(threads, slow)
    first = together.begin(0)
    slow.begun.wait(10)
    others = [together.begin(n) for n in (2, 4, 6)]
    slow.may.set()
    for one in (first, *others):
        answered(one)
    # The second round waited for the first to come back, in vain: the next one doesn't wait.
    assert answered(together.begin(8)) == (8, 3)
    monkeypatch.setattr(module, "LINGER", 5.0)
    began = monotonic()
    again = []
    for n in (10, 12):
        again.append(together.begin(n))
        sleep(0.02)
    assert [answered(one) for one in again] == [(10, 4), (12, 4)]
    assert monotonic() - began < 2.5, "The round begins when all are here."


def test_who_does_not_come_back_is_waited_for_less_and_less(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients that take their time: now and then one asks while another is answered."""
    waits: list[float] = []

    class Filled:
        def __init__(self, lock: Any) -> None:
            self._filled = Condition(lock)

        def notify(self) -> None:
            self._filled.notify()

        def wait(self, seconds: float) -> None:
            waits.append(seconds)
            self._filled.wait(seconds)

    monkeypatch.setattr(module, "Condition", Filled)
    monkeypatch.setattr(module, "LINGER", 0.002)
    together = Together(threads, lambda asked: (sleep(0.003), asked)[1])
    for n in range(40):
        first = together.begin(n)
        sleep(0.001)
        second = together.begin(n)
        assert (answered(first), answered(second)) == (n, n)
    assert 1 <= len(waits) <= 12, "Of some eighty rounds."


def test_what_fails_fails_for_all_of_a_round_and_for_no_other(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)
    first = together.begin(0)
    slow.begun.wait(10)
    others = [together.begin(n) for n in (2, -1)]
    slow.may.set()
    assert answered(first) == (0, 1)
    for other in others:
        with pytest.raises(Unavailable, match="away"):
            answered(other)
    assert answered(together.begin(8)) == (8, 3)


def test_an_error_may_be_for_one_alone(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)
    first = together.begin(0)
    slow.begun.wait(10)
    odd, even = together.begin(3), together.begin(4)
    slow.may.set()
    assert answered(first) == (0, 1)
    with pytest.raises(ValueError, match="odd"):
        answered(odd)
    assert answered(even) == (4, 2)


def test_nobody_waits_for_ever(threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    slow = Slow()
    together = Together(threads, slow)
    asked = together.begin(0)
    with pytest.raises(Unavailable, match="too long") as refusal:
        answered(asked)
    assert refusal.value.recorded is None
    # Whoever gave up before a round began is not carried out, and knows it.
    with pytest.raises(Unavailable, match="too long to answer: nothing was recorded") as refusal:
        asyncio.run(_awaited(together.begin(2)))
    assert refusal.value.recorded is False
    with pytest.raises(Unavailable, match="too long to answer: nothing was recorded"):
        answered(together.begin(2))
    slow.may.set()
    monkeypatch.undo()
    assert answered(together.begin(4)) == (4, 2)
    assert slow.rounds == [[0], [4]]


async def _awaited(asked: Asked[tuple[int, int]]) -> tuple[int, int]:
    return await awaited(asked)


def test_a_look_that_takes_too_long_says_that_nothing_was_recorded(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.05)
    slow = Slow()
    asked = Together(threads, slow, records=False).begin(0)
    slow.begun.wait(10)
    with pytest.raises(Unavailable, match="nothing was recorded") as refusal:
        answered(asked)
    assert refusal.value.recorded is False
    slow.may.set()


async def _all_awaited(together: Together[int, tuple[int, int]], questions: Sequence[int]) -> list[Any]:
    waiting = [awaited(together.begin(question)) for question in questions]
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_many_on_an_event_loop_are_each_told_what_is_theirs(threads: ThreadPoolExecutor) -> None:
    """Round after round, errors too."""
    slow = Slow()
    slow.may.set()
    together = Together(threads, slow)
    for n in range(50):
        found = asyncio.run(_all_awaited(together, range(n, n + 20)))
        assert [one if isinstance(one, ValueError) else one[0] for one in found[n % 2 :: 2]] == list(
            range(n + n % 2, n + 20, 2)
        )
        assert all(isinstance(one, ValueError) for one in found[1 - n % 2 :: 2])


def test_event_loops_and_threads_that_wait_for_the_same_round_are_all_told(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)
    first = together.begin(0)
    slow.begun.wait(10)
    with ThreadPoolExecutor(4) as waiting:
        loops = [waiting.submit(lambda n: asyncio.run(_awaited(together.begin(n))), n) for n in (2, 4, 6)]
        other = waiting.submit(answered, together.begin(8))
        while len(together._waiting) < 4:
            sleep(0.001)
        slow.may.set()
        assert [one.result(10) for one in (*loops, other)] == [(2, 2), (4, 2), (6, 2), (8, 2)]
    assert answered(first) == (0, 1)


def test_what_is_answered_before_anybody_sleeps_is_told_at_once(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    slow.may.set()
    asked = Together(threads, slow).begin(2)
    assert answered(asked) == (2, 1)
    assert asyncio.run(_awaited(asked)) == (2, 1)


def test_whoever_is_called_off_is_not_carried_out_and_the_others_are(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)

    async def called_off() -> tuple[int, int]:
        together.begin(0)
        slow.begun.wait(10)
        gone = asyncio.ensure_future(awaited(together.begin(2)))
        stays = asyncio.ensure_future(awaited(together.begin(4)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        slow.may.set()
        return await stays

    assert asyncio.run(called_off()) == (4, 2)
    assert slow.rounds == [[0], [4]]


def test_an_event_loop_that_has_ended_keeps_nobody_from_an_answer(threads: ThreadPoolExecutor) -> None:
    slow = Slow()
    together = Together(threads, slow)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_awaited(together.begin(0)), 0.05))
    slow.may.set()
    assert answered(together.begin(2))[0] == 2
    assert asyncio.run(_awaited(together.begin(4)))[0] == 4


class Spent(ThreadPoolExecutor):
    """As the library's at its limit: what was given is in the queue, and no thread could be started for it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.spent = True

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        done = super().submit(*given, **named)
        if self.spent:
            raise RuntimeError("can't start new thread")
        return done


def test_where_no_thread_can_be_had_nobody_waits_and_the_next_one_tries_again() -> None:
    slow = Slow()
    slow.may.set()
    with Spent() as threads:
        together = Together(threads, slow)
        # The thread has something else to do until the refusal is out.
        held = Event()
        ThreadPoolExecutor.submit(threads, held.wait, 10)
        with pytest.raises(Unavailable, match="can't begin anything new") as refusal:
            answered(together.begin(0))
        assert refusal.value.recorded is False
        threads.spent = False
        asked = together.begin(2)
        held.set()
        assert answered(asked) == (2, 1)
    with pytest.raises(Unavailable, match="can't begin anything new"):
        answered(together.begin(4))


@pytest.mark.parametrize("error", [VersionConflict(), ClaimTaken("mrn"), Unavailable("away", recorded=None)])
def test_each_gets_an_error_of_its_own(threads: ThreadPoolExecutor, error: Exception) -> None:
    begun, may = Event(), Event()

    def fail(questions: Sequence[int]) -> Sequence[int]:
        begun.set()
        may.wait(10)
        raise error

    together = Together(threads, fail)
    first = together.begin(0)
    begun.wait(10)
    others = [together.begin(1), together.begin(2)]
    may.set()
    found = [one.exception(10) for one in (first, *others)]
    assert len({id(one) for one in found}) == 3
    for one in found:
        assert (type(one), str(one), vars(one)) == (type(error), str(error), vars(error))


def test_rounds_of_one_do_not_keep_others_from_the_thread(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_ROUND", 1)
    order: list[str] = []
    slow = Slow()

    def busy(questions: Sequence[int]) -> Sequence[tuple[int, int] | Exception]:
        order.append("busy")
        return slow(questions)

    def other(questions: Sequence[int]) -> Sequence[int]:
        order.append("other")
        return questions

    many = Together(threads, busy)
    waiting = [many.begin(0) for _ in range(3 * module.ROUNDS)]
    slow.begun.wait(10)
    once = Together(threads, other).begin(1)
    slow.may.set()
    assert answered(once) == 1
    assert [answered(one)[0] for one in waiting] == [0] * len(waiting)
    assert order.index("other") == module.ROUNDS
