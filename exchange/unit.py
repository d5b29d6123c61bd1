"""What of a file comes in whole or not at all: a line that holds a fact, or rows of a table that tell of one thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Protocol

from domain.recording import FUTURE_MINUTES
from domain.refused import Refused
from exchange.lines import Line
from exchange.share import Considered
from exchange.working_site import WorkingSite


def held_back(by: int, of: str) -> Refused:
    """What is told of a line that rests on one that was refused, the `by`-th of the file, of the same `of`."""
    return Refused("line.held-back", f"Line {by} of the same {of} was refused: put that right first.")


def differs(version: int) -> Refused:
    return Refused("line.differs", f"Version {version} of this stream is on record and says something else.")


def out_of_time() -> Refused:
    return Refused("line.out-of-time", "A date or instant is too far off to reckon with: check it.")


_FUTURE: Final = timedelta(minutes=FUTURE_MINUTES)


def judge_clock(name: str, at: datetime | None, now: datetime) -> None:
    """A line is judged by its own clock: by one that runs ahead, nothing that it tells would be still to come."""
    if at is not None and at > now and at > now + _FUTURE:
        raise Refused("line.in-the-future", f"`{name}` is still to come: check the clock that the line is from.")


class Repeats(Enum):
    """A unit that adds nothing: all that it says is in already, or comes in with others of its batch."""

    ON_RECORD = "on record"
    OF_THE_BATCH = "of the batch"


class Unit(Protocol):
    """Judged as often as others are faster than its batch."""

    @property
    def key(self) -> str | None:
        """By which later units are held back that rest on this one, once it is refused: a stream. None: none are."""

    @property
    def lines(self) -> Sequence[Line]:
        """As they stand in the file, one at least."""

    def looks_at_charts(self, site: WorkingSite) -> bool:
        """Whether judging it needs the charts that name its stream: then nothing may be on its way."""

    def consider(self, site: WorkingSite, held_by: int | None, now: datetime) -> Considered | Repeats:
        """What it adds to the site. `held_by` is the number of the refused line that holds it back. Raises Refused."""

    def refusals(self, refusal: Refused) -> Sequence[tuple[Line, Refused]]:
        """What is told of each of its lines when it is refused."""
