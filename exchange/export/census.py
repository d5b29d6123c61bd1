"""The census as a table: a line an open episode, at the end of a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from exchange.cut import Knowledge, knowledge
from exchange.errors import NotAsked, NotOnRecord
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import Asked, Table, facility_at
from projections import census
from projections.census import Census
from projections.cut import Behind
from projections.site import date_asked
from store.store import Store

LAYOUT: Final = Layout(
    kind="census",
    title="Census",
    says="One row an episode of care that is open at the end of a date, in the order of patients. It is of one date "
    "(`--as-of`), so there is no time to choose from. People by id, no names.",
    columns=(
        Column(name="patient_id", type=Type.UUID, meaning="The patient: `chart/<patient_id>` is the chart's stream."),
        Column(name="episode_id", type=Type.UUID, meaning="The open episode."),
        Column(name="state", type=Type.TEXT, meaning="Where it stands: `inquiry`, `assessed`, `active` …"),
        Column(
            name="level_of_care", type=Type.TEXT, meaning="By ASAM: of the enrollment, then of each step in effect."
        ),
        Column(name="cohort_id", type=Type.UUID, meaning="The cohort of that date."),
        Column(name="admitted_on", type=Type.DATE, meaning="The day of the first session attended."),
        Column(name="week_of_program", type=Type.INTEGER, meaning="Full weeks since the admission, and one."),
        Column(name="planned_weeks", type=Type.INTEGER, meaning="As enrolled."),
        Column(name="last_attended_on", type=Type.DATE, meaning="Program day of the last session attended."),
        Column(name="flags", type=Type.LIST, meaning="What to look at, such as `two_unexcused`."),
    ),
)


@contextmanager
def opened(store: Store, asked: Asked) -> Iterator[Table]:
    """NotAsked with dates to choose by, NotOnRecord for a site that was not open at the cut; the errors of the
    store."""
    if asked.from_on is not None or asked.to_on is not None:
        raise NotAsked("A census is of one date: give that, and neither a first nor a last one.")
    ledger = store.ledger(asked.facility)
    known = knowledge(ledger, asked.known_at)
    zone = facility_at(ledger, known.position).clock
    found = _found(store, asked, known, date_asked(asked.as_of, asked.known_at, now=asked.now, zone=zone))
    if found.known_at is None:
        raise NotOnRecord("This facility had not been opened by then.")
    yield Table(
        layout=LAYOUT,
        asked=asked,
        knowledge=Knowledge(position=found.position, known_at=found.known_at, asked_known_at=known.asked_known_at),
        as_of=found.as_of,
        zone=zone,
        pages=iter([[line(row) for row in found.rows]]),
    )


def _found(store: Store, asked: Asked, known: Knowledge, as_of: date) -> Census:
    """Out of the read tables, where they have everything; else from the ledger."""
    if asked.known_at is None:
        try:
            found = census.answer(store, asked.facility, now=asked.now, as_of=as_of)
        except Behind:
            found = None
        if found is not None and found.known_at is not None and not found.lacking:
            return found
    return census.answer(store, asked.facility, now=asked.now, as_of=as_of, known_at=known.known_at)


def line(row: Mapping[str, Any]) -> Values:
    return tuple(_value(column, row[column.name]) for column in LAYOUT.columns)


def _value(column: Column, value: Any) -> Any:
    if column.type is Type.DATE:
        return None if value is None else date.fromisoformat(value)
    return tuple(value) if column.type is Type.LIST else value
