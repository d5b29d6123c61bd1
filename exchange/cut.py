"""Where a question cuts through a ledger: what was known, of what had happened by when.

A `known_at` cut is a cut by position. Without one, a question stands at the last committed fact, so that it can be
asked again and get the same answer; a later one than that is answered as that, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.facility import Facility
from domain.record import stream_name
from domain.site import fold_facility
from domain.week import local_date
from exchange.errors import NotAsked, NotOnRecord
from store.ledger import Head, Ledger

SEE_WHICH: Final = "Whoever runs the system finds which by `stepdown follow --status`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The first `position` facts, all those recorded by `known_at` (UTC).

    `asked_known_at` is what was asked for when that is later than the last committed fact, else None.
    """

    position: int
    known_at: datetime
    asked_known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Both times of a question about a site, and the site's own facts at that point."""

    knowledge: Knowledge
    as_of: date
    facility: Facility


def knowledge(ledger: Ledger, known_at: datetime | None, *, last: Head | None = None) -> Knowledge:
    """NotOnRecord where nothing was recorded by then. `last` is the ledger as it is now, where that is known."""
    if known_at is not None and known_at.utcoffset() is None:
        raise NotAsked("Give the time it was known at with its offset, like 2026-04-20T12:00:00Z.")
    last = last or ledger.head()
    if last.recorded_at is None:
        raise NotOnRecord("There is no such facility, or nothing is on record of it.")
    if known_at is None or known_at >= last.recorded_at:
        later = None if known_at is None or known_at == last.recorded_at else known_at.astimezone(UTC)
        return Knowledge(position=last.position, known_at=last.recorded_at.astimezone(UTC), asked_known_at=later)
    cut = ledger.cut(known_at)
    if cut.position == 0:
        raise NotOnRecord("Nothing was on record of this facility at that time: ask for a later `known_at`.")
    return Knowledge(position=cut.position, known_at=known_at.astimezone(UTC))


def take_cut(ledger: Ledger, *, known_at: datetime | None, as_of: date | None, now: datetime) -> Cut:
    """`as_of` is, unless given, today at the site (by `now`), or the local date of a given `known_at`."""
    known = knowledge(ledger, known_at)
    stream = stream_name("facility", ledger.name)
    facility = fold_facility(ledger.read([stream], upto=known.position)[stream])
    return cut_at(known, facility, known_at=known_at, as_of=as_of, now=now)


def cut_at(
    known: Knowledge, facility: Facility, *, known_at: datetime | None, as_of: date | None, now: datetime
) -> Cut:
    """As `take_cut`, of a site as it was then."""
    if facility.zone is None:
        raise NotOnRecord("This facility had not been opened by then.")
    if as_of is None:
        as_of = local_date(now if known_at is None else known_at, facility.zone)
    return Cut(knowledge=known, as_of=as_of, facility=facility)


def judge_dates(first: date | None, last: date | None) -> None:
    """NotAsked for dates in the wrong order: nothing could lie between them, and an empty answer would look whole."""
    if first is not None and last is not None and last < first:
        raise NotAsked("The last date comes before the first: give the earlier one first.")


def remarks(
    known_at: datetime, *, asked: datetime | None, as_of: date | None, now: datetime, zone: ZoneInfo | None
) -> list[str]:
    """What has to be said beside an answer that stands at `known_at`, one sentence each.

    `asked` is the `known_at` that was asked for, where one was. Later than the last committed fact, it is answered as
    that. A date after that of the question's own moment is answered as any other.
    """
    said = []
    if asked is not None and asked > known_at:
        said.append(f"Nothing was recorded after {utc_text(known_at)}: this is what was known then.")
    moment = now if asked is None else min(asked, now)
    if as_of is not None and zone is not None and as_of > local_date(moment, zone):
        said.append(
            f"{as_of} was still to come when this was known: plans count, and nothing has happened by then yet."
        )
    return said


def left_out(lacking: int) -> list[str]:
    """What is said of a list whose tables had to leave out so many facts."""
    if not lacking:
        return []
    facts, tell = (
        ("1 fact of this facility is", "it tells")
        if lacking == 1
        else (
            f"{lacking} facts of this facility are",
            "they tell",
        )
    )
    return [f"{facts} damaged or not known to this version: what {tell} isn't in here. {SEE_WHICH}"]


def utc_text(instant: datetime) -> str:
    """As instants are shown in answers: UTC, with `Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
