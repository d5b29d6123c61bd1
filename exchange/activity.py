"""Who did what at a site: the facts of a time, of a person, about a patient or of a kind, with who recorded each, how,
and how late.

A person's facts are found by the read table; what is known of each is read from the ledger, where there is no table to
be behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.catalog import BY_NAME
from domain.record import Recorded, names_person, stream_kind, stream_name, stream_uuid
from domain.recording import happened_at, is_late, lateness
from exchange.cut import Knowledge, take_cut, utc_text
from exchange.errors import NotAsked
from exchange.exporting import last_before
from exchange.late_entries import scheduled_ends
from projections.activity import positions_of
from store.ledger import Ledger
from store.mapper import Row
from store.store import Store
from store.upcasts import stored_names

PAGE_FACTS: Final = 100
MOST_FACTS: Final = 1000
"""Of one answer; the next one goes on behind it."""

_READ_FACTS: Final = 2000
_SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`person` as `by.id` names them, `kinds` are stored names; recorded here on these dates of the site, both
    included. None chooses nothing."""

    person: str | None = None
    patient_id: UUID | None = None
    kinds: tuple[str, ...] = ()
    from_on: date | None = None
    to_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """`rows` are JSON-ready, in the order of recording. `next_after` goes on behind them; None on the last page."""

    facility: str
    rows: list[dict[str, Any]]
    next_after: int | None
    knowledge: Knowledge

    @property
    def patients(self) -> list[UUID]:
        """Whose charts they are of."""
        return sorted({UUID(row["patient_id"]) for row in self.rows if row["patient_id"] is not None})

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "facility": self.facility,
            "known_at": utc_text(self.knowledge.known_at),
            "position": self.knowledge.position,
            "rows": self.rows,
            "next_after": self.next_after,
        }


def answer(
    store: Store,
    facility: str,
    wanted: Wanted,
    *,
    now: datetime,
    known_at: datetime | None = None,
    after: int = 0,
    limit: int = PAGE_FACTS,
) -> Activity:
    """The facts behind position `after`, at most so many. Those of charts that were destroyed are nobody's any more.

    NotAsked for dates in the wrong order, a person or a kind that there can't be; NotOnRecord for a site that was not
    open at the cut.
    """
    _judge(wanted)
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=None, now=now)
    zone, upto = cut.facility.clock, cut.knowledge.position
    if wanted.from_on is not None:
        after = max(after, last_before(ledger, wanted.from_on, zone))
    if wanted.to_on is not None:
        upto = min(upto, last_before(ledger, wanted.to_on + timedelta(days=1), zone))
    found = list(islice(_found(store, ledger, wanted, after, upto, limit + 1), limit + 1))
    shown = found[:limit]
    ends = scheduled_ends(ledger, shown, cut.knowledge.position)
    return Activity(
        facility=facility,
        rows=[_row(entry, zone, ends.get(entry.position)) for entry in shown],
        next_after=shown[-1].position if len(found) > limit else None,
        knowledge=cut.knowledge,
    )


def _judge(wanted: Wanted) -> None:
    if wanted.from_on is not None and wanted.to_on is not None and wanted.to_on < wanted.from_on:
        raise NotAsked("The last date comes before the first: give the earlier one first.")
    if wanted.person not in (None, _SYSTEM) and not names_person(wanted.person or ""):
        raise NotAsked("Name the person as facts do: staff/<staff_id>, operator/<account> or system.")
    if any(kind not in BY_NAME for kind in wanted.kinds):
        raise NotAsked("There is no such kind of fact: name it as it is stored, like AttendanceRecorded.")


def _found(store: Store, ledger: Ledger, wanted: Wanted, after: int, upto: int, enough: int) -> Iterator[Recorded]:
    """In order, as they are needed."""
    if wanted.patient_id is not None:
        stream = stream_name("chart", wanted.patient_id)
        entries = ledger.read([stream], upto=upto)[stream] if upto > after else []
        yield from (entry for entry in entries if entry.position > after and _is_wanted(entry, wanted))
        return
    while after < upto:
        rows, after = _next(store, ledger, wanted, after, upto, enough)
        yield from (entry for entry in ledger.opened(rows) if _is_wanted(entry, wanted))


def _next(
    store: Store, ledger: Ledger, wanted: Wanted, after: int, upto: int, enough: int
) -> tuple[Sequence[Row], int]:
    """The next that may be wanted, by the shortest way, and up to where these are all."""
    if wanted.person is not None:
        types = stored_names(wanted.kinds) if wanted.kinds else None
        found = positions_of(store, ledger.name, wanted.person, types=types, after=after, upto=upto, limit=enough)
        if found.upto > after:
            return ledger.at(found.positions), found.upto
    limit = enough if wanted.person is None else _READ_FACTS
    if wanted.kinds:
        rows = ledger.typed(wanted.kinds, after=after, upto=upto, limit=limit)
    else:
        rows = ledger.rows(after=after, upto=upto, limit=limit)
    return rows, rows[-1][0] if len(rows) == limit else upto


def _is_wanted(entry: Recorded, wanted: Wanted) -> bool:
    return (wanted.person is None or entry.envelope.by.id == wanted.person) and (
        not wanted.kinds or type(entry.fact).__name__ in wanted.kinds
    )


def _row(entry: Recorded, zone: ZoneInfo, scheduled_end: datetime | None) -> dict[str, Any]:
    envelope, happened = entry.envelope, happened_at(entry.fact, zone, scheduled_end=scheduled_end)
    passed = lateness(entry, zone, scheduled_end=scheduled_end)
    elsewhere = envelope.recorded_elsewhere_at
    by = envelope.by
    return {
        "position": entry.position,
        "event": entry.name,
        "type": type(entry.fact).__name__,
        "patient_id": str(stream_uuid(entry.stream)) if stream_kind(entry.stream) == "chart" else None,
        "recorded_at": utc_text(entry.recorded_at),
        "recorded_elsewhere_at": None if elsewhere is None else utc_text(elsewhere),
        "by": {"id": by.id, "name": by.name, "role": by.role, "credential": by.credential},
        "source": envelope.source.value,
        "reason": envelope.reason,
        "happened_at": None if happened is None else utc_text(happened),
        "lateness_minutes": None if passed is None else int(passed.total_seconds()) // 60,
        "late": is_late(entry, zone, scheduled_end=scheduled_end),
    }
