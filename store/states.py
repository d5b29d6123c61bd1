"""What one process knows of a ledger: streams with their states, all at one position, kept current by the ledger's
own tail.

Before each decision the tail is read: one select, however many streams the decision rests on, and shared by callers
who ask at the same time. So what a view shows is the ledger as it stood at one position, after it was asked for. A view
never changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Final, TypeVar

import orjson

from domain.key_destruction import KeyDestroyed, ended_by
from domain.record import Recorded
from domain.streams import State, fold_stream, further, named
from store.database import UNREACHABLE
from store.errors import ShapeError, Unavailable, Unreadable
from store.ledger import Ledger
from store.lines import to_line
from store.mapper import Row

T = TypeVar("T")

KEPT_FACTS: Final = 30_000
"""How many facts of a ledger are kept at hand: those of a large site's patients in care, about 40 MB, and half as much
again where all their histories are read."""

APART: Final = 32
"""So many versions apart the states of a stream are kept that were passed on the way to an earlier one."""

TAIL: Final = 1000
"""When more facts than these have come since, what was kept is read anew as it is needed."""

_CHARTS: Final = "chart/"
"""What the streams of charts begin with."""


class _Made:
    """What was made of the beginning of a stream, and holds as long as it begins so: the lines of its first facts, what
    others made of each, and the state, and answers, that it was last asked for as of an earlier position, with states
    passed on the way. Each is replaced whole, so threads don't mind."""

    __slots__ = ("each", "earlier", "lines", "passed", "settled")

    def __init__(self) -> None:
        self.lines: tuple[bytes, ...] = ()
        self.each: dict[str, tuple[Any, ...]] = {}
        self.earlier: tuple[int, State] | None = None
        self.passed: tuple[State, ...] = ()
        self.settled: dict[str, tuple[Hashable, Any]] = {}


