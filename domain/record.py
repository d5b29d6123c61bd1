"""The envelope of every fact: who recorded it, where it came from, why, and where it stands in its ledger.

One event is one envelope and one fact. What happened in clinical life, and when, is in the fact; who recorded it and
when the system learned it is here. The two are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from re import compile as compile_pattern
from typing import Any, Final, TypeVar
from uuid import UUID


class Source(StrEnum):
    """Through which door a fact came in."""

    API = "api"
    WEB = "web"
    LAB = "lab"
    IMPORT = "import"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Person:
    """The one who acts. `id` is `staff/<staff_id>`, `operator/<account>` or `system`.

    `role` and `credential` are those of the facility's stream on the day of the act; `credential` is None for roles
    that need none.
    """

    id: str
    name: str
    role: str
    credential: str | None = None


_PERSON_ID: Final = compile_pattern(
    r"staff/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|operator/[A-Za-z0-9_.@+$-]{1,64}"
)


def names_person(text: str) -> bool:
    """Whether this is the id of somebody of the staff list or of an operator, and not free text, which may name a
    patient."""
    return _PERSON_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known of the recording itself before the store stamps it.

    `causation_id` names an event as `stream@version`. `recorded_elsewhere_at` is when another system had recorded an
    imported fact.
    """

    by: Person
    source: Source
    correlation_id: UUID
    reason: str | None = None
    causation_id: str | None = None
    recorded_elsewhere_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a stream as a fold sees it. `version` counts from 1 without holes."""

    version: int
    recorded_at: datetime
    envelope: Envelope
    fact: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Entry):
    """An entry with its place in the ledger. `position` counts from 1 without holes, in commit order."""

    ledger: str
    position: int
    stream: str

    @property
    def name(self) -> str:
        """How an event is named everywhere, `stream@version`."""
        return f"{self.stream}@{self.version}"


def stream_name(kind: str, key: UUID | str) -> str:
    """`chart/<uuid>`, `session/<uuid>`, `facility/<code>` …"""
    return f"{kind}/{key}"


def stream_kind(stream: str) -> str:
    return stream.partition("/")[0]


def stream_uuid(stream: str) -> UUID:
    """The UUID in a stream's name. ValueError where the stream is not named by one."""
    return UUID(stream.partition("/")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredInError:
    """Strikes an entry of the same stream: it stays readable and counts for nothing. The envelope says why.

    What a struck correction had replaced counts again. `target` is a version.
    """

    target: int


def aims_at(fact: Any) -> int | None:
    """The version, of the same stream, that it strikes or corrects; None where it does neither."""
    return fact.target if isinstance(fact, EnteredInError) else getattr(fact, "corrects", None)


def aims_ahead(entry: Entry) -> bool:
    """Whether it strikes or corrects what doesn't come before it in its stream, which no ledger ever took in."""
    aim = aims_at(entry.fact)
    return aim is not None and not 0 < aim < entry.version


def first_recorded_at(entry: Entry) -> datetime:
    """When it was recorded; of one that was imported, when it had been elsewhere."""
    return entry.envelope.recorded_elsewhere_at or entry.recorded_at


EntryT = TypeVar("EntryT", bound=Entry)


def replaced_by(entries: Sequence[Entry]) -> dict[int, int]:
    """For each version that a live correction took the place of, the version of that correction."""
    gone = struck(entries)
    return {
        corrects: entry.version
        for entry in entries
        if entry.version not in gone and (corrects := getattr(entry.fact, "corrects", None)) is not None
    }


def struck(entries: Iterable[Entry]) -> frozenset[int]:
    """The versions that were entered in error."""
    return frozenset(entry.fact.target for entry in entries if isinstance(entry.fact, EnteredInError))


def standing(entries: Iterable[EntryT]) -> list[EntryT]:
    """What a fold sees: every entry but strikes and what they struck. A correction follows what it corrects."""
    known = list(entries)
    gone = struck(known)
    return [e for e in known if e.version not in gone and not isinstance(e.fact, EnteredInError)]


def live(entries: Sequence[EntryT]) -> list[EntryT]:
    """The entries that count, in order: neither struck, nor replaced by a live correction, nor a strike itself.

    A correction is known by its field `corrects`. Striking it brings back what it had replaced.
    """
    replaced = replaced_by(entries)
    return [e for e in standing(entries) if e.version not in replaced]
