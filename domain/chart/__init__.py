"""The chart: the whole record of one person at one program site, one file for each topic of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from domain.chart import (
    after,
    amendment,
    attendance,
    break_glass,
    consent,
    disclosure,
    episode,
    identity,
    merging,
    presence,
    screening,
    signing,
    step_down,
)
from domain.chart.amendment import Amendments
from domain.chart.attendance import Attendances
from domain.chart.break_glass import Openings
from domain.chart.carry_over import EpisodeCarriedOver
from domain.chart.consent import Consents
from domain.chart.disclosure import Disclosures
from domain.chart.entry import InquiryReceived
from domain.chart.episode import Episode
from domain.chart.identity import Identity
from domain.chart.merging import Links, Merger, TookOver
from domain.chart.presence import Presences
from domain.chart.screening import Prescription, PrescriptionVerified, Screenings
from domain.chart.signing import Signatures
from domain.chart.step_down import StepDowns, StepDownTookEffect
from domain.record import EnteredInError, Entry, standing
from domain.refused import Refused
from domain.replacing import replace


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What the standing facts of a chart add up to. Episodes in the order in which they were opened."""

    patient_id: UUID
    version: int = 0
    identity: Identity = field(default_factory=Identity)
    episodes: Mapping[UUID, Episode] = field(default_factory=dict)
    attendances: Attendances = field(default_factory=dict)
    presences: Presences = field(default_factory=dict)
    screenings: Screenings = field(default_factory=dict)
    prescriptions: tuple[Prescription, ...] = ()
    step_downs: StepDowns = field(default_factory=dict)
    consents: Consents = field(default_factory=dict)
    disclosures: Disclosures = ()
    openings: Openings = field(default_factory=dict)
    amendments: Amendments = field(default_factory=Amendments)
    sober_living: tuple[after.Move, ...] = ()
    took_over: TookOver = field(default_factory=dict)
    merged_into: Merger | None = None
    links: Links = ()
    signed: Signatures = ()
    adrift: frozenset[int] = frozenset()
    """Versions of live entries about a patient, an episode, screening, step-down, consent or opening that the chart
    does not hold (any more)."""


_NOTED: Final[Mapping[type[Any], tuple[str, Callable[[Any, Entry], None]]]] = {
    **dict.fromkeys(attendance.RECORDS, ("attendances", attendance.note)),
    **dict.fromkeys(presence.NOTES, ("presences", presence.note)),
    **dict.fromkeys(screening.OF_A_SCREENING, ("screenings", screening.note)),
}
"""Fact → the mapping of the chart that it is written into, and how: of those that grow with every week of care, one
copy does for all the facts of a fold."""

_PARTS: Final[Mapping[type[Any], tuple[str, Callable[[Any, Entry], Any]]]] = {
    identity.PatientRegistered: ("identity", identity.evolve),
    identity.IdentityCorrected: ("identity", identity.evolve),
    InquiryReceived: ("episodes", episode.opened),
    EpisodeCarriedOver: ("episodes", episode.carried_over),
    PrescriptionVerified: ("prescriptions", screening.evolve_prescriptions),
    **dict.fromkeys(step_down.OF_A_STEP_DOWN, ("step_downs", step_down.evolve)),
    **dict.fromkeys((consent.ConsentGiven, consent.ConsentRevoked), ("consents", consent.evolve)),
    disclosure.DisclosureMade: ("disclosures", disclosure.evolve),
    **dict.fromkeys((break_glass.BreakGlassOpened, break_glass.BreakGlassReviewed), ("openings", break_glass.evolve)),
    **dict.fromkeys(amendment.OF_AMENDMENTS, ("amendments", amendment.evolve)),
    **dict.fromkeys(after.OF_SOBER_LIVING, ("sober_living", after.evolve)),
    merging.ChartsMerged: ("took_over", merging.evolve_took_over),
    merging.MergedInto: ("merged_into", merging.evolve_merged),
    merging.ChartLinked: ("links", merging.evolve_links),
}
"""Fact → the part of the chart that it changes, and how. Facts in no line here and above, and those about a step-down,
may change their episode."""


@dataclass(frozen=True, slots=True)
class _How:
    """What a kind of fact may change, found once for each kind."""

    noted: tuple[str, Callable[[Any, Entry], None]] | None
    part: tuple[str, Callable[[Any, Entry], Any]] | None
    rests_on: tuple[str, str] | None
    of_an_episode: bool
    may_change_episode: bool
    corrects: bool
    is_signed_for: bool


