"""The chart: the whole record of one person at one program site, one file for each topic of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.chart import attendance, episode, identity, screening, step_down
from domain.chart.attendance import Attendances
from domain.chart.entry import InquiryReceived
from domain.chart.episode import Episode
from domain.chart.identity import Identity
from domain.chart.screening import Prescription, PrescriptionVerified, Screenings
from domain.chart.step_down import StepDowns, StepDownTookEffect
from domain.record import EnteredInError, Entry, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the standing facts of a chart add up to. Episodes in the order in which they were opened."""

    patient_id: UUID
    version: int = 0
    identity: Identity = field(default_factory=Identity)
    episodes: Mapping[UUID, Episode] = field(default_factory=dict)
    attendances: Attendances = field(default_factory=dict)
    screenings: Screenings = field(default_factory=dict)
    prescriptions: tuple[Prescription, ...] = ()
    step_downs: StepDowns = field(default_factory=dict)
    adrift: frozenset[int] = frozenset()
    """Versions of live entries about a patient, an episode, screening or step-down that the chart does not hold (any
    more)."""


def evolve(chart: Chart, entry: Entry) -> Chart:
    """One standing fact further. A strike can't be evolved, since it may bring back what came before: fold anew."""
    fact = entry.fact
    if isinstance(fact, EnteredInError):
        raise TypeError("A struck entry changes what came before it: fold the chart anew.")
    identified, prescriptions = chart.identity, chart.prescriptions
    episodes, attendances, screenings, step_downs = (
        chart.episodes,
        chart.attendances,
        chart.screenings,
        chart.step_downs,
    )
    if isinstance(fact, attendance.RECORDS):
        attendances = attendance.evolve(attendances, entry)
    elif isinstance(fact, screening.OF_A_SCREENING):
        screenings = screening.evolve(screenings, entry)
    elif isinstance(fact, PrescriptionVerified):
        verified = Prescription(analyte=fact.analyte, from_on=fact.from_on, to_on=fact.to_on, version=entry.version)
        prescriptions = (*prescriptions, verified)
    elif isinstance(fact, identity.PatientRegistered):
        identified = identity.evolve(identified, entry)
    elif isinstance(fact, InquiryReceived):
        episodes = {**episodes, fact.episode_id: episode.open_episode(fact, entry.version)}
    else:
        if isinstance(fact, step_down.OF_A_STEP_DOWN):
            step_downs = step_down.evolve(step_downs, entry)
        episodes = _episodes_further(chart, entry)
    return Chart(
        patient_id=chart.patient_id,
        version=entry.version,
        identity=identified,
        episodes=episodes,
        attendances=attendances,
        screenings=screenings,
        prescriptions=prescriptions,
        step_downs=step_downs,
        adrift=_adrift(chart, entry),
    )


def _adrift(chart: Chart, entry: Entry) -> frozenset[int]:
    adrift = chart.adrift
    if adrift and (corrects := getattr(entry.fact, "corrects", None)) is not None:
        adrift -= {corrects}
    return adrift if _grounded(chart, entry.fact) else adrift | {entry.version}


def _grounded(chart: Chart, fact: Any) -> bool:
    """Whether the chart holds what the fact is about. The facts that open something stand on their own."""
    if chart.identity.mrn is None and not isinstance(fact, identity.PatientRegistered):
        return False
    episode_id = getattr(fact, "episode_id", None)
    if episode_id is not None and episode_id not in chart.episodes and not isinstance(fact, InquiryReceived):
        return False
    if isinstance(fact, screening.OF_A_SCREENING):
        return fact.screening_id in chart.screenings or isinstance(fact, screening.ScreeningOrdered)
    if isinstance(fact, step_down.OF_A_STEP_DOWN):
        return fact.step_down_id in chart.step_downs or isinstance(fact, step_down.StepDownRecommended)
    return True


def _episodes_further(chart: Chart, entry: Entry) -> Mapping[UUID, Episode]:
    episode_id = getattr(entry.fact, "episode_id", None)
    known = chart.episodes.get(episode_id) if episode_id is not None else None
    if known is None:
        return chart.episodes
    level = None
    if isinstance(entry.fact, StepDownTookEffect) and (step := chart.step_downs.get(entry.fact.step_down_id)):
        level = step.to_level
    further = episode.evolve(known, entry, level)
    return chart.episodes if further is known else {**chart.episodes, known.episode_id: further}


def fold(patient_id: UUID, entries: Iterable[Entry]) -> Chart:
    """The chart that these entries, the first ones of its stream, add up to."""
    known = list(entries)
    chart = Chart(patient_id=patient_id)
    for entry in standing(known):
        chart = evolve(chart, entry)
    return replace(chart, version=known[-1].version if known else 0)
