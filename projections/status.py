"""Status: what a clinician asks for first. Each chart is kept folded, encrypted under its own key."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import orjson
from psycopg.types.json import Jsonb

from domain.chart import Chart, fold, further
from domain.claims import cohorts_named
from domain.compliance.reach import reach
from domain.record import stream_name, stream_uuid
from domain.session import Session
from domain.site import Site
from domain.status import present
from domain.week import Week
from projections.attendance import PROJECTION as ATTENDANCE
from projections.cut import Cut, cut_in, known, positions_in
from projections.definition import define
from projections.links import Linked, linked_charts
from projections.projection import Cursor, Entries, Facts, by_stream, destroyed, whole
from projections.read_table import ReadTable
from projections.reading import rows_of
from projections.sessions import PROJECTION as SESSIONS
from projections.sessions import selected, sessions_in
from projections.site import A_DAY, date_asked, is_past, midnights, site_at, whole_site
from store.errors import Destroyed, StoreError, Unavailable, Unreadable
from store.ledger import Ledger
from store.store import Store

log = logging.getLogger(__name__)

# ---- fold and table

# A chart that was destroyed is not shown, nor opened, before its row is gone from here either.
_LOAD: Final[LiteralString] = """
SELECT patient_id, version, chart FROM projection.status
WHERE ledger = %(ledger)s AND patient_id = ANY(%(patients)s) AND NOT EXISTS (
    SELECT FROM chart_key gone
    WHERE gone.ledger = %(ledger)s AND gone.stream = 'chart/' || patient_id AND gone.wrapped IS NULL)
"""
_TABLE: Final = ReadTable(
    "status",
    key={"patient_id": "uuid"},
    values={
        "version": "bigint",
        "chart": "bytea",
        "since": "date",
        "until": "date",
        "merged": "uuid",
        "cohorts": "jsonb",
    },
)

SealedChart = tuple[UUID, int, bytes]
"""patient, version, sealed chart"""

_ENCODER: Final = msgspec.msgpack.Encoder(uuid_format="bytes")
_DECODER: Final = msgspec.msgpack.Decoder(Chart)


def apply(cursor: Cursor, ledger: Ledger, facts: Facts) -> None:
    """Each chart further by its facts; folded anew from the ledger where an entry was struck. None of one whose key is
    gone."""
    if streams := by_stream(facts, "chart"):
        charts = _further(cursor, ledger, facts, streams)
        _TABLE.write(cursor, ledger.name, _sealed(ledger, charts), new=facts.new)
    _TABLE.forget(cursor, ledger.name, destroyed(facts))


def _further(cursor: Cursor, ledger: Ledger, facts: Facts, streams: Entries) -> Iterable[Chart]:
    struck = set(filter(facts.strikes, streams))
    begun = {stream for stream, entries in streams.items() if entries[0].version == 1}
    charts = charts_of(cursor, ledger, [stream_uuid(stream) for stream in streams.keys() - struck - begun])
    if any(stream_uuid(stream) not in charts for stream in streams.keys() - struck - begun):
        # Destroyed since these facts were opened, as the rule: the fact that says so is yet to come here.
        gone = ledger.destroyed()
        streams = {stream: entries for stream, entries in streams.items() if stream not in gone}
    for stream, entries in streams.items():
        if stream not in struck:
            patient_id = stream_uuid(stream)
            charts[patient_id] = further(charts.get(patient_id) or Chart(patient_id=patient_id), entries)
    if struck:
        for stream, all_entries in whole(ledger, sorted(struck), streams, facts[-1].position).items():
            charts[stream_uuid(stream)] = fold(stream_uuid(stream), all_entries)
    return charts.values()


def charts_of(cursor: Cursor, ledger: Ledger, patient_ids: Iterable[UUID]) -> dict[UUID, Chart]:
    """The charts of these patients as they are in the table."""
    patients = list(patient_ids)
    return opened(ledger, sealed_charts(cursor, ledger.name, patients)) if patients else {}


def sealed_charts(cursor: Cursor, ledger: str, patient_ids: list[UUID]) -> list[SealedChart]:
    """The rows of these patients, still sealed."""
    return cursor.execute(_LOAD, {"ledger": ledger, "patients": patient_ids}).fetchall()


def opened(ledger: Ledger, rows: Sequence[SealedChart]) -> dict[UUID, Chart]:
    """Charts from their rows. May fetch keys, so it is called outside of `snapshot`, which holds a connection.

    Unreadable for a row that isn't what was sealed, Destroyed for a chart that was destroyed since.
    """
    ledger.prepare(stream_name("chart", row[0]) for row in rows)
    return {row[0]: _opened(ledger, row) for row in rows}


def those_left(ledger: Ledger, rows: Sequence[SealedChart]) -> Iterator[Chart]:
    """As `opened`, one by one, without those that were destroyed since."""
    ledger.prepare(stream_name("chart", row[0]) for row in rows)
    for row in rows:
        try:
            chart = _opened(ledger, row)
        except Destroyed:
            continue
        yield chart


def _opened(ledger: Ledger, row: SealedChart) -> Chart:
    patient_id, version, sealed = row
    return unpack(ledger.unseal(stream_name("chart", patient_id), _column(version), sealed))


def _sealed(ledger: Ledger, charts: Iterable[Chart]) -> list[tuple[Any, ...]]:
    """As rows of the table."""
    rows: list[tuple[Any, ...]] = []
    for chart in charts:
        # A chart may be destroyed while it is folded here.
        with suppress(Destroyed):
            sealed = ledger.seal(stream_name("chart", chart.patient_id), _column(chart.version), pack(chart))
            told = reach(chart)
            dates = (None, None) if told is None else (told.first, told.last)
            merged = None if chart.merged_into is None else chart.merged_into.chart
            cohorts = sorted(map(str, cohorts_named(chart)))
            named = Jsonb(cohorts, dumps=orjson.dumps) if cohorts else None
            rows.append((chart.patient_id, chart.version, sealed, *dates, merged, named))
    return rows


def _column(version: int) -> str:
    """What a sealed chart is bound to: a row can't be given an older chart unseen."""
    return f"status@{version}"


