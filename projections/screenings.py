"""Screenings: those of a site by the day of their collection, and which results wait for review or talk.

The table says whose charts to open, by ids and dates; what was found, and what is due, is read from the charts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart, fold
from domain.chart.screening import (
    CollectionMissed,
    DefinitiveReported,
    PresumptiveReported,
    ResultCorrected,
    ResultDiscussed,
    ResultReviewed,
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
)
from domain.facility import Facility
from domain.record import Entry, first_recorded_at, stream_uuid
from domain.site_screenings import Wanted, listed
from domain.week import EARLIEST_YEAR
from projections.definition import define
from projections.projection import Cursor, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from projections.site import midnights
from projections.site_list import SiteList, site_list
from store.database import Query
from store.ledger import Ledger
from store.rule_sets import shipped
from store.store import Store

# ---- fold and table


@dataclass(slots=True, kw_only=True)
class ScreeningRow:
    """As it is being made. Of refusals, missed collections and collections the one recorded last; of reports, reviews
    and talks the latest dated. None where there is none."""

    patient_id: UUID
    screening_id: UUID
    episode_id: UUID
    ordered_at: datetime
    refused_at: datetime | None = None
    missed_at: datetime | None = None
    collected_at: datetime | None = None
    reported_at: datetime | None = None
    reviewed_on: date | None = None
    discussed_on: date | None = None


Rows = Mapping[UUID, ScreeningRow]
"""The screenings of one chart, by id."""

_TOLD: Final = (
    ScreeningOrdered,
    SpecimenCollected,
    SpecimenRefused,
    CollectionMissed,
    PresumptiveReported,
    DefinitiveReported,
    ResultReviewed,
    ResultDiscussed,
)

_LOAD: Final[LiteralString] = """
SELECT patient_id, screening_id, episode_id, ordered_at, refused_at, missed_at, collected_at, reported_at, reviewed_on,
       discussed_on
