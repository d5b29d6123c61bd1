"""The screenings of a patient at a date, as known at an instant: each order, and all that became of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.merging import joined
from domain.chart.results import (
    collected_on,
    counted,
    doubts,
    final_results,
    latest_validity,
    noted_after,
    prescribed,
    told_of,
)
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    BreathAlcoholMeasured,
    NotCollected,
    Noted,
    Report,
    ResultCorrected,
    Screening,
)
from domain.record import Entry, standing, stream_name
from domain.week import business_days, local_date

_MEASURES = ("creatinine_mg_dl", "specific_gravity", "ph", "nitrite_ug_ml", "foreign_substance")


class Collection(StrEnum):
    """What became of an order."""

    AWAITED = "awaited"
    COLLECTED = "collected"
    REFUSED = "refused"
    MISSED = "missed"
    MISSED_EXCUSED = "missed_excused"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A chart at the end of a date; `entries` are its facts by version, those that were struck included."""

    chart: Chart
    entries: Mapping[int, Entry]
    zone: ZoneInfo
    holidays: Container[date]
    as_of: date

    def event(self, version: int) -> str:
        return f"{stream_name('chart', self.chart.patient_id)}@{version}"

    def is_by_now(self, at: datetime) -> bool:
        return local_date(at, self.zone) <= self.as_of


def screenings(
    chart: Chart, entries: Sequence[Entry], *, zone: ZoneInfo, holidays: Container[date], as_of: date
) -> dict[str, Any]:
    """`screenings`, `breath_alcohol` and `prescriptions`, JSON-ready, in the order of recording; and which charts it
    was merged with.

    `chart` is the fold of `entries`. What happened after `as_of` does not count, and an order of which nothing had
    happened by then, nor was it recorded yet, is not there; prescriptions and corrections count.
    """
    look = _Look(
        chart=chart, entries={entry.version: entry for entry in entries}, zone=zone, holidays=holidays, as_of=as_of
    )
    stand = standing(entries)
    return {
        "screenings": [
            _screening(look, screening, stand)
            for screening in chart.screenings.values()
            if day_of(screening, zone, as_of)[0] <= as_of
        ],
        "breath_alcohol": [
            {"event": look.event(e.version), "at": _utc(e.fact.at), "grams_per_210_l": e.fact.grams_per_210_l}
            for e in stand
            if isinstance(e.fact, BreathAlcoholMeasured) and look.is_by_now(e.fact.at)
        ],
        "prescriptions": [
            {
                "event": look.event(p.version),
                "analyte": p.analyte,
                "from_on": p.from_on.isoformat(),
                "to_on": p.to_on.isoformat(),
                "prescriber": look.entries[p.version].fact.prescriber,
            }
            for p in chart.prescriptions
        ],
        **joined(chart),
    }


def _screening(look: _Look, screening: Screening, stand: Iterable[Entry]) -> dict[str, Any]:
    order = look.entries[screening.version]
    collected = collected_on(screening, look.zone)
    is_collected = collected is not None and collected <= look.as_of
    reports = counted(screening, look.zone, look.as_of) if is_collected else []
    result = told_of(screening, look.chart.prescriptions, zone=look.zone, as_of=look.as_of) if is_collected else None
    return {
        "screening_id": str(screening.screening_id),
        "episode_id": str(screening.episode_id),
        "event": look.event(screening.version),
        "ordered_at": _utc(screening.ordered_at),
        "random": order.fact.random,
        "drawn_by": order.envelope.causation_id,
        "panel": list(screening.panel),
        "collection": _collection(look, screening, is_collected=is_collected),
        "validity": _validity(look, screening) if is_collected else None,
        "result": None if result is None else result.value,
        "analytes": [_analyte(look, screening, analyte, reports) for analyte in screening.panel],
        "reports": [_report(look, screening, report) for report in reports],
        "corrections": [
            _correction(look, entry)
            for entry in stand
            if isinstance(entry.fact, ResultCorrected) and entry.fact.screening_id == screening.screening_id
        ],
    }


def _collection(look: _Look, screening: Screening, *, is_collected: bool) -> dict[str, Any]:
    if is_collected and screening.collected_version is not None:
        fact = look.entries[screening.collected_version].fact
        return {
            "outcome": Collection.COLLECTED.value,
            "event": look.event(screening.collected_version),
            "at": _utc(fact.collected_at),
            "matrix": fact.matrix,
            "observed": fact.observed,
            "accession": fact.accession,
        }
    outcome, last = not_collected(screening, look.zone, look.as_of)
    return {
        "outcome": outcome.value,
        "event": None if last is None else look.event(last.version),
        "at": None if last is None else _utc(last.at),
    }