@dataclass(frozen=True, slots=True)
class Known:
    """A whole stream, its state, and the streams (of sessions, cohorts and charts) that its facts name."""

    stream: str
    entries: tuple[Recorded, ...]
    state: State
    names: frozenset[str]
    _made: _Made = field(default_factory=_Made, repr=False, compare=False)

    @property
    def version(self) -> int:
        return len(self.entries)

    def version_at(self, position: int) -> int:
        """Its version when the ledger was at that position; 0 when it had no fact."""
        if not self.entries or self.entries[-1].position <= position:
            return self.version
        return bisect_right(self.entries, position, key=lambda entry: entry.position)

    def state_at(self, position: int) -> State:
        """What its facts up to that position of the ledger add up to."""
        entries = self.entries
        if not entries or entries[-1].position <= position:
            return self.state
        version = self.version_at(position)
        earlier = self._made.earlier
        if earlier is None or earlier[0] != version:
            earlier = self._made.earlier = version, self._state_of(version, earlier)
        return earlier[1]

    def _state_of(self, version: int, earlier: tuple[int, State] | None) -> State:
        """What its first facts add up to, from the last state before that was passed already, or from `earlier`, at
        which who asks for one instant after another was just before."""
        if earlier is not None and version - APART < earlier[0] < version:
            return further(self.stream, earlier[1], self.entries[:version], version - earlier[0])
        passed = self._made.passed
        while len(passed) < version // APART:
            passed = (*passed, self._further_from(passed, (len(passed) + 1) * APART))
            self._made.passed = passed
        return self._further_from(passed[: version // APART], version)

    def _further_from(self, passed: tuple[State, ...], version: int) -> State:
        entries = self.entries[:version]
        if not passed:
            return fold_stream(self.stream, entries)
        return further(self.stream, passed[-1], entries, version - len(passed) * APART)

    def lines(self, after: int, upto: int) -> tuple[bytes, ...]:
        """The facts of versions above one, up to another, as files and answers hold them."""
        made = self._made.lines
        if len(made) < upto:
            made = self._made.lines = (*made, *(orjson.dumps(to_line(e)) for e in self.entries[len(made) : upto]))
        return made[after:upto]

    def each(self, what: str, make: Callable[[Recorded], T], upto: int) -> tuple[T, ...]:
        """What `make` makes of each fact up to a version. It is kept by the name `what`: it may never come out
        differently."""
        made: tuple[T, ...] = self._made.each.get(what, ())
        if len(made) < upto:
            made = self._made.each[what] = (*made, *map(make, self.entries[len(made) : upto]))
        return made[:upto]

    def settled(self, what: str, at: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of the ledger up to a position that `at` holds, with whatever else it depends on: the last
        of each name `what` is kept, for who pages or asks again. Whoever gets it leaves it as it is."""
        kept = self._made.settled.get(what)
        if kept is None or kept[0] != at:
            kept = self._made.settled[what] = at, make()
        made: T = kept[1]
        return made

    def further(self, added: list[Recorded]) -> Known:
        """With these facts behind those that are known."""
        entries = (*self.entries, *added)
        new = _named(added)
        names = self.names if new <= self.names else self.names | new
        return Known(self.stream, entries, further(self.stream, self.state, entries, len(added)), names, self._made)


@dataclass(frozen=True, slots=True)
class View:
    """Streams as they stood at one position of their ledger, by name; those without a fact too, with an empty state.

    `recorded_at` is that of the last fact at that position; None where there is none. Views of the same `since` show
    the same ledger, one further than the other: it was not set back between them.
    """

    position: int
    recorded_at: datetime | None
    streams: Mapping[str, Known]
    since: object


class States:
    """Of one ledger. Thread-safe."""

    def __init__(self, ledger: Ledger, *, kept: int = KEPT_FACTS) -> None:
        self._ledger = ledger
        self._kept = kept
        self._streams: OrderedDict[str, Known] = OrderedDict()
        self._facts = 0
        self._position = 0
        self._recorded_at: datetime | None = None
        self._since = object()
        self._begun = self._done = 0
        self._failed = 0
        self._turn = Lock()

    @property
    def facts(self) -> int:
        """How many are kept at hand."""
        return self._facts

    def beside(self, view: View, streams: Iterable[str]) -> Mapping[str, Known]:
        """These streams too, as of that view or later; the ledger is not looked at again for what is known of them."""
        with self._turn:
            if view.since is self._since:
                found = self._take(streams)
                self._forget()
                return found
        # All was read anew meanwhile, perhaps another ledger by now.
        return self.view(streams).streams

    def view(self, streams: Iterable[str]) -> View:
        """These streams and those that their facts name, as of now. Raises Unreadable and Unavailable."""
        asked = self._begun
        with self._turn:
            if self._failed > asked:
                # Who asked while others waited in vain needn't wait in vain after them.
                raise Unavailable(UNREACHABLE)
            if self._done <= asked:
                # Nobody has read who began since this was asked for: what is known may be older than the question.
                self._begun += 1
            try:
                if self._done <= asked:
                    self._catch_up()
                    self._done = self._begun
                found = self._take(streams)
                further_on = {name for known in found.values() for name in known.names}
                found |= self._take(further_on - found.keys())
                # What is recorded in a chart is recorded in the one that it names, too: that takes its sessions.
                beside = {name for chart in further_on if chart.startswith(_CHARTS) for name in found[chart].names}
                found |= self._take(beside - found.keys())
            except Unavailable:
                self._failed = self._begun
                raise
            self._forget()
            return View(self._position, self._recorded_at, found, self._since)

    def _catch_up(self) -> None:
        """What is known is brought to the end of the ledger: all of it, or nothing where something goes wrong."""
        if not self._streams:
            self._begin_anew()
            return
        # The last fact known is asked for too: where another stands in its place, the ledger was set back.
        rows = self._ledger.tail(max(self._position - 1, 0), TAIL + 1)
        if self._position and (not rows or (rows[0][0], rows[0][4]) != (self._position, self._recorded_at)):
            self._begin_anew()
            return
        news = rows[1:] if self._position else rows
        if len(news) >= TAIL:
            self._begin_anew()
            return
        self._drop(self._ended(news))
        brought = self._brought(news)
        for stream, known in brought.items():
            before = self._streams.pop(stream)
            self._facts -= max(before.version, 1)
            if known is not None:
                self._keep(stream, known)
        if news:
            self._position, self._recorded_at = news[-1][0], news[-1][4]

    def _ended(self, news: Iterable[Row]) -> set[str]:
        """The charts that were destroyed by these facts. To open them makes their keys forgotten."""
        rows = [row for row in news if row[3] == KeyDestroyed.__name__]
        ends = self._ledger.opened(rows) if rows else []
        return {stream for entry in ends if (stream := ended_by(entry.fact)) is not None}

    def _drop(self, streams: Iterable[str]) -> None:
        for stream in streams:
            known = self._streams.pop(stream, None)
            self._facts -= 0 if known is None else max(known.version, 1)

    def _begin_anew(self) -> None:
        head = self._ledger.head()
        self._ledger.destroyed()
        self._streams.clear()
        self._facts = 0
        self._since = object()
        self._position, self._recorded_at = head.position, head.recorded_at

    def _brought(self, news: Iterable[Row]) -> dict[str, Known | None]:
        """The streams that have news, with them; None for those whose news don't open."""
        tails: dict[str, list[Row]] = {}
        for row in news:
            if row[1] in self._streams:
                tails.setdefault(row[1], []).append(row)
        brought: dict[str, Known | None] = {}
        for stream, tail in tails.items():
            try:
                brought[stream] = self._streams[stream].further(self._ledger.opened(tail))
            except (Unreadable, ShapeError):
                brought[stream] = None  # Whoever asks for this stream reads it, and is told.
        return brought

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
    return Known(stream, tuple(entries), fold_stream(stream, entries), frozenset(_named(entries)))


def _named(entries: Iterable[Recorded]) -> set[str]:
    """The sessions, cohorts and charts that the facts name."""
    found = set()
    for entry in entries:
        found |= named(entry.fact)
    return found
