"""B7, export: a site's attendance goes into a CSV file, in a process of its own, whose peak of memory is told.

The read tables hold what the follower would have written, put there in bulk: forty sessions of each patient, ten
patients a session. Floor: COPY of a SELECT of the very columns to stdout, in no order and without a thing made of
them, into a file as well. The SHA-256 of ours, and its record of who took it, are part of it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from bench.lab import Lab
from bench.memory import peak_megabytes
from bench.table import Bar, Rates, Spread, rates_table, ratios, table
from domain.facility import FacilityOpened
from domain.record import Envelope, Person, Source, stream_name
from exchange.export import attendance
from exchange.export.question import Asked
from exchange.export.taking import write_table
from projections.follower import Follower
from projections.prepare import prepare
from store.accesses import Accesses
from store.append import NewFact
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "export of attendance rows to CSV"

OF_FLOOR: Final = 0.2
TIMES_A_TENTH: Final = 1.2
"""Memory is flat: a whole export has not much more at its peak than one of a tenth of the rows."""

SITE: Final = "exported"
SESSIONS_A_PATIENT: Final = 40
PATIENTS_A_SESSION: Final = 10
LAST_DAY: Final = date(2026, 6, 30)
A_TENTH: Final = date(2016, 12, 28)
"""By then a tenth of the ten years is over."""

_BY: Final = Person("operator/bench", "B. Operator", "operator")

_SESSIONS: Final[LiteralString] = """
INSERT INTO projection.sessions
    (ledger, session_id, version, cohort_id, kind, modality, starts_at, ends_at, scheduled_version, started_at,
     ended_at, staff, held_version)
SELECT %(site)s, md5('session' || n)::uuid, 2, md5('cohort' || n / %(each)s)::uuid, 'group', 'in_person',
       starts_at, starts_at + interval '3 hours', 1, starts_at, starts_at + interval '3 hours', '[]'::jsonb, 2
FROM generate_series(0, %(sessions)s - 1) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2016-01-04 23:00Z' + n %% 3600 * interval '1 day' AS starts_at) AS planned
"""
_EPISODES: Final[LiteralString] = """
INSERT INTO projection.census (ledger, patient_id, episode_id, first_contact_at, enrolled_on, admitted_on)
SELECT %(site)s, md5('patient' || n)::uuid, md5('episode' || n)::uuid, '2016-01-01Z', '2016-01-02', '2016-01-02'
FROM generate_series(0, %(patients)s - 1) AS n
"""
_RECORDS: Final[LiteralString] = """
INSERT INTO projection.attendance
    (ledger, patient_id, session_id, episode_id, version, outcome, arrived_at, left_at, family_members, recorded_at,
     corrected)
SELECT %(site)s, md5('patient' || patient)::uuid, md5('session' || session)::uuid, md5('episode' || patient)::uuid,
       10 + visit, CASE WHEN came THEN 'attended' ELSE 'absent_excused' END,
       CASE WHEN came THEN starts_at + (patient * 7 + visit) %% 12 * interval '1 minute' END,
       CASE WHEN came THEN starts_at + interval '3 hours' - (patient + visit * 5) %% 9 * interval '1 minute' END,
       0, starts_at + interval '4 hours' + patient %% 977 * interval '1.000003 seconds', visit %% 50 = 0
FROM generate_series(0, %(patients)s - 1) AS patient
CROSS JOIN generate_series(0, %(each)s - 1) AS visit
CROSS JOIN LATERAL (SELECT patient / %(together)s * %(each)s + visit AS session, (patient + visit) %% 11 > 0 AS came)
    AS met
CROSS JOIN LATERAL (SELECT timestamptz '2016-01-04 23:00Z' + session %% 3600 * interval '1 day' AS starts_at)
    AS planned