FROM projection.screenings
WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s) AND screening_id = ANY(%(screenings)s)
"""
_TABLE: Final = ReadTable(
    "screenings",
    key={"patient_id": "uuid", "screening_id": "uuid"},
    values={
        "episode_id": "uuid",
        "ordered_at": "timestamptz",
        "refused_at": "timestamptz",
        "missed_at": "timestamptz",
        "collected_at": "timestamptz",
        "reported_at": "timestamptz",
        "reviewed_on": "date",
        "discussed_on": "date",
    },
)
_COLUMNS: Final = attrgetter(*_TABLE.columns)


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """The dates of the screenings; where a fact was struck or a result corrected, those of the chart are made anew."""
    streams = by_stream(facts, "chart")
    undone = [stream for stream in streams if facts.strikes(stream) or ResultCorrected in facts.kinds[stream]]
    told = {
        stream: kept
        for stream, entries in streams.items()
        if stream not in undone
        and not facts.kinds[stream].isdisjoint(_TOLD)
        and (kept := [entry for entry in entries if type(entry.fact) in _TOLD])
    }
    known = _load(cursor, ledger, told)
    rows = {stream: further(known.get(stream_uuid(stream), {}), stream_uuid(stream), told[stream]) for stream in told}
    if undone:
        if not facts.new:
            _TABLE.forget(cursor, ledger.name, map(stream_uuid, undone))
        for stream, entries in whole(ledger, undone, streams, facts[-1].position).items():
            rows[stream] = rows_of(fold(stream_uuid(stream), entries))
    written = [_COLUMNS(row) for screenings in rows.values() for row in screenings.values()]
    _TABLE.write(cursor, ledger.name, written, new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def further(rows: Rows, patient_id: UUID, entries: Iterable[Entry]) -> Rows:
    """The screenings of a chart with these entries, which are written into its rows. One of a screening that isn't
    there is passed by."""
    screenings = dict(rows)
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, ScreeningOrdered):
            screenings[fact.screening_id] = ScreeningRow(
                patient_id=patient_id,
                screening_id=fact.screening_id,
                episode_id=fact.episode_id,
                ordered_at=first_recorded_at(entry),
            )
        elif (row := screenings.get(fact.screening_id)) is not None:
            _date(row, fact)
    return screenings


def _date(row: ScreeningRow, fact: Any) -> None:
    """Writes a date of the screening into its row."""
    match fact:
        case SpecimenCollected(collected_at=at):
            row.collected_at = at
        case SpecimenRefused(at=at):
            row.refused_at = at
        case CollectionMissed(at=at):
            row.missed_at = at
        case PresumptiveReported(at=at) | DefinitiveReported(at=at):
            row.reported_at = at if row.reported_at is None else max(at, row.reported_at)
        case ResultReviewed(on=on):
            row.reviewed_on = on if row.reviewed_on is None else max(on, row.reviewed_on)
        case ResultDiscussed(on=on):
            row.discussed_on = on if row.discussed_on is None else max(on, row.discussed_on)
        case _:
            raise TypeError(f"{type(fact).__name__} dates no screening.")


def rows_of(chart: Chart) -> Rows:
    """The same from a chart that was folded whole."""
    return {
        screening.screening_id: ScreeningRow(
            patient_id=chart.patient_id,
            screening_id=screening.screening_id,
            episode_id=screening.episode_id,
            ordered_at=screening.ordered_at,
            refused_at=screening.refusals[-1].at if screening.refusals else None,
            missed_at=screening.missed[-1].at if screening.missed else None,
            collected_at=screening.collected_at,
            reported_at=max((report.at for report in screening.reports), default=None),
            reviewed_on=max((noted.on for noted in screening.reviews), default=None),
            discussed_on=max((noted.on for noted in screening.discussions), default=None),
        )
        for screening in chart.screenings.values()
    }


def _load(cursor: Cursor, ledger: Ledger, told: Mapping[str, Sequence[Entry]]) -> dict[UUID, dict[UUID, ScreeningRow]]:
    """The screenings on record that these entries go on with, by patient."""
    begun = {entry.fact.screening_id for entries in told.values() for entry in entries if _begins(entry)}
    named = {entry.fact.screening_id for entries in told.values() for entry in entries} - begun
    rows: dict[UUID, dict[UUID, ScreeningRow]] = {}
    if named:
        asked = {"ledger": ledger.name, "patients": list(map(stream_uuid, told)), "screenings": list(named)}
        for values in cursor.execute(_LOAD, asked):
            row = ScreeningRow(**dict(zip(ScreeningRow.__slots__, values, strict=True)))
            rows.setdefault(row.patient_id, {})[row.screening_id] = row
    return rows


def _begins(entry: Entry) -> bool:
    return isinstance(entry.fact, ScreeningOrdered)


_EARLIEST: Final = date(EARLIEST_YEAR, 1, 2)

PROJECTION: Final = define(
    "screenings",
    apply,
    folds=("projections.screenings", "domain.chart"),
    apart=True,
)


# ---- query

# What happened behind `as_of` is left out by the domain, and stands under an earlier day then. A report that has a
# review, or a talk, of its date or later waits for none; nor do those before it.
_NAMED: Final[LiteralString] = """
SELECT DISTINCT patient_id FROM projection.screenings
WHERE ledger = %(ledger)s
  AND coalesce(collected_at, missed_at, refused_at, ordered_at) >= %(since)s
  AND (coalesce(collected_at, missed_at, refused_at, ordered_at) < %(until)s
       OR coalesce(collected_at, missed_at, refused_at, ordered_at) >= %(tomorrow)s)
  AND (%(due)s::text IS NULL OR (reported_at IS NOT NULL AND (
       CASE %(due)s::text WHEN 'review' THEN reviewed_on ELSE discussed_on END
           BETWEEN (reported_at AT TIME ZONE %(zone)s::text)::date AND %(as_of)s::date) IS NOT TRUE))
"""


def answer(
    store: Store, facility: str, wanted: Wanted, *, now: datetime, as_of: date, known_at: datetime | None = None
) -> SiteList:
    """The screenings of these days as they stood at the end of `as_of` (`domain.site_screenings.listed`), with what is
    due by the rule set adopted by then.

    What is past, by either clock, is folded from the ledger. Raises `Behind`, and the errors of the store.
    """

    def present(charts: Iterable[Chart], site: Facility) -> list[dict[str, Any]]:
        return listed(charts, site, shipped().applying(site, as_of), wanted, as_of)

    def named(zone: ZoneInfo) -> Query:
        since, until = midnights(wanted.first or _EARLIEST, wanted.last or as_of, zone)
        return _NAMED, {
            "ledger": facility,
            "since": since,
            "until": until,
            "tomorrow": midnights(as_of, as_of, zone)[1],
            "due": None if wanted.due is None else wanted.due.value,
            "zone": zone.key,
            "as_of": as_of,
        }

    return site_list(store, facility, PROJECTION, named, present, now=now, as_of=as_of, known_at=known_at)
