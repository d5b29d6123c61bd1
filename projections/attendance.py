"""Attendance: the live record of each patient in each session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from domain.chart import fold
from domain.chart.attendance import RECORDS, Attendance, AttendanceCorrected, Attendances, note
from domain.record import Recorded, stream_uuid
from projections.definition import define
from projections.projection import Cursor, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from store.ledger import Ledger

_TABLE: Final = ReadTable(
    "attendance",
    key={"patient_id": "uuid", "session_id": "uuid"},
    values={
        "episode_id": "uuid",
        "version": "bigint",
        "outcome": "text",
        "arrived_at": "timestamptz",
        "left_at": "timestamptz",
        "family_members": "integer",
        "recorded_at": "timestamptz",
        "corrected": "boolean",
    },
)

Row = tuple[Any, ...]
"""As the table's columns."""


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """One record takes the place of another; a chart in which something was struck is looked through anew."""
    streams = by_stream(facts, "chart")
    struck = list(filter(facts.strikes, streams))
    records = {stream: recorded(entries) for stream, entries in streams.items() if stream not in struck}
    if struck:
        for stream, entries in whole(ledger, struck, streams, facts[-1].position).items():
            records[stream] = fold(stream_uuid(stream), entries).attendances
            streams[stream] = entries
        if not facts.new:
            _TABLE.forget(cursor, ledger.name, map(stream_uuid, struck))
    _TABLE.write(cursor, ledger.name, rows_of(records, streams), new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def recorded(entries: Sequence[Recorded]) -> Attendances:
    """The records that these entries make, the later one of two for a session."""
    records: dict[UUID, Attendance] = {}
    for entry in entries:
        if type(entry.fact) in RECORDS:
            note(records, entry)
    return records


def rows_of(records: Mapping[str, Attendances], streams: Mapping[str, Sequence[Recorded]]) -> list[Row]:
    """By chart stream. `streams` has the entries that the records are from."""
    return [
        row for stream, attendances in records.items() if attendances for row in _rows(stream, attendances, streams)
    ]


def _rows(stream: str, attendances: Attendances, streams: Mapping[str, Sequence[Recorded]]) -> Iterator[Row]:
    entries, patient_id = {entry.version: entry for entry in streams[stream]}, stream_uuid(stream)
    for record in attendances.values():
        entry = entries[record.version]
        yield (
            patient_id,
            record.session_id,
            record.episode_id,
            record.version,
            record.outcome.value,
            record.arrived_at,
            record.left_at,
            record.family_members,
            entry.recorded_at,
            isinstance(entry.fact, AttendanceCorrected),
        )


PROJECTION: Final = define(
    "attendance",
    apply,
    folds=("projections.attendance", "domain.chart"),
    apart=True,
)
