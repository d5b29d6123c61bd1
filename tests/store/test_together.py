"""What is asked while a round is under way is carried out together by the next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from store import together as module
from store.errors import Unavailable
from store.together import Together, answered, awaited


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
    later = together.begin(2)
    with pytest.raises(Unavailable, match="too long"):
        asyncio.run(_awaited(later))
    slow.may.set()
    # Whoever gave up before a round began is not carried out.
    assert answered(together.begin(4)) == (4, 2)
    assert slow.rounds == [[0], [4]]


async def _awaited(asked: object) -> object:
    return await awaited(asked)  # type: ignore[arg-type]


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
