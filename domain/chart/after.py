"""After treatment: aftercare once a week, free of charge, for those who completed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from domain.chart.exit import DischargeReason
from domain.refused import Refused

if TYPE_CHECKING:
    from domain.chart.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class AftercareStarted:
    episode_id: UUID
    on: date


def judge(episode: Episode, fact: AftercareStarted) -> None:
    discharge = episode.discharge
    if discharge is None or discharge.reason is not DischargeReason.COMPLETED or fact.on < discharge.on:
        raise Refused("aftercare.not-completed", "Aftercare is for those who completed the program.")
    if episode.aftercare:
        raise Refused("aftercare.already-started", "Aftercare is on record: strike that entry if its date is wrong.")
