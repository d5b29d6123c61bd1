"""Who signed for what an episode rests on: kept, so that it shows when a credential turns out to have ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

# The module, not what is in it: it knows some facts of charts itself, and may be only on its way when this is imported.
from domain import acts
from domain.record import Entry, first_recorded_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """An act that needs a credential or a signature, or ends an episode. `fact` is its stored name, `by` the id of the
    person; `on` the date of the act, None where it has none but that of `recorded_at`."""

    version: int
    episode_id: UUID
    fact: str
    by: str
    role: str
    on: date | None
    recorded_at: datetime


Signatures: TypeAlias = tuple[Signature, ...]
"""Of the live entries, in the order of recording."""


def evolve(signed: Signatures, entry: Entry) -> Signatures:
    """One standing fact further. What a correction takes the place of is nothing that the episode rests on any more."""
    fact: Any = entry.fact
    if (corrects := getattr(fact, "corrects", None)) is not None:
        signed = tuple([known for known in signed if known.version != corrects])
    if (signature := _signature(entry)) is not None:
        signed = (*signed, signature)
    return signed


def is_signed_for(name: str) -> bool:
    """Whether facts of this stored name are kept here. Most are not."""
    act = acts.ACTS.get(name)
    return act is not None and bool(act.credential or act.signature or name == "Discharged")


def _signature(entry: Entry) -> Signature | None:
    name = type(entry.fact).__name__
    by = entry.envelope.by
    if not is_signed_for(name) or by.role in acts.INTERFACES:
        return None
    return Signature(
        version=entry.version,
        episode_id=entry.fact.episode_id,
        fact=name,
        by=by.id,
        role=by.role,
        on=getattr(entry.fact, "on", None),
        recorded_at=first_recorded_at(entry),
    )
