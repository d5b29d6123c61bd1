"""Who is in the room now: arrivals and departures, noted live at the door.

They earn no credit and enter no report; the record of attendance does, and closes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.chart import attendance
from domain.record import Entry
from domain.refused import Refused
from domain.scene import Scene

if TYPE_CHECKING:
    from domain.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalNoted:
    """The patient came into the room. `method` says how it is known, such as a sign-in sheet."""

    episode_id: UUID
    session_id: UUID
    arrived_at: datetime
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureNoted:
    """The patient left the room."""

    episode_id: UUID
    session_id: UUID
    left_at: datetime


NOTES: Final = (ArrivalNoted, DepartureNoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Once in the room. `left_at` None: still there. `arrived_at` None: of a departure whose arrival was struck.

    The versions are those of the facts that say so.
    """

    episode_id: UUID
    arrived_at: datetime | None
    version: int | None
    left_at: datetime | None = None
    left_version: int | None = None


Presences = Mapping[UUID, tuple[Stay, ...]]
"""By session, in the order of recording: who goes out for a while comes in again."""


def note(presences: dict[UUID, tuple[Stay, ...]], entry: Entry) -> None:
    """Writes one standing note into a mapping that nobody else holds yet."""
    fact: ArrivalNoted | DepartureNoted = entry.fact
    stays = presences.get(fact.session_id, ())
    if isinstance(fact, ArrivalNoted):
        came = Stay(episode_id=fact.episode_id, arrived_at=fact.arrived_at, version=entry.version)
        presences[fact.session_id] = (*stays, came)
        return
    if not stays or stays[-1].left_version is not None:
        stays = (*stays, Stay(episode_id=fact.episode_id, arrived_at=None, version=None))
    left = replace(stays[-1], left_at=fact.left_at, left_version=entry.version)
    presences[fact.session_id] = (*stays[:-1], left)


def in_the_room(chart: Chart, session_id: UUID) -> Stay | None:
    """The stay of a patient who is there now: arrived, not left, and nothing recorded of the session yet."""
    stays = chart.presences.get(session_id, ())
    if not stays or session_id in chart.attendances or stays[-1].left_version is not None:
        return None
    return stays[-1]


# ---- rules


def judge(chart: Chart, fact: ArrivalNoted | DepartureNoted, scene: Scene) -> None:
    """In once, then out, of a session that takes place, until the attendance is on record."""
    session = attendance.taking_place(fact.session_id, scene)
    attendance.judge_begun(session, scene)
    if (known := chart.attendances.get(fact.session_id)) is not None:
        raise Refused(
            "presence.already-recorded", f"The attendance is on record: correct version {known.version} instead."
        )
    attendance.judge_may_attend(chart, fact.episode_id, session, scene.zone)
    there = in_the_room(chart, fact.session_id)
    if isinstance(fact, DepartureNoted):
        if there is None or there.arrived_at is None:
            raise Refused(
                "presence.not-in-the-room", "The patient is not noted as in the room: note the arrival first."
            )
        if fact.left_at < there.arrived_at:
            raise Refused("presence.left-before-arriving", "The patient can't leave before arriving: check the time.")
        attendance.judge_stay(there.arrived_at, fact.left_at)
        return
    attendance.judge_day(session, fact.arrived_at, scene)
    stays = chart.presences.get(fact.session_id, ())
    if there is not None or any(stay.left_at is not None and fact.arrived_at < stay.left_at for stay in stays):
        raise Refused("presence.in-the-room", "The patient is noted as in the room then: note the departure first.")


def unfounded(chart: Chart) -> Iterator[int]:
    """The versions of departures without an arrival, and of arrivals while in the room."""
    for stays in chart.presences.values():
        inside = False
        for stay in stays:
            if stay.arrived_at is None and stay.left_version is not None:
                yield stay.left_version
            if inside and stay.version is not None:
                yield stay.version
            inside = stay.left_version is None


def unentitled(chart: Chart, scene: Scene) -> Iterator[int]:
    """The versions of notes of patients who may not attend any more, where no record has closed them."""
    for session_id, stays in chart.presences.items():
        session = scene.sessions.get(session_id)
        if session_id in chart.attendances or session is None or not session.takes_place:
            continue
        for stay in stays:
            episode = chart.episodes.get(stay.episode_id)
            if episode is not None and not attendance.may_attend(chart, episode, session, scene.zone):
                yield from (version for version in (stay.version, stay.left_version) if version is not None)
