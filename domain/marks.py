"""What is to be seen of an entry beside what it says: that it came late, what it replaces, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.record import EnteredInError, Entry, aims_at, replaced_by


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
    # Few entries say something of another one.
    saying = [entry for entry in entries if aims_at(entry.fact) is not None]
    replaced = replaced_by(saying)
    strikes = {entry.fact.target: entry.version for entry in saying if isinstance(entry.fact, EnteredInError)}
    concerned = {*replaced, *strikes, *(entry.version for entry in saying)}
    marked = []
    for entry, late in zip(entries, hours_late, strict=True):
        version = entry.version
        if late is None and version not in concerned:
            marked.append(UNMARKED)
            continue
        corrects, by, strike = getattr(entry.fact, "corrects", None), replaced.get(version), strikes.get(version)
        if late is None and corrects is None and by is None and strike is None:
            marked.append(UNMARKED)
        else:
            marked.append(Marks(hours_late=late, corrects=corrects, replaced_by=by, struck_by=strike))
    return marked


UNMARKED: Final = Marks()
"""As nearly all entries are."""