@cache
def _how(kind: Any) -> _How:
    noted, part = _NOTED.get(kind), _PARTS.get(kind)
    is_of_one = hasattr(kind, "episode_id")
    return _How(
        noted=noted,
        part=part,
        rests_on=_RESTS_ON.get(kind),
        of_an_episode=is_of_one and kind not in _OPENING,
        may_change_episode=is_of_one and noted is None and (part is None or part[0] == "step_downs"),
        corrects=hasattr(kind, "corrects"),
        is_signed_for=signing.is_signed_for(kind.__name__),
    )


def evolve(chart: Chart, entry: Entry) -> Chart:
    """One standing fact further. A strike can't be evolved, since it may bring back what came before: fold anew."""
    return further(chart, (entry,))


def further(chart: Chart, entries: Iterable[Entry]) -> Chart:
    """The chart with these standing facts behind it, in order. TypeError for a strike, as `evolve` says."""
    # Nobody else has it until it is returned.
    made = replace(chart)
    values = made.__dict__
    copied: set[str] = set()
    for entry in entries:
        fact = entry.fact
        kind: Any = type(fact)
        if kind is EnteredInError:
            raise TypeError("A struck entry changes what came before it: fold the chart anew.")
        how = _how(kind)
        if made.adrift and how.corrects:
            values["adrift"] = made.adrift - {fact.corrects}
        if not _is_grounded(made, fact, how):
            values["adrift"] = made.adrift | {entry.version}
        if how.is_signed_for or how.corrects:
            values["signed"] = signing.evolve(made.signed, entry)
        if how.may_change_episode:
            values["episodes"] = _episodes_further(made, entry)
        if how.noted is not None:
            name, note = how.noted
            if name not in copied:
                values[name] = dict(values[name])
                copied.add(name)
            note(values[name], entry)
        elif how.part is not None:
            name, evolved = how.part
            values[name] = evolved(values[name], entry)
        values["version"] = entry.version
    return made


_OPENING: Final = frozenset({InquiryReceived, EpisodeCarriedOver})

_RESTS_ON: Final[Mapping[type[Any], tuple[str, str]]] = {
    **dict.fromkeys(
        (kind for kind in screening.OF_A_SCREENING if kind is not screening.ScreeningOrdered),
        ("screenings", "screening_id"),
    ),
    **dict.fromkeys(
        (kind for kind in step_down.OF_A_STEP_DOWN if kind is not step_down.StepDownRecommended),
        ("step_downs", "step_down_id"),
    ),
    consent.ConsentRevoked: ("consents", "consent_id"),
    break_glass.BreakGlassReviewed: ("openings", "opened"),
}
"""Fact about something that another fact opened → the part of the chart that holds it, and the field that names it."""


def _is_grounded(chart: Chart, fact: Any, how: _How) -> bool:
    """Whether the chart holds what the fact is about. The facts that open something stand on their own."""
    if chart.identity.mrn is None and not isinstance(fact, identity.PatientRegistered):
        return False
    if how.of_an_episode and (of := fact.episode_id) is not None and of not in chart.episodes:
        return False
    if how.rests_on is None:
        return True
    part, name = how.rests_on
    return getattr(fact, name) in getattr(chart, part)


def _episodes_further(chart: Chart, entry: Entry) -> Mapping[UUID, Episode]:
    known = chart.episodes.get(entry.fact.episode_id)
    if known is None:
        return chart.episodes
    level = None
    if isinstance(entry.fact, StepDownTookEffect) and (step := chart.step_downs.get(entry.fact.step_down_id)):
        level = step.to_level
    later = episode.evolve(known, entry, level)
    return chart.episodes if later is known else {**chart.episodes, known.episode_id: later}


def fold(patient_id: UUID, entries: Iterable[Entry]) -> Chart:
    """The chart that these entries, the first ones of its stream, add up to."""
    known = list(entries)
    chart = further(Chart(patient_id=patient_id), standing(known))
    return replace(chart, version=known[-1].version if known else 0)


def episode_of(chart: Chart, episode_id: UUID) -> Episode:
    """The episode of that id, or `Refused` where the chart has none."""
    known = chart.episodes.get(episode_id)
    if known is None:
        raise Refused("episode.unknown", "There is no such episode in this chart: it opens with an inquiry.")
    return known
