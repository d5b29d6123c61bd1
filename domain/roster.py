"""A whole group at once: what a line of a roster, or a note at the door, becomes with what is on record.

Who fills in a roster knows the patient and the session. Which episode it is, and when the patient came and left where
that was noted at the door, is found when it is decided, with what the lines before it have added.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.chart import Chart, attendance, episode_of, identity
from domain.chart.attendance import AttendanceRecorded, Outcome
from domain.chart.episode import Episode
from domain.chart.presence import ArrivalNoted, DepartureNoted
from domain.key_destruction import judge_standing
from domain.refused import Refused, RefusedLine
from domain.room import StaffArrived, StaffLeft
from domain.scene import Scene
from domain.session import Session, SessionHeld, StaffPresence


class Draft(ABC):
    """A fact of which something is still to be found on record."""

    __slots__ = ()

    @abstractmethod
    def fact(self, state: Any, scene: Scene) -> Any:
        """The fact, by the state of the stream that it is to go into. Raises `Refused`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLine(Draft):
    """One patient's attendance. Without `episode_id` it is that of the episode that may attend; times that are left
    out are those noted at the door."""

    session_id: UUID
    outcome: Outcome
    method: str
    episode_id: UUID | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    family_members: int | None = None

    def fact(self, state: Chart, scene: Scene) -> AttendanceRecorded:
        session = attendance.taking_place(self.session_id, scene)
        arrived_at, left_at = self._times(state)
        return AttendanceRecorded(
            episode_id=_episode(state, self.episode_id, session, scene),
            session_id=self.session_id,
            outcome=self.outcome,
            method=self.method,
            arrived_at=arrived_at,
            left_at=left_at,
            family_members=self.family_members,
        )

    def _times(self, chart: Chart) -> tuple[datetime | None, datetime | None]:
        given = self.arrived_at, self.left_at
        stays = chart.presences.get(self.session_id, ())
        if self.outcome is not Outcome.ATTENDED or None not in given or not stays:
            return given
        if len(stays) > 1:
            # A record has one presence. Which part of the time outside is left out, a person has to say.
            raise Refused("roster.several-stays", "The patient came and went more than once: give both times.")
        return self.arrived_at or stays[0].arrived_at, self.left_at or stays[0].left_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(Draft):
    """A patient comes in; now, where no time is given."""

    session_id: UUID
    method: str
    arrived_at: datetime | None = None

    def fact(self, state: Chart, scene: Scene) -> ArrivalNoted:
        session = attendance.taking_place(self.session_id, scene)
        return ArrivalNoted(
            episode_id=_episode(state, None, session, scene),
            session_id=self.session_id,
            arrived_at=self.arrived_at or scene.at,
            method=self.method,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure(Draft):
    """A patient leaves; now, where no time is given."""

    session_id: UUID
    left_at: datetime | None = None

    def fact(self, state: Chart, scene: Scene) -> DepartureNoted:
        session = attendance.taking_place(self.session_id, scene)
        stays = state.presences.get(self.session_id, ())
        return DepartureNoted(
            episode_id=stays[-1].episode_id if stays else _episode(state, None, session, scene),
            session_id=self.session_id,
            left_at=self.left_at or scene.at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffArrival(Draft):
    """A member of staff comes in; now, where no time is given."""

    staff_id: UUID
    role: str
    at: datetime | None = None

    def fact(self, state: Session, scene: Scene) -> StaffArrived:
        return StaffArrived(staff_id=self.staff_id, role=self.role, at=self.at or scene.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDeparture(Draft):
    """A member of staff leaves; now, where no time is given."""

    staff_id: UUID
    at: datetime | None = None

    def fact(self, state: Session, scene: Scene) -> StaffLeft:
        return StaffLeft(staff_id=self.staff_id, at=self.at or scene.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding(Draft):
    """The session took place. Without `staff` those noted at the door were in the room, as far as within its times."""

    started_at: datetime
    ended_at: datetime
    staff: tuple[StaffPresence, ...] | None = None

    def fact(self, state: Session, scene: Scene) -> SessionHeld:
        staff = self._noted(state) if self.staff is None else self.staff
        return SessionHeld(started_at=self.started_at, ended_at=self.ended_at, staff=staff)

    def _noted(self, session: Session) -> tuple[StaffPresence, ...]:
        found: list[StaffPresence] = []
        for stay in session.stays:
            came, left = max(stay.arrived_at or self.started_at, self.started_at), stay.left_at or self.ended_at
            if came < (until := min(left, self.ended_at)):
                found.append({"staff_id": stay.staff_id, "role": stay.role, "from": came, "to": until})
        if not found:
            raise Refused("roster.no-staff", "No staff was noted in the room: say who was there, from when to when.")
        return tuple(found)


def _episode(chart: Chart, given: UUID | None, session: Session, scene: Scene) -> UUID:
    judge_standing(chart.patient_id, scene.facility.destroyed)
    if given is not None:
        return episode_of(chart, given).episode_id
    identity.judge_registered(chart.identity)
    found = attending(chart, session, scene)
    if found is None:
        raise Refused("roster.no-episode", "The patient has no episode here: it opens with an inquiry.")
    return found.episode_id


def attending(chart: Chart, session: Session, scene: Scene) -> Episode | None:
    """The episode whose session it is: of those that may attend, the open one, else the last.

    Where none may, the episode opened last, which is then refused for what it lacks.
    """
    episodes = [*chart.episodes.values()]
    may = [episode for episode in episodes if attendance.may_attend(chart, episode, session, scene.zone)]
    still_open = [episode for episode in may if episode.ended_on() is None]
    return next(reversed(still_open or may or episodes), None)


def refused_lines(lines: Sequence[RefusedLine]) -> Refused:
    """What is told of a roster of which some lines are refused."""
    return Refused(
        "roster.refused-lines", "Nothing was recorded: put right what `lines` names, then send it again.", lines=lines
    )
