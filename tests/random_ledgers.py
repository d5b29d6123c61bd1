"""Histories drawn at random as a ledger may hold them: in order of time, with what befalls charts now and then."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.chart.merging import ChartsMerged, MergedInto
from domain.key_destruction import KeyDestroyed
from domain.record import Entry, Recorded, stream_kind, stream_uuid
from tests.domain.program import LATER, Program

SITE = "facility/lexington"


def ledger_of(program: Program) -> list[Recorded]:
    """The facts as they would stand in a ledger: by time, each stream in its order, some recorded elsewhere before."""
    told_at: list[tuple[datetime, str, Entry]] = []
    for stream, entries in program.streams.items():
        last = datetime.min.replace(tzinfo=UTC)
        for entry in entries:
            last = max(last, entry.recorded_at)
            told_at.append((last, stream, entry))
    told_at.sort(key=lambda one: one[0])
    return [
        Recorded(
            ledger="lexington",
            position=n,
            stream=stream,
            version=entry.version,
            recorded_at=at,
            envelope=replace(entry.envelope, recorded_elsewhere_at=at - timedelta(hours=1))
            if n % 5 == 0
            else entry.envelope,
            fact=entry.fact,
        )
        for n, (at, stream, entry) in enumerate(told_at, start=1)
    ]


def joined(program: Program, draw: Callable[[int], int], *, destroyed: bool = True) -> None:
    """Now and then charts are merged, one after the other, and one is destroyed. `draw` answers a number below the one
    that it is given."""
    charts = [stream for stream in program.streams if stream_kind(stream) == "chart"]
    for one, other in itertools.pairwise(charts):
        if draw(3) == 0:
            stays, gone = (one, other) if draw(2) else (other, one)
            program.record(stays, ChartsMerged(from_chart=stream_uuid(gone)), LATER)
            program.record(gone, MergedInto(chart=stream_uuid(stays)), LATER)
    for stream in charts if destroyed else ():
        if draw(8) == 0:
            fact = KeyDestroyed(patient_id=stream_uuid(stream), authority="Schedule of retention")
            program.record(SITE, fact, LATER + timedelta(days=1))
