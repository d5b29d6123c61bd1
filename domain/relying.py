"""What in a chart relied on one of its facts: what would lack its ground without it, and what was decided meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from domain.chart import fold
from domain.chart.judgement import broken
from domain.record import EnteredInError, EntryT
from domain.scene import Scene

DECISIONS: Final = frozenset(
    {
        "SuitabilityDecided",
        "Enrolled",
        "NotAdmitted",
        "CohortAssigned",
        "HoldStarted",
        "HoldEnded",
        "TreatmentPlanSigned",
        "LevelOfCareAssessed",
        "StepDownRecommended",
        "StepDownCosigned",
        "StepDownDecided",
        "StepDownTookEffect",
        "StepUpDecided",
        "Transferred",
        "Discharged",
        "DischargeVoided",
        "DisclosureMade",
    }
)
"""Facts by which somebody decided about a patient, looking at the chart as it stood."""


def resting_on(patient_id: UUID, entries: Sequence[EntryT], version: int, scene: Scene) -> list[EntryT]:
    """Of the entries, the first ones of a chart's stream, those that would lack what they require if that version had
    never been recorded: by the same judgement that refuses a strike. What corrects it goes with it."""
    gone = {version}
    for entry in entries:
        if getattr(entry.fact, "corrects", None) in gone or (
            isinstance(entry.fact, EnteredInError) and entry.fact.target in gone
        ):
            gone.add(entry.version)
    without = [entry for entry in entries if entry.version not in gone]
    lost = set(broken(fold(patient_id, without), scene)) - set(broken(fold(patient_id, entries), scene))
    return [entry for entry in without if entry.version in lost]
