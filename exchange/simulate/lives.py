"""Patients and their stays, as far as what happens next depends on them; and what all who tell of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from domain.chart.exit import DischargeReason
from domain.record import Person
from exchange.simulate.cohorts import Cohort, Timetable
from exchange.simulate.measuring import Tally
from exchange.simulate.rates import Rates
from exchange.simulate.staff import Staff
from exchange.simulate.telling import Stream, Telling, Told

_DAY: Final = timedelta(days=1)


@dataclass(slots=True, eq=False)
class Patient:
    """`inclined` is how likely a screen finds something in the first week; `stays` how many there were; the consent
    for the family holds up to `family_until`."""

    chart: Stream
    patient_id: UUID
    female: bool
    born_on: date
    substance: str
    diagnosis: str
    inclined: float
    stays: int = 0
    tpo_consent: UUID | None = None
    family_consent: UUID | None = None
    family_until: date = date.min
    prescribed: bool = False


@dataclass(slots=True, eq=False)
class Stay:
    """One episode, from the inquiry on, the patient's `number`-th.

    `seat`: the cohort that a seat is taken in by what is recorded, also before a change of cohort takes effect; `days`:
    the weekdays that the patient still comes on, None for all.
    """

    patient: Patient
    episode_id: UUID
    told_before: int
    number: int
    cohort: Cohort | None = None
    seat: Cohort | None = None
    clinician: Person | None = None
    comes: bool = True
    reason: DischargeReason = DischargeReason.COMPLETED
    target_days: int = 0
    since: date = date.min
    admitted_on: date | None = None
    last_service_on: date | None = None
    days: frozenset[int] | None = None
    on_hold: bool = False
    tapering: bool = False
    stepping: bool = False
    reduced: bool = False
    gone: bool = False
    ended: bool = False
    missed_in_row: int = 0
    screened_in: date | None = None
    due_screen: UUID | None = None
    goals: list[UUID] = field(default_factory=list)
    alone: int = 0
    weeks: int = 0

    @property
    def chart(self) -> Stream:
        return self.patient.chart

    @property
    def is_last(self) -> bool:
        """Whether the patient hasn't come back since."""
        return self.number == self.patient.stays

    @property
    def active(self) -> bool:
        """Admitted, neither on hold nor tapering nor left."""
        return self.admitted_on is not None and not (self.on_hold or self.tapering or self.ended or self.gone)

    def expected_on(self, on: date, *, moved: bool = False) -> bool:
        """Whether the patient is to come to the cohort's sessions of a day."""
        if self.ended or self.on_hold or on < self.since:
            return False
        return moved or self.days is None or on.weekday() in self.days


@dataclass(slots=True, eq=False)
class Site:
    """What everybody who tells of a site shares. `closed` are its holidays."""

    telling: Telling
    staff: Staff
    timetable: Timetable
    rates: Rates
    tally: Tally
    closed: dict[date, str]
    stays: list[Stay] = field(default_factory=list)
    guests: list[Stay] = field(default_factory=list)
    _agenda: dict[date, list[Callable[[date], Any]]] = field(default_factory=dict)

    def later(self, on: date, then: Callable[[date], Any]) -> None:
        """To be done on the first working day from a date on."""
        while on.weekday() > 4 or on in self.closed:
            on += _DAY
        self._agenda.setdefault(on, []).append(then)

    def on_date(self, on: date, then: Callable[[date], Any]) -> None:
        """To be done on that very date."""
        self._agenda.setdefault(on, []).append(then)

    def give_back(self, stay: Stay, on: date) -> None:
        """The seat is free for who is enrolled on a later day."""
        seat = stay.seat
        if seat is not None:
            self.on_date(on + _DAY, lambda _: seat.give_back())

    def due(self, on: date) -> list[Callable[[date], Any]]:
        return self._agenda.pop(on, [])

    def note(self, stay: Stay, on: date, hour: int, minute: int, fact: Any, by: Person | None = None) -> Told:
        """In the chart, by the treating clinician where nobody else is named."""
        who = by or stay.clinician
        if who is None:
            raise ValueError("Nobody treats this patient yet: name who records it.")
        return self.telling.tell(self.telling.at(on, hour, minute), stay.chart, who, fact)
