"""What is due of the site itself: credentials that run out, and those that have, with nothing in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain.at_risk.due import CREDENTIAL_DAYS_AHEAD, Due, Step, due
from domain.facility import Facility
from domain.record import stream_name
from domain.staff import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDue:
    """Whose credential, in which role, by the id and the words of the staff list."""

    staff_id: UUID
    role: str
    credential: str | None
    due: Due


def of_staff(facility: Facility, as_of: date) -> list[StaffDue]:
    """The most urgent first. One that was ended before its last day is nobody's to renew, and one that has run out
    longer ago than it is announced before is taken for given up."""
    found = [one for lines in facility.staff.values() for line in lines for one in _of_line(facility, line, as_of)]
    return sorted(found, key=lambda one: (one.due.place, str(one.staff_id)))


def _of_line(facility: Facility, line: Credential, as_of: date) -> Iterator[StaffDue]:
    last, around = line.valid_to, timedelta(days=CREDENTIAL_DAYS_AHEAD)
    if last is None or line.ended_on is not None or not as_of - around <= last <= as_of + around:
        return
    if any(_takes_its_place(other, line, last) for other in facility.staff[line.staff_id]):
        return
    since = f"{stream_name('facility', facility.code or '')}@{line.version}"
    yield StaffDue(
        staff_id=line.staff_id,
        role=line.role,
        credential=line.credential,
        due=due(Step.CREDENTIAL, None, last, since, as_of),
    )


def _takes_its_place(other: Credential, line: Credential, last: date) -> bool:
    """In the same role, valid on the day after, or on a later one."""
    longer = other.last_day is None or other.last_day > last
    return other is not line and other.role == line.role and longer
