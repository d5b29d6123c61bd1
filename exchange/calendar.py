"""When the sessions of a ledger were ever planned to begin: which of them a question about a week has to read.

Kept in memory for each ledger, two small values a plan, and brought up to date by the ledger's tail. A session stays in
the weeks that it was moved out of: it is what is read of it then that says where it stands.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from domain.record import Recorded
from domain.session import SessionRescheduled, SessionScheduled
from domain.week import Week
from store.ledger import Ledger

READ_STREAMS: Final = 2000
"""How many sessions one select asks for."""

TAIL: Final = 5000
"""When more facts than these have come since, all sessions are read anew."""

_PLANS: Final = (SessionScheduled, SessionRescheduled)
_PLANNED: Final = frozenset(kind.__name__ for kind in _PLANS)
_A_DAY: Final = timedelta(days=1)


class Calendar:
    """Of one ledger. Thread-safe."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._plans: list[tuple[datetime, str]] = []
        self._position = 0
        self._lock = Lock()

    def of_week(self, week: Week, *, upto: int) -> set[str]:
        """The streams of the sessions that were planned to begin in a week, wherever on earth, by a fact at or before
        a position; some others may be among them."""
        first = datetime.combine(week.monday, time(), tzinfo=UTC) - _A_DAY
        end = datetime.combine(week.sunday, time(), tzinfo=UTC) + 2 * _A_DAY
        with self._lock:
            if upto > self._position:
                self._catch_up(upto)
            return {stream for _, stream in self._plans[_place(self._plans, first) : _place(self._plans, end)]}

    def _catch_up(self, upto: int) -> None:
        rows = self._ledger.rows(after=self._position, upto=upto, limit=TAIL) if self._position else []
        if len(rows) == TAIL or not self._position:
            self._plans = sorted(self._all(upto))
        else:
            for at, stream in _plans(self._ledger.opened([row for row in rows if row[3] in _PLANNED])):
                insort(self._plans, (at, stream))
        self._position = upto

    def _all(self, upto: int) -> Iterator[tuple[datetime, str]]:
        streams = self._ledger.streams("session", upto=upto)
        for n in range(0, len(streams), READ_STREAMS):
            for found in self._ledger.read(streams[n : n + READ_STREAMS], upto=upto).values():
                yield from _plans(found)


def _place(plans: list[tuple[datetime, str]], at: datetime) -> int:
    return bisect_left(plans, (at, ""))


def _plans(facts: Iterable[Recorded]) -> list[tuple[datetime, str]]:
    return [(one.fact.starts_at.astimezone(UTC), one.stream) for one in facts if isinstance(one.fact, _PLANS)]


_CALENDARS: Final[WeakKeyDictionary[Ledger, Calendar]] = WeakKeyDictionary()
_MAKING: Final = Lock()


def calendar_of(ledger: Ledger) -> Calendar:
    """The one calendar of a ledger in this process; gone with it."""
    with _MAKING:
        if ledger not in _CALENDARS:
            _CALENDARS[ledger] = Calendar(ledger)
        return _CALENDARS[ledger]
