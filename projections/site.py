"""The few facts of a site itself, folded from the ledger: its zone, its cohorts. Charts and sessions have tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.cohort import Cohort
from domain.facility import Facility
from domain.record import stream_name
from domain.site import Site, fold_site
from domain.week import local_date
from store.ledger import Ledger
from store.store import Store

A_DAY: Final = timedelta(days=1)


def site_of(ledger: Ledger, cohorts: Iterable[UUID] = (), *, upto: int) -> Site:
    """The facility and these cohorts."""
    streams = [stream_name("facility", ledger.name), *(stream_name("cohort", cohort) for cohort in cohorts)]
    return fold_site(ledger.read(streams, upto=upto))


def site_at(store: Store, facility: str, cohorts: Iterable[UUID], *, upto: int) -> Site:
    """The same from what this process knows of the ledger, unless that has gone further: at the latest position it
    mostly has not. A cohort that nobody has formed yet is not there: it has no seats that could be too few."""
    streams = [stream_name("facility", facility), *(stream_name("cohort", cohort) for cohort in cohorts)]
    known = store.states(facility).view(streams).streams
    if any(known[stream].entries and known[stream].entries[-1].position > upto for stream in streams):
        read = store.ledger(facility).read(streams, upto=upto)
        return fold_site({stream: entries for stream, entries in read.items() if entries})
    states = [known[stream].state for stream in streams if known[stream].entries]
    return Site(
        facility=next((state for state in states if isinstance(state, Facility)), Facility()),
        cohorts={state.cohort_id: state for state in states if isinstance(state, Cohort)},
    )


def whole_site(ledger: Ledger, charts: Iterable[UUID] | None = None, *, upto: int) -> Site:
    """The site with all its cohorts and sessions, and these charts; all charts without `charts`."""
    if charts is None:
        chart_streams = ledger.streams("chart", upto=upto)
    else:
        chart_streams = [stream_name("chart", patient_id) for patient_id in charts]
    streams = [stream_name("facility", ledger.name), *chart_streams]
    for kind in ("cohort", "session"):
        streams += ledger.streams(kind, upto=upto)
    return fold_site(ledger.read(streams, upto=upto))


def date_asked(as_of: date | None, known_at: datetime | None, *, now: datetime, zone: ZoneInfo) -> date:
    """The date that a question is about: today at the site unless it says so, or the date of what it asks to know."""
    return as_of or local_date(known_at or now, zone)


def is_past(as_of: date | None, now: datetime) -> bool:
    """Whether a date is over everywhere: then it is looked up in the ledger. Around midnight both answer the same."""
    return as_of is not None and as_of < now.astimezone(UTC).date() - A_DAY


def midnights(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants between which the dates lie, the second not included: 23 or 25 hours where the clock changes."""
    return (
        datetime.combine(first, time.min, zone),
        datetime.combine(last + timedelta(days=1), time.min, zone),
    )
