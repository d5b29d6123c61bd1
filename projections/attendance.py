"""Attendance: the live record of each patient in each session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString

import orjson
from psycopg.types.json import Jsonb

from domain.chart import fold
from domain.chart.attendance import RECORDS, AttendanceCorrected, Attendances, evolve
from domain.record import Recorded, stream_uuid
from projections.definition import define
from projections.projection import Cursor, by_stream, destroyed, strikes, whole
from store.ledger import Ledger

_FORGET: Final[LiteralString] = """
DELETE FROM projection.attendance WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s)
"""
_WRITE: Final[LiteralString] = """
INSERT INTO projection.attendance
    (ledger, patient_id, session_id, episode_id, version, outcome, arrived_at, left_at, family_members, recorded_at,
     corrected)
SELECT %(ledger)s, patient_id, session_id, episode_id, version, outcome, arrived_at, left_at, family_members,
       recorded_at, corrected
FROM jsonb_to_recordset(%(rows)s) AS record (
    patient_id uuid, session_id uuid, episode_id uuid, version bigint, outcome text, arrived_at timestamptz,
    left_at timestamptz, family_members integer, recorded_at timestamptz, corrected boolean
)
ON CONFLICT (ledger, patient_id, session_id) DO UPDATE SET
    episode_id = excluded.episode_id,
    version = excluded.version,
    outcome = excluded.outcome,
    arrived_at = excluded.arrived_at,
    left_at = excluded.left_at,
    family_members = excluded.family_members,
    recorded_at = excluded.recorded_at,
    corrected = excluded.corrected
"""


def apply(cursor: Cursor, ledger: Ledger, facts: Sequence[Recorded]) -> None:
    """One record takes the place of another; a chart in which something was struck is looked through anew."""
    streams = by_stream(facts, "chart")
    struck = [stream for stream, entries in streams.items() if strikes(entries)]
    records = {stream: recorded(entries) for stream, entries in streams.items() if stream not in struck}
    if struck:
        for stream, entries in whole(ledger, struck, streams, facts[-1].position).items():
            records[stream] = fold(stream_uuid(stream), entries).attendances
            streams[stream] = entries
        cursor.execute(_FORGET, {"ledger": ledger.name, "patients": [stream_uuid(stream) for stream in struck]})
    if rows := rows_of(records, streams):
        cursor.execute(_WRITE, {"ledger": ledger.name, "rows": Jsonb(rows, dumps=orjson.dumps)})
    if gone := destroyed(facts):
        cursor.execute(_FORGET, {"ledger": ledger.name, "patients": gone})


def recorded(entries: Sequence[Recorded]) -> Attendances:
    """The records that these entries make, the later one of two for a session."""
    records: Attendances = {}
    for entry in entries:
        if type(entry.fact) in RECORDS:
            records = evolve(records, entry)
    return records


def rows_of(records: Mapping[str, Attendances], streams: Mapping[str, Sequence[Recorded]]) -> list[dict[str, Any]]:
    """By chart stream, as the table's columns. `streams` has the entries that the records are from."""
    return [
        row for stream, attendances in records.items() if attendances for row in _rows(stream, attendances, streams)
    ]


def _rows(stream: str, attendances: Attendances, streams: Mapping[str, Sequence[Recorded]]) -> Iterator[dict[str, Any]]:
    entries = {entry.version: entry for entry in streams[stream]}
    for record in attendances.values():
        entry = entries[record.version]
        yield {
            "patient_id": stream_uuid(stream),
            "session_id": record.session_id,
            "episode_id": record.episode_id,
            "version": record.version,
            "outcome": record.outcome,
            "arrived_at": record.arrived_at,
            "left_at": record.left_at,
            "family_members": record.family_members,
            "recorded_at": entry.recorded_at,
            "corrected": isinstance(entry.fact, AttendanceCorrected),
        }


PROJECTION: Final = define(
    "attendance",
    apply,
    folds=("projections.attendance", "domain.chart"),
    apart=True,
)
