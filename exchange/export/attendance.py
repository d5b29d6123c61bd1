"""Attendance as a table: a line a record that stands, of every patient in every session.

What is known now comes out of the read tables, what was known once out of the ledger, one chart after the other: the
same lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from domain.attendance_list import Listed, credited_minutes, listed, program_day, punctuality, state
from exchange.cut import Knowledge, cut_at, knowledge
from exchange.export.charts import SessionsAt, charts_at
from exchange.export.columns import Column, Layout, Type, Values
from exchange.export.question import A_DAY, Asked, Table, facility_at, midnight
from projections import attended
from projections.cut import Cut
from store.ledger import Ledger
from store.store import Store

LAYOUT: Final = Layout(
    kind="attendance",
    title="Attendance",
    says="One row a record of attendance that stands: of one patient in one session, present or absent. Records that "
    "were corrected or struck are not in it; those in sessions that were cancelled are. Rows are chosen by program "
    "day, and stand in the order of patient and scheduled start. People by id, no names.",
    columns=(
        Column(name="patient_id", type=Type.UUID, meaning="The patient: `chart/<patient_id>` is the chart's stream."),
        Column(name="episode_id", type=Type.UUID, meaning="The episode of care that it belongs to."),
        Column(name="session_id", type=Type.UUID, meaning="The session."),
        Column(name="cohort_id", type=Type.UUID, meaning="The session's cohort; empty for one without."),
        Column(
            name="program_day",
            type=Type.DATE,
            meaning="Local date of the session's scheduled start, as last rescheduled.",
        ),
        Column(name="kind", type=Type.TEXT, meaning="Of the session: `group`, `individual`, `family` …"),
        Column(name="modality", type=Type.TEXT, meaning="`in_person` or `telehealth`."),
        Column(name="session_state", type=Type.TEXT, meaning="`planned`, `held` or `cancelled`."),
        Column(name="scheduled_at", type=Type.INSTANT, meaning="Scheduled start, as last rescheduled."),
        Column(
            name="started_at",
            type=Type.INSTANT,
            meaning="Actual start; empty while it is not on record as held, and when it was cancelled.",
        ),
        Column(name="ended_at", type=Type.INSTANT, meaning="Actual end; empty as `started_at` is."),
        Column(name="outcome", type=Type.TEXT, meaning="`attended`, `absent_excused` or `absent_unexcused`."),
        Column(name="arrived_at", type=Type.INSTANT, meaning="Empty for an absence."),
        Column(name="left_at", type=Type.INSTANT, meaning="Empty for an absence."),
        Column(
            name="credited_minutes",
            type=Type.MINUTES,
            meaning="Full minutes of presence from actual start to actual end, on a day from admission to discharge; "
            "0 in aftercare and alumni sessions. No rule set judged: two sessions at one time both have theirs.",
        ),
        Column(
            name="late",
            type=Type.BOOLEAN,
            meaning="Arrived more than 5 minutes after the actual start; empty where that can't be said.",
        ),
        Column(
            name="left_early",
            type=Type.BOOLEAN,
            meaning="Left more than 5 minutes before the actual end; empty where that can't be said.",
        ),
        Column(name="family_members", type=Type.INTEGER, meaning="How many came along."),
        Column(
            name="recorded_at",
            type=Type.INSTANT,
            meaning="When the record that stands was recorded here: of a correction, when it was corrected.",
        ),
        Column(name="corrected", type=Type.BOOLEAN, meaning="Whether the record is a correction of an earlier one."),
        Column(
            name="version",
            type=Type.INTEGER,
            meaning="Of the fact in the chart: its name is `chart/<patient_id>@<version>`.",
        ),
    ),
)


def line(record: Listed, day: date) -> Values:
    late, left_early = punctuality(record)
    return (
        record.patient_id,
        record.episode_id,
        record.session_id,
        record.cohort_id,
        day,
        record.kind,
        record.modality,
        state(record),
        record.starts_at,
        record.started_at,
        record.ended_at,
        record.outcome,
        record.arrived_at,
        record.left_at,
        credited_minutes(record, day),
        late,
        left_early,
        record.family_members,
        record.recorded_at,
        record.corrected,
        record.version,
    )


@contextmanager
def opened(store: Store, asked: Asked) -> Iterator[Table]:
    """The table while the block lasts. NotOnRecord for a site that was not open at the cut; the errors of the store."""
    ledger = store.ledger(asked.facility)
    known = knowledge(ledger, asked.known_at)
    facility = facility_at(ledger, known.position)
    zone = facility.clock
    as_of = cut_at(known, facility, known_at=asked.known_at, as_of=asked.as_of, now=asked.now).as_of
    since = None if asked.from_on is None else midnight(asked.from_on, zone)
    last = as_of if asked.to_on is None else min(as_of, asked.to_on)
    with attended.records(store, asked.facility, since=since, until=midnight(last + A_DAY, zone)) as found:
        if found is not None and (stands := _standing_at(found.cut, known, asked)) is not None:
            yield _table(ledger, asked, stands, as_of, zone, (_lines(page, zone) for page in found.pages))
            return
    yield _table(ledger, asked, known, as_of, zone, _from_ledger(ledger, known, asked, as_of, zone))


def _standing_at(cut: Cut, known: Knowledge, asked: Asked) -> Knowledge | None:
    """What the read tables know, if that is what was asked for: without a `known_at`, wherever they are."""
    if cut.known_at is None:
        return None
    if asked.known_at is None:
        return Knowledge(position=cut.position, known_at=cut.known_at)
    return known if cut.position == known.position else None


def _table(
    ledger: Ledger, asked: Asked, known: Knowledge, as_of: date, zone: ZoneInfo, pages: Iterator[Sequence[Values]]
) -> Table:
    return Table(
        layout=LAYOUT,
        asked=asked,
        knowledge=known,
        as_of=as_of,
        zone=zone,
        pages=pages,
        parameters=asked.parameters,
        further=lambda: {"charts_destroyed": len(ledger.destroyed())},
    )


def _lines(page: Sequence[Listed], zone: ZoneInfo) -> list[Values]:
    return [line(record, program_day(record, zone)) for record in page]


def _from_ledger(
    ledger: Ledger, known: Knowledge, asked: Asked, as_of: date, zone: ZoneInfo
) -> Iterator[Sequence[Values]]:
    sessions = SessionsAt(ledger, known.position)
    for page in charts_at(ledger, known.position):
        planned = sessions.of({key for told in page for key in told.chart.attendances})
        # The first three fields are what the read tables order by.
        records = sorted(
            listed(told.chart, record, told.entry(record.version), planned[key])
            for told in page
            for key, record in told.chart.attendances.items()
            if key in planned
        )
        days = [program_day(record, zone) for record in records]
        yield [line(record, day) for record, day in zip(records, days, strict=True) if asked.holds(day, as_of)]
