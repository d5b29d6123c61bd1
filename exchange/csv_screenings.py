"""What the rows of one specimen tell: order, collection, validity, and a report of each kind and instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart
from domain.chart.analytes import code_for
from domain.chart.episode import Episode
from domain.chart.screening import (
    AnalyteOutcome,
    AnalyteResult,
    DefinitiveReported,
    PresumptiveReported,
    ScreeningOrdered,
    SpecimenCollected,
    ValidityReported,
)
from domain.claims import mrn_claimed
from domain.record import Entry, stream_name
from domain.refused import Refused
from domain.week import local_date
from exchange.csv_cells import Cells, there
from exchange.csv_rows import Recording, Told, recording
from exchange.csv_site import TableSite
from exchange.fact_line import MALFORMED

MEASURES: Final = ("creatinine_mg_dl", "specific_gravity", "ph", "nitrite_ug_ml")
_NEEDED: Final = ("kind", "outcome", "reported_at")

Measures = dict[str, Any]
"""Field of a validity report → what was measured."""


@dataclass(frozen=True, slots=True)
class Result:
    definitive: bool
    at: datetime
    result: AnalyteResult
    by: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningTold(Told):
    """Of one row, or, once they are joined, of all rows of a specimen: `by` is who recorded its collection, with the
    first row, `measured_by` its validity, with the last that has a measure of it."""

    collected_at: datetime
    matrix: str
    observed: bool
    accession: str | None
    panel: tuple[str, ...] | None
    random: bool | None
    measures: Measures
    measured_by: Recording
    results: tuple[Result, ...]

    def key(self) -> tuple[object, ...]:
        return ("screening", mrn_claimed(self.mrn), self.accession or self.collected_at.astimezone(UTC).isoformat())

    def joined(self, other: ScreeningTold) -> ScreeningTold:
        """With what the next row of the same specimen tells. Refused where they contradict each other."""
        for name in ("mrn", "collected_at", "matrix", "observed", "accession"):
            _one(getattr(self, name), getattr(other, name))
        return replace(
            self,
            panel=_one(self.panel, other.panel),
            random=_one(self.random, other.random),
            measures={**self.measures, **other.measures, **_both(self.measures, other.measures)},
            measured_by=other.by if other.measures else self.measured_by,
            results=(*self.results, *other.results),
        )

    def facts(self, chart: Chart, at: TableSite, now: datetime) -> Iterator[tuple[Any, Recording]]:
        episode = _episode(chart, local_date(self.collected_at, at.zone), at.zone)
        entries = at.site.known(stream_name("chart", chart.patient_id)).entries
        screening_id = self._known(entries) or at.row_id(*self.key())
        about: dict[str, Any] = {"episode_id": episode.episode_id, "screening_id": screening_id}
        yield self._order(about, entries), self.by
        collected = SpecimenCollected(
            **about,
            collected_at=self.collected_at,
            matrix=self.matrix,
            observed=self.observed,
            accession=self.accession,
        )
        yield collected, self.by
        reports: dict[tuple[bool, datetime, str], list[Result]] = {}
        for one in self.results:
            reports.setdefault((one.definitive, one.at, one.by.staff), []).append(one)
        for (definitive, reported_at, _), results in reports.items():
            kind = DefinitiveReported if definitive else PresumptiveReported
            report = kind(**about, at=reported_at, analytes=tuple(one.result for one in results))
            yield report, max((one.by for one in results), key=_recorded_last)
        if self.measures:
            yield ValidityReported(**about, **self.measures), self.measured_by

    def _known(self, entries: Sequence[Entry]) -> UUID | None:
        """The screening of this specimen, where the chart has one."""
        for entry in reversed(entries):
            fact = entry.fact
            if isinstance(fact, SpecimenCollected) and (
                fact.accession == self.accession if self.accession else fact.collected_at == self.collected_at
            ):
                return fact.screening_id
        return None

    def _order(self, about: dict[str, Any], entries: Sequence[Entry]) -> ScreeningOrdered:
        """As the rows say, and what they leave out as it was ordered."""
        known = None
        for entry in entries:
            if isinstance(entry.fact, ScreeningOrdered) and entry.fact.screening_id == about["screening_id"]:
                known = entry.fact
        named = tuple(dict.fromkeys(one.result.analyte for one in self.results))
        panel = self.panel or (known.panel if known is not None else named)
        random = self.random if self.random is not None else known is not None and known.random
        return ScreeningOrdered(**about, panel=panel, random=random)


def read_screening(cells: Cells) -> ScreeningTold:
    measures: Measures = {name: value for name in MEASURES if (value := cells.number(name)) is not None}
    if (foreign := cells.yes_no("foreign_substance")) is not None:
        measures["foreign_substance"] = foreign
    told = recording(cells)
    return ScreeningTold(
        **told,
        collected_at=there(cells.instant("collected_at")),
        matrix=cells.raw("matrix"),
        observed=there(cells.yes_no("observed")),
        accession=cells.text("accession"),
        panel=cells.names("panel"),
        random=cells.yes_no("random"),
        measures=measures,
        measured_by=told["by"],
        results=_results(cells, told["by"]),
    )


def _results(cells: Cells, by: Recording) -> tuple[Result, ...]:
    analyte = cells.text("analyte")
    if analyte is None:
        if any(cells.text(name) for name in ("loinc", "value_ng_ml", *_NEEDED)):
            cells.given("analyte", "outcome")
        return ()
    for name in _NEEDED:
        cells.given(name, "analyte")
    definitive = cells.word("kind") == "definitive"
    loinc = cells.text("loinc") or code_for(analyte, definitive=definitive)
    if loinc is None:
        raise Refused(MALFORMED, "`loinc` is needed: the table of codes has no test, or several, for this analyte.")
    result = AnalyteResult(
        analyte=analyte,
        loinc=loinc,
        outcome=AnalyteOutcome(there(cells.word("outcome"))),
        value_ng_ml=cells.number("value_ng_ml"),
        cutoff_ng_ml=cells.number("cutoff_ng_ml"),
    )
    return (Result(definitive, there(cells.instant("reported_at")), result, by),)


def _one(said: Any, again: Any) -> Any:
    """What one of two rows says, or both. What a row leaves out contradicts nothing."""
    if said is not None and again is not None and said != again:
        raise Refused("line.other-specimen", "This row contradicts those before it of the same specimen: check both.")
    return said if again is None else again


def _both(measures: Measures, others: Measures) -> Measures:
    return {name: _one(value, others[name]) for name, value in measures.items() if name in others}


def _recorded_last(by: Recording) -> tuple[bool, float]:
    # Without a time it is recorded now.
    return by.recorded_at is None, 0 if by.recorded_at is None else by.recorded_at.timestamp()


def _episode(chart: Chart, on: date, zone: ZoneInfo) -> Episode:
    """That of the day of collection; else the one opened last, which is then judged."""
    episodes = [*chart.episodes.values()]
    if not episodes:
        raise Refused("line.no-episode", "The patient has no episode here: it opens with an inquiry.")
    then = [one for one in episodes if one.opened_on(zone) <= on and on <= (one.ended_on() or on)]
    return (then or episodes)[-1]
