"""What an import knows of a stream, what it would add to one, and what a batch of it rests on and changes."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.claims import Claim, SeatChanges
from domain.record import Entry
from domain.streams import State
from store.append import NoneSince


@dataclass(slots=True)
class Known:
    """A stream: its entries, how many of them are on record, how many are that or handed over, their fold, once
    somebody needed it, and `names`: the streams of the sessions and cohorts that they name."""

    entries: list[Entry] = field(default_factory=list)
    on_record: int = 0
    handed_over: int = 0
    state: State | None = None
    names: set[str] = field(default_factory=set)


class Considered(NamedTuple):
    """Entries of one stream that were judged and may be added. `releases`: the claims that end with them. `names`: the
    streams of the sessions and cohorts that they name."""

    stream: str
    entries: Sequence[Entry]
    state: State | None
    claims: Sequence[Claim]
    releases: Sequence[Claim]
    seats: SeatChanges
    names: Set[str]


@dataclass(slots=True)
class Share:
    """A batch's share of a site. `written` is the version after it of each stream that it writes to; `judged` and
    `named` are the streams that it rests on; `ends` the charts whose keys it destroys; `looked` how far the ledger was
    looked through for charts that name what it moves; `seats_before` who held the seats that it changes."""

    written: dict[str, int] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    claimed: list[Claim] = field(default_factory=list)
    released: list[Claim] = field(default_factory=list)
    looked: NoneSince | None = None
    seats_before: dict[str, str | None] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    seats: SeatChanges = field(default_factory=SeatChanges)
    ends: set[str] = field(default_factory=set)
