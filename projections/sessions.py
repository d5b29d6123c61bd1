"""Sessions: what is planned, moved, cancelled and held at a site, and how many came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import orjson
from psycopg.types.json import Jsonb

from domain.chart.attendance import Outcome
from domain.facility import Facility
from domain.record import stream_uuid
from domain.room import Stays
from domain.session import CancellationCause, Held, Modality, Plan, Session, SessionKind, StaffPresence, evolve
from domain.site import fold_session
from projections.attendance import PROJECTION as ATTENDANCE
from projections.cut import Behind, Cut, cut_of, known
from projections.definition import define
from projections.known_site import known_site
from projections.projection import Cursor, Facts, by_stream, whole
from projections.read_table import ReadTable
from projections.reading import facts_lacking, snapshot
from projections.site import midnights, site_of
from store.database import Query
from store.ledger import Ledger
from store.store import Store

# ---- fold and table

_SELECTED: Final[LiteralString] = """
SELECT session_id, version, cohort_id, kind, modality, topic, room, starts_at, ends_at, scheduled_version,
       started_at, ended_at, staff::text, held_version, cancelled, cancelled_version, stays::text, plans::text
FROM projection.sessions
"""


def selected(where: LiteralString) -> LiteralString:
    """A statement for rows as `session_of` takes them."""
    return _SELECTED + where


_LOAD: Final[LiteralString] = selected("""
WHERE ledger = %(ledger)s AND session_id = ANY(%(sessions)s)
""")
_TABLE: Final = ReadTable(
    "sessions",
    key={"session_id": "uuid"},
    values={
        "cohort_id": "uuid",
        "kind": "text",
        "modality": "text",
        "topic": "text",
        "room": "text",
        "starts_at": "timestamptz",
        "ends_at": "timestamptz",
        "started_at": "timestamptz",
        "ended_at": "timestamptz",
        "staff": "jsonb",
        "cancelled": "text",
        "stays": "jsonb",
        "plans": "jsonb",
        "version": "bigint",
        "scheduled_version": "bigint",
        "held_version": "bigint",
        "cancelled_version": "bigint",
    },
)

_STAFF: Final = msgspec.json.Decoder(tuple[StaffPresence, ...])
_STAYS: Final = msgspec.json.Decoder(Stays)
_PLANS: Final = msgspec.json.Decoder(tuple[Plan, ...])


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """Each session further by its facts; folded anew from the ledger where an entry was struck."""
    streams = by_stream(facts, "session")
    if not streams:
        return
    struck = set(filter(facts.strikes, streams))
    begun = {stream for stream, entries in streams.items() if entries[0].version == 1}
    sessions = _load(cursor, ledger.name, [stream_uuid(stream) for stream in streams.keys() - struck - begun])
    for stream, entries in streams.items():
        if stream not in struck:
            session_id = stream_uuid(stream)
            session = sessions.get(session_id) or Session(session_id=session_id)
            for entry in entries:
                session = evolve(session, entry)
            sessions[session_id] = session
    if struck:
        for stream, all_entries in whole(ledger, sorted(struck), streams, facts[-1].position).items():
            sessions[stream_uuid(stream)] = fold_session(stream_uuid(stream), all_entries)
    _TABLE.write(cursor, ledger.name, [_columns(session) for session in sessions.values()], new=facts.new)


def row_of(session: Session) -> dict[str, Any]:
    """The table's columns, by name."""
    held = session.held
    return {
        "session_id": session.session_id,
        "version": session.version,
        "cohort_id": session.cohort_id,
        "kind": session.kind,
        "modality": session.modality,
        "topic": session.topic,
        "room": session.room,
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
        "scheduled_version": session.scheduled_version,
        "started_at": None if held is None else held.started_at,
        "ended_at": None if held is None else held.ended_at,
        "staff": None if held is None else held.staff,
        "held_version": None if held is None else held.version,
        "cancelled": session.cancelled,
        "cancelled_version": session.cancelled_version,
        "stays": session.stays or None,
        "plans": [_in_utc(plan) for plan in session.plans] if len(session.plans) > 1 else None,
    }


def _columns(session: Session) -> tuple[Any, ...]:
    """The table's columns, in their order."""
    row = row_of(session)
    for name in ("staff", "stays", "plans"):
        row[name] = None if row[name] is None else Jsonb(row[name], dumps=orjson.dumps)
    return tuple(row[name] for name in _TABLE.columns)


