"""The screenings of a site by the day of their collection, and which results wait to be seen to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.at_risk.scene import has_left, named
from domain.chart import Chart
from domain.chart.results import final_results, told_of
from domain.chart.screening import AnalyteOutcome
from domain.compliance.rule_set import ResultFollowUp, RuleSet
from domain.compliance.screening import FollowUp, follow_ups
from domain.facility import Facility
from domain.screening_list import Collection, day_of


class SeenTo(StrEnum):
    """What a result waits for."""

    REVIEW = "review"
    DISCUSSION = "discussion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Those of these dates, both included, or of all without them; `due`: those alone that wait for this."""

    first: date | None
    last: date | None
    due: SeenTo | None = None

    def holds(self, on: date) -> bool:
        return (self.first is None or self.first <= on) and (self.last is None or on <= self.last)


def listed(
    charts: Iterable[Chart], facility: Facility, rule_set: RuleSet, wanted: Wanted, as_of: date
) -> list[dict[str, Any]]:
    """JSON-ready, by day, patient and order. What happened after `as_of` does not count, orders recorded later do not
    stand in it."""
    rows = [row for chart in charts for row in _of_chart(chart, facility, rule_set, wanted, as_of)]
    return sorted(rows, key=lambda row: (row["on"], row["patient_id"], row["event"]))


def _of_chart(
    chart: Chart, facility: Facility, rule_set: RuleSet, wanted: Wanted, as_of: date
) -> Iterator[dict[str, Any]]:
    zone = facility.clock
    due: Mapping[UUID, list[dict[str, Any]]] = {}
    for screening in chart.screenings.values():
        on, outcome = day_of(screening, zone, as_of)
        if on > as_of or not wanted.holds(on):
            continue
        due = due or _due(chart, facility, rule_set, as_of)
        waits = due.get(screening.screening_id, [])
        if wanted.due is not None and not any(one["step"] == wanted.due for one in waits):
            continue
        collected = outcome is Collection.COLLECTED
        results = final_results(screening, zone=zone, as_of=as_of) if collected else {}
        result = told_of(screening, chart.prescriptions, zone=zone, as_of=as_of) if collected else None
        yield {
            "patient_id": str(chart.patient_id),
            "episode_id": str(screening.episode_id),
            "screening_id": str(screening.screening_id),
            "event": named(chart, screening.version),
            "on": on.isoformat(),
            "collection": outcome.value,
            "collected_at": _utc(screening.collected_at) if collected and screening.collected_at else None,
            "panel": list(screening.panel),
            "result": None if result is None else result.value,
            "positive": [name for name, one in results.items() if one.outcome is AnalyteOutcome.POSITIVE],
            "due": waits,
        }


def _due(chart: Chart, facility: Facility, rule_set: RuleSet, as_of: date) -> dict[UUID, list[dict[str, Any]]]:
    """By screening: SCR-2, as long as the rule set has it and the patient has not left long ago."""
    terms = rule_set.terms(ResultFollowUp)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for one in () if terms is None else follow_ups(chart, facility.clock, facility.holidays, as_of, terms):
        episode = chart.episodes.get(one.screening.episode_id)
        if episode is not None and not has_left(episode, as_of):
            found.setdefault(one.screening.screening_id, []).extend(_waits(chart, one, as_of))
    return found


def _waits(chart: Chart, one: FollowUp, as_of: date) -> Iterator[dict[str, Any]]:
    for step, noted in ((SeenTo.REVIEW, one.reviewed), (SeenTo.DISCUSSION, one.discussed)):
        if noted is None:
            yield {
                "step": step.value,
                "since": named(chart, one.report.version),
                "reported_on": one.reported_on.isoformat(),
                "due_on": one.due_on.isoformat(),
                "days_left": (one.due_on - as_of).days,
            }


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
