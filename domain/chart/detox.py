"""Medical detox, in-house or at a trusted third party: referred, and what the provider answered.

Landmark: who is critical goes to medical detox first, for roughly a week; where the own house can't take somebody, a
third party is asked. Before treatment a referral leads to `detox_referred`; whoever was taken comes back by a new
intake assessment, and a refusal gives back `assessed`, since nobody took the patient and somebody else may be asked.
During treatment a referral changes no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from domain.refused import Refused

if TYPE_CHECKING:
    from domain.chart.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class DetoxReferred:
    """`accepted` where the provider answered at once, else `DetoxAnswered` follows; `third_party`: not our own."""

    episode_id: UUID
    provider: str
    on: date
    third_party: bool | None = None
    accepted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetoxAnswered:
    """What the provider says to the referral that waits for an answer, the earliest where several do."""

    episode_id: UUID
    accepted: bool
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A referral, or (`answers`) an answer to one; `waits` where an answer is yet to come."""

    on: date
    version: int
    answers: bool
    waits: bool


def referral(fact: DetoxReferred | DetoxAnswered, version: int) -> Referral:
    answers = isinstance(fact, DetoxAnswered)
    return Referral(on=fact.on, version=version, answers=answers, waits=not answers and fact.accepted is None)


def judge(episode: Episode, fact: DetoxReferred | DetoxAnswered, version: int) -> None:
    if isinstance(fact, DetoxReferred):
        if not fact.provider.strip():
            raise Refused("detox.provider-missing", "Name the provider that the patient is referred to.")
        return
    if any(unfounded([*episode.detox, referral(fact, version)])):
        raise Refused(
            "detox.not-referred", "No referral waits for this answer on that date: record the referral first."
        )


def unfounded(detox: Iterable[Referral]) -> Iterator[int]:
    """The versions of answers to which there is no referral that waits."""
    waiting = 0
    for told in sorted(detox, key=lambda r: (r.on, r.answers, r.version)):
        if told.answers and not waiting:
            yield told.version
        else:
            waiting += told.waits - told.answers
