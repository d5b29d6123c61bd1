"""Which charts name a session or a cohort: looked for in the ledger, among the facts that may name it.

What is looked through once isn't again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from domain.record import Recorded
from domain.streams import named
from store.ledger import Ledger

PAGE_FACTS = 5000


class NamingCharts:
    """Of one session or cohort. A chart can name it only since it was begun: `since` is the position of its first
    fact."""

    def __init__(self, ledger: Ledger, stream: str, types: tuple[str, ...], since: int) -> None:
        self.stream = stream
        self._through = LookingThrough(ledger, types, since)
        self._charts: set[str] = set()

    def upto(self, position: int) -> set[str]:
        """The charts with a fact that names it up to a position, struck ones too, as far as they can be read: one that
        is destroyed may be among them. Raises Unreadable and Unavailable."""
        self._charts |= {e.stream for e in self._through.upto(position) if self.stream in named(e.fact)}
        return self._charts


class LookingThrough:
    """The facts of some stored names after a position, each given once."""

    def __init__(self, ledger: Ledger, types: tuple[str, ...], after: int) -> None:
        self._ledger = ledger
        self._types = types
        self._after = after

    def upto(
        self, position: int, *, but: Callable[[str, int], bool] = lambda stream, version: False
    ) -> Iterator[Recorded]:
        """Those that have come up to there, but for those of some streams and versions.

        Raises Unreadable and Unavailable.
        """
        while self._after < position:
            rows = self._ledger.typed(self._types, after=self._after, upto=position, limit=PAGE_FACTS)
            opened = self._ledger.opened([row for row in rows if not but(row[1], row[2])])
            yield from (entry for entry in opened if type(entry.fact).__name__ in self._types)
            self._after = rows[-1][0] if len(rows) == PAGE_FACTS else position
