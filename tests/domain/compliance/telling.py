"""A small site around one week, drawn at random: its cohorts, its staff, its sessions and what became of them.

Nothing is judged here, which makes a history in milliseconds. What was entered in error is struck before anything else
is recorded in that stream, so that each cut through the ledger is a history, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from domain.chart.exit import Discharged, DischargeVoided
from domain.cohort import CohortClosed, CohortFormed, CohortScheduleChanged
from domain.session import (
    CancellationCause,
    Modality,
    SessionCancelled,
    SessionHeld,
    SessionKind,
    SessionRescheduled,
    SessionScheduled,
    SessionTimesCorrected,
    StaffPresence,
)
from domain.staff import CredentialEnded, StaffCredentialed
from domain.week import Week
from tests.domain.program import ZONE, Program

T = TypeVar("T")

WEEKS = ("2026-W10", "2026-W11", "2026-W44", "2026-W45", "2026-W21")
"""With the clock put forward on a Sunday, after that, put back on a Sunday, after that, and none of it."""
FACILITY = "facility/lexington"
EVENINGS = ("mon", "tue", "thu")
PATTERNS = (EVENINGS, ("mon", "wed", "fri"), ("thu",), ("sat", "sun"), ("mon", "tue", "wed", "thu", "fri"))
ONE_TO_ONE = (SessionKind.INDIVIDUAL, SessionKind.CRISIS, SessionKind.CASE_MANAGEMENT)
GROUPS = (
    SessionKind.GROUP,
    SessionKind.FAMILY,
    SessionKind.FAMILY,
    SessionKind.PSYCHOEDUCATION,
    SessionKind.AFTERCARE,
    SessionKind.ALUMNI,
)
STARTS = ("18:00", "18:00", "19:00", "09:00", "14:00", "22:30", "23:30", "00:30", "01:30")
MINUTES = (180, 180, 180, 60, 90, 120, 179, 181, 240)
SLIPS = (*(0,) * 8, -1, 1, -60, 60, 90, -1200, 1200, 3600, -3600)
"""Seconds by which things come early or late."""
LATENESS = (60, 60, 60, 3600, 30 * 3600, 90 * 3600, 200 * 3600)
"""Seconds from when it happened to when it is recorded."""
LIFE_OF_A_SESSION = (
    *("held",) * 14,
    *("planned", "cancelled", "revived", "moved", "moved back", "struck", "cancelled late"),
)


@dataclass
class Sat:
    """A session as told: its id, kind, cohort, when it was planned, and whom to note as its staff."""

    session_id: UUID
    kind: SessionKind
    cohort_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    held: tuple[datetime, datetime] | None = None


class Teller:
    """Draws, and records what was drawn some time after it happened, stream by stream in the order of telling."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.program = Program()
        self.week = Week.parse(self.one_of(WEEKS))
        self.monday = self.week.monday
        self._last: dict[str, datetime] = {}

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.draw(st.integers(0, len(choices) - 1))]

    def up_to(self, most: int) -> int:
        return self.draw(st.integers(0, most))

    def now_and_then(self, times: int, of: int = 10) -> bool:
        """The simplest answer is no."""
        return self.draw(st.integers(0, of - 1)) >= of - times

    def day(self, first: int, last: int) -> date:
        """So many days from the week's Monday."""
        return self.monday + timedelta(days=self.draw(st.integers(first, last)))

    def records(self, stream: str, fact: Any, happened: datetime | None = None) -> int:
        """The version of the fact, now on record. Without a moment it is recorded early."""
        soonest = self._last.get(stream, datetime(2026, 1, 2, tzinfo=UTC)) + timedelta(seconds=1)
        at = soonest if happened is None else max(soonest, happened + timedelta(seconds=self.one_of(LATENESS)))
        self._last[stream] = at
        return self.program.record(stream, fact, at)

    def strikes(self, stream: str, version: int, happened: datetime | None = None) -> None:
        soonest = self._last[stream] + timedelta(seconds=1)
        at = soonest if happened is None else max(soonest, happened + timedelta(seconds=self.one_of(LATENESS)))
        self._last[stream] = at
        self.program.strike(stream, version, at)

    def tells(self, stream: str, fact: Any, on: date) -> bool:
        """Whether it stays on record: else it is struck as entered in error before anything else is recorded."""
        noon = datetime.combine(on, time(12), tzinfo=ZONE)
        version = self.records(stream, fact, noon)
        stays = not self.now_and_then(1)
        if not stays and isinstance(fact, Discharged):
            voided = DischargeVoided(corrects=version, episode_id=fact.episode_id)
            again = self.records(stream, voided, noon)
            stays = self.now_and_then(2)
            if stays:
                self.strikes(stream, again, noon)
        elif not stays:
            self.strikes(stream, version, noon)
        return stays


# ---- the site


def cohorts(teller: Teller) -> list[UUID]:
    found = []
    for weekdays in (EVENINGS, teller.one_of(PATTERNS)):
        cohort_id = teller.program.new_id()
        stream = f"cohort/{cohort_id}"
        found.append(cohort_id)
        formed_on = date(2025, 12, 1) if not teller.now_and_then(1) else teller.day(-3, 5)
        fields = {"weekdays": weekdays, "starts": "18:00", "ends": "21:00"}
        teller.records(stream, CohortFormed(name="Evening", program="iop", capacity=12, on=formed_on, **fields))
        for _ in range(teller.up_to(2) if teller.now_and_then(4) else 0):
            fields["weekdays"] = teller.one_of(PATTERNS)
            teller.tells(stream, CohortScheduleChanged(effective_on=teller.day(-3, 7), **fields), teller.day(-9, 7))
        if teller.now_and_then(1):
            teller.tells(stream, CohortClosed(on=teller.day(-3, 6)), teller.day(-9, 6))
    return found


