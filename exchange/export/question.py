"""What an export is asked with, and the cut that it is answered at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Any
from zoneinfo import ZoneInfo

from domain.facility import Facility
from domain.record import stream_name
from domain.site import fold_facility
from exchange.cut import Knowledge, judge_dates, utc_text
from exchange.errors import NotOnRecord
from exchange.export.columns import About, Layout, Values
from store.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`from_on` and `to_on` (both included) choose rows by the date that the kind of table goes by; `now` is the
    asker's clock, which says what day it is at the site. NotAsked for dates in the wrong order."""

    facility: str
    now: datetime
    from_on: date | None = None
    to_on: date | None = None
    as_of: date | None = None
    known_at: datetime | None = None

    def __post_init__(self) -> None:
        judge_dates(self.from_on, self.to_on)

    def holds(self, on: date, as_of: date | None = None) -> bool:
        """Whether a date is among those asked for, and by `as_of`."""
        if self.from_on is not None and on < self.from_on:
            return False
        if self.to_on is not None and on > self.to_on:
            return False
        return as_of is None or on <= as_of

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "from": None if self.from_on is None else self.from_on.isoformat(),
            "to": None if self.to_on is None else self.to_on.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The answer: pages of rows, to be read once, while what gave them is open. They depend on the cut alone.

    `as_of` is None where clinical time chooses nothing. `lines` writes the NDJSON in another form than the rows', where
    a kind has one, and answers their number. `further` is what the manifest says besides, asked for when all is
    written.
    """

    layout: Layout
    asked: Asked
    knowledge: Knowledge
    zone: ZoneInfo
    pages: Iterator[Sequence[Values]]
    as_of: date | None = None
    rule_set: str | None = None
    rule_set_version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lines: Callable[[IO[bytes]], int] | None = None
    further: Callable[[], Mapping[str, Any]] = dict

    @property
    def about(self) -> About:
        """What the file says of itself: nothing of who asks, nor when."""
        given = {name.replace("_", " "): str(value) for name, value in self.parameters.items() if value is not None}
        facts = {
            "facility": self.asked.facility,
            **given,
            **({} if self.rule_set is None else {"rule set": f"{self.rule_set} {self.rule_set_version}"}),
            **({} if self.as_of is None else {"as of": self.as_of.isoformat()}),
            "known at": utc_text(self.knowledge.known_at),
            "position": f"{self.knowledge.position} (of the last fact known)",
        }
        return About(layout=self.layout, zone=self.zone, facts=tuple(facts.items()))


def facility_at(ledger: Ledger, position: int) -> Facility:
    """The site as its stream was then. NotOnRecord where it had not been opened."""
    stream = stream_name("facility", ledger.name)
    facility = fold_facility(ledger.read([stream], upto=position)[stream])
    if facility.zone is None:
        raise NotOnRecord("This facility had not been opened by then.")
    return facility


def midnight(on: date, zone: ZoneInfo) -> datetime:
    """When a date begins at the site, in UTC."""
    return datetime.combine(on, time(), tzinfo=zone).astimezone(UTC)


A_DAY = timedelta(days=1)
