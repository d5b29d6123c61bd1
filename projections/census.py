"""Census: the open episodes of a site, with their states and flags.

The table holds each episode's ids and dates; which are open, and in what state, is found when it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from operator import attrgetter, itemgetter
from typing import Any, Final, LiteralString
from uuid import UUID

from domain.chart import Chart, fold
from domain.chart.carry_over import EpisodeCarriedOver, carried_at
from domain.chart.enrollment import Admitted, Enrolled
from domain.chart.entry import InquiryReceived, NotAdmitted
from domain.chart.exit import Discharged, DischargeVoided
from domain.claims import cohort_held, cohorts_named, overfull
from domain.record import Entry, stream_name, stream_uuid
from domain.site import Site
from domain.status import census_row
from projections import status
from projections.attendance import PROJECTION as ATTENDANCE
from projections.cut import Behind, cut_of, known
from projections.definition import define
from projections.projection import Cursor, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from projections.reading import facts_lacking, snapshot
from projections.sessions import PROJECTION as SESSIONS
from projections.sessions import sessions_needed
from projections.site import A_DAY, date_asked, is_past, site_at, whole_site
from store.ledger import Ledger
from store.store import Store

# ---- fold and table


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeRow:
    """`ended_on`: of the discharge, or of not being admitted; None while open."""

    patient_id: UUID
    episode_id: UUID
    first_contact_at: datetime
    enrolled_on: date | None = None
    admitted_on: date | None = None
    ended_on: date | None = None


Rows = Mapping[UUID, EpisodeRow]
"""The episodes of one chart, by id."""

_STEPS: Final = (Enrolled, Admitted, NotAdmitted, Discharged)
_DATED: Final = (InquiryReceived, EpisodeCarriedOver, *_STEPS)

_LOAD: Final[LiteralString] = """
SELECT patient_id, episode_id, first_contact_at, enrolled_on, admitted_on, ended_on
FROM projection.census WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s)
"""
_TABLE: Final = ReadTable(
    "census",
    key={"patient_id": "uuid", "episode_id": "uuid"},
    values={
        "first_contact_at": "timestamptz",
        "enrolled_on": "date",
        "admitted_on": "date",
        "ended_on": "date",
    },
)
_COLUMNS: Final = attrgetter(*_TABLE.columns)


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """The dates of the episodes; where a fact or a discharge was taken back, the chart's episodes are made anew."""
    streams = by_stream(facts, "chart")
    undone = [stream for stream in streams if facts.strikes(stream) or DischargeVoided in facts.kinds[stream]]
    dated = {
        stream: kept
        for stream, entries in streams.items()
        if stream not in undone
        and not facts.kinds[stream].isdisjoint(_DATED)
        and (kept := [entry for entry in entries if type(entry.fact) in _DATED])
    }
    # Of those that begin here nothing is on record.
    known = _load(cursor, ledger, [stream_uuid(stream) for stream in dated if streams[stream][0].version > 1])
    rows = {stream: further(known.get(stream, {}), stream_uuid(stream), entries) for stream, entries in dated.items()}
    if undone:
        if not facts.new:
            _TABLE.forget(cursor, ledger.name, map(stream_uuid, undone))
        for stream, all_entries in whole(ledger, undone, streams, facts[-1].position).items():
            rows[stream] = rows_of(fold(stream_uuid(stream), all_entries))
    written = [_COLUMNS(row) for episodes in rows.values() for row in episodes.values()]
    _TABLE.write(cursor, ledger.name, written, new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def further(rows: Rows, patient_id: UUID, entries: Iterable[Entry]) -> Rows:
    """The episodes of a chart with these entries. One of an episode that isn't there is passed by."""
    episodes = dict(rows)
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, InquiryReceived):
            episodes[fact.episode_id] = EpisodeRow(
                patient_id=patient_id, episode_id=fact.episode_id, first_contact_at=fact.first_contact_at
            )
        elif isinstance(fact, EpisodeCarriedOver):
            episodes[fact.episode_id] = EpisodeRow(
                patient_id=patient_id,
                episode_id=fact.episode_id,
                first_contact_at=carried_at(entry),
                enrolled_on=fact.admitted_on,
                admitted_on=fact.admitted_on,
            )
        elif isinstance(fact, _STEPS) and (row := episodes.get(fact.episode_id)) is not None:
            episodes[fact.episode_id] = _dated(row, fact)
    return episodes


def _dated(row: EpisodeRow, fact: Enrolled | Admitted | NotAdmitted | Discharged) -> EpisodeRow:
    match fact:
        case Enrolled(on=on):
            return replace(row, enrolled_on=on)
        case Admitted(on=on):
            return replace(row, admitted_on=on)
        case NotAdmitted(on=on) | Discharged(on=on):
            return replace(row, ended_on=on if row.ended_on is None else max(on, row.ended_on))