"""
_FLOOR: Final[LiteralString] = """
COPY (
    SELECT record.patient_id, record.episode_id, record.session_id, session.cohort_id, session.kind, session.modality,
           session.cancelled, session.starts_at, session.started_at, session.ended_at, record.outcome,
           record.arrived_at, record.left_at, record.family_members, record.recorded_at, record.corrected,
           record.version, episode.admitted_on, episode.ended_on
    FROM projection.attendance record
    JOIN projection.sessions session ON session.ledger = record.ledger AND session.session_id = record.session_id
    LEFT JOIN projection.census episode ON episode.ledger = record.ledger
        AND episode.patient_id = record.patient_id AND episode.episode_id = record.episode_id
) TO STDOUT
"""


def run(lab: Lab) -> list[str]:
    rows = lab.amount(full=1_000_000, quick=40_000)
    owner, app = make_rows(lab, rows)
    figures: dict[str, list[float]] = {"ours": [], "floor": []}
    peaks: dict[date, list[float]] = {LAST_DAY: [], A_TENTH: []}
    for _ in range(lab.amount(full=3, quick=2)):
        figures["floor"].append(rows / copied(owner, lab.folder / "floor.tsv", rows))
        for last in peaks:
            written, seconds, peak = exported(lab, app, last)
            peaks[last].append(peak)
            if last == LAST_DAY:
                figures["ours"].append(rows / seconds)
                if written != rows:
                    raise SystemExit(f"{written} rows were exported: {rows} are there.")
    whole, grown = Spread(peaks[LAST_DAY]), ratios(peaks[LAST_DAY], peaks[A_TENTH])
    memory = ["export", whole.shown(), grown.shown(2), Bar(TIMES_A_TENTH, at_most=True).judged(grown)]
    return [
        *rates_table(f"{rows:,} rows", "rows", [Rates(label="to CSV", figures=figures, of_floor=OF_FLOOR)]),
        "",
        *table(["peak of memory", "MB", "÷ that of a tenth of the rows", "bar"], [memory]),
    ]


def make_rows(lab: Lab, rows: int) -> tuple[str, str]:
    """A site with so many records of attendance in its read tables: the owner's and the application's login."""
    owner, app = lab.make_database("exported")
    migrate(owner, "stepdown")
    prepare(owner, "stepdown")
    opened = FacilityOpened(code=SITE, name="Exported", zone="America/New_York")
    envelope = Envelope(by=_BY, source=Source.SYSTEM, correlation_id=UUID(int=lab.seed))
    with Store(app, FileKeyring(lab.folder / "master.key"), pool_size=2) as store:
        stream = stream_name("facility", SITE)
        store.ledger(SITE).append([NewFact(stream=stream, version=1, envelope=envelope, fact=opened)])
        Follower(store).catch_up()
    patients = rows // SESSIONS_A_PATIENT
    counts = {
        "site": SITE,
        "patients": patients,
        "each": SESSIONS_A_PATIENT,
        "together": PATIENTS_A_SESSION,
        "sessions": -(-patients // PATIENTS_A_SESSION) * SESSIONS_A_PATIENT,
    }
    with psycopg.connect(owner, autocommit=True) as connection:
        for statement in (_SESSIONS, _EPISODES, _RECORDS):
            connection.execute(statement, counts)
        connection.execute("VACUUM (ANALYZE) projection.sessions, projection.census, projection.attendance")
    return owner, app


def copied(owner: str, path: Path, rows: int) -> float:
    """Seconds in which the rows are copied into a file as they come."""
    with psycopg.connect(owner) as connection, path.open("wb") as file:
        began = perf_counter()
        with connection.cursor() as cursor, cursor.copy(_FLOOR) as blocks:
            lines = 0
            for block in blocks:
                file.write(block)
                lines += 1
        file.flush()
        seconds = perf_counter() - began
    if lines != rows:
        raise SystemExit(f"{lines} rows were copied: {rows} are there.")
    return seconds


def exported(lab: Lab, app: str, last: date) -> tuple[int, float, float]:
    """Exports what has a program day up to a date, in a new process: rows, seconds, and megabytes at the peak."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_export, args=(theirs, app, lab.folder, last), daemon=True)
    process.start()
    theirs.close()
    try:
        rows, seconds, peak = ours.recv()
    except EOFError:
        raise SystemExit("The exporting process has failed: its error stands above.") from None
    process.join()
    return rows, seconds, peak


def _export(parent: Connection, app: str, folder: Path, last: date) -> None:
    with Store(app, FileKeyring(folder / "master.key"), pool_size=3) as store:
        accesses = Accesses(store, source=Source.SYSTEM)
        began = perf_counter()
        asked = Asked(facility=SITE, now=datetime(2026, 7, 1, tzinfo=UTC), to_on=last)
        with (folder / "exported.csv").open("w+b") as file, attendance.opened(store, asked) as table:
            written = write_table(table, {"csv": file})["csv"]
            accesses.export(
                SITE, by=_BY, what="export_attendance", purpose="audit", rows=written.rows, sha256=written.sha256
            )
        seconds = perf_counter() - began
        parent.send((written.rows, seconds, peak_megabytes()))