def pack(chart: Chart) -> bytes:
    """The folded chart in few bytes: a quarter of what it is unpressed."""
    return zlib.compress(_ENCODER.encode(chart), 1)


def unpack(packed: bytes) -> Chart:
    return _DECODER.decode(zlib.decompress(packed))


class _Packed:
    """A chart as it was packed, for comparison. The same bytes are the same chart; so may others be."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Packed):
            return NotImplemented
        return self._packed == other._packed or unpack(self._packed) == unpack(other._packed)


def _opens(ledger: Ledger, row: Mapping[str, Any]) -> _Packed:
    return _Packed(ledger.unseal(stream_name("chart", row["patient_id"]), _column(row["version"]), row["chart"]))


PROJECTION: Final = define(
    "status",
    apply,
    folds=("projections.status", "domain.chart", "domain.acts", "domain.claims", "domain.compliance.reach"),
    sealed={"chart": _opens},
    apart=True,
)


# ---- query


@dataclass(frozen=True, slots=True)
class Answer:
    """The status document of the contract, and the version of the chart that it shows.

    `cut` is there when it came from the read tables. Until the chart, its site or a session has another fact, or what
    is known comes to the instant `until`, a later cut differs in `known_at` and `position` alone.
    `linked` are the charts at other sites that were looked at for it. `may_lack_session`: one of the site can't be
    read, and nobody can say whose it is.
    """

    document: dict[str, Any]
    version: int
    linked: tuple[Linked, ...] = field(default=(), compare=False)
    cut: Cut | None = field(default=None, compare=False)
    until: datetime | None = field(default=None, compare=False)
    may_lack_session: bool = False


# Those that the patient has records for, and those of the patient's cohorts within some days: with all of the site's a
# status would take longer with every group that there is.
_SESSIONS: Final[LiteralString] = selected("""
WHERE ledger = %(ledger)s AND session_id IN (
    SELECT session_id FROM projection.attendance WHERE ledger = %(ledger)s AND patient_id = %(patient)s
    UNION
    SELECT session_id FROM projection.sessions JOIN projection.status USING (ledger)
    WHERE ledger = %(ledger)s AND starts_at >= %(since)s AND starts_at < %(until)s
      AND patient_id = %(patient)s AND cohorts ? cohort_id::text
)
""")
# Of the chart itself, or of a session that the patient has a record for; and of any session.
_ARE_SET_ASIDE: Final[LiteralString] = """
SELECT coalesce(bool_or(stream = 'chart/' || %(patient)s::uuid OR stream IN (
        SELECT 'session/' || session_id FROM projection.attendance
        WHERE ledger = %(ledger)s AND patient_id = %(patient)s)), false),
    coalesce(bool_or(stream LIKE 'session/%%'), false)