def rows_of(chart: Chart) -> Rows:
    """The same from a chart that was folded whole."""
    return {
        episode.episode_id: EpisodeRow(
            patient_id=chart.patient_id,
            episode_id=episode.episode_id,
            first_contact_at=episode.first_contact_at,
            enrolled_on=None if episode.enrollment is None else episode.enrollment.on,
            admitted_on=None if episode.admission is None else episode.admission.on,
            ended_on=episode.ended_on(),
        )
        for episode in chart.episodes.values()
    }


def _load(cursor: Cursor, ledger: Ledger, patients: list[UUID]) -> dict[str, Rows]:
    """The episodes on record of these patients, by the stream of the chart."""
    rows: dict[str, dict[UUID, EpisodeRow]] = {}
    if patients:
        for row in cursor.execute(_LOAD, {"ledger": ledger.name, "patients": patients}):
            found = EpisodeRow(
                patient_id=row[0],
                episode_id=row[1],
                first_contact_at=row[2],
                enrolled_on=row[3],
                admitted_on=row[4],
                ended_on=row[5],
            )
            rows.setdefault(stream_name("chart", found.patient_id), {})[found.episode_id] = found
    return dict(rows)


PROJECTION: Final = define(
    "census",
    apply,
    folds=("projections.census", "domain.chart"),
    apart=True,
)


# ---- query

# Today's date differs between zones; what ended a day or two ago is left out by the domain.
_OPEN: Final[LiteralString] = """
SELECT DISTINCT patient_id FROM projection.census
WHERE ledger = %(ledger)s AND (ended_on IS NULL OR ended_on > %(before)s)
"""


@dataclass(frozen=True, slots=True)
class Census:
    """One row an episode open at the end of `as_of`, by patient id, JSON-ready (`domain.status.census_row`), and the
    cut of the ledger that they stand on. `lacking`: how many facts of the site some read table had to leave out."""

    rows: list[dict[str, Any]]
    as_of: date
    position: int
    known_at: datetime | None
    lacking: int


def answer(
    store: Store, facility: str, *, now: datetime, as_of: date | None = None, known_at: datetime | None = None
) -> Census:
    """The census of a site. Without `as_of` of today there, by `now`, or of the date of `known_at` there.

    What is past, by either clock, is folded from the ledger. Raises `Behind`, and the errors of the store.
    """
    ledger = store.ledger(facility)
    if known_at is not None or is_past(as_of, now):
        return _from_ledger(ledger, now=now, as_of=as_of, known_at=known_at)
    before = (as_of or now.astimezone(UTC).date()) - A_DAY
    asked = {"ledger": facility, "before": before}
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, (PROJECTION, status.PROJECTION, SESSIONS, ATTENDANCE))
        if cut is None:
            raise Behind
        patients = [row[0] for row in cursor.execute(_OPEN, asked)]
        charts = status.sealed_charts(cursor, facility, patients)
        sessions = sessions_needed(cursor, facility, patients, since=now, until=now)
        lacking = facts_lacking(cursor, facility)
    opened = status.opened(ledger, charts)
    cohorts = frozenset().union(*map(cohorts_named, opened.values()))
    site = replace(site_at(store, facility, cohorts, upto=cut.position), charts=opened, sessions=sessions)
    if site.facility.zone is None:
        return Census([], before + A_DAY, cut.position, cut.known_at, lacking)
    on = date_asked(as_of, None, now=now, zone=site.facility.zone)
    rows = _rows(site, on)
    return Census(rows, on, cut.position, cut.known_at, lacking)


def _from_ledger(ledger: Ledger, *, now: datetime, as_of: date | None, known_at: datetime | None) -> Census:
    cut = known(ledger, known_at)
    site = whole_site(ledger, upto=cut.position)
    zone = site.facility.zone
    if zone is None:
        return Census([], as_of or (known_at or now).astimezone(UTC).date(), cut.position, cut.known_at, 0)
    on = date_asked(as_of, known_at, now=now, zone=zone)
    return Census(_rows(site, on), on, cut.position, cut.known_at, 0)


def _rows(site: Site, on: date) -> list[dict[str, Any]]:
    """`cohort_over_capacity` is flagged for everybody in a cohort that more hold than it has seats."""
    full = overfull(site.charts.values(), site.cohorts)
    found = []
    for chart in site.charts.values():
        row = census_row(chart, facility=site.facility, sessions=site.sessions, cohorts=site.cohorts, as_of=on)
        if row is not None:
            row["flags"] += ["cohort_over_capacity"] if cohort_held(chart) in full else []
            found.append(row)
    return sorted(found, key=itemgetter("patient_id"))
