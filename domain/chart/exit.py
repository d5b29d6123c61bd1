"""The way out: discharge, its undoing, its summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.refused import Refused
from domain.scene import Scene
from domain.session import Session

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.chart.episode import Episode


class DischargeReason(StrEnum):
    """The reasons of the Treatment Episode Data Set (TEDS)."""

    COMPLETED = "completed"
    DROPPED_OUT = "dropped_out"
    TERMINATED = "terminated"
    TRANSFERRED = "transferred"
    INCARCERATED = "incarcerated"
    DIED = "died"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharged:
    """`duration_reason` says why a completed program was shorter or longer than planned."""

    episode_id: UUID
    on: date
    last_service_on: date
    reason: DischargeReason
    duration_reason: str | None = None
    referral: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeVoided:
    """Takes a discharge back: the episode is in the state before it."""

    corrects: int
    episode_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeSummarySigned:
    episode_id: UUID
    on: date


def judge(chart: Chart, episode: Episode, fact: Any, scene: Scene) -> None:
    match fact:
        case Discharged():
            _judge_discharge(chart, fact, scene)
        case DischargeVoided():
            _judge_void(chart, episode, fact)
        case DischargeSummarySigned(on=on):
            if episode.discharge is None or on < episode.discharge.on:
                raise Refused("summary.without-discharge", "Discharge the patient first: a summary follows it.")
            if episode.summaries:
                raise Refused(
                    "summary.already-signed",
                    "A summary of this discharge is on record: strike that one if it is wrong.",
                )
        case _:
            return


def judge_living(episode: Episode) -> None:
    """Nobody comes back to treatment who has died."""
    if episode.discharge is not None and episode.discharge.reason is DischargeReason.DIED:
        raise Refused(
            "episode.patient-died", "The patient died, by a discharge on record: void that first if it is wrong."
        )


def _judge_discharge(chart: Chart, fact: Discharged, scene: Scene) -> None:
    if fact.on < fact.last_service_on:
        raise Refused("discharge.last-service-after", "The last service can't be after the discharge.")
    episode = chart.episodes[fact.episode_id]
    attended = list(_services(chart, episode, scene))
    if attended and max(attended) > fact.last_service_on:
        raise Refused("discharge.precedes-care", f"Care was given on {max(attended)}: that is the last service.")


def _services(chart: Chart, episode: Episode, scene: Scene) -> Iterator[date]:
    """The program days of the sessions of treatment attended; the first of them in another system's record too."""
    if episode.carried_over and episode.admission is not None:
        yield episode.admission.on
    for record in chart.attendances.values():
        session = scene.sessions.get(record.session_id)
        if record.episode_id == episode.episode_id and record.attended and session is not None:
            on = service_on(episode, session, scene.zone)
            if on is not None:
                yield on


def service_on(episode: Episode, session: Session, zone: ZoneInfo) -> date | None:
    """The day on which attending this session is a service of the episode; None where it is none.

    Aftercare and alumni sessions never are, nor cancelled ones, nor those that a guest comes to after treatment.
    """
    if session.starts_at is None or session.cancelled is not None or session.after_treatment:
        return None
    on = session.program_day(zone)
    return None if episode.is_guest_on(on) else on


def contradicted(chart: Chart, episode: Episode, scene: Scene) -> Iterator[int]:
    """The version of a discharge after whose last service care was given."""
    discharge = episode.discharge
    if discharge is not None and any(on > discharge.last_service_on for on in _services(chart, episode, scene)):
        yield discharge.version


def _judge_void(chart: Chart, episode: Episode, fact: DischargeVoided) -> None:
    if episode.discharge is None or episode.discharge.version != fact.corrects:
        raise Refused("discharge.other-episode", "That discharge ended another episode: name the episode it ended.")
    if any(e.ended_on() is None for e in chart.episodes.values() if e.episode_id != episode.episode_id):
        raise Refused("discharge.another-episode-open", "Another episode is open: it rests on this discharge.")
    if episode.after_discharge:
        raise Refused(
            "discharge.rested-upon", "Aftercare, alumni or a summary rests on it: strike those entries first."
        )
