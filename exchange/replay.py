"""A patient's history as it was known at an instant: the facts, oldest first, and the status they add up to.

Read from the ledger, never from a read table, and folded as everything else is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.chart import fold
from domain.cohort import Cohort
from domain.record import Recorded, stream_name
from domain.session import Session
from domain.status import present
from domain.streams import fold_stream, named
from domain.week import Week
from exchange.calendar import planned_in
from exchange.cut import Knowledge, take_cut
from store.ledger import Ledger
from store.lines import to_line
from store.store import Store

PAGE_FACTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`lines` are facts as the contract writes them, JSON-ready; `status` is the status document at the cut.

    `version` is the chart's at the cut. `next_after` continues with the next page; None on the last one.
    """

    lines: tuple[dict[str, Any], ...]
    status: dict[str, Any]
    version: int
    next_after: int | None
    knowledge: Knowledge


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
) -> History | None:
    """The chart's facts with versions above `after`, at most `limit`; None when there was no such chart at the cut.

    `known_at` cuts the facts, `as_of` the status alone. `now` says what day it is at the site. NotOnRecord for a
    site that was not open at the cut.
    """
    ledger = store.ledger(facility)
    cut = take_cut(ledger, known_at=known_at, as_of=as_of, now=now)
    position = cut.knowledge.position
    stream = stream_name("chart", patient_id)
    entries = ledger.read([stream], upto=position)[stream]
    if not entries:
        return None
    sessions, cohorts = _beside(ledger, entries, Week.of(cut.as_of), position)
    status = present(
        fold(patient_id, entries),
        sessions=sessions,
        cohorts=cohorts,
        zone=cut.facility.clock,
        facility=facility,
        as_of=cut.as_of,
        known_at=cut.knowledge.known_at,
        position=position,
    )
    page = [entry for entry in entries if entry.version > after][: max(limit, 0)]
    shown = page[-1].version if page else after
    return History(
        lines=tuple(to_line(entry) for entry in page),
        status=status,
        version=entries[-1].version,
        next_after=shown if shown < entries[-1].version else None,
        knowledge=cut.knowledge,
    )


def _beside(
    ledger: Ledger, entries: Sequence[Recorded], week: Week, position: int
) -> tuple[dict[UUID, Session], dict[UUID, Cohort]]:
    """The sessions that the chart names or that may be of the week, and the cohorts that it names, at the cut."""
    streams = planned_in(ledger, week, upto=position)
    for entry in entries:
        streams |= named(entry.fact)
    sessions, cohorts = {}, {}
    for stream, found in ledger.read(list(streams), upto=position).items():
        state = fold_stream(stream, found)
        if isinstance(state, Session) and state.starts_at is not None:
            sessions[state.session_id] = state
        elif isinstance(state, Cohort) and found:
            cohorts[state.cohort_id] = state
    return sessions, cohorts
