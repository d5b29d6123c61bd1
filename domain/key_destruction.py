"""The end of a chart: its key is destroyed, and nobody reads a word of it again. That there was one stays on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from domain.record import Entry, stream_name
from domain.refused import Refused
from domain.wording import is_blank

if TYPE_CHECKING:
    from domain.chart import Chart
    from domain.legal_hold import Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDestroyed:
    """The key of a chart is destroyed in the transaction that records this. `authority` names by what right, such as
    the schedule of retention and the date on which its time was over."""

    patient_id: UUID
    authority: str


Destroyed: TypeAlias = Mapping[UUID, int]
"""Patient whose chart was destroyed → version of the fact that says so."""


def ended_by(fact: Any) -> str | None:
    """The stream of the chart whose key goes with this fact."""
    return stream_name("chart", fact.patient_id) if isinstance(fact, KeyDestroyed) else None


def evolve(destroyed: Destroyed, entry: Entry) -> Destroyed:
    """One standing fact further."""
    return {**destroyed, entry.fact.patient_id: entry.version}


def judge_standing(patient_id: UUID, destroyed: Destroyed) -> None:
    """A chart that was destroyed takes no fact of any kind."""
    if patient_id in destroyed:
        raise Refused("chart.destroyed", "This chart was destroyed under authority: nothing is recorded in it again.")


def judge(holds: Holds, destroyed: Destroyed, fact: KeyDestroyed) -> None:
    """What the site's own stream says: a chart is destroyed once, by a named authority, under no live hold."""
    if is_blank(fact.authority):
        raise Refused("key.authority", "Name the authority: by what right this chart's key is destroyed.")
    if fact.patient_id in destroyed:
        raise Refused("key.already-destroyed", "The key of this chart was destroyed before: there is nothing left.")
    if fact.patient_id in holds:
        raise Refused(
            "key.legal-hold", "This chart is under a legal hold: every authority has to release its own first."
        )


def judge_chart(fact: KeyDestroyed, charts: Mapping[UUID, Chart], holds: Holds) -> None:
    """What the charts say. `charts`: that of the fact and those joined with it, as far as this site has them."""
    chart = charts.get(fact.patient_id)
    if chart is None:
        raise Refused("key.unknown-chart", "This site has no chart of that patient: look up the id.")
    if any(episode.ended_on() is None for episode in chart.episodes.values()):
        raise Refused("key.open-episode", "An episode of this chart is open: end it by a discharge first.")
    if not joined(fact.patient_id, charts).isdisjoint(holds):
        raise Refused(
            "key.joined-legal-hold", "A chart that was merged with this one is under a legal hold: see to it."
        )


def joined(patient_id: UUID, charts: Mapping[UUID, Chart]) -> frozenset[UUID]:
    """The patients of the charts that mergers join with this one, through others too, as far as `charts` tell."""
    found: set[UUID] = set()
    look = [patient_id]
    while look:
        chart = charts.get(look.pop())
        if chart is None:
            continue
        beside = {*chart.took_over, *([] if chart.merged_into is None else [chart.merged_into.chart])}
        look += beside - found
        found |= beside
    return frozenset(found - {patient_id})
