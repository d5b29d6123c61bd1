"""What a projection is: a table of its own, and a fold that brings it further by a batch of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from domain.key_destruction import KeyDestroyed
from domain.record import EnteredInError, Recorded, stream_kind
from store.ledger import Ledger

AS_PROJECTOR: Final[LiteralString] = "SET LOCAL ROLE stepdown_projector"

Cursor = psycopg.Cursor[tuple[Any, ...]]

Entries = dict[str, list[Recorded]]
"""By stream, each stream's in order."""


class Facts(tuple[Recorded, ...]):
    """Facts that several folds look at: sorted by stream once. `new`: they are all that can be read of their streams up
    to a position, and the tables hold nothing of these."""

    new: bool = False

    @cached_property
    def streams(self) -> Entries:
        streams: Entries = {}
        for fact in self:
            if (entries := streams.get(fact.stream)) is None:
                streams[fact.stream] = [fact]
            else:
                entries.append(fact)
        return streams

    @cached_property
    def kinds(self) -> Mapping[str, set[type[Any]]]:
        """By stream, which kinds of facts there are."""
        return {stream: {type(entry.fact) for entry in entries} for stream, entries in self.streams.items()}

    def strikes(self, stream: str) -> bool:
        """Whether an entry of the stream is struck: what came before it changes, so it is folded anew."""
        return EnteredInError in self.kinds[stream]


Apply = Callable[[Cursor, Ledger, Facts], None]
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
    sealed, with what opens them. Made by `projections.definition.define`.

    `apart`: each row is made of the facts of one stream alone, and of the end of a chart; so streams may be folded
    apart from each other, in whatever order.
    """

    name: str
    apply: Apply
    definition: str
    sealed: Mapping[str, Opens] = field(default_factory=dict, hash=False)
    apart: bool = False


def by_stream(facts: Facts, kind: str) -> Entries:
    """The facts of the streams of one kind, each stream's in order."""
    return {stream: entries for stream, entries in facts.streams.items() if stream_kind(stream) == kind}


def whole(ledger: Ledger, streams: Iterable[str], facts: Mapping[str, list[Recorded]], upto: int) -> Entries:
    """All facts of these streams up to a position, for who folds them anew: as they are at hand, where `facts` has them
    from the first on without a gap, else read from the ledger."""
    wanted = list(streams)
    found = {stream: facts[stream] for stream in wanted if facts[stream][-1].version == len(facts[stream])}
    if missing := [stream for stream in wanted if stream not in found]:
        found |= ledger.read(missing, upto=upto)
    return found


def destroyed(facts: Facts) -> list[UUID]:
    """The patients whose charts are destroyed by these facts: no table keeps a row of them. None of `new` facts: of
    whoever was destroyed by then nothing was read, so there is no row."""
    if facts.new:
        return []
    of_sites = by_stream(facts, "facility").values()
    return [fact.fact.patient_id for entries in of_sites for fact in entries if isinstance(fact.fact, KeyDestroyed)]
