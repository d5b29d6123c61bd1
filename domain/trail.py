"""The audit trail of a chart: where each fact, in the order of recording, left the patient.

A state after a fact is what was known right then, as of the day on which it was recorded: a discharge that is entered
a week late is seen in it from the week after, and what is planned for later shows once a fact is recorded later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from domain.chart import Chart
from domain.facility import Facility
from domain.record import Entry, first_recorded_at, stream_name
from domain.status import episode_shown
from domain.streams import further
from domain.week import local_date

STANDING: Final = ("episode_id", "state", "level_of_care", "cohort_id", "admitted_on")
"""What of the status's `episode` facts change; the week of the program passes by itself."""


def standings(patient_id: UUID, entries: Sequence[Entry], site: Facility) -> list[Mapping[str, Any]]:
    """For each entry, the first ones of the chart's stream, those of `STANDING` that are others after it than before,
    JSON-ready. Before the first all are null."""
    stream = stream_name("chart", patient_id)
    chart: Any = Chart(patient_id=patient_id)
    before: Mapping[str, Any] = dict.fromkeys(STANDING)
    found: list[Mapping[str, Any]] = []
    for n, entry in enumerate(entries, start=1):
        chart = further(stream, chart, entries[:n], 1)
        recorded = first_recorded_at(entry)
        shown = episode_shown(chart, site, local_date(recorded, site.clock))
        found.append({name: shown[name] for name in STANDING if shown[name] != before[name]})
        before = shown
    return found


def differing(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Two status documents of one date, field by field: `field` (such as `week.minutes`), `before` and `after`, of
    those that are not the same. `before` is None where there was no chart yet."""
    old, new = {} if before is None else _fields(before), _fields(after)
    return [
        {"field": name, "before": old.get(name), "after": new.get(name)}
        for name in {**new, **old}
        if old.get(name) != new.get(name)
    ]


_OF_THE_CUT: Final = frozenset({"patient_id", "facility", "as_of", "known_at", "position"})


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name in _OF_THE_CUT:
            continue
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": said for inner, said in value.items()}
        else:
            found[name] = value
    return found
