"""Tables that are read off the charts of a site, one chart after the other: whatever was known when, they are folded
from the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from domain.facility import Facility
from exchange.cut import cut_at, knowledge
from exchange.export.charts import Told, charts_at
from exchange.export.columns import Layout, Values
from exchange.export.question import Asked, Table, facility_at
from store.store import Store

Lines = Callable[[Told, Facility, Asked, date], Iterable[Values]]
"""The rows of one chart at the end of a date, in their order."""


@contextmanager
def opened(store: Store, asked: Asked, layout: Layout, lines: Lines) -> Iterator[Table]:
    """NotOnRecord for a site that was not open at the cut; the errors of the store."""
    ledger = store.ledger(asked.facility)
    known = knowledge(ledger, asked.known_at)
    facility = facility_at(ledger, known.position)
    as_of = cut_at(known, facility, known_at=asked.known_at, as_of=asked.as_of, now=asked.now).as_of

    def pages() -> Iterator[Sequence[Values]]:
        for page in charts_at(ledger, known.position):
            yield [row for told in page for row in lines(told, facility, asked, as_of)]

    yield Table(
        layout=layout,
        asked=asked,
        knowledge=known,
        as_of=as_of,
        zone=facility.clock,
        pages=pages(),
        parameters=asked.parameters,
        further=lambda: {"charts_destroyed": len(ledger.destroyed())},
    )
