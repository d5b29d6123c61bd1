"""The lists of a site by which its people find the ids that they record with: staff and cohorts. No patient is in them.

Read from the ledger, by way of what this process knows of it: never behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from domain.claims import SEAT, seats
from domain.cohort import Cohort
from domain.facility import Facility
from domain.record import stream_name
from domain.staff import Credential
from projections.site import date_asked
from store.states import View
from store.store import Store


@dataclass(frozen=True, slots=True)
class Listing:
    """JSON-ready rows for a date, and the cut of the ledger that they stand on."""

    rows: list[dict[str, Any]]
    on: date
    position: int
    known_at: datetime


def staff(store: Store, facility: str, *, now: datetime, on: date | None = None) -> Listing | None:
    """Who may act on a date, by name: `staff_id`, `name`, `credentials`. None where no facility is open."""
    site = stream_name("facility", facility)
    view = store.states(facility).view([site])
    state = view.streams[site].state
    if not isinstance(state, Facility) or state.zone is None or view.recorded_at is None:
        return None
    asked = date_asked(on, None, now=now, zone=state.zone)
    rows = [
        {"staff_id": str(key), "name": lines[-1].name, "credentials": [_credential(line) for line in lines]}
        for key in state.staff
        if (lines := state.credentials(key, asked))
    ]
    return Listing(sorted(rows, key=itemgetter("name", "staff_id")), asked, view.position, view.recorded_at)


def _credential(line: Credential) -> dict[str, Any]:
    return {
        "role": line.role,
        "credential": line.credential,
        "licence_number": line.licence_number,
        "valid_from": line.valid_from.isoformat(),
        "valid_to": None if line.last_day is None else line.last_day.isoformat(),
    }


def cohorts(store: Store, facility: str, *, now: datetime, on: date | None = None) -> Listing | None:
    """The cohorts with their pattern of a date, by name, and the seats taken now. Those that closed before the date, or
    were formed after it, are left out. None where no facility is open."""
    ledger, site = store.ledger(facility), stream_name("facility", facility)
    view: View = store.states(facility).view([site, *ledger.streams("cohort")])
    state = view.streams[site].state
    if not isinstance(state, Facility) or state.zone is None or view.recorded_at is None:
        return None
    asked = date_asked(on, None, now=now, zone=state.zone)
    known = [known.state for known in view.streams.values() if isinstance(known.state, Cohort)]
    there = [cohort for cohort in known if _exists(cohort, asked)]
    held = ledger.held(SEAT, [seat.value for cohort in there for seat in seats(cohort)])
    rows = [_cohort(cohort, asked, sum(seat.value in held for seat in seats(cohort))) for cohort in there]
    return Listing(sorted(rows, key=itemgetter("name", "cohort_id")), asked, view.position, view.recorded_at)


def _exists(cohort: Cohort, on: date) -> bool:
    if cohort.formed_on is None or cohort.formed_on > on:
        return False
    return cohort.closed_on is None or on <= cohort.closed_on


def _cohort(cohort: Cohort, on: date, taken: int) -> dict[str, Any]:
    pattern = cohort.pattern_on(on)
    if pattern is None or cohort.formed_on is None:
        raise AssertionError("A cohort is formed with a pattern.")
    return {
        "cohort_id": str(cohort.cohort_id),
        "name": cohort.name,
        "program": cohort.program,
        "weekdays": list(pattern.weekdays),
        "starts": pattern.starts,
        "ends": pattern.ends,
        "capacity": cohort.capacity,
        "seats_taken": taken,
        "formed_on": cohort.formed_on.isoformat(),
        "closed_on": None if cohort.closed_on is None else cohort.closed_on.isoformat(),
    }
