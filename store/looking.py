"""Which charts name a session or a cohort: looked for in the ledger, among the facts that may name it.

A chart can name it only since it was begun: what came before isn't read. What is looked through once isn't again.
"""

from __future__ import annotations

from domain.streams import named
from store.ledger import Ledger

PAGE_FACTS = 5000


class NamingCharts:
    """Of one session or cohort. `since` is the position of its first fact."""

    def __init__(self, ledger: Ledger, stream: str, types: tuple[str, ...], since: int) -> None:
        self.stream = stream
        self.types = types
        self._ledger = ledger
        self._upto = since
        self._charts: set[str] = set()

    def upto(self, position: int) -> set[str]:
        """The charts with a fact that names it up to a position, struck ones too. Raises Unreadable and Unavailable."""
        while self._upto < position:
            found = self._ledger.typed(self.types, after=self._upto, upto=position, limit=PAGE_FACTS)
            self._charts |= {entry.stream for entry in found if self.stream in named(entry.fact)}
            self._upto = found[-1].position if len(found) == PAGE_FACTS else position
        return self._charts