def _in_utc(plan: Plan) -> Plan:
    """A start that was read back from its column is in UTC, one from its fact as it was told: the row is the same."""
    return replace(plan, starts_at=plan.starts_at.astimezone(UTC))


def session_of(row: Sequence[Any]) -> Session:
    """A session from its row, columns in the order of the statements here."""
    starts_at, scheduled_version = row[7], row[9]
    started_at, ended_at, staff, held_version = row[10:14]
    held = None
    if held_version is not None:
        held = Held(started_at=started_at, ended_at=ended_at, staff=_STAFF.decode(staff), version=held_version)
    if row[17] is not None:
        plans = _PLANS.decode(row[17])
    else:
        plans = () if starts_at is None else (Plan(starts_at=starts_at, version=scheduled_version),)
    return Session(
        session_id=row[0],
        version=row[1],
        cohort_id=row[2],
        kind=SessionKind(row[3]),
        modality=Modality(row[4]),
        topic=row[5],
        room=row[6],
        starts_at=starts_at,
        ends_at=row[8],
        scheduled_version=scheduled_version,
        plans=plans,
        held=held,
        cancelled=None if row[14] is None else CancellationCause(row[14]),
        cancelled_version=row[15],
        stays=() if row[16] is None else _STAYS.decode(row[16]),
    )


def _load(cursor: Cursor, ledger: str, session_ids: Iterable[UUID]) -> dict[UUID, Session]:
    wanted = list(session_ids)
    if not wanted:
        return {}
    rows = cursor.execute(_LOAD, {"ledger": ledger, "sessions": wanted})
    return {row[0]: session_of(row) for row in rows}


PROJECTION: Final = define(
    "sessions",
    apply,
    folds=("projections.sessions", "domain.session", "domain.room"),
    apart=True,
)


# ---- queries

_NEEDED: Final[LiteralString] = selected("""
WHERE ledger = %(ledger)s AND session_id IN (
    SELECT session_id FROM projection.attendance WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s)
    UNION
    SELECT session_id FROM projection.sessions
    WHERE ledger = %(ledger)s AND starts_at >= %(since)s AND starts_at < %(until)s
)
""")

_PLANNED: Final[LiteralString] = selected("""
WHERE ledger = %(ledger)s AND starts_at IS NOT NULL AND session_id IN (
    SELECT session_id FROM projection.sessions
    WHERE ledger = %(ledger)s AND starts_at >= %(since)s AND starts_at < %(until)s
    UNION
    SELECT session_id FROM projection.sessions
    CROSS JOIN LATERAL jsonb_to_recordset(plans) AS plan (starts_at timestamptz)
    WHERE ledger = %(ledger)s AND plans IS NOT NULL
      AND plan.starts_at >= %(since)s AND plan.starts_at < %(until)s
)
""")

# The counts are of the day's sessions alone, and of the records that stand.
_OF_A_DAY: Final[LiteralString] = """
SELECT session_id, cohort_id, kind, modality, topic, room, starts_at, ends_at, started_at, ended_at, cancelled,
       present.attended, present.absent_excused, present.absent_unexcused, staff::text, stays::text
FROM projection.sessions session
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'attended') AS attended,
           count(*) FILTER (WHERE outcome = 'absent_excused') AS absent_excused,
           count(*) FILTER (WHERE outcome = 'absent_unexcused') AS absent_unexcused
    FROM projection.attendance record
    WHERE record.ledger = session.ledger AND record.session_id = session.session_id
) AS present
WHERE ledger = %(ledger)s AND starts_at >= %(since)s AND starts_at < %(until)s
ORDER BY starts_at, session_id
"""


def sessions_needed(
    cursor: Cursor, ledger: str, patient_ids: Iterable[UUID], *, since: datetime, until: datetime
) -> dict[UUID, Session]:
    """The sessions that these patients have records for, and all that start from `since` to before `until`."""
    given = {"ledger": ledger, "patients": list(patient_ids), "since": since, "until": until}
    return sessions_in(cursor.execute(_NEEDED, given).fetchall())


def planned_in(ledger: str, *, since: datetime, until: datetime) -> Query:
    """What asks for the sessions that start, or were ever planned to start, from `since` to before `until`;
    `sessions_in` takes its rows."""
    return _PLANNED, {"ledger": ledger, "since": since, "until": until}


def sessions_in(rows: Iterable[Sequence[Any]]) -> dict[UUID, Session]:
    return {row[0]: session_of(row) for row in rows}


