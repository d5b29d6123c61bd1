"""A site, day by day: everything that happens there is told on its day, and recorded in the order of its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.record import Recorded
from exchange.simulate.care import Care
from exchange.simulate.cohorts import SEATS, Timetable
from exchange.simulate.entry import Entry
from exchange.simulate.evenings import Evenings
from exchange.simulate.leaving import Leaving
from exchange.simulate.lives import Site
from exchange.simulate.measuring import Tally
from exchange.simulate.rates import USUAL, Rates
from exchange.simulate.screens import Screens
from exchange.simulate.staff import Staff
from exchange.simulate.telling import Telling
from exchange.simulate.year import holidays

LAST: Final = date(2026, 5, 10)
"""The Sunday on which a run ends, as the sample program does: facts of any number of weeks lie in the past."""

_DAY: Final = timedelta(days=1)
_CITIES: Final = (("lexington", "America/New_York"), ("louisville", "America/Kentucky/Louisville"))

_SEAT_WEEKS: Final = 5.9
"""How long a seat is taken, on average."""
_FILLED: Final = 0.85
"""Of the seats there are, so many are taken in the middle of a run."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is told of a site: so many patients who call for the first time, over so many weeks up to `last`, a Sunday
    that is over."""

    ledger: str
    zone: str
    patients: int
    weeks: int
    seed: int
    last: date = LAST
    rates: Rates = USUAL

    @property
    def cohorts(self) -> int:
        """So many that few have to wait."""
        taken = self.patients / self.weeks * _SEAT_WEEKS
        return max(1, -(-int(taken) // int(SEATS * _FILLED)))


def programs(
    facilities: int, *, patients: int, weeks: int, seed: int, last: date = LAST, rates: Rates = USUAL
) -> list[Program]:
    """In both cities in turn: `lexington`, `louisville`, `lexington-2` …; patients of each."""
    made = []
    for number in range(facilities):
        city, zone = _CITIES[number % len(_CITIES)]
        again = number // len(_CITIES) + 1
        ledger = city if again == 1 else f"{city}-{again}"
        made.append(
            Program(ledger=ledger, zone=zone, patients=patients, weeks=weeks, seed=seed, last=last, rates=rates)
        )
    return made


def lives(program: Program, tally: Tally) -> Iterator[Recorded]:
    """The facts of a site in the order of their recording, by every rule; `tally` counts along.

    Nothing is kept but what is still to come: who is in care, and the facts of some days.
    """
    last = program.last
    first = last + _DAY - timedelta(weeks=program.weeks)
    closed = dict(holidays(first, last))
    telling = Telling(program.ledger, program.zone, program.seed)
    name = f"{program.ledger.replace('-', ' ').title()} IOP (synthetic)"
    staff = Staff(telling, name, first, last)
    timetable = Timetable(telling, staff, program.cohorts, first, closed)
    site = Site(telling, staff, timetable, program.rates, tally, closed)
    entry, screens = Entry(site), Screens(site)
    leaving = Leaving(site, entry, last)
    evenings, care = Evenings(site, screens, leaving), Care(site, leaving)
    timetable.plan(first, telling.at(first - 4 * _DAY, 15))
    calls: dict[date, int] = {}
    for n in range(program.weeks * 7):
        on = first + n * _DAY
        if n % 7 == 0:
            calls = _calls(site, program, n // 7, on)
        _morning(site, entry, on)
        if on.weekday() == 3:
            timetable.plan(on + 4 * _DAY, telling.at(on, 15))
        timetable.morning(on)
        if on.weekday() < 5:
            screens.draw(on)
        for _ in range(calls.get(on, 0)):
            entry.call(on)
        evenings.take_place(on)
        if on.weekday() == 4:
            care.friday(on)
        timetable.forget(on)
        yield from telling.until(telling.at(on + _DAY, 0))


def _morning(site: Site, entry: Entry, on: date) -> None:
    site.staff.morning(on)
    for then in site.due(on):
        then(on)
    if on.weekday() < 5 and on not in site.closed:
        entry.morning(on)


def _calls(site: Site, program: Program, week: int, monday: date) -> dict[date, int]:
    """How many call for the first time on each day of a week."""
    new = program.patients * (week + 1) // program.weeks - program.patients * week // program.weeks
    days = [on for n in range(5) if (on := monday + n * _DAY) not in site.closed]
    found: dict[date, int] = {}
    for _ in range(new):
        on = site.telling.random.choice(days)
        found[on] = found.get(on, 0) + 1
    return found
