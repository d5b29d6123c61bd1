"""The kinds of tables that can be taken: what a row of each is, and what opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from exchange.export import attendance, census, facts, screenings, step_downs, teds
from exchange.export.columns import Layout
from exchange.export.question import Asked, Table
from store.store import Store


@dataclass(frozen=True, slots=True)
class Kind:
    """`opened` gives the table while its block lasts."""

    layout: Layout
    opened: Callable[[Store, Asked], AbstractContextManager[Table]]

    @property
    def what(self) -> str:
        """The word that the access record has for taking it."""
        return "read_facts" if self.layout is facts.LAYOUT else f"export_{self.layout.kind.replace('-', '_')}"


KINDS: Final[Mapping[str, Kind]] = {
    kind.layout.kind: kind
    for kind in (
        Kind(facts.LAYOUT, facts.opened),
        Kind(attendance.LAYOUT, attendance.opened),
        Kind(screenings.LAYOUT, screenings.opened),
        Kind(step_downs.LAYOUT, step_downs.opened),
        Kind(census.LAYOUT, census.opened),
        Kind(teds.ADMISSIONS, teds.opened_admissions),
        Kind(teds.DISCHARGES, teds.opened_discharges),
    )
}
"""By the word on the command line and in the address."""
