"""What the read tables of a ledger hold, opened, and what they should hold: the facts folded whole by the domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from domain.chart import Chart
from domain.chart.attendance import Attendance, AttendanceCorrected, Outcome
from domain.record import Recorded, stream_name
from domain.session import Session
from domain.site import fold_site
from domain.wording import spoken_name
from projections import census, screenings, step_downs
from projections.census import EpisodeRow
from projections.digest import Batch
from projections.projection import AS_PROJECTOR
from projections.screenings import ScreeningRow
from projections.sessions import session_of
from projections.status import opened
from projections.step_downs import StepDownRow
from store.store import Store
from tests.sample_program import known

STATUS: LiteralString = "SELECT patient_id, version, chart FROM projection.status WHERE ledger = %(ledger)s"
SESSIONS: LiteralString = """
SELECT session_id, version, cohort_id, kind, modality, topic, room, starts_at, ends_at, scheduled_version,
       started_at, ended_at, staff::text, held_version, cancelled, cancelled_version, stays::text, plans::text
FROM projection.sessions WHERE ledger = %(ledger)s
"""
ATTENDANCE: LiteralString = """
SELECT patient_id, session_id, episode_id, outcome, arrived_at, left_at, family_members, version, recorded_at, corrected
FROM projection.attendance WHERE ledger = %(ledger)s
"""
CENSUS: LiteralString = """
SELECT patient_id, episode_id, first_contact_at, enrolled_on, admitted_on, ended_on
FROM projection.census WHERE ledger = %(ledger)s
"""
SCREENINGS: LiteralString = """
SELECT patient_id, screening_id, episode_id, ordered_at, refused_at, missed_at, collected_at, reported_at, reviewed_on,
       discussed_on
