"""A patient's history as it was known at an instant: the facts, oldest first, and the status they add up to.

Read from the ledger, never from a read table, and folded as everything else is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from domain.chart import fold
from domain.cohort import Cohort
from domain.record import stream_name, stream_uuid
from domain.session import Session
from domain.site import fold_cohort, fold_session
from domain.status import present
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
    status = present(
        fold(patient_id, entries),
        sessions=_sessions(ledger, position),
        cohorts=_cohorts(ledger, position),
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


def _sessions(ledger: Ledger, position: int) -> dict[UUID, Session]:
    # Those of the week are known by their times alone, so all of them are read; they are few beside charts.
    streams = ledger.streams("session", upto=position)
    folded = (fold_session(stream_uuid(name), found) for name, found in ledger.read(streams, upto=position).items())
    return {session.session_id: session for session in folded if session.starts_at is not None}


def _cohorts(ledger: Ledger, position: int) -> dict[UUID, Cohort]:
    streams = ledger.streams("cohort", upto=position)
    folded = (fold_cohort(stream_uuid(name), found) for name, found in ledger.read(streams, upto=position).items())
    return {cohort.cohort_id: cohort for cohort in folded}
