"""What in a chart relied on one of its facts: what would lack its ground without it, and what was decided meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic
from uuid import UUID

from domain.chart import fold
from domain.chart.judgement import broken
from domain.record import EnteredInError, EntryT, aims_at, live
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


@dataclass(frozen=True, slots=True)
class Stretch(Generic[EntryT]):
    """A time in which a fact counted: from the entry that brought it (itself, or the strike of what had taken it out)
    up to the one that took it out; None where it counts still."""

    since: EntryT
    until: EntryT | None

    def has(self, version: int) -> bool:
        """Whether the stream at that version had the fact."""
        return self.since.version <= version and (self.until is None or version < self.until.version)


def stood(entries: Sequence[EntryT], version: int) -> list[Stretch[EntryT]]:
    """When a version of a stream counted, in order: by the same rule that says what a fold sees. More than once where a
    correction, or the voiding of a discharge, was struck. A strike counts from its recording on."""
    stretches: list[Stretch[EntryT]] = []
    since: EntryT | None = None
    strikes = {entry.version for entry in entries if isinstance(entry.fact, EnteredInError)}
    for n, entry in enumerate(entries, start=1):
        if entry.version < version or (entry.version > version and aims_at(entry.fact) is None):
            continue  # It takes no other entry out, and brings none back.
        counts = version in strikes or any(one.version == version for one in live(entries[:n]))
        if counts and since is None:
            since = entry
        elif since is not None and not counts:
            stretches.append(Stretch(since, entry))
            since = None
    return stretches if since is None else [*stretches, Stretch(since, None)]


def resting_on(patient_id: UUID, entries: Sequence[EntryT], version: int, scene: Scene) -> list[EntryT]:
    """Of the entries, the first ones of a chart's stream, those that would lack what they require if that version had
    never been recorded: by the same judgement that refuses a strike. What corrects it goes with it."""
    gone = {version}
    for entry in entries:
        if aims_at(entry.fact) in gone:
            gone.add(entry.version)
    without = [entry for entry in entries if entry.version not in gone]
    lost = set(broken(fold(patient_id, without), scene)) - set(broken(fold(patient_id, entries), scene))
    return [entry for entry in without if entry.version in lost]
