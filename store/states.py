"""What one process knows of a ledger: streams with their states, all at one position, kept current by the ledger's
own tail.

Before each decision the tail is read: one select, however many streams the decision rests on, and shared by callers
who ask at the same time. So what a view shows is the ledger as it stood at one position, after it was asked for. A view
never changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from domain.record import Recorded
from domain.streams import State, fold_stream, further, named
from store.errors import ShapeError, Unreadable
from store.ledger import Ledger
from store.mapper import Row

KEPT_FACTS: Final = 30_000
"""How many facts of a ledger are kept at hand: those of a large site's patients in care, about 40 MB."""

TAIL: Final = 1000
"""When more facts than these have come since, what was kept is read anew as it is needed."""


@dataclass(frozen=True, slots=True)
class Known:
    """A whole stream, its state, and the streams (of sessions and cohorts) that its facts name."""

    entries: tuple[Recorded, ...]
    state: State
    names: frozenset[str]

    @property
    def version(self) -> int:
        return len(self.entries)


@dataclass(frozen=True, slots=True)
class View:
    """Streams as they stood at one position of their ledger, by name; those without a fact too, with an empty state.

    `recorded_at` is that of the last fact at that position; None where there is none.
    """

    position: int
    recorded_at: datetime | None
    streams: Mapping[str, Known]


class States:
    """Of one ledger. Thread-safe."""

    def __init__(self, ledger: Ledger, *, kept: int = KEPT_FACTS) -> None:
        self._ledger = ledger
        self._kept = kept
        self._streams: OrderedDict[str, Known] = OrderedDict()
        self._facts = 0
        self._position = 0
        self._recorded_at: datetime | None = None
        self._begun = self._done = 0
        self._turn = Lock()

    def view(self, streams: Iterable[str]) -> View:
        """These streams and those that their facts name, as of now. Raises Unreadable and Unavailable."""
        asked = self._begun
        with self._turn:
            if self._done <= asked:
                # Nobody has read who began since this was asked: what is known may be older than the question.
                self._begun += 1
                self._catch_up()
                self._done = self._begun
            found = self._take(streams)
            further_on = {name for known in found.values() for name in known.names}
            found |= self._take(further_on - found.keys())
            self._forget()
            return View(self._position, self._recorded_at, found)

    def _catch_up(self) -> None:
        rows = self._ledger.tail(self._position, TAIL) if self._streams else []
        if len(rows) == TAIL or not self._streams:
            self._streams.clear()
            self._facts = 0
            head = self._ledger.head()
            self._position, self._recorded_at = head.position, head.recorded_at
            return
        news: dict[str, list[Row]] = {}
        for row in rows:
            if row[1] in self._streams:
                news.setdefault(row[1], []).append(row)
        for stream, tail in news.items():
            self._extend(stream, tail)
        if rows:
            self._position, self._recorded_at = rows[-1][0], rows[-1][4]

    def _extend(self, stream: str, tail: list[Row]) -> None:
        known = self._streams.pop(stream)
        self._facts -= max(known.version, 1)
        try:
            added = self._ledger.opened(tail)
        except (Unreadable, ShapeError):
            return  # Whoever asks for this stream reads it, and is told.
        self._keep(stream, _further(stream, known, added))

    def _take(self, streams: Iterable[str]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        missing = []
        for stream in streams:
            known = self._streams.get(stream)
            if known is None:
                missing.append(stream)
            else:
                self._streams.move_to_end(stream)
                found[stream] = known
        if missing:
            for stream, entries in self._ledger.read(missing, upto=self._position).items():
                found[stream] = known = _known(stream, entries)
                self._keep(stream, known)
        return found

    def _keep(self, stream: str, known: Known) -> None:
        self._streams[stream] = known
        # A stream without facts takes its place too.
        self._facts += max(known.version, 1)

    def _forget(self) -> None:
        while self._facts > self._kept:
            _, known = self._streams.popitem(last=False)
            self._facts -= max(known.version, 1)


def _known(stream: str, entries: list[Recorded]) -> Known:
    return Known(tuple(entries), fold_stream(stream, entries), frozenset(_named(entries)))


def _further(stream: str, known: Known, added: list[Recorded]) -> Known:
    entries = (*known.entries, *added)
    new = _named(added)
    names = known.names if new <= known.names else known.names | new
    return Known(entries, further(stream, known.state, entries, len(added)), names)


def _named(entries: Iterable[Recorded]) -> set[str]:
    """The sessions and cohorts that the facts name."""
    found = set()
    for entry in entries:
        found |= named(entry.fact)
    return found