def day_of(screening: Screening, zone: ZoneInfo, as_of: date) -> tuple[date, Collection]:
    """The local date of the collection, else of the last refusal or missed collection, else of the order, which may
    come after `as_of`."""
    collected = collected_on(screening, zone)
    if collected is not None and collected <= as_of:
        return collected, Collection.COLLECTED
    outcome, last = not_collected(screening, zone, as_of)
    return local_date(screening.ordered_at if last is None else last.at, zone), outcome


def not_collected(screening: Screening, zone: ZoneInfo, as_of: date) -> tuple[Collection, NotCollected | None]:
    """What became of an order without a specimen by the end of `as_of`, and what said so last."""
    without = [one for one in (*screening.refusals, *screening.missed) if local_date(one.at, zone) <= as_of]
    if not without:
        return Collection.AWAITED, None
    last = without[-1]
    if last.excused is None:
        return Collection.REFUSED, last
    return (Collection.MISSED_EXCUSED if last.excused else Collection.MISSED), last


def _validity(look: _Look, screening: Screening) -> dict[str, Any]:
    """By the latest report; without one a specimen is valid."""
    latest = screening.validity[-1] if screening.validity else None
    return {
        "verdict": latest_validity(screening).value,
        "event": None if latest is None else look.event(latest.version),
        **{name: None if latest is None else getattr(latest, name) for name in _MEASURES},
    }


def _analyte(look: _Look, screening: Screening, analyte: str, reports: Sequence[Report]) -> dict[str, Any]:
    """Presumptive and definitive result side by side, of each the latest, and which of both is the final one."""
    found: dict[bool, tuple[Report, AnalyteResult]] = {
        report.definitive: (report, result)
        for report in reports
        for result in report.analytes
        if result.analyte == analyte
    }
    final = final_results(screening, zone=look.zone, as_of=look.as_of).get(analyte) if reports else None
    presumptive, definitive = found.get(False), found.get(True)
    collected = collected_on(screening, look.zone)
    covered = collected is not None and bool(prescribed(look.chart.prescriptions, collected, [analyte]))
    outcomes = [None if one is None else one[1].outcome for one in (presumptive, definitive)]
    return {
        "analyte": analyte,
        "presumptive": None if presumptive is None else _result(look, *presumptive),
        "definitive": None if definitive is None else _result(look, *definitive),
        "final": None if final is None else final.outcome.value,
        "overturned": outcomes == [AnalyteOutcome.POSITIVE, AnalyteOutcome.NEGATIVE],
        "prescribed": covered,
    }


def _result(look: _Look, report: Report, result: AnalyteResult) -> dict[str, Any]:
    return {
        "event": look.event(report.version),
        "at": _utc(report.at),
        "outcome": result.outcome.value,
        "loinc": result.loinc,
        "value_ng_ml": result.value_ng_ml,
        "cutoff_ng_ml": result.cutoff_ng_ml,
        "doubts": [doubt.value for doubt in doubts(result, definitive=report.definitive)],
    }


def _report(look: _Look, screening: Screening, report: Report) -> dict[str, Any]:
    fact = look.entries[report.version].fact
    return {
        "event": look.event(report.version),
        "kind": "definitive" if report.definitive else "presumptive",
        "at": _utc(report.at),
        "corrects": look.event(fact.corrects) if isinstance(fact, ResultCorrected) else None,
        "reviewed": _noted(look, report, screening.reviews),
        "discussed": _noted(look, report, screening.discussions),
    }


def _noted(look: _Look, report: Report, noted: Iterable[Noted]) -> dict[str, Any] | None:
    """With the business days since the report."""
    found = noted_after(report, noted, look.zone, look.as_of)
    if found is None:
        return None
    waited = business_days(local_date(report.at, look.zone), found.on, look.holidays)
    return {"event": look.event(found.version), "on": found.on.isoformat(), "business_days": waited}


def _correction(look: _Look, entry: Entry) -> dict[str, Any]:
    """What took the place of what, and why; `was` is what was reported before."""
    was = look.entries[entry.fact.corrects].fact
    analytes = getattr(was, "analytes", None)
    measures = {name: getattr(was, name) for name in _MEASURES if getattr(was, name, None) is not None}
    return {
        "event": look.event(entry.version),
        "corrects": look.event(entry.fact.corrects),
        "recorded_at": _utc(entry.recorded_at),
        "reason": entry.envelope.reason,
        "was": measures if analytes is None else {result.analyte: result.outcome.value for result in analytes},
    }


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
