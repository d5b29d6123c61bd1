"""Charts merged at one site in the model.

"Merging two charts that both have an open episode; any fact in a chart merged into another" is refused; `MergedInto`
follows in the other chart. Left open, and settled here: the chart that has an open episode is the one that stays, each
is merged once, and whoever strikes one half strikes both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.domain.model.record import Line, Record, live, named


def is_merged(lines: list[Line]) -> Line | None:
    found = named(live(lines), "MergedInto")
    return found[0] if found else None


def has_open_episode(lines: list[Line]) -> bool:
    ended = {line.episode_id for line in named(live(lines), "Discharged", "NotAdmitted")}
    return any(line.episode_id not in ended for line in named(live(lines), "InquiryReceived"))


def merge(stream: str, new: Line, record: Record) -> set[str]:
    other = f"chart/{new.from_chart}"
    if other == stream:
        return {"merge.into-itself"}
    theirs = record.get(other, [])
    wrong = set()
    if not named(live(theirs), "PatientRegistered"):
        wrong.add("merge.unknown-chart")
    if is_merged(theirs):
        wrong.add("merge.already-merged")
    if has_open_episode(theirs):
        wrong.add("merge.both-open" if has_open_episode(record.get(stream, [])) else "merge.open-episode")
    return wrong


def closed(stream: str, new: Line, record: Record) -> set[str]:
    """The contract: "Any fact in a chart merged into another", but the strike that separates them."""
    merged = is_merged(record.get(stream, []))
    if merged is None or (new.name == "EnteredInError" and new.target == merged.version):
        return set()
    return {"chart.merged"}


def separated(stream: str, new: Line, record: Record) -> list[str]:
    """The other chart, where a strike separates the two: its admission follows what became of the sessions since."""
    target = next((line for line in record.get(stream, []) if line.version == new.get("target")), None)
    return [f"chart/{target.from_chart}"] if target is not None and target.name == "ChartsMerged" else []


def with_other_half(stream: str, new: Line, record: Record) -> Record:
    """The record with what is said in the other chart at the same time. `record` holds the new line."""
    lines = record[stream]
    target = next((line for line in lines if line.version == new.get("target")), None)
    if new.name == "ChartsMerged":
        return further(f"chart/{new.from_chart}", new, "MergedInto", {"chart": key_of(stream)}, record)
    if target is not None and target.name in ("ChartsMerged", "MergedInto"):
        other = f"chart/{target.get('from_chart') or target.get('chart')}"
        for half in named(live(record[other]), "ChartsMerged", "MergedInto"):
            if f"chart/{half.get('from_chart') or half.get('chart')}" == stream:
                return further(other, new, "EnteredInError", {"target": half.version}, record)
    return record


def further(stream: str, new: Line, name: str, fields: dict[str, Any], record: Record) -> Record:
    lines = record[stream]
    return {**record, stream: [*lines, replace(new, version=len(lines) + 1, name=name, fact=fields)]}


def key_of(stream: str) -> Any:
    return UUID(stream.partition("/")[2])
