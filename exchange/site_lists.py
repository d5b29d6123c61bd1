"""The lists of a site by day and stage, at either clock: screenings and step-downs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.site_screenings import Wanted
from domain.site_step_downs import WantedStepDowns
from exchange.cut import judge_dates, take_cut, utc_text
from exchange.errors import NotAsked
from projections import screenings as of_screenings
from projections import step_downs as of_step_downs
from projections.site_list import SiteList
from store.store import Store

USUAL_DAYS: Final = 7
"""Of a list by day that says no first one, up to its last."""

MOST_DAYS: Final = 92
"""Of a list by day: a quarter. More of them is a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`found` at its cut, and the days that it is of, both included; None where they choose nothing."""

    facility: str
    found: SiteList
    from_on: date | None
    to_on: date | None

    @property
    def known_at(self) -> datetime:
        if self.found.known_at is None:
            raise LookupError("Where there is a site, something was recorded.")
        return self.found.known_at

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "facility": self.facility,
            "as_of": self.found.as_of.isoformat(),
            "known_at": utc_text(self.known_at),
            "position": self.found.position,
            "from": None if self.from_on is None else self.from_on.isoformat(),
            "to": None if self.to_on is None else self.to_on.isoformat(),
            "rows": self.found.rows,
        }


def screenings(
    store: Store,
    facility: str,
    wanted: Wanted,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Listed:
    """By day of collection: without dates those of the week up to `as_of`; of those that wait for something, all.

    NotAsked for dates in the wrong order or too far apart, NotOnRecord for a site that was not open at the cut.
    """
    cut = take_cut(store.ledger(facility), known_at=known_at, as_of=as_of, now=now)
    last = wanted.last or cut.as_of
    first = wanted.first
    if first is None and wanted.due is None:
        first = last - timedelta(days=USUAL_DAYS - 1)
    judge_dates(first, last)
    if first is not None and (last - first).days >= MOST_DAYS:
        raise NotAsked(f"Ask for at most {MOST_DAYS} days at a time, or take the screenings as a file.")
    found = of_screenings.answer(
        store, facility, replace(wanted, first=first, last=last), now=now, as_of=cut.as_of, known_at=known_at
    )
    return Listed(facility=facility, found=found, from_on=first, to_on=last)


def step_downs(
    store: Store,
    facility: str,
    wanted: WantedStepDowns,
    *,
    now: datetime,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Listed:
    """Those at a stage, or without one those on their way; of these dates of recommendation alone, where they are
    given. NotAsked for dates in the wrong order, NotOnRecord for a site that was not open at the cut."""
    cut = take_cut(store.ledger(facility), known_at=known_at, as_of=as_of, now=now)
    judge_dates(wanted.first, wanted.last)
    found = of_step_downs.answer(store, facility, wanted, now=now, as_of=cut.as_of, known_at=known_at)
    return Listed(facility=facility, found=found, from_on=wanted.first, to_on=wanted.last)
