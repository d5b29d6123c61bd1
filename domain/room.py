"""Which staff is in the room now, noted live in the session's stream. What the holding says of the staff closes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.record import Entry
from domain.refused import Refused

if TYPE_CHECKING:
    from domain.scene import Scene
    from domain.session import Session

LONGEST_HOURS: Final = 12
"""Longer than any session lasts, or anybody stays: a slip of the pen."""

LONGEST: Final = timedelta(hours=LONGEST_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffArrived:
    """A member of staff came into the room. `role` is theirs in this session, such as lead."""

    staff_id: UUID
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLeft:
    staff_id: UUID
    at: datetime


NOTES: Final = (StaffArrived, StaffLeft)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffStay:
    """Once in the room. `left_at` None: still there. `arrived_at` None: of a departure whose arrival was struck."""

    staff_id: UUID
    role: str
    arrived_at: datetime | None
    left_at: datetime | None = None


Stays = tuple[StaffStay, ...]
"""In the order of arrival."""


def evolve(stays: Stays, entry: Entry) -> Stays:
    match entry.fact:
        case StaffArrived(staff_id=staff_id, role=role, at=at):
            return (*stays, StaffStay(staff_id=staff_id, role=role, arrived_at=at))
        case StaffLeft(staff_id=staff_id, at=at):
            there = present(stays, staff_id)
            if there is None:
                return (*stays, StaffStay(staff_id=staff_id, role="", arrived_at=None, left_at=at))
            return tuple([replace(stay, left_at=at) if stay is there else stay for stay in stays])
        case _:
            return stays


def present(stays: Stays, staff_id: UUID) -> StaffStay | None:
    """The stay of somebody who is there now."""
    return next((stay for stay in stays if stay.staff_id == staff_id and stay.left_at is None), None)


# ---- rules


def judge(session: Session, fact: StaffArrived | StaffLeft, scene: Scene) -> None:
    """In once, then out, by who is on the staff list on the program day, until the session is on record as held."""
    if session.held is not None:
        raise Refused("staff.session-held", "The session is on record as held: correct its times and staff instead.")
    there = present(session.stays, fact.staff_id)
    if isinstance(fact, StaffLeft):
        if there is None or there.arrived_at is None:
            raise Refused(
                "staff.not-in-the-room", "Nobody with this id is noted as in the room: note the arrival first."
            )
        if fact.at < there.arrived_at:
            raise Refused("staff.left-before-arriving", "Nobody leaves before arriving: check the time.")
        if fact.at.astimezone(UTC) - there.arrived_at.astimezone(UTC) > LONGEST:
            raise Refused("staff.too-long", f"Nobody stays more than {LONGEST_HOURS} hours: check the time.")
        return
    if not scene.facility.credentials(fact.staff_id, session.program_day(scene.zone)):
        raise Refused("staff.not-listed", "The staff list has nobody with this id on that program day.")
    before = [stay.left_at for stay in session.stays if stay.staff_id == fact.staff_id and stay.left_at is not None]
    if there is not None or any(fact.at < left_at for left_at in before):
        raise Refused("staff.in-the-room", "This member of staff is noted as in the room then: note the leaving first.")
