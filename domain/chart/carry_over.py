"""A patient in treatment when the site starts to use the system: the episode comes in as it stands.

Only an import carries over. What was before is another system's record: on dates before the local date of carrying
over (when the line was recorded there) the episode isn't shown, nobody attends in it, and no rule judges it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from domain.chart.enrollment import judge_clinician
from domain.chart.entry import judge_opening
from domain.cohort import formed
from domain.record import Entry, Source
from domain.refused import Refused
from domain.scene import Scene

if TYPE_CHECKING:
    from domain.chart import Chart


class CarriedState(StrEnum):
    """States of treatment. Who was not yet admitted comes in by inquiry, assessment and enrollment, as anybody."""

    ACTIVE = "active"
    TAPERING = "tapering"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeCarriedOver:
    """Opens an episode, admitted. `admitted_on` is the day of the first service there; `from_system` names it."""

    episode_id: UUID
    state: CarriedState
    admitted_on: date
    cohort_id: UUID
    primary_clinician_id: UUID
    from_system: str


def carried_at(entry: Entry) -> datetime:
    """When an episode was carried over."""
    return entry.envelope.recorded_elsewhere_at or entry.recorded_at


def judge(chart: Chart, new: Entry, scene: Scene) -> None:
    fact: EpisodeCarriedOver = new.fact
    if new.envelope.source is not Source.IMPORT:
        raise Refused("carry-over.import-only", "An episode is carried over by an import: enroll the patient instead.")
    judge_opening(chart)
    formed(scene.cohorts.get(fact.cohort_id))
    judge_clinician(fact.primary_clinician_id, scene)
