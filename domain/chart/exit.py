"""The way out: discharge, its undoing, its summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.refused import Refused
from domain.scene import Scene

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
        case _:
            return


def _judge_discharge(chart: Chart, fact: Discharged, scene: Scene) -> None:
    if fact.on < fact.last_service_on:
        raise Refused("discharge.last-service-after", "The last service can't be after the discharge.")
    attended = [
        session.program_day(scene.zone)
        for record in chart.attendances.values()
        if record.episode_id == fact.episode_id
        and record.attended
        and (session := scene.sessions.get(record.session_id)) is not None
        and session.starts_at is not None
        and session.cancelled is None
        and not session.after_treatment
    ]
    if attended and max(attended) > fact.last_service_on:
        raise Refused("discharge.precedes-care", f"Care was given on {max(attended)}: that is the last service.")


def _judge_void(chart: Chart, episode: Episode, fact: DischargeVoided) -> None:
    if episode.discharge is None or episode.discharge.version != fact.corrects:
        raise Refused("discharge.other-episode", "That discharge ended another episode: name the episode it ended.")
    if any(e.ended_on() is None for e in chart.episodes.values() if e.episode_id != episode.episode_id):
        raise Refused("discharge.another-episode-open", "Another episode is open: it rests on this discharge.")
    if episode.aftercare or episode.summaries:
        raise Refused("discharge.rested-upon", "Aftercare or a summary rests on this discharge: strike those first.")
