"""The fewest sessions that reach a goal: exactly, and without trying every choice of them.

What the goals count adds up over days, and no day counts less for a session more. So choices are tried day by day, and
of those of as many sessions that count as much only one is carried on; what can't get there any more is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from itertools import combinations
from typing import Final, TypeAlias

MOST_A_DAY: Final = 12
"""Of so many sessions of one day, each of which could be left out, every choice is tried: 4096 of them."""

Places: TypeAlias = tuple[int, ...]
"""Sessions by their places in the order of the week, ascending."""
Worth: TypeAlias = Callable[[date, Places], int]
"""What a day counts where these of its sessions are attended. More sessions never count less."""


def fewest(days: Mapping[date, Places], worth: Worth, needed: int) -> Places:
    """The fewest places that count `needed` together, of several such choices the one with the next sessions. All of
    them have to suffice.

    Where a day has more than MOST_A_DAY that could be left out, whichever can be are, the last ones first: then none of
    the others can.
    """
    most = {day: worth(day, places) for day, places in days.items()}
    to_spare = sum(most.values()) - needed
    choices = {}
    for day, places in days.items():
        least = most[day] - to_spare
        needs = [place for place in places if worth(day, _without(places, place)) < least]
        if len(places) - len(needs) > MOST_A_DAY:
            return _without_the_last(days, worth, most, to_spare)
        choices[day] = _choices(places, needs, partial(worth, day), least)
    return _joined(choices, most, needed)


def _choices(places: Places, needs: list[int], worth: Callable[[Places], int], least: int) -> list[tuple[Places, int]]:
    """Those of one day with which the others can still suffice, and what each counts."""
    others = [place for place in places if place not in needs]
    found = []
    for size in range(len(others) + 1):
        for some in combinations(others, size):
            chosen = tuple(sorted((*needs, *some)))
            if (value := worth(chosen)) >= least:
                found.append((chosen, value))
    return found


def _joined(choices: Mapping[date, list[tuple[Places, int]]], most: Mapping[date, int], needed: int) -> Places:
    """Of choices of one size and value the one with the next sessions stays that, whatever other days add to it."""
    carried: dict[tuple[int, int], Places] = {(0, 0): ()}
    later = sum(most.values())
    for day, of_day in choices.items():
        later -= most[day]
        joined: dict[tuple[int, int], Places] = {}
        for (size, value), taken in carried.items():
            for chosen, more in of_day:
                if value + more + later < needed:
                    continue
                key = (size + len(chosen), min(value + more, needed))
                both = tuple(sorted((*taken, *chosen)))
                joined[key] = min(both, joined.get(key, both))
        carried = joined
    return min(carried.values(), key=lambda taken: (len(taken), taken))


def _without_the_last(days: Mapping[date, Places], worth: Worth, most: Mapping[date, int], to_spare: int) -> Places:
    kept, counts = dict(days), dict(most)
    for place, day in sorted(((place, day) for day, places in days.items() for place in places), reverse=True):
        fewer = _without(kept[day], place)
        lost = counts[day] - (value := worth(day, fewer))
        if lost <= to_spare:
            kept[day], counts[day], to_spare = fewer, value, to_spare - lost
    return tuple(sorted(place for places in kept.values() for place in places))


def _without(places: Places, left_out: int) -> Places:
    return tuple(place for place in places if place != left_out)
