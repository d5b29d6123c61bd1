"""Acts in doubt: of somebody who, as the staff list says now, could not have signed for them on their day.

A credential that ends, even retroactively, strikes nothing, and neither does the strike of a line of the staff list:
what was done stands, and is flagged `credential_in_doubt` (rules, who may do what).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.acts import ACTS, INTERFACES, UNLISTED, Act
from domain.chart.signing import Signature
from domain.facility import Facility
from domain.record import Entry, Person, first_recorded_at
from domain.recording import act_date, staff_id
from domain.scene import Scene
from domain.week import local_date

_ANY: Final = Act(frozenset())
"""Of a fact that has no line: it needs no credential of its own."""


@dataclass(frozen=True, slots=True)
class Acted:
    """Who did what, and the dates on which a credential had to be valid for it."""

    by: Person
    act: Act
    dates: tuple[date, ...]


def acted(entry: Entry, zone: ZoneInfo, *, scheduled_end: datetime | None = None) -> Acted:
    """What an entry is as an act. `scheduled_end` is that of the session, for an absence."""
    recorded = first_recorded_at(entry)
    scene = Scene(ledger="", at=recorded, facility=Facility(zone=zone))
    on = act_date(entry.fact, scene, scheduled_end=scheduled_end)
    return _acted(entry.envelope.by, type(entry.fact).__name__, on, recorded, zone)


def _acted(by: Person, name: str, on: date | None, recorded_at: datetime, zone: ZoneInfo) -> Acted:
    """An act without a date of its own has that of its recording; a signature has both."""
    act = ACTS.get(name, _ANY)
    if on is not None and not act.signature:
        return Acted(by, act, (on,))
    recorded_on = local_date(recorded_at, zone)
    return Acted(by, act, (recorded_on,) if on in (None, recorded_on) else (on, recorded_on))


def in_doubt(acted: Acted, facility: Facility) -> bool:
    """Whether the staff list, as it is now, has nobody who could have done it. Interfaces, administrators and operators
    need no line in it."""
    by = acted.by
    if by.role in INTERFACES or by.role in UNLISTED:
        return False
    key = staff_id(by)
    return key is None or not all(
        any(
            line.role == by.role and (line.credential is not None or not acted.act.credential)
            for line in facility.credentials(key, on)
        )
        for on in acted.dates
    )


def doubtful(acts: Iterable[Acted], facility: Facility) -> list[bool]:
    """Which of these are in doubt. Few people do much on one day: each is looked up once."""
    known: dict[tuple[str, str, bool, tuple[date, ...]], bool] = {}
    found = []
    for one in acts:
        key = (one.by.id, one.by.role, one.act.credential, one.dates)
        if key not in known:
            known[key] = in_doubt(one, facility)
        found.append(known[key])
    return found


def any_in_doubt(signatures: Iterable[Signature], facility: Facility, as_of: date) -> bool:
    """Whether one of these acts, of those done by `as_of`, is in doubt."""
    zone = facility.clock
    for signed in signatures:
        by = Person(id=signed.by, name="", role=signed.role)
        act = _acted(by, signed.fact, signed.on, signed.recorded_at, zone)
        if act.dates[0] <= as_of and in_doubt(act, facility):
            return True
    return False
