"""A patient's history as it was known at an instant: the facts, oldest first, and the status they add up to.

From the ledger, never from a read table, and folded as everything else is. A process keeps what it read, each fact by
its place, as commands do: before each answer the ledger's tail is looked at, and a cut shows what was known of each
stream up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from domain.chart import Chart
from domain.chart.attendance import RECORDS
from domain.cohort import Cohort
from domain.doubt import Acted, acted, doubtful
from domain.facility import Facility
from domain.marks import UNMARKED, Marks, marks_of
from domain.record import Recorded, stream_name, stream_uuid
from domain.recording import happened_at, hours_late, lateness
from domain.session import Session
from domain.status import present
from domain.trail import standings
from domain.week import Week
from exchange.calendar import planned_in
from exchange.cut import Cut, Knowledge, cut_at, knowledge
from projections.links import Linked, linked_charts
from store.ledger import Head
from store.lines import stamp
from store.states import Known, View
from store.store import Store

PAGE_FACTS: Final = 500

FEW: Final = 50
"""Facts. What is made of so many isn't kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`lines` are facts as the contract writes them, each in JSON; `status` is the status document at the cut.

    Behind what is stored, a line has `late` and `late_hours` where the entry came late, `credential_in_doubt` where the
    staff list of the cut does not bear it out, and the versions `corrects`, `replaced_by` and `struck_by` where there
    are such, as they were at the cut. `version` is the chart's at the cut.
    `next_after` continues with the next page; None on the last one.
    `linked` are the charts at other sites that were looked at for the status.
    """

    lines: tuple[bytes, ...]
    status: dict[str, Any]
    version: int
    next_after: int | None
    knowledge: Knowledge
    linked: tuple[Linked, ...] = ()


def answer(
    store: Store,
    facility: str,
    patient_id: UUID,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
    after: int = 0,
    limit: int = PAGE_FACTS,
    trail: bool = False,
) -> History | None:
    """The chart's facts with versions above `after`, at most `limit`; None when there was no such chart at the cut.

    `known_at` cuts the facts, `as_of` the status alone. `now` says what day it is at the site. NotOnRecord for a
    site that was not open at the cut.
    """
    ledger, states = store.ledger(facility), store.states(facility)
    site, stream = stream_name("facility", facility), stream_name("chart", patient_id)
    view = states.view([site, stream])
    known = knowledge(ledger, known_at, last=Head(view.position, view.recorded_at))
    cut = cut_at(known, facility_at(view, site, known.position), known_at=known_at, as_of=as_of, now=now)
    chart, version = view.streams[stream], view.streams[stream].version_at(known.position)
    if version == 0:
        return None

    def status_then() -> tuple[dict[str, Any], tuple[Linked, ...]]:
        planned = planned_in(ledger, Week.of(cut.as_of), upto=known.position, since=view.since)
        further_on = states.beside(view, planned - view.streams.keys())
        streams = [*view.streams.values(), *further_on.values()]
        return status_at(store, chart, streams, cut, known_at)

    shown = min(version, after + max(limit, 0))
    is_linked = bool(cast(Chart, chart.state_at(known.position)).links)
    # What other sites know has positions of its own, and is not settled by ours.
    status, linked = status_then() if is_linked else chart.settled("status", (known, cut.as_of), status_then)
    return History(
        lines=chart.settled(
            f"lines, trail: {trail}",
            (known.position, after, shown),
            lambda: marked(view, chart, after, shown, version, cut.facility, trail=trail),
        ),
        status=status,
        version=version,
        next_after=shown if shown < version else None,
        knowledge=known,
        linked=linked,
    )


def status_at(
    store: Store, chart: Known, streams: Iterable[Known], cut: Cut, known_at: datetime | None
) -> tuple[dict[str, Any], tuple[Linked, ...]]:
    """The status document of a chart at a cut, and the charts at other sites that it looks at. `streams` are the
    sessions and cohorts that it may rest on; `known_at` is what was asked for."""
    known = cut.knowledge
    sessions, cohorts = beside(streams, known.position)
    state = cast(Chart, chart.state_at(known.position))
    linked = linked_charts(store, state, known_at)
    status = present(
        state,
        sessions=sessions,
        cohorts=cohorts,
        facility=cut.facility,
        as_of=cut.as_of,
        known_at=known.known_at,
        position=known.position,
        elsewhere=[(one.chart, one.zone) for one in linked],
    )
    return status, linked


def marked(
    view: View, chart: Known, after: int, shown: int, version: int, site: Facility, *, trail: bool = False
) -> tuple[bytes, ...]:
    """The lines of the facts above `after`, up to `shown`, as they stood when the chart was at that version."""
    zone = site.clock
    late = chart.each(f"hours late in {zone.key}", lambda entry: _hours_late(view, entry, zone), version)
    marks = marks_of(chart.entries[:version], late)[after:shown]
    doubts = _doubts(view, chart, after, shown, site)
    entries = chart.entries[after:shown]
    told = _told(view, chart, shown, site)[after:] if trail else [{}] * len(entries)
    lines = zip(chart.lines(after, shown), told, marks, doubts, strict=True)
    return tuple(_line(*line) for line in lines)


def _doubts(view: View, chart: Known, after: int, shown: int, site: Facility) -> list[bool]:
    """Whether each of the facts above `after`, up to `shown`, is in doubt by the staff list as the site has it then.

    That changes seldom: what all that is known of the chart comes to is kept for the next cut. Of a few, who asks gets
    no more than these.
    """
    zone = site.clock

    def act(entry: Recorded) -> Acted:
        return acted(entry, zone, scheduled_end=_end(view, entry))

    def upto(version: int) -> tuple[Acted, ...]:
        return chart.each(f"acts in {zone.key}", act, version)

    if shown - after <= FEW:
        return doubtful(upto(shown)[after:], site)
    known = (site.version, zone.key, chart.version)
    return chart.settled("in doubt", known, lambda: doubtful(upto(chart.version), site))[after:shown]


def _line(line: bytes, told: Mapping[str, Any], marks: Marks, doubted: bool) -> bytes:
    if marks is UNMARKED and not doubted and not told:
        return line
    members: dict[str, Any] = {} if marks.hours_late is None else {"late": True, "late_hours": marks.hours_late}
    if doubted:
        members["credential_in_doubt"] = True
    for name in ("corrects", "replaced_by", "struck_by"):
        if (version := getattr(marks, name)) is not None:
            members[name] = version
    members |= told
    return line[:-1] + b"," + orjson.dumps(members)[1:] if members else line


def _told(view: View, chart: Known, shown: int, site: Facility) -> list[dict[str, Any]]:
    """What the trail says of each of the first facts."""
    zone = site.clock
    when = chart.each(f"happened in {zone.key}", lambda entry: _happened(view, entry, zone), shown)
    after = standings(stream_uuid(chart.stream), chart.entries[:shown], site)
    return [{**said, **({"state_after": moved} if moved else {})} for said, moved in zip(when, after, strict=True)]


def _happened(view: View, entry: Recorded, zone: ZoneInfo) -> dict[str, Any]:
    end = _end(view, entry)
    happened, late = happened_at(entry.fact, zone, scheduled_end=end), lateness(entry, zone, scheduled_end=end)
    if happened is None or late is None:
        return {}
    return {"happened_at": stamp(happened), "lateness_minutes": late // timedelta(minutes=1)}


def _hours_late(view: View, entry: Recorded, zone: ZoneInfo) -> int | None:
    return hours_late(entry, zone, scheduled_end=_end(view, entry))


def _end(view: View, entry: Recorded) -> datetime | None:
    """When the session of an absence was to end, as that was known when it was recorded: absences are counted from
    it."""
    fact = entry.fact
    if not isinstance(fact, RECORDS) or fact.left_at is not None:
        return None
    session = view.streams[stream_name("session", fact.session_id)].state_at(entry.position)
    return session.ends_at if isinstance(session, Session) else None


def facility_at(view: View, site: str, position: int) -> Facility:
    return cast(Facility, view.streams[site].state_at(position))


def beside(streams: Iterable[Known], position: int) -> tuple[dict[UUID, Session], dict[UUID, Cohort]]:
    """The sessions and cohorts among them that were on record then."""
    sessions, cohorts = {}, {}
    for known in streams:
        state = known.state_at(position)
        if isinstance(state, Session) and state.starts_at is not None:
            sessions[state.session_id] = state
        elif isinstance(state, Cohort) and state.version:
            cohorts[state.cohort_id] = state
    return sessions, cohorts
