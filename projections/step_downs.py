"""Step-downs: those of a site by stage, and who is waited for.

The table says whose charts to open, by ids and dates; how far each has come is read from the charts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart import Chart, fold
from domain.chart.step_down import Stage, StepDownRecommended, StepDownTookEffect, StepDownWithdrawn
from domain.facility import Facility
from domain.record import Entry, stream_uuid
from domain.site_step_downs import WantedStepDowns, listed
from projections.definition import define
from projections.projection import Cursor, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from projections.site_list import SiteList, site_list
from store.database import Query
from store.ledger import Ledger
from store.store import Store

# ---- fold and table


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDownRow:
    """`ended_on`: when it took effect or was withdrawn, the first of it; None while it is on its way."""

    patient_id: UUID
    step_down_id: UUID
    episode_id: UUID
    recommended_on: date
    ended_on: date | None = None


Rows = Mapping[UUID, StepDownRow]
"""The step-downs of one chart, by id."""

_TOLD: Final = (StepDownRecommended, StepDownTookEffect, StepDownWithdrawn)
_ENDS: Final = frozenset({Stage.IN_EFFECT, Stage.WITHDRAWN})

_LOAD: Final[LiteralString] = """
SELECT patient_id, step_down_id, episode_id, recommended_on, ended_on
FROM projection.step_downs WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s)
"""
_TABLE: Final = ReadTable(
    "step_downs",
    key={"patient_id": "uuid", "step_down_id": "uuid"},
    values={
        "episode_id": "uuid",
        "recommended_on": "date",
        "ended_on": "date",
    },
)
_COLUMNS: Final = attrgetter(*_TABLE.columns)


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """The dates of the step-downs; where a fact was struck, those of the chart are made anew."""
    streams = by_stream(facts, "chart")
    struck = list(filter(facts.strikes, streams))
    told = {
        stream: kept
        for stream, entries in streams.items()
        if stream not in struck
        and not facts.kinds[stream].isdisjoint(_TOLD)
        and (kept := [entry for entry in entries if type(entry.fact) in _TOLD])
    }
    # Of those that begin here nothing is on record.
    known = _load(cursor, ledger, [stream_uuid(stream) for stream in told if streams[stream][0].version > 1])
    rows = {stream: further(known.get(stream_uuid(stream), {}), stream_uuid(stream), told[stream]) for stream in told}
    if struck:
        if not facts.new:
            _TABLE.forget(cursor, ledger.name, map(stream_uuid, struck))
        for stream, entries in whole(ledger, struck, streams, facts[-1].position).items():
            rows[stream] = rows_of(fold(stream_uuid(stream), entries))
    written = [_COLUMNS(row) for step_downs in rows.values() for row in step_downs.values()]
    _TABLE.write(cursor, ledger.name, written, new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def further(rows: Rows, patient_id: UUID, entries: Iterable[Entry]) -> Rows:
    """The step-downs of a chart with these entries. A step of a recommendation that isn't there is passed by."""
    step_downs = dict(rows)
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, StepDownRecommended):
            step_downs[fact.step_down_id] = StepDownRow(
                patient_id=patient_id,
                step_down_id=fact.step_down_id,
                episode_id=fact.episode_id,
                recommended_on=fact.on,
            )
        elif (row := step_downs.get(fact.step_down_id)) is not None:
            ended_on = fact.on if row.ended_on is None else min(fact.on, row.ended_on)
            step_downs[fact.step_down_id] = replace(row, ended_on=ended_on)
    return step_downs


def rows_of(chart: Chart) -> Rows:
    """The same from a chart that was folded whole."""
    return {
        key: StepDownRow(
            patient_id=chart.patient_id,
            step_down_id=key,
            episode_id=step_down.episode_id,
            recommended_on=step_down.marks[0].on,
            ended_on=min((mark.on for mark in step_down.marks if mark.stage in _ENDS), default=None),
        )
        for key, step_down in chart.step_downs.items()
    }


def _load(cursor: Cursor, ledger: Ledger, patient_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, StepDownRow]]:
    rows: dict[UUID, dict[UUID, StepDownRow]] = {}
    if patients := list(patient_ids):
        for values in cursor.execute(_LOAD, {"ledger": ledger.name, "patients": patients}):
            row = StepDownRow(**dict(zip(StepDownRow.__slots__, values, strict=True)))
            rows.setdefault(row.patient_id, {})[row.step_down_id] = row
    return rows


PROJECTION: Final = define(
    "step_downs",
    apply,
    folds=("projections.step_downs", "domain.chart"),
    apart=True,
)


# ---- query

# What was dated behind `as_of` has not happened by then.
_NAMED: Final[LiteralString] = """
SELECT DISTINCT patient_id FROM projection.step_downs
WHERE ledger = %(ledger)s
  AND recommended_on BETWEEN coalesce(%(first)s::date, '-infinity'::date) AND coalesce(%(last)s::date, 'infinity'::date)
  AND (ended_on IS NULL OR ended_on > %(as_of)s) IS DISTINCT FROM %(ended)s
"""


def answer(
    store: Store,
    facility: str,
    wanted: WantedStepDowns,
    *,
    now: datetime,
    as_of: date,
    known_at: datetime | None = None,
) -> SiteList:
    """The step-downs as they stood at the end of `as_of` (`domain.site_step_downs.listed`).

    What is past, by either clock, is folded from the ledger. Raises `Behind`, and the errors of the store.
    """

    def present(charts: Iterable[Chart], site: Facility) -> list[dict[str, Any]]:
        return listed(charts, wanted, as_of)

    def named(zone: ZoneInfo) -> Query:
        return _NAMED, {
            "ledger": facility,
            "first": wanted.first,
            "last": wanted.last,
            "as_of": as_of,
            "ended": wanted.stage in _ENDS,
        }

    return site_list(store, facility, PROJECTION, named, present, now=now, as_of=as_of, known_at=known_at)
