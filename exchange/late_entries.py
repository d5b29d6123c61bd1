"""Late-entry figures of a site: what was recorded between two dates, and how long after it had happened.

What counts is when something was recorded, so the figures of a period that is over change no more. A page of facts is
in memory at a time, and eight bytes for each that was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.chart.attendance import RECORDS
from domain.late_entries import Per, Tally, Timed, recorded_on, timed
from domain.record import Recorded, stream_name
from domain.site import fold_session
from exchange.cut import Knowledge, take_cut, utc_text
from exchange.errors import NotAsked
from exchange.exporting import PAGE_FACTS, last_before
from projections import elsewhere
from projections.site import midnights
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEntries:
    """`rows` are JSON-ready, in order of what they are of; `whole` has the same figures of all of them."""

    facility: str
    per: Per
    from_on: date | None
    to_on: date
    rows: list[dict[str, Any]]
    whole: dict[str, Any]
    knowledge: Knowledge

    def record(self) -> dict[str, Any]:
        return {
            "facility": self.facility,
            "per": self.per.value,
            "from": None if self.from_on is None else self.from_on.isoformat(),
            "to": self.to_on.isoformat(),
            "known_at": utc_text(self.knowledge.known_at),
            "position": self.knowledge.position,
            "rows": self.rows,
            "whole": self.whole,
        }


def answer(
    store: Store,
    facility: str,
    *,
    per: Per,
    now: datetime,
    from_on: date | None = None,
    to_on: date | None = None,
    known_at: datetime | None = None,
) -> LateEntries:
    """Of the entries recorded on these dates of the site, both included; today, or the date of `known_at`, is the last
    one unless it is given. Corrections and what was struck are counted too: it is the recording that is looked at.

    NotAsked for dates in the wrong order, NotOnRecord for a site that was not open.
    """
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=to_on, now=now)
    if from_on is not None and from_on > cut.as_of:
        raise NotAsked("The last date comes before the first: give the earlier one first.")
    zone, known = cut.facility.clock, cut.knowledge
    found: dict[str, Tally] = {}
    people: dict[str, tuple[str, str]] = {}
    whole = Tally()
    for entry, one in _timed(store, ledger, known, zone, from_on, cut.as_of):
        found.setdefault(one.counted(per), Tally()).add(one)
        whole.add(one)
        people[one.by] = entry.envelope.by.name, entry.envelope.by.role
    rows = []
    for key, tally in sorted(found.items()):
        named = dict(zip(("name", "role"), people[key], strict=True)) if per is Per.PERSON else {}
        rows.append({per.value: key, **named, **tally.record()})
    return LateEntries(
        facility=facility,
        per=per,
        from_on=from_on,
        to_on=cut.as_of,
        rows=rows,
        whole=whole.record(),
        knowledge=known,
    )


def _timed(
    store: Store, ledger: Ledger, known: Knowledge, zone: ZoneInfo, from_on: date | None, to_on: date
) -> Iterator[tuple[Recorded, Timed]]:
    for rows in _pages(store, ledger, known.position, zone, from_on, to_on):
        entries = [entry for entry in ledger.opened(rows) if _within(entry, zone, from_on, to_on)]
        ends = scheduled_ends(ledger, entries, known.position)
        for entry in entries:
            one = timed(entry, zone, scheduled_end=ends.get(entry.position))
            if one is not None:
                yield entry, one


def _pages(
    store: Store, ledger: Ledger, upto: int, zone: ZoneInfo, from_on: date | None, to_on: date
) -> Iterator[Sequence[Row]]:
    """In order, stored rows among which are all that were first recorded on these dates: those that came in within
    them, and those of later imports."""
    after = 0 if from_on is None else last_before(ledger, from_on, zone)
    end = min(upto, last_before(ledger, to_on + timedelta(days=1), zone))
    while after < end:
        rows = ledger.rows(after=after, upto=end, limit=PAGE_FACTS)
        yield rows
        after = rows[-1][0]
    # An import comes in later than what it tells was recorded, never before. The ledger has that sealed with the fact.
    since, until = midnights(from_on or to_on, to_on, zone)
    after = max(after, end)
    while after < upto:
        found = elsewhere.recorded(
            store,
            ledger.name,
            since=None if from_on is None else since,
            until=until,
            after=after,
            upto=upto,
            limit=PAGE_FACTS,
        )
        if found.upto == after:
            break
        yield ledger.at(found.positions)
        after = found.upto
    # The rest, to which the table hasn't come: few, unless it is being made, or nobody follows.
    while after < upto:
        rows = ledger.rows(after=after, upto=upto, limit=PAGE_FACTS)
        yield rows
        after = rows[-1][0]


def _within(entry: Recorded, zone: ZoneInfo, from_on: date | None, to_on: date) -> bool:
    """Whether it was first recorded on these dates."""
    on = recorded_on(entry, zone)
    return on <= to_on and (from_on is None or from_on <= on)


def scheduled_ends(ledger: Ledger, entries: Sequence[Recorded], upto: int) -> dict[int, datetime | None]:
    """Of the absences among them, by position: when the session that was missed was to end, as was known when the
    absence was recorded. That is what its lateness is counted from."""
    missed = {entry.position: key for entry in entries if (key := _missed(entry)) is not None}
    streams = sorted({stream_name("session", key) for key in missed.values()})
    planned = ledger.read(streams, upto=upto) if streams else {}
    return {
        position: fold_session(
            key, [one for one in planned[stream_name("session", key)] if one.position <= position]
        ).ends_at
        for position, key in missed.items()
    }


def _missed(entry: Recorded) -> UUID | None:
    fact = entry.fact
    return fact.session_id if isinstance(fact, RECORDS) and fact.left_at is None else None
