"""Breaking the glass: looking, or telling, in an emergency beyond what one may; said aloud, limited, reviewed after.

42 CFR 2.51 asks for the recipient and their affiliation, who told them, when, and the nature of the emergency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from domain.record import Entry, first_recorded_at
from domain.refused import Refused
from domain.scene import Scene
from domain.week import local_date
from domain.wording import is_blank

LIMIT_HOURS: Final = 24
"""Our default: an emergency that lasts longer is opened anew, by somebody who looks at it again."""

_LIMIT: Final = timedelta(hours=LIMIT_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassOpened:
    """`until` is when it closes of itself, at most 24 hours ahead. `nature` is that of the emergency."""

    reason: str
    nature: str
    until: datetime
    recipient: str | None = None
    affiliation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassReviewed:
    """`opened` is the version of what is reviewed, in the same chart."""

    opened: int
    finding: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`at` is when it was first recorded, wherever that was; `by` who opened it. `reviewed` is a version."""

    at: datetime
    until: datetime
    by: str
    version: int
    reviewed: int | None = None


Openings = Mapping[int, Opening]
"""By version."""


def evolve(openings: Openings, entry: Entry) -> Openings:
    match entry.fact:
        case BreakGlassOpened(until=until):
            at = first_recorded_at(entry)
            opened = Opening(at=at, until=until, by=entry.envelope.by.id, version=entry.version)
            return {**openings, entry.version: opened}
        case BreakGlassReviewed(opened=version) if (known := openings.get(version)) is not None:
            return {**openings, version: replace(known, reviewed=entry.version)}
        case _:
            return openings


def judge(openings: Openings, new: Entry, scene: Scene) -> None:
    match new.fact:
        case BreakGlassOpened() as fact:
            _judge_opening(fact, scene.at)
        case BreakGlassReviewed() as fact:
            _judge_review(openings, fact, new.envelope.by.id, scene)
        case _:
            return


def _judge_opening(fact: BreakGlassOpened, at: datetime) -> None:
    if is_blank(fact.reason) or is_blank(fact.nature):
        raise Refused("break-glass.incomplete", "Say why, and what the emergency is: both are reviewed afterwards.")
    if fact.until <= at:
        raise Refused("break-glass.over", "It would be closed already: give an end that is still to come.")
    if fact.until - at > _LIMIT:
        raise Refused("break-glass.too-long", "Give an end within 24 hours: open it anew where that is not enough.")


def _judge_review(openings: Openings, fact: BreakGlassReviewed, by: str, scene: Scene) -> None:
    opening = openings.get(fact.opened)
    if opening is None:
        raise Refused("break-glass.unknown", "Nothing was opened at that version of this chart: check which it was.")
    if opening.reviewed is not None:
        raise Refused("break-glass.already-reviewed", "This is reviewed: strike that review if it was wrong.")
    if opening.by == by:
        raise Refused("break-glass.own-review", "Whoever opened it can't review it: ask another compliance officer.")
    if fact.on < local_date(opening.at, scene.zone):
        raise Refused(
            "break-glass.reviewed-before-opened", "A review can't be before what it is about: check the date."
        )