@dataclass(frozen=True, slots=True)
class SessionsOfDay:
    """The sessions of a program day, by scheduled start, JSON-ready, and the cut of the ledger that they stand on.
    `lacking`: how many facts of the site some read table had to leave out."""

    rows: list[dict[str, Any]]
    on: date
    position: int
    known_at: datetime | None
    lacking: int = 0


def answer(store: Store, facility: str, *, on: date, known_at: datetime | None = None) -> SessionsOfDay:
    """The sessions of a date at the site: times, kind, `state` (`planned`, `held`, `cancelled`), how many came
    and how many are `recorded`, and the staff who held it, or is noted as there; as was known at `known_at`, folded
    from the ledger.

    Instants in the site's own offset. Raises `Behind`, and the errors of the store.
    """
    ledger = store.ledger(facility)
    if known_at is not None:
        return _from_ledger(ledger, on, known(ledger, known_at))
    site = site_of(ledger, upto=ledger.head().position).facility
    zone = site.zone
    if zone is None:
        return SessionsOfDay([], on, 0, None)
    since, until = midnights(on, on, zone)
    with snapshot(store, facility) as cursor:
        cut = cut_of(cursor, facility, (PROJECTION, ATTENDANCE))
        if cut is None:
            raise Behind
        rows = cursor.execute(_OF_A_DAY, {"ledger": facility, "since": since, "until": until}).fetchall()
        lacking = facts_lacking(cursor, facility)
    return SessionsOfDay([_shown(row, site, zone, on) for row in rows], on, cut.position, cut.known_at, lacking)


def _from_ledger(ledger: Ledger, on: date, cut: Cut) -> SessionsOfDay:
    site = known_site(ledger, cut).site
    zone = site.facility.zone
    if zone is None:
        return SessionsOfDay([], on, cut.position, cut.known_at)
    those = [one for one in site.sessions.values() if one.program_day(zone) == on]
    records: dict[UUID, Counter[Outcome]] = {one.session_id: Counter() for one in those}
    for chart in site.charts.values():
        for session_id in records.keys() & chart.attendances.keys():
            records[session_id][chart.attendances[session_id].outcome] += 1
    rows = []
    for one in sorted(those, key=lambda one: (one.starts_at, one.session_id)):
        told = row_of(one)
        counts = [records[one.session_id][Outcome(outcome)] for outcome in _OUTCOMES]
        noted = (None if not told[name] else msgspec.json.encode(told[name]).decode() for name in ("staff", "stays"))
        rows.append(_shown([*(told[name] for name in _OF_SESSION), *counts, *noted], site.facility, zone, on))
    return SessionsOfDay(rows, on, cut.position, cut.known_at)


_OUTCOMES: Final = ("attended", "absent_excused", "absent_unexcused")
_SHOWN: Final = ("starts_at", "ends_at", "started_at", "ended_at")

_OF_SESSION: Final = ("session_id", "cohort_id", "kind", "modality", "topic", "room", *_SHOWN, "cancelled")


def _shown(row: Sequence[Any], site: Facility, zone: ZoneInfo, on: date) -> dict[str, Any]:
    shown = dict(zip((*_OF_SESSION, *_OUTCOMES), row[:-2], strict=True))
    shown["recorded"] = sum(shown[outcome] for outcome in _OUTCOMES)
    shown["staff"] = _staff(row[-2], row[-1], site, on)
    for name in ("session_id", "cohort_id"):
        shown[name] = None if shown[name] is None else str(shown[name])
    for name in _SHOWN:
        shown[name] = None if shown[name] is None else shown[name].astimezone(zone).isoformat()
    return {**shown, "state": _state(shown)}


def _staff(held: str | None, noted: str | None, site: Facility, on: date) -> list[dict[str, Any]]:
    """Each once: those on record as in the room, of a session that was held; else those noted as there now."""
    if held is not None:
        people = [(one["staff_id"], one["role"]) for one in _STAFF.decode(held)]
    else:
        stays = () if noted is None else _STAYS.decode(noted)
        people = [(stay.staff_id, stay.role) for stay in stays if stay.left_at is None]
    rows = []
    for staff_id, role in dict.fromkeys(people):
        lines = site.credentials(staff_id, on)
        rows.append({"staff_id": str(staff_id), "name": lines[-1].name if lines else None, "role": role})
    return rows


def _state(session: Mapping[str, Any]) -> str:
    if session["cancelled"] is not None:
        return "cancelled"
    return "planned" if session["started_at"] is None else "held"