FROM projection.screenings WHERE ledger = %(ledger)s
"""
STEP_DOWNS: LiteralString = """
SELECT patient_id, step_down_id, episode_id, recommended_on, ended_on
FROM projection.step_downs WHERE ledger = %(ledger)s
"""
ACTIVITY: LiteralString = "SELECT position, person FROM projection.activity WHERE ledger = %(ledger)s"
ELSEWHERE: LiteralString = "SELECT position, recorded_at FROM projection.elsewhere WHERE ledger = %(ledger)s"
NAMES: LiteralString = "SELECT patient_id, key FROM projection.names WHERE ledger = %(ledger)s"
POSITIONS: LiteralString = "SELECT projection, position FROM projection.position WHERE ledger = %(ledger)s"
SET_ASIDE: LiteralString = """
SELECT projection, position, stream, version, type, reason FROM projection.set_aside
WHERE ledger = %(ledger)s ORDER BY position, projection
"""


@dataclass(frozen=True)
class Tables:
    """Rows by their keys: patient, session, (patient, session), (patient, episode), (patient, screening), (patient,
    step-down)."""

    status: dict[UUID, Chart]
    sessions: dict[UUID, Session]
    attendance: dict[tuple[UUID, UUID], Attendance]
    recordings: dict[tuple[UUID, UUID], tuple[datetime, bool]]
    """When the record that stands was recorded, and whether it is a correction."""
    census: dict[tuple[UUID, UUID], EpisodeRow]
    screenings: dict[tuple[UUID, UUID], ScreeningRow]
    step_downs: dict[tuple[UUID, UUID], StepDownRow]
    activity: dict[int, str]
    """Who recorded what stands at a position."""
    elsewhere: dict[int, datetime]
    """When what stands at a position was recorded elsewhere."""


def query(store: Store, ledger: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    [rows] = store.database.select((statement, {"ledger": ledger}), role=AS_PROJECTOR)
    return rows


def written(store: Store, ledger: str) -> Tables:
    """What the follower wrote."""
    attendance, recordings = {}, {}
    for patient_id, session_id, episode_id, outcome, *rest in query(store, ledger, ATTENDANCE):
        arrived_at, left_at, family_members, version, recorded_at, corrected = rest
        recordings[patient_id, session_id] = recorded_at, corrected
        attendance[patient_id, session_id] = Attendance(
            episode_id=episode_id,
            session_id=session_id,
            outcome=Outcome(outcome),
            arrived_at=arrived_at,
            left_at=left_at,
            family_members=family_members,
            version=version,
        )
    names = ("patient_id", "episode_id", "first_contact_at", "enrolled_on", "admitted_on", "ended_on")
    episodes = [EpisodeRow(**dict(zip(names, row, strict=True))) for row in query(store, ledger, CENSUS)]
    return Tables(
        status=opened(store.ledger(ledger), [(p, v, c) for p, v, c in query(store, ledger, STATUS)]),
        sessions={row[0]: session_of(row) for row in query(store, ledger, SESSIONS)},
        attendance=attendance,
        recordings=recordings,
        census={(row.patient_id, row.episode_id): row for row in episodes},
        screenings={row[:2]: ScreeningRow(**_named(ScreeningRow, row)) for row in query(store, ledger, SCREENINGS)},
        step_downs={row[:2]: StepDownRow(**_named(StepDownRow, row)) for row in query(store, ledger, STEP_DOWNS)},
        activity=dict(query(store, ledger, ACTIVITY)),
        elsewhere=dict(query(store, ledger, ELSEWHERE)),
    )


def _named(kind: Any, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((each.name for each in fields(kind)), row, strict=True))


def folded(facts: Iterable[Recorded]) -> Tables:
    """What it should have written."""
    read = list(facts)
    streams = known(read)
    site = fold_site(streams)
    told = {(entry.stream, entry.version): entry for entries in streams.values() for entry in entries}
    return Tables(
        status=dict(site.charts),
        sessions=dict(site.sessions),
        attendance={
            (chart.patient_id, record.session_id): record
            for chart in site.charts.values()
            for record in chart.attendances.values()
        },
        recordings={
            (chart.patient_id, record.session_id): (
                (entry := told[stream_name("chart", chart.patient_id), record.version]).recorded_at,
                isinstance(entry.fact, AttendanceCorrected),
            )
            for chart in site.charts.values()
            for record in chart.attendances.values()
        },
        census={
            (chart.patient_id, row.episode_id): row
            for chart in site.charts.values()
            for row in census.rows_of(chart).values()
        },
        screenings={
            (row.patient_id, row.screening_id): row
            for chart in site.charts.values()
            for row in screenings.rows_of(chart).values()
        },
        step_downs={
            (row.patient_id, row.step_down_id): row
            for chart in site.charts.values()
            for row in step_downs.rows_of(chart).values()
        },
        activity={fact.position: fact.envelope.by.id for fact in read},
        elsewhere={fact.position: at for fact in read if (at := fact.envelope.recorded_elsewhere_at) is not None},
    )


def named(store: Store, facts: Iterable[Recorded]) -> dict[UUID, bytes | None]:
    """The keyed hashes of names that the follower should have written."""
    found = {}
    for key, chart in fold_site(known(facts)).charts.items():
        names = chart.identity.given_name, chart.identity.family_name
        if names[0] is not None and names[1] is not None:
            found[key] = store.ledger("lexington").keyed_hash("name", spoken_name(names[0], names[1]))
    return found


def whole(facts: Sequence[Recorded]) -> Batch:
    """A batch that leaves nothing out."""
    return Batch(facts, facts[0].position - 1, facts[-1].position, facts[-1].recorded_at)


def positions(store: Store, ledger: str) -> dict[str, int]:
    return dict(query(store, ledger, POSITIONS))


def set_aside(store: Store, ledger: str) -> list[tuple[Any, ...]]:
    """projection, position, stream, version, type, reason"""
    return query(store, ledger, SET_ASIDE)


@contextmanager
def refusing(database: Any, table: str, check: LiteralString) -> Iterator[None]:
    """A read table that takes no row but those of which this is true: others are refused by the database itself."""
    name, condition = sql.Identifier("projection", table), sql.SQL(check)
    add = sql.SQL("ALTER TABLE {} ADD CONSTRAINT refusing CHECK ({}) NOT VALID").format(name, condition)
    drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT refusing").format(name)
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute(add)
        try:
            yield
        finally:
            connection.execute(drop)