FROM projection.set_aside WHERE ledger = %(ledger)s
"""


def answer(
    store: Store,
    facility: str,
    patient_id: UUID,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Answer | None:
    """The status of a patient; None when the site has no such chart, or had none then.

    Without `as_of` it is of today at the site, by `now`, or of the date of `known_at` there. From the read tables when
    they are near enough and nothing past is asked for, else folded from the ledger: the document is the same. Raises
    the errors of the store.
    """
    ledger = store.ledger(facility)
    if known_at is None and not is_past(as_of, now):
        found = _from_tables(store, ledger, patient_id, now=now, as_of=as_of)
        if found is not None:
            return found
    return _from_ledger(store, ledger, patient_id, now=now, as_of=as_of, known_at=known_at)


def _from_tables(store: Store, ledger: Ledger, patient_id: UUID, *, now: datetime, as_of: date | None) -> Answer | None:
    """None when the ledger has to be asked: the tables are behind, of another version, have no such row, or lack a fact
    of it, or the row is damaged, which the log says."""
    around = as_of or now.astimezone(UTC).date()
    since, until = midnights(Week.of(around - A_DAY).monday - A_DAY, Week.of(around + A_DAY).sunday + A_DAY, UTC)
    patient = {"ledger": ledger.name, "patient": patient_id}
    where_they_are = positions_in(ledger.name, (PROJECTION, SESSIONS, ATTENDANCE))
    try:
        positions, rows, needed, [[is_set_aside, is_any_session]] = rows_of(
            store,
            ledger.name,
            where_they_are,
            (_LOAD, {"ledger": ledger.name, "patients": [patient_id]}),
            (_SESSIONS, {**patient, "since": since, "until": until}),
            (_ARE_SET_ASIDE, patient),
        )
    except Unavailable:
        raise
    except StoreError:
        # Tables of another version may lack a column that is asked for here.
        [positions] = rows_of(store, ledger.name, where_they_are)
        if cut_in(positions) is None:
            return None
        raise
    cut = cut_in(positions)
    if cut is None or cut.known_at is None or is_set_aside or not rows:
        return None
    sessions = sessions_in(needed)
    try:
        chart = opened(ledger, [(row[0], row[1], row[2]) for row in rows])[patient_id]
    except Destroyed:
        raise
    except Unreadable as error:
        log.error("%s", error)
        return None
    site = site_at(store, ledger.name, cohorts_named(chart), upto=cut.position)
    on = date_asked(as_of, None, now=now, zone=site.facility.clock)
    linked = linked_charts(store, chart, None)
    found = _presented(chart, site, sessions, on, cut, linked)
    if is_any_session:
        return replace(found, may_lack_session=True)
    if chart.links:
        return found  # Not to be kept: what happens at another site is no news of this one.
    return replace(found, cut=cut, until=_next_end(sessions.values(), cut.known_at))


def _next_end(sessions: Iterable[Session], known_at: datetime) -> datetime | None:
    """When the next of these sessions is over: from then on those expected may be more."""
    known = list(sessions)
    ends = [each.ends_at for each in known] + [each.held.ended_at for each in known if each.held is not None]
    return min((end for end in ends if end is not None and end > known_at), default=None)


def _from_ledger(
    store: Store, ledger: Ledger, patient_id: UUID, *, now: datetime, as_of: date | None, known_at: datetime | None
) -> Answer | None:
    cut = known(ledger, known_at)
    stream = stream_name("chart", patient_id)
    if not ledger.read([stream], upto=cut.position)[stream]:
        return None
    site = whole_site(ledger, [patient_id], upto=cut.position)
    on = date_asked(as_of, known_at, now=now, zone=site.facility.clock)
    chart = site.charts[patient_id]
    return _presented(chart, site, site.sessions, on, cut, linked_charts(store, chart, known_at))


def _presented(
    chart: Chart,
    site: Site,
    sessions: Mapping[UUID, Session],
    as_of: date,
    cut: Cut,
    linked: Sequence[Linked],
) -> Answer:
    if cut.known_at is None:
        raise AssertionError("Where there is a chart, something was recorded.")
    document = present(
        chart,
        sessions=sessions,
        cohorts=site.cohorts,
        facility=site.facility,
        as_of=as_of,
        known_at=cut.known_at,
        position=cut.position,
        elsewhere=[(one.chart, one.zone) for one in linked],
    )
    return Answer(document, chart.version, linked=tuple(linked))
