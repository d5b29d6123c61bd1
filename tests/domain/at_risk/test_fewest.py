"""The fewest sessions are those that trying every choice finds, in far fewer tries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.at_risk import fewest as module
from domain.at_risk.fewest import Places, fewest
from tests.domain.compliance.evenings import MONDAY

Counts = Callable[[int], int]
"""What a rule counts, of a day's minutes."""


def minutes_count(minutes: int) -> int:
    return minutes


def day_counts(minutes: int) -> int:
    return int(minutes >= 60)


class Week:
    """Sessions by day, as spans of minutes that may overlap; it counts how often the worth of a day is asked for."""

    def __init__(self, spans: list[tuple[int, int, int]], counts: Counts) -> None:
        self.spans, self.counts, self.asked = spans, counts, 0
        self.days: dict[date, Places] = {}
        for place, (day, _, _) in enumerate(spans):
            on = MONDAY + timedelta(days=day)
            self.days[on] = (*self.days.get(on, ()), place)

    def worth(self, _day: date, places: Places) -> int:
        self.asked += 1
        return self.counts(len({n for p in places for n in range(self.spans[p][1], sum(self.spans[p][1:]))}))

    def value(self, places: Places) -> int:
        return sum(self.worth(day, tuple(p for p in of_day if p in places)) for day, of_day in self.days.items())

    def fewest(self, needed: int) -> Places:
        return fewest(self.days, self.worth, needed)

    def every_choice_tried(self, needed: int) -> Places:
        every = range(len(self.spans))
        choices = (chosen for size in range(len(self.spans) + 1) for chosen in combinations(every, size))
        return next(chosen for chosen in choices if self.value(chosen) >= needed)


spans = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 90), st.sampled_from([30, 45, 60, 61, 90])), max_size=7)


@settings(max_examples=300, deadline=None)
@given(spans=spans, counts=st.sampled_from([minutes_count, day_counts]), of=st.floats(0, 1))
def test_they_are_the_first_of_all_choices_that_suffice(
    spans: list[tuple[int, int, int]], counts: Counts, of: float
) -> None:
    week = Week(spans, counts)
    needed = round(week.value(tuple(range(len(spans)))) * of)
    assert week.fewest(needed) == week.every_choice_tried(needed)


@pytest.mark.parametrize(("a_day", "of"), [(1, 12), (2, 12), (3, 12), (12, 12), (1, 11), (2, 11), (3, 11)])
def test_twelve_of_twelve_takes_few_tries_and_so_do_eleven(a_day: int, of: int) -> None:
    """Every choice would be 4096 of them; seven days and more are no week, and count all the same."""
    week = Week([(n // a_day, n % a_day * 60, 45) for n in range(12)], minutes_count)
    assert week.fewest(of * 45) == tuple(range(of))
    assert week.asked <= 60


def test_of_a_day_with_very_many_none_that_is_named_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_A_DAY", 3)
    week = Week([(0, 0, 30), (0, 30, 60), (0, 60, 60), (0, 90, 40), (1, 0, 60)], minutes_count)
    found = week.fewest(150)
    assert week.value(found) >= 150
    assert all(week.value(tuple(p for p in found if p != left_out)) < 150 for left_out in found)
