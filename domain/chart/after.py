"""After treatment: aftercare once a week, free of charge, for those who completed; alumni for life; sober living.

Landmark: aftercare for graduates, an alumni program with a lifelong support line, sober living as a way between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.chart.exit import DischargeReason
from domain.record import Entry
from domain.refused import Refused

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercareStarted:
    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AlumniJoined:
    """Open to everybody who was discharged, for whatever reason."""

    episode_id: UUID
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AlumniContacted:
    """Somebody of the alumni program spoke, or tried to speak, to a former patient."""

    episode_id: UUID
    on: date
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoberLivingPlaced:
    """Into sober living or transitional housing, at any time."""

    episode_id: UUID
    residence: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SoberLivingEnded:
    episode_id: UUID
    on: date


OF_ALUMNI: Final = (AlumniJoined, AlumniContacted)
OF_SOBER_LIVING: Final = (SoberLivingPlaced, SoberLivingEnded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Into sober living, or (`ends`) out of it."""

    on: date
    version: int
    ends: bool


def evolve(moves: tuple[Move, ...], entry: Entry) -> tuple[Move, ...]:
    return (*moves, _move(entry))


def _move(entry: Entry) -> Move:
    return Move(on=entry.fact.on, version=entry.version, ends=isinstance(entry.fact, SoberLivingEnded))


# ---- rules


def judge(chart: Chart, episode: Episode, new: Entry) -> None:
    match new.fact:
        case AftercareStarted() as fact:
            _judge_aftercare(episode, fact)
        case AlumniJoined() | AlumniContacted() as fact:
            _judge_alumni(episode, fact)
        case SoberLivingPlaced():
            if any(unfounded([*chart.sober_living, _move(new)])):
                raise Refused(
                    "sober-living.already-placed", "The patient lives in a residence then: end that stay first."
                )
        case SoberLivingEnded():
            if any(unfounded([*chart.sober_living, _move(new)])):
                raise Refused("sober-living.not-placed", "No stay is on record that could end on that date.")
        case _:
            return


def _judge_aftercare(episode: Episode, fact: AftercareStarted) -> None:
    discharge = episode.discharge
    if discharge is None or discharge.reason is not DischargeReason.COMPLETED or fact.on < discharge.on:
        raise Refused("aftercare.not-completed", "Aftercare is for those who completed the program.")
    if episode.aftercare:
        raise Refused("aftercare.already-started", "Aftercare is on record: strike that entry if its date is wrong.")


def _judge_alumni(episode: Episode, fact: AlumniJoined | AlumniContacted) -> None:
    if episode.discharge is None or fact.on < episode.discharge.on:
        raise Refused("alumni.not-discharged", "The alumni program is for those who were discharged by that date.")
    if isinstance(fact, AlumniJoined) and any(step.name == "AlumniJoined" for step in episode.alumni):
        raise Refused("alumni.already-joined", "The patient has joined: strike that entry if its date is wrong.")


def unfounded(moves: Iterable[Any]) -> Iterator[int]:
    """The versions of moves that those before them by date don't allow: nobody lives in two residences, or leaves
    where they don't live."""
    lives = False
    for move in sorted(moves, key=lambda m: (m.on, m.version)):
        if move.ends != lives:
            yield move.version
        else:
            lives = not lives
