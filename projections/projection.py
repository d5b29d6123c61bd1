"""What a projection is: a table of its own, and a fold that brings it further by a batch of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from domain.key_destruction import KeyDestroyed
from domain.record import EnteredInError, Recorded, stream_kind
from store.ledger import Ledger

AS_PROJECTOR: Final[LiteralString] = "SET LOCAL ROLE stepdown_projector"

Cursor = psycopg.Cursor[tuple[Any, ...]]

Apply = Callable[[Cursor, Ledger, Sequence[Recorded]], None]
"""Writes what the facts say. They are of one ledger, in order, and follow what was applied before; the cursor is in
the transaction that moves the position. Whatever is read besides is read up to the last of these facts only, so that
the same facts give the same rows however they are cut into batches."""

Opens = Callable[[Ledger, Mapping[str, Any]], Any]
"""What a sealed column of a row holds, to be compared by `==`. Takes the row by the names of its columns; Unreadable
when it doesn't open in its place."""


@dataclass(frozen=True, slots=True)
class Projection:
    """`name` is its table in the schema `projection`, made by `<name>.sql` in this room; `definition` says, as a hash,
    what its rows are made by. `sealed` are the columns that hold ciphertext, which differs each time that the same is
    sealed, with what opens them. Made by `projections.definition.define`."""

    name: str
    apply: Apply
    definition: str
    sealed: Mapping[str, Opens] = field(default_factory=dict, hash=False)


def by_stream(facts: Iterable[Recorded], kind: str) -> dict[str, list[Recorded]]:
    """The facts of the streams of one kind, each stream's in order."""
    streams: dict[str, list[Recorded]] = {}
    for fact in facts:
        if stream_kind(fact.stream) == kind:
            streams.setdefault(fact.stream, []).append(fact)
    return streams


def destroyed(facts: Iterable[Recorded]) -> list[UUID]:
    """The patients whose charts are destroyed by these facts: no table keeps a row of them."""
    return [fact.fact.patient_id for fact in facts if isinstance(fact.fact, KeyDestroyed)]


def strikes(facts: Iterable[Recorded]) -> bool:
    """Whether an entry is struck: what came before it changes, so the stream is folded anew from the ledger."""
    return any(isinstance(fact.fact, EnteredInError) for fact in facts)
