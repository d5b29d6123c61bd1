"""What changed about a patient between two moments of knowledge: the facts recorded between them, and what the status
of one and the same date says before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.cohort import Cohort
from domain.facility import Facility
from domain.record import EnteredInError, stream_kind, stream_name
from domain.session import Session
from domain.staff import CredentialEnded, StaffCredentialed
from domain.streams import named
from domain.trail import differing
from domain.week import Week
from exchange.calendar import planned_in
from exchange.cut import Cut, Knowledge, cut_at, knowledge, utc_text
from exchange.errors import NotAsked, NotOnRecord
from exchange.replay import facility_at, marked, status_at
from projections.links import Linked
from store.ledger import Head, Ledger
from store.states import Known, View
from store.store import Store

_OF_THE_SITE: Final = (StaffCredentialed, CredentialEnded, EnteredInError)
"""Facts of the facility that may change a status. Others name patients whom this answer is not about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`before` is None where there was no chart yet; then it has no version either.

    `lines` are the chart's facts recorded after the first moment, by the second, as a history with its trail writes
    them; `beside` those of the sessions and cohorts that it rests on, and of the staff list. `time_passed`: the same
    facts say something else at the second moment, since sessions that were not over at the first are by then.
    """

    before: dict[str, Any] | None
    after: dict[str, Any]
    versions: tuple[int, int]
    knowledge: tuple[Knowledge | None, Knowledge]
    lines: tuple[bytes, ...]
    beside: tuple[bytes, ...]
    time_passed: bool
    linked: tuple[Linked, ...]

    def record(self, from_known_at: datetime) -> dict[str, Any]:
        """JSON-ready but for the facts, in this order. `from_known_at` is what was asked for."""
        then, now = self.knowledge
        return {
            "patient_id": self.after["patient_id"],
            "facility": self.after["facility"],
            "as_of": self.after["as_of"],
            "from": {
                "known_at": utc_text(from_known_at if then is None else then.known_at),
                "position": 0 if then is None else then.position,
                "version": self.versions[0],
            },
            "to": {"known_at": utc_text(now.known_at), "position": now.position, "version": self.versions[1]},
            "changes": differing(self.before, self.after),
            "time_passed": self.time_passed,
        }


def answer(
    store: Store,
    facility: str,
    patient_id: UUID,
    *,
    now: datetime,
    from_known_at: datetime,
    to_known_at: datetime | None = None,
    as_of: date | None = None,
) -> Changes | None:
    """None when there was no such chart at the second moment, which is that of the last fact unless it is given.

    `as_of` is the date of both status documents: unless given, today at the site or the local date of `to_known_at`.
    NotAsked when the second moment comes before the first; NotOnRecord for a site that was not open at the second.
    """
    if to_known_at is not None and to_known_at < from_known_at:
        raise NotAsked("The second moment comes before the first: give the earlier one first.")
    ledger, states = store.ledger(facility), store.states(facility)
    site, stream = stream_name("facility", facility), stream_name("chart", patient_id)
    view = states.view([site, stream])
    last = Head(view.position, view.recorded_at)
    known = knowledge(ledger, to_known_at, last=last)
    cut = cut_at(known, facility_at(view, site, known.position), known_at=to_known_at, as_of=as_of, now=now)
    chart, version = view.streams[stream], view.streams[stream].version_at(known.position)
    if version == 0:
        return None
    planned = planned_in(ledger, Week.of(cut.as_of), upto=known.position, since=view.since)
    streams = [*view.streams.values(), *states.beside(view, planned).values()]
    after, linked = status_at(store, chart, streams, cut, to_known_at)
    then = _earlier(ledger, from_known_at, last)
    since = 0 if then is None else chart.version_at(then.position)
    before, passed = None, False
    if then is not None and since:
        earlier = _cut(view, site, then, cut)
        before, others = status_at(store, chart, streams, earlier, from_known_at)
        linked = tuple({(one.ledger, one.chart.patient_id): one for one in (*others, *linked)}.values())
        # Nothing but the time of the second moment.
        later = replace(then, known_at=known.known_at)
        passed_by, _ = status_at(store, chart, streams, _cut(view, site, later, cut), from_known_at)
        passed = bool(differing(before, passed_by))
    return Changes(
        before=before,
        after=after,
        versions=(since, version),
        knowledge=(then, known),
        lines=marked(view, chart, since, version, version, cut.facility, trail=True),
        beside=_beside(streams, chart, 0 if then is None else then.position, known.position),
        time_passed=passed,
        linked=linked,
    )


def _earlier(ledger: Ledger, known_at: datetime, last: Head) -> Knowledge | None:
    """None before anything was on record: that nothing was known then is an answer too."""
    try:
        return knowledge(ledger, known_at, last=last)
    except NotOnRecord:
        return None


def _cut(view: View, site: str, known: Knowledge, later: Cut) -> Cut:
    """The same date, known earlier. Whoever had a chart had a site that was open."""
    return Cut(knowledge=known, as_of=later.as_of, facility=facility_at(view, site, known.position))


def _beside(streams: Iterable[Known], chart: Known, then: int, now: int) -> tuple[bytes, ...]:
    """What came meanwhile of the cohorts that the chart named by then, of their sessions in the week of the status, and
    of its own."""
    names = {name for entry in chart.entries[: chart.version_at(now)] for name in named(entry.fact)}
    found = {}
    for known in streams:
        since, upto = known.version_at(then), known.version_at(now)
        if since == upto or not _matters(known, names, now):
            continue
        lines = known.lines(since, upto)
        for entry, line in zip(known.entries[since:upto], lines, strict=True):
            if stream_kind(known.stream) != "facility" or isinstance(entry.fact, _OF_THE_SITE):
                found[entry.position] = line
    return tuple(found[position] for position in sorted(found))


def _matters(known: Known, names: Collection[str], now: int) -> bool:
    match known.state_at(now):
        case Facility():
            return True
        case Cohort():
            return known.stream in names
        case Session(cohort_id=cohort_id):
            return known.stream in names or stream_name("cohort", str(cohort_id)) in names
        case _:
            return False
