"""What an append is asked with, and what it answers. How it is written: `store/writing.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eventsourcing.persistence import StoredEvent

from domain.record import Envelope
from store.kept import SealedRows
from store.ledger_keys import NewKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """A fact to be appended, by the name under which its stream will keep it."""

    stream: str
    version: int
    envelope: Envelope
    fact: Any

    # What the library calls them.

    @property
    def originator_id(self) -> str:
        return self.stream

    @property
    def originator_version(self) -> int:
        return self.version


@dataclass(frozen=True, slots=True)
class Command:
    """What makes a command safe to send again.

    `scope` is who sends it and over which route, `key` the client's own, `body` the canonical request; only keyed
    hashes of them are stored. `resource` is the stream that the receipt names; without it, the first fact's.
    """

    scope: str
    key: str
    body: bytes
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an append answers: `stream@version` names the first fact written to the stream that the receipt names.

    `latest` is that stream's version afterwards, and `position` that of the last fact: the system may have recorded
    more with it. Where nothing was written to the stream, both versions are the one that was read. `repeated` when the
    command had been carried out before: then this is the first answer.
    """

    ledger: str
    stream: str
    version: int
    latest: int
    position: int
    recorded_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class HashedClaim:
    """A claim as it is stored."""

    kind: str
    key: bytes
    stream: str


@dataclass(frozen=True, slots=True)
class HashedCommand:
    """A command as it is stored, and what its receipt names."""

    key: bytes
    body: bytes
    stream: str
    version: int
    latest: int


@dataclass(frozen=True, slots=True)
class NoneSince:
    """A decision that looked through a ledger for facts of these stored names, up to a position: none may have come
    since."""

    types: tuple[str, ...]
    position: int


@dataclass(slots=True, kw_only=True)
class AppendRequest:
    """One append, ready to be written. `events` are sealed already; `position` and `recorded_at` come of writing it.
    A chart's key is written with its first fact, a report's with its rows, which are `kept`; `ends` are the charts
    whose keys are destroyed with it.

    `reads` says for each stream that the decision saw which version it was at, those written to among them; `seen`
    the position of the ledger at which they were; `none_since` which facts it looked for, and how far.
    """

    ledger: str
    events: Sequence[StoredEvent] = ()
    reads: dict[str, int] = field(default_factory=dict)
    seen: int | None = None
    none_since: NoneSince | None = None
    claims: Sequence[HashedClaim] = ()
    releases: Sequence[HashedClaim] = ()
    keys: Sequence[NewKey] = ()
    kept: Sequence[SealedRows] = ()
    ends: Sequence[str] = ()
    command: HashedCommand | None = None
    position: int = 0
    recorded_at: datetime | None = None


def versions_seen(facts: Sequence[NewFact], reads: Mapping[str, int]) -> dict[str, int]:
    """Which version each stream must be at: those read, and those written to just before the first new fact.

    ValueError where there are no facts, or those of a stream leave a hole.
    """
    if not facts:
        raise ValueError("An append needs at least one fact.")
    seen = dict(reads)
    last: dict[str, int] = {}
    for new in facts:
        before = last.get(new.stream, seen.get(new.stream, new.version - 1))
        if new.version != before + 1 or new.version < 1:
            raise ValueError("The new facts of a stream follow the version that was read, without a hole.")
        seen.setdefault(new.stream, before)
        last[new.stream] = new.version
    return seen


def resource_of(command: Command | None, facts: Sequence[NewFact], seen: Mapping[str, int]) -> tuple[str, int, int]:
    """The stream that the receipt names, the version of its first new fact, and its version once all are written.

    ValueError where the command neither wrote to it nor read it.
    """
    stream = facts[0].stream if command is None or command.resource is None else command.resource
    written = [new.version for new in facts if new.stream == stream]
    if not written and stream not in seen:
        raise ValueError("A receipt names a stream that the command wrote to, or read.")
    before = seen.get(stream, 0)
    return stream, min(written, default=before), max(written, default=before)
