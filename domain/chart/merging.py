"""Two charts of one person: joined into one at the same site, or linked across two.

Merging moves nothing: both charts stay readable, the one that was merged takes no further fact, and the one that stays
says what it took over. Striking either half separates them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.record import EnteredInError, Entry, stream_name
from domain.refused import Refused
from domain.scene import Scene
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartsMerged:
    """In the chart that stays. `from_chart` is the `patient_id` of the other."""

    from_chart: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedInto:
    """In the chart that was merged. `chart` is the `patient_id` of the one that stays."""

    chart: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLinked:
    """The same person at another site: chart `patient_id` in that `ledger`. `basis`: how that is known, and by whose
    leave it is kept."""

    ledger: str
    patient_id: UUID
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    ledger: str
    patient_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """Where a chart went, and the version that says so."""

    chart: UUID
    version: int


TookOver = Mapping[UUID, int]
"""Chart that was merged into this one → version that says so."""

Links = tuple[Link, ...]


def evolve_took_over(took_over: TookOver, entry: Entry) -> TookOver:
    return {**took_over, entry.fact.from_chart: entry.version}


def evolve_merged(merged: Merger | None, entry: Entry) -> Merger:
    return Merger(chart=entry.fact.chart, version=entry.version)


def evolve_links(links: Links, entry: Entry) -> Links:
    fact: ChartLinked = entry.fact
    return (*links, Link(ledger=fact.ledger, patient_id=fact.patient_id, version=entry.version))


def judge_open(chart: Chart, new: Entry) -> None:
    """A chart that was merged takes no fact but the strike that separates it again."""
    merged = chart.merged_into
    if merged is None or (isinstance(new.fact, EnteredInError) and new.fact.target == merged.version):
        return
    named = stream_name("chart", merged.chart)
    raise Refused("chart.merged", f"This chart was merged into {named}: record it in the chart it was merged into.")


def judge(chart: Chart, new: Entry, scene: Scene) -> None:
    match new.fact:
        case ChartsMerged(from_chart=key):
            _judge_merging(chart, key, scene)
        case MergedInto(chart=key):
            stays = scene.charts.get(key)
            if key not in scene.untold and (stays is None or chart.patient_id not in stays.took_over):
                raise Refused("merge.one-sided", "Merge the charts in the one that stays: this one follows of itself.")
            _judge_nothing_open(chart)
        case ChartLinked() as fact:
            _judge_link(chart, fact, scene)
        case _:
            return


def _judge_merging(chart: Chart, key: UUID, scene: Scene) -> None:
    if key == chart.patient_id:
        raise Refused("merge.into-itself", "A chart can't be merged into itself: name the other one.")
    if key in scene.untold:
        return
    other = scene.charts.get(key)
    if other is None or other.identity.mrn is None:
        raise Refused("merge.unknown-chart", "There is no such chart at this facility: name the one to be merged.")
    if other.merged_into is not None or key in chart.took_over:
        raise Refused("merge.already-merged", "That chart was merged already: its own history says into which.")
    if _is_in_care(chart) and _is_in_care(other):
        raise Refused("merge.both-open", "Both charts have an open episode: end one of them before merging.")
    _judge_nothing_open(other)


def _judge_nothing_open(merged: Chart) -> None:
    if _is_in_care(merged):
        raise Refused("merge.open-episode", "The chart to be merged has an open episode: merge the other way round.")


def _is_in_care(chart: Chart) -> bool:
    return any(episode.ended_on() is None for episode in chart.episodes.values())


def _judge_link(chart: Chart, fact: ChartLinked, scene: Scene) -> None:
    if fact.ledger == scene.ledger:
        raise Refused("link.same-site", "Link the chart of another site: two charts of one site are merged instead.")
    if is_blank(fact.basis):
        raise Refused("link.without-basis", "Say how it is known that both charts are of the same person.")
    if any((link.ledger, link.patient_id) == (fact.ledger, fact.patient_id) for link in chart.links):
        raise Refused("link.already-linked", "These charts are linked: strike that entry if it was wrong.")
    other = scene.elsewhere.get((fact.ledger, fact.patient_id))
    if other is None or other.identity.mrn is None:
        raise Refused("link.unknown-chart", "There is no such chart at that site: check its code and the patient's id.")


def elsewhere(patient_id: UUID, new: Entry, target: Any, scene: Scene) -> Iterator[tuple[UUID, Any]]:
    """What is recorded with it in the other chart: a chart, and the fact. `target` is what a strike is aimed at.

    Once the other half is struck too, nothing follows from that any more.
    """
    match new.fact, target:
        case ChartsMerged(from_chart=key), _:
            yield key, MergedInto(chart=patient_id)
        case EnteredInError(), ChartsMerged(from_chart=key):
            other = scene.charts.get(key)
            if other is not None and other.merged_into is not None and other.merged_into.chart == patient_id:
                yield key, EnteredInError(target=other.merged_into.version)
        case EnteredInError(), MergedInto(chart=key):
            other = scene.charts.get(key)
            if other is not None and (version := other.took_over.get(patient_id)) is not None:
                yield key, EnteredInError(target=version)
        case _:
            return


def joined(chart: Chart) -> dict[str, Any]:
    """Where the chart went, and what it took over, by name of the stream; nothing where it did neither. JSON-ready.

    Each answer about a whole chart says so: what is on record in the other chart is read there.
    """
    merged = chart.merged_into
    return {
        **({} if merged is None else {"merged_into": stream_name("chart", merged.chart)}),
        **({"took_over": sorted(stream_name("chart", key) for key in chart.took_over)} if chart.took_over else {}),
    }
