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

from domain.record import Recorded, stream_kind
from domain.session import SessionRescheduled, SessionScheduled
from domain.week import Week
from store.ledger import Ledger

READ_STREAMS: Final = 2000
"""How many sessions one select asks for."""

TAIL: Final = 5000
"""When more facts than these have come since, all sessions are read anew."""

_PLANS: Final = (SessionScheduled, SessionRescheduled)
_A_DAY: Final = timedelta(days=1)


class Calendar:
    """Of one ledger, which it is given each time: it doesn't keep it alive. Thread-safe.

    One reads at a time, the others wait. What it reads is bounded by the limits of the database for each select, and
    all sessions, a select for every 2000, are read once in a process as a rule.
    """

    def __init__(self) -> None:
        self._plans: list[tuple[datetime, str]] = []
        self._position = 0
        self._recorded_at: datetime | None = None
        self._since: object = None
        self._turn = Lock()

    def of_week(self, ledger: Ledger, week: Week, *, upto: int, since: object = None) -> set[str]:
        """The streams of the sessions that were planned to begin in a week, wherever on earth, by a fact at or before
        a position; some others may be among them.

        `since` is that of a view of this ledger: while views have the same, it was not set back, and what is known up
        to the position is not looked at again.
        """
        first = datetime.combine(week.monday, time(), tzinfo=UTC) - _A_DAY
        end = datetime.combine(week.sunday, time(), tzinfo=UTC) + 2 * _A_DAY
        with self._turn:
            if since is None or since is not self._since or upto > self._position:
                self._since = None
                self._catch_up(ledger, upto)
                self._since = since
            return {stream for _, stream in self._plans[_place(self._plans, first) : _place(self._plans, end)]}

    def _catch_up(self, ledger: Ledger, upto: int) -> None:
        if not self._position:
            self._begin_anew(ledger, upto)
            return
        # The last fact known is asked for too: where another stands in its place, the ledger was set back.
        rows = ledger.rows(after=self._position - 1, upto=max(upto, self._position), limit=TAIL + 1)
        if not rows or (rows[0][0], rows[0][4]) != (self._position, self._recorded_at) or len(rows) > TAIL:
            self._begin_anew(ledger, upto)
            return
        # Chosen by stream: the name that a fact was stored by may be an old one.
        news = ledger.opened([row for row in rows[1:] if stream_kind(row[1]) == "session"])
        for plan in _plans(news):
            insort(self._plans, plan)
        self._position, self._recorded_at = rows[-1][0], rows[-1][4]

    def _begin_anew(self, ledger: Ledger, upto: int) -> None:
        self._position = 0
        # Read first: should the ledger be set back meanwhile, another fact stands there the next time.
        last = ledger.rows(after=upto - 1, upto=upto, limit=1)
        self._plans = sorted(self._all(ledger, upto))
        if last:
            self._position, self._recorded_at = last[0][0], last[0][4]

    def _all(self, ledger: Ledger, upto: int) -> Iterator[tuple[datetime, str]]:
        streams = ledger.streams("session", upto=upto)
        for n in range(0, len(streams), READ_STREAMS):
            for found in ledger.read(streams[n : n + READ_STREAMS], upto=upto).values():
                yield from _plans(found)


def _place(plans: list[tuple[datetime, str]], at: datetime) -> int:
    return bisect_left(plans, (at, ""))


def _plans(facts: Iterable[Recorded]) -> list[tuple[datetime, str]]:
    return [(one.fact.starts_at.astimezone(UTC), one.stream) for one in facts if isinstance(one.fact, _PLANS)]


_CALENDARS: Final[WeakKeyDictionary[Ledger, Calendar]] = WeakKeyDictionary()
_MAKING: Final = Lock()


def planned_in(ledger: Ledger, week: Week, *, upto: int, since: object = None) -> set[str]:
    """`Calendar.of_week`, of the one calendar that this process has of the ledger; gone with it."""
    with _MAKING:
        calendar = _CALENDARS.setdefault(ledger, Calendar())
    return calendar.of_week(ledger, week, upto=upto, since=since)
