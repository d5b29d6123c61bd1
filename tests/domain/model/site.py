"""The site in the model: sessions, cohorts, offers, staff, each computed from its stream whenever it is asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.domain.model.record import Line, Record, latest, live, local_date, named

FACILITY = "facility/lexington"
ONE_TO_ONE = ("individual", "case_management", "crisis")
AFTER = ("aftercare", "alumni")
"""Kinds that are no treatment: they neither admit nor earn hours."""


def session(record: Record, session_id: UUID) -> dict[str, Any] | None:
    """Kind, cohort, times "as last rescheduled", whether cancelled, and as held ("the latest recorded values win")."""
    lines = live(record.get(f"session/{session_id}", []))
    planned = latest(lines, "SessionScheduled")
    if planned is None:
        return None
    times = latest(lines, "SessionScheduled", "SessionRescheduled")
    assert times is not None
    held = latest(lines, "SessionHeld", "SessionTimesCorrected") if named(lines, "SessionHeld") else None
    return {
        "id": session_id,
        "kind": planned.kind,
        "cohort_id": planned.cohort_id,
        "starts_at": times.starts_at,
        "ends_at": times.ends_at,
        "day": local_date(times.starts_at),
        "cancelled": bool(named(lines, "SessionCancelled")),
        "held": held,
        "one_to_one": planned.kind in ONE_TO_ONE,
        "treats": planned.kind not in AFTER,
    }


def is_of_its_day(there: dict[str, Any], at: datetime, *over: datetime) -> bool:
    """Whether a session, planned as it is, may have begun at an instant: on its program day, on the date after where it
    goes through midnight, as planned or until it was over, and on the date before where it begins within the first hour
    of its day."""
    first = local_date(there["starts_at"] - timedelta(hours=1))
    last = local_date(max(there["ends_at"], *over, there["ends_at"]) - timedelta(microseconds=1))
    return first <= local_date(at) <= last


def cohort(record: Record, cohort_id: UUID) -> dict[str, Any] | None:
    lines = live(record.get(f"cohort/{cohort_id}", []))
    formed = latest(lines, "CohortFormed")
    if formed is None:
        return None
    closed = latest(lines, "CohortClosed")
    return {
        "program": formed.program,
        "capacity": formed.capacity,
        "on": formed.on,
        "closed_on": closed.on if closed else None,
    }


def offers(record: Record, program: str, on: date) -> Line | None:
    """The program offered, "where one is on record": the last effective by that date."""
    found = [o for o in named(live(record.get(FACILITY, [])), "ProgramOffered") if o.program == program]
    by_then = [o for o in found if o.effective_on <= on]
    return max(by_then, key=lambda o: (o.effective_on, o.version)) if by_then else None


def credentials(record: Record, who: str) -> list[tuple[str, str | None, date, date]]:
    """Role, credential, first and last date of a person's lines on the staff list (both "are its last")."""
    lines = live(record.get(FACILITY, []))
    found = []
    for line in named(lines, "StaffCredentialed"):
        if f"staff/{line.staff_id}" == who:
            ends = [
                e.on
                for e in named(lines, "CredentialEnded")
                if e.staff_id == line.staff_id and e.credential == line.credential
            ]
            last = min([*ends, line.valid_to or date.max])
            found.append((line.role, line.credential, line.valid_from, last))
    return found


def moment(value: date | datetime) -> date:
    return local_date(value) if isinstance(value, datetime) else value
