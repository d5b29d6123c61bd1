"""Legal holds: as long as one is live, nothing of a chart is destroyed."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias
from uuid import UUID

from domain.record import Entry
from domain.refused import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldSet:
    """`authority` names who demands it, such as a court and the number of its case."""

    patient_id: UUID
    on: date
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldReleased:
    """`authority` is the one of the hold that ends; the holds of others stay."""

    patient_id: UUID
    on: date
    authority: str


FACTS: Final = (LegalHoldSet, LegalHoldReleased)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold that was not released. `version` is the fact that set it."""

    authority: str
    on: date
    version: int


Holds: TypeAlias = Mapping[UUID, tuple[LegalHold, ...]]
"""By patient; nobody without a live hold."""


def evolve(holds: Holds, entry: Entry) -> Holds:
    """One standing fact further."""
    fact: LegalHoldSet | LegalHoldReleased = entry.fact
    others = [hold for hold in holds.get(fact.patient_id, ()) if not _same(hold.authority, fact.authority)]
    if isinstance(fact, LegalHoldSet):
        others.append(LegalHold(authority=fact.authority, on=fact.on, version=entry.version))
    further = {**holds, fact.patient_id: tuple(others)}
    return {patient: live for patient, live in further.items() if live}


def _same(authority: str, other: str) -> bool:
    """White space and case make no other authority."""
    return authority.casefold().split() == other.casefold().split()


def judge_chart(fact: LegalHoldSet | LegalHoldReleased, charts: Container[UUID]) -> None:
    """`charts`: those that the fact names, as far as this site has them."""
    if fact.patient_id not in charts:
        raise Refused("legal-hold.unknown-chart", "This site has no chart of that patient: look up the id.")


def judge(holds: Holds, fact: LegalHoldSet | LegalHoldReleased) -> None:
    """A hold is set once by each authority, and released by the one that set it."""
    if not fact.authority.strip():
        raise Refused("legal-hold.authority", "Name the authority, such as the court and the number of its case.")
    hold = next((h for h in holds.get(fact.patient_id, ()) if _same(h.authority, fact.authority)), None)
    if isinstance(fact, LegalHoldSet):
        if hold is not None:
            raise Refused("legal-hold.already-set", "This authority's hold on this chart is live already.")
        return
    if hold is None:
        raise Refused("legal-hold.not-set", "This authority has no live hold on this chart: name it as the hold does.")
    if fact.on < hold.on:
        raise Refused("legal-hold.released-before-set", "A hold can't be released before it was set: check the date.")
