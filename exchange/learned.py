"""A part of a site as it was known at one position of its ledger, and with any of the facts that were learned since.

What an answer rests on is found by asking it again with some of these facts and without the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from domain.chart import Chart, fold
from domain.chart.merging import MergedInto
from domain.cohort import Cohort
from domain.record import Recorded, stream_kind, stream_name
from domain.session import Session
from domain.site import Site, fold_site
from store.ledger import Ledger

READ_STREAMS: Final = 2000
"""How many streams one select asks for."""

Facts = frozenset[int]
"""Facts that were learned since, by position."""

S = TypeVar("S", Chart, Cohort, Session)

NOTHING: Final[Facts] = frozenset()


class Learned:
    """`then` and `now` are positions; `streams` are those that matter, the site's own among them. Charts that were
    destroyed are not there, whenever that was."""

    def __init__(self, ledger: Ledger, streams: Collection[str], *, then: int, now: int) -> None:
        self._then = then
        self._site = stream_name("facility", ledger.name)
        self._entries = _read_joined(ledger, {self._site, *streams}, now)
        since = [entry for entries in self._entries.values() for entry in entries if entry.position > then]
        self._since = {entry.position: entry for entry in since}
        self._named = {entry.name: entry.position for entry in since}
        self._base = fold_site({name: known for name in self._entries if (known := self._known(name, NOTHING))})
        self.around = lru_cache(maxsize=64)(self._around)
        self.charts = lru_cache(maxsize=8)(self._charts)

    def fact(self, position: int) -> Recorded:
        return self._since[position]

    def named(self, names: Iterable[str]) -> Facts:
        """Those of the facts so named that were learned since."""
        return frozenset(self._named[name] for name in names if name in self._named)

    def everything(self) -> Facts:
        return frozenset(self._since)

    def of(self, streams: Collection[str]) -> Facts:
        """What was learned in these streams, and in the site's own."""
        wanted = {self._site, *streams}
        return frozenset(position for position, entry in self._since.items() if entry.stream in wanted)

    def outside_charts(self, facts: Facts) -> Facts:
        return frozenset(one for one in facts if stream_kind(self._since[one].stream) != "chart")

    def chart(self, patient_id: UUID, facts: Facts) -> Chart | None:
        """None where nothing of it was known with these facts."""
        known = self._known(stream_name("chart", patient_id), facts)
        return fold(patient_id, known) if known else None

    def history(self, stream: str, upto: int) -> list[Recorded]:
        """The facts of a stream as they were on record at a position."""
        return [entry for entry in self._entries.get(stream, ()) if entry.position <= upto]

    def _around(self, facts: Facts) -> Site:
        """The site without its charts, with these facts of the others'."""
        part, touched = self._part(facts)
        return Site(
            facility=part.facility if self._site in touched else self._base.facility,
            cohorts=_merged("cohort", self._base.cohorts, part.cohorts, touched),
            sessions=_merged("session", self._base.sessions, part.sessions, touched),
        )

    def _charts(self, facts: Facts) -> Mapping[UUID, Chart]:
        part, touched = self._part(facts)
        return _merged("chart", self._base.charts, part.charts, touched)

    def _part(self, facts: Facts) -> tuple[Site, set[str]]:
        """The streams of these facts, folded with them."""
        touched = {self._since[one].stream for one in facts}
        return fold_site({name: self._known(name, facts) for name in touched}), touched

    def _known(self, stream: str, facts: Facts) -> list[Recorded]:
        return [e for e in self._entries.get(stream, ()) if e.position <= self._then or e.position in facts]


def _merged(kind: str, base: Mapping[UUID, S], part: Mapping[UUID, S], touched: set[str]) -> dict[UUID, S]:
    return {key: state for key, state in base.items() if stream_name(kind, key) not in touched} | dict(part)


def _read_joined(ledger: Ledger, streams: Collection[str], upto: int) -> dict[str, list[Recorded]]:
    """These streams, and the charts that charts among them were merged into."""
    found: dict[str, list[Recorded]] = {}
    wanted = set(streams)
    while wanted:
        part = dict(_read(ledger, wanted, upto))
        found |= part
        merged = (e.fact.chart for entries in part.values() for e in entries if isinstance(e.fact, MergedInto))
        wanted = {stream_name("chart", key) for key in merged} - found.keys()
    return found


def _read(ledger: Ledger, streams: Collection[str], upto: int) -> Iterator[tuple[str, list[Recorded]]]:
    wanted = sorted(streams)
    for n in range(0, len(wanted), READ_STREAMS):
        for stream, entries in ledger.read(wanted[n : n + READ_STREAMS], upto=upto).items():
            if entries:
                yield stream, entries


def least(candidates: Facts, suffices: Callable[[Facts], bool]) -> Facts:
    """Of facts that suffice together, some that suffice, of which none can be left out."""
    left = sorted(candidates)
    size = max(1, len(left) // 2)
    while True:
        before = len(left)
        n = 0
        while n < len(left):
            without = left[:n] + left[n + size :]
            if suffices(frozenset(without)):
                left = without
            else:
                n += size
        if size == 1 and len(left) == before:
            return frozenset(left)
        # Once more one by one: what was needed beside a fact that went may not be needed without it.
        size = max(1, size // 2)
