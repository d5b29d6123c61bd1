"""The random draw: who is screened is chosen by a lot that anybody can draw again from what is on record.

Everybody in the pool is ranked by the SHA-256 of `<seed>/<patient_id>` (UTF-8; the id in its lower-case form with
hyphens), smallest first; who stands first is drawn. Neither the order of the pool nor who draws makes a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import Final
from uuid import UUID

from domain.refused import Refused

DRAWN_FROM: Final = "active"
"""The state of an episode whose patient is in the pool: those for whom a week without a specimen counts (SCR-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomDrawMade:
    """`pool` are the patients who might have been drawn, `drawn` those who were, first rank first.

    `seed` is made for this draw alone, by whoever wires the program, and chosen by nobody.
    """

    on: date
    seed: str
    pool: tuple[UUID, ...]
    drawn: tuple[UUID, ...]


def rank(seed: str, patient_id: UUID) -> str:
    """What a patient is ranked by: 64 hexadecimal digits."""
    return sha256(f"{seed}/{patient_id}".encode()).hexdigest()


def draw(seed: str, pool: Collection[UUID], count: int) -> tuple[UUID, ...]:
    """The `count` patients of the pool that the seed ranks first, in that order."""
    if not seed.strip():
        raise Refused("draw.without-seed", "A draw needs the seed that it was made with.")
    if not pool:
        raise Refused("draw.empty-pool", "There is nobody to draw from on that date.")
    if len(set(pool)) < len(pool):
        raise Refused("draw.twice-in-pool", "Name each patient of the pool once: all have the same chance.")
    if not 1 <= count <= len(pool):
        raise Refused("draw.count", "Draw at least one patient, and no more than there are in the pool.")
    return tuple(sorted(pool, key=lambda patient_id: rank(seed, patient_id))[:count])


def pool_of(states: Mapping[UUID, str], named: Iterable[UUID] | None) -> tuple[UUID, ...]:
    """Who may be drawn, sorted: everybody active, or those named. `states`: patient → state of the open episode."""
    active = {patient_id for patient_id, state in states.items() if state == DRAWN_FROM}
    if named is None:
        return tuple(sorted(active))
    wanted = tuple(named)
    if not active.issuperset(wanted):
        raise Refused(
            "draw.not-active", "Somebody in the pool is not in active treatment on that date: leave them out."
        )
    return tuple(sorted(wanted))


def how_many(share: int | float, pool: tuple[UUID, ...]) -> int:
    """A share of the pool, from 0 to 1, in whole patients, rounded up."""
    return ceil(Fraction(str(share)) * len(pool))


def judge(fact: RandomDrawMade) -> None:
    """A draw is what its seed and its pool give, and nothing else."""
    if fact.drawn != draw(fact.seed, fact.pool, len(fact.drawn)):
        raise Refused("draw.not-as-drawn", "That is not who this seed draws from this pool: draw again.")
