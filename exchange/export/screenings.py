"""Drug screenings as a table: a line an order, with what became of it by a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any, Final

from domain.facility import Facility
from domain.screening_list import screenings
from domain.week import local_date
from exchange.export import of_charts
from exchange.export.charts import Told
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table
from store.store import Store

LAYOUT: Final = Layout(
    kind="screenings",
    title="Screenings",
    says="One row an order of a drug screening, with what became of it. Rows are chosen by `on`, and stand in the "
    "order of patient and order. People by id, no names.",
    columns=(
        Column(name="patient_id", type=Type.UUID, meaning="The patient: `chart/<patient_id>` is the chart's stream."),
        Column(name="episode_id", type=Type.UUID, meaning="The episode of care that it belongs to."),
        Column(name="screening_id", type=Type.UUID, meaning="The order, and all that became of it."),
        Column(
            name="on",
            type=Type.DATE,
            meaning="Local date of the collection, the refusal or the missed collection; of the order, while awaited.",
        ),
        Column(name="ordered_at", type=Type.INSTANT, meaning="When the order was recorded."),
        Column(name="random", type=Type.BOOLEAN, meaning="Whether it was ordered at random."),
        Column(name="panel", type=Type.LIST, meaning="The analytes to look for."),
        Column(
            name="collection", type=Type.TEXT, meaning="`awaited`, `collected`, `refused`, `missed`, `missed_excused`."
        ),
        Column(name="collected_at", type=Type.INSTANT, meaning="Empty unless collected."),
        Column(name="matrix", type=Type.TEXT, meaning="What was collected: `urine`, `oral_fluid` …"),
        Column(name="observed", type=Type.BOOLEAN, meaning="Whether the collection was observed."),
        Column(
            name="validity",
            type=Type.TEXT,
            meaning="Of the specimen by the latest report: `valid`, `dilute`, `substituted`, `adulterated`, `invalid`; "
            "without a report valid.",
        ),
        Column(
            name="result",
            type=Type.TEXT,
            meaning="Final: `negative`, `unexpected_positive`, `expected_positive` (by a verified prescription), "
            "`inconclusive`, or the validity of a specimen that isn't valid; empty while there is none.",
        ),
        Column(name="positive", type=Type.LIST, meaning="The analytes whose final result is positive."),
        Column(name="prescribed", type=Type.LIST, meaning="Those of the panel that a verified prescription covers."),
        Column(name="overturned", type=Type.LIST, meaning="Presumptively positive, definitively negative."),
        Column(name="reported_at", type=Type.INSTANT, meaning="Of the latest report of results."),
        Column(name="reviewed_on", type=Type.DATE, meaning="When a clinician reviewed that report."),
        Column(name="discussed_on", type=Type.DATE, meaning="When that report was discussed with the patient."),
    ),
)


def opened(store: Store, asked: Asked) -> AbstractContextManager[Table]:
    """As `of_charts.opened`."""
    return of_charts.opened(store, asked, LAYOUT, lines)


def lines(told: Told, facility: Facility, asked: Asked, as_of: date) -> Iterator[Values]:
    zone = facility.clock
    shown = screenings(told.chart, told.entries, zone=zone, holidays=facility.holidays, as_of=as_of)
    for one in shown["screenings"]:
        collection = one["collection"]
        on = local_date(_instant(collection["at"] or one["ordered_at"]), zone)
        if asked.holds(on):
            yield _line(str(told.chart.patient_id), one, collection, on)


def _line(patient_id: str, one: Mapping[str, Any], collection: Mapping[str, Any], on: date) -> Values:
    collected = collection["outcome"] == "collected"
    report = one["reports"][-1] if one["reports"] else None
    return (
        patient_id,
        one["episode_id"],
        one["screening_id"],
        on,
        _instant(one["ordered_at"]),
        one["random"],
        tuple(one["panel"]),
        collection["outcome"],
        _instant(collection["at"]) if collected else None,
        collection.get("matrix"),
        collection.get("observed"),
        None if one["validity"] is None else one["validity"]["verdict"],
        one["result"],
        _analytes(one, "final", "positive"),
        _analytes(one, "prescribed", True),
        _analytes(one, "overturned", True),
        None if report is None else _instant(report["at"]),
        None if report is None else _noted_on(report["reviewed"]),
        None if report is None else _noted_on(report["discussed"]),
    )


def _analytes(one: Mapping[str, Any], what: str, value: object) -> tuple[str, ...]:
    return tuple(analyte["analyte"] for analyte in one["analytes"] if analyte[what] == value)


def _noted_on(noted: Mapping[str, Any] | None) -> date | None:
    return None if noted is None else date.fromisoformat(noted["on"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