def staff(teller: Teller) -> list[UUID]:
    """Some have credentials; one has none, one isn't listed, some have one that ends around the week."""
    people = [teller.program.new_id() for _ in range(6)]
    until = (None, None, teller.day(-1, 6), None, None)
    for n, (key, last) in enumerate(zip(people, until, strict=False)):
        first = date(2020, 1, 1) if n != 4 else teller.day(-1, 6)
        credential = None if n == 3 else "LCADC"
        line = StaffCredentialed(
            staff_id=key, name="N.", role="counselor", credential=credential, valid_from=first, valid_to=last
        )
        teller.records(FACILITY, line)
    if teller.now_and_then(4):
        on = teller.day(-1, 6)
        teller.tells(FACILITY, CredentialEnded(staff_id=people[1], credential="LCADC", on=on, reason="Moved."), on)
    return people


def at(on: date, clock: str) -> datetime:
    """A local time of a date, as an instant."""
    return datetime.combine(on, time.fromisoformat(clock), tzinfo=ZONE).astimezone(UTC)


def slipped(teller: Teller, first: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Both a little off; as planned where nothing would be left."""
    began = first + timedelta(seconds=teller.one_of(SLIPS))
    ended = end + timedelta(seconds=teller.one_of(SLIPS))
    return (began, ended) if began < ended else (first, end)


def session(
    teller: Teller, on: date, clock: str, minutes: int, kind: SessionKind, cohort_id: UUID | None, people: list[UUID]
) -> Sat:
    starts_at = at(on, clock)
    sat = Sat(teller.program.new_id(), kind, cohort_id, starts_at, starts_at + timedelta(minutes=minutes))
    stream = f"session/{sat.session_id}"
    modality = teller.one_of(list(Modality))
    plan = SessionScheduled(
        cohort_id=cohort_id, kind=kind, starts_at=sat.starts_at, ends_at=sat.ends_at, modality=modality
    )
    teller.records(stream, plan)
    life = teller.one_of(LIFE_OF_A_SESSION)
    if life in ("cancelled", "revived"):
        version = teller.records(stream, SessionCancelled(cause=CancellationCause.WEATHER), starts_at)
        if life == "cancelled":
            return sat
        teller.strikes(stream, version, starts_at)
    if life in ("moved", "moved back"):
        moved = at(on + timedelta(days=teller.one_of((0, 1, -1, 2, 7, -7))), teller.one_of(STARTS))
        fact = SessionRescheduled(starts_at=moved, ends_at=moved + timedelta(minutes=minutes))
        version = teller.records(stream, fact, starts_at)
        if life == "moved back":
            teller.strikes(stream, version, starts_at)
        else:
            sat.starts_at, sat.ends_at = fact.starts_at, fact.ends_at
    if life != "planned":
        takes_place(teller, sat, stream, people)
    if life == "struck":
        struck_holding(teller, sat, stream, people)
    if life == "cancelled late":
        version = teller.records(stream, SessionCancelled(cause=CancellationCause.OTHER), sat.ends_at)
        if teller.now_and_then(5):
            teller.strikes(stream, version, sat.ends_at)
    return sat


def takes_place(teller: Teller, sat: Sat, stream: str, people: list[UUID]) -> None:
    """Held, and perhaps the times are corrected, and the correction taken back."""
    began, ended = slipped(teller, sat.starts_at, sat.ends_at)
    there = presences(teller, people, began, ended)
    teller.records(stream, SessionHeld(started_at=began, ended_at=ended, staff=there), ended)
    sat.held = (began, ended)
    while teller.now_and_then(1):
        began, ended = slipped(teller, sat.starts_at, sat.ends_at)
        anew = SessionTimesCorrected(started_at=began, ended_at=ended, staff=presences(teller, people, began, ended))
        version = teller.records(stream, anew, ended)
        if teller.now_and_then(4):
            teller.strikes(stream, version, ended)


def struck_holding(teller: Teller, sat: Sat, stream: str, people: list[UUID]) -> None:
    entries = teller.program.streams[stream]
    for entry in list(entries):
        if isinstance(entry.fact, SessionHeld | SessionTimesCorrected) and not any(
            getattr(e.fact, "target", None) == entry.version for e in entries
        ):
            teller.strikes(stream, entry.version, sat.ends_at)
    if teller.now_and_then(5):
        takes_place(teller, sat, stream, people)


def presences(teller: Teller, people: list[UUID], began: datetime, ended: datetime) -> tuple[StaffPresence, ...]:
    """Up to four stays, of the same person also, within the interval and beyond it."""
    found: list[StaffPresence] = []
    for _ in range(teller.up_to(4) if people else 0):
        first, last = slipped(teller, began, ended)
        key = found[-1]["staff_id"] if found and teller.now_and_then(4) else teller.one_of(people)
        stay: Any = {"staff_id": key, "role": "lead", "from": first, "to": last}
        found.append(stay)
    return tuple(found)
