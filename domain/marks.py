"""What is to be seen of an entry beside what it says: that it came late, what it replaces, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.record import EnteredInError, Entry, replaced_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Versions of the same stream. `corrects`: what the entry takes the place of; `replaced_by`: the live correction
    that took its place; `struck_by`: the strike that took it out. `hours_late`: whole hours, None unless late."""

    hours_late: int | None = None
    corrects: int | None = None
    replaced_by: int | None = None
    struck_by: int | None = None


def marks_of(entries: Sequence[Entry], hours_late: Sequence[int | None]) -> list[Marks]:
    """Those of each entry of a stream, as it stands with all of them."""
    replaced = replaced_by(entries)
    strikes = {entry.fact.target: entry.version for entry in entries if isinstance(entry.fact, EnteredInError)}
    return [
        Marks(
            hours_late=late,
            corrects=getattr(entry.fact, "corrects", None),
            replaced_by=replaced.get(entry.version),
            struck_by=strikes.get(entry.version),
        )
        for entry, late in zip(entries, hours_late, strict=True)
    ]
