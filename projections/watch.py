"""What a process sees of a site: its staff list, how far its read tables are, and the documents that still hold.

One look answers everybody who asks at the same time, by one round trip. A status document is kept as it was sent, and
sent again as long as the ledger has nothing new that it could rest on: the facts since are looked at, by stream alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg.pq.abc import PGresult

from domain.facility import Facility
from domain.record import stream_kind, stream_name, stream_uuid
from domain.site import fold_facility
from projections import status
from projections.attendance import PROJECTION as ATTENDANCE
from projections.cut import Cut, cut_from, positions_of
from projections.sessions import PROJECTION as SESSIONS
from store.database import BEGIN_READ, COMMIT
from store.round_trip import Sent, Statement, as_bigint, as_instant, bigint, round_trip, texts
from store.store import Store
from store.together import Asked, Together

KEPT: Final = 5000
"""Documents of a site at hand: everybody in care at a large one, about 10 MB."""

KEPT_OF_ALL: Final = 20_000
"""Documents of all sites together, about 40 MB."""

SITES: Final = 200
"""Sites of which a process knows something, at most."""

NEWS: Final = 1000
"""When more facts than these have come since the last look, nothing that was kept is held to be current."""

_THREADS: Final = 4
"""So many sites are looked at at the same time."""

_BEGIN: Final = Statement.of("begin_read", BEGIN_READ)
_COMMIT: Final = Statement.of("commit", COMMIT)
# A plan for any values does: on a ledger of some size the server, left to itself, would plan `positions` and `news`
# anew for each look, since with arrays and bounds that it doesn't know it expects more rows than there are. Two thirds
# of a look went into that.
_AS_READER: Final = Statement.of(
    "as_reader_of",
    "SELECT set_config('role', 'stepdown_reader', true), set_config('stepdown.ledger', name, true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true) FROM unnest($1::text[]) AS ledger (name)",
)
# Of the staff list. A version alone might be that of another fact, where the ledger was set back.
_LAST: Final = Statement.of(
    "last_of_stream",
    "SELECT version, position, recorded_at FROM fact WHERE ledger = $1::text AND stream = $2::text"
    " ORDER BY version DESC LIMIT 1",
)
# The fact at the position that was known comes along: it tells whether this is still the same ledger.
_NEWS: Final = Statement.of(
    "news",
    """
SELECT position, stream, recorded_at FROM fact
WHERE ledger = ANY($1::text[]) AND position >= $2::bigint
  AND position <= (SELECT max(position) FROM projection.position WHERE ledger = ANY($1::text[]))
ORDER BY position LIMIT $3::bigint
""",
)
# Changes when rows are put in the place of others without a fact that says so: tables that were rebuilt, and facts
# taken up again that had been set aside. What was noted about them was written anew then, by another transaction.
_MADE: Final = Statement.of(
    "made",
    """
SELECT concat_ws(' ', (SELECT string_agg(xmin::text, ',' ORDER BY projection) FROM projection.definition), (
    SELECT sum(hashtextextended(concat_ws(' ', projection, position, xmin::text), 0))
    FROM projection.set_aside WHERE ledger = ANY($1::text[])))
""",
)


@dataclass(frozen=True, slots=True)
class Glance:
    """A site when it was looked at. `cut`: where its read tables were; None when they may not be shown. `made` says, by
    being the same, that no rows were put in the place of others."""

    facility: Facility
    cut: Cut | None
    made: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A status document in bytes, and the version of the chart that it shows; `on` is its date, `cut` where it is from.

    What a later cut changes in it stands between `before` and `after`.
    """

    version: int
    on: str
    cut: Cut
    until: datetime | None
    before: bytes
    after: bytes

    def at(self, cut: Cut) -> bytes:
        """The document at that cut, or at its own when that is later."""
        later = max(self.cut, cut, key=lambda one: one.position)
        if later.known_at is None:
            raise AssertionError("Where there is a document, something was recorded.")
        known_at = later.known_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return b'%s"known_at":"%s","position":%d%s' % (self.before, known_at.encode(), later.position, self.after)


def page_of(found: status.Answer) -> Page | None:
    """What of an answer can be kept; None of one that was folded from the ledger."""
    if found.cut is None:
        return None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    half = before
    for name, value in found.document.items():
        if name == "known_at":
            half = after
        elif name != "position":
            half[name] = value
    return Page(
        version=found.version,
        on=found.document["as_of"],
        cut=found.cut,
        until=found.until,
        before=orjson.dumps(before)[:-1] + b",",
        after=b"," + orjson.dumps(after)[1:],
    )


class Watch:
    """Of one site. Thread-safe."""

    def __init__(self, store: Store, facility: str, threads: Executor) -> None:
        self._store = store
        self._ledger = store.ledger(facility)
        self._stream = stream_name("facility", facility)
        self._facility = Facility()
        self._last: tuple[int, int, datetime] | None = None
        self._looking: Together[None, Glance] = Together(threads, self._look, records=False)
        self._kept = _Kept()

    @property
    def pages(self) -> int:
        """How many documents are at hand."""
        return len(self._kept)

    def look(self) -> Asked[Glance]:
        """The site as it is now, or later. Has the errors of the store."""
        return self._looking.begin(None)

    def page(self, patient_id: UUID, on: date, glance: Glance) -> Page | None:
        """The status of a patient on that date, where it is at hand and still holds at that glance."""
        return None if glance.cut is None else self._kept.find(patient_id, on, glance.cut)

    def keep(self, patient_id: UUID, found: status.Answer, glance: Glance) -> None:
        """For the next one who asks: an answer that was looked for after that glance."""
        if (page := page_of(found)) is not None:
            self._kept.put(patient_id, page, glance.made)

    def _look(self, asked: Sequence[None]) -> Sequence[Glance]:
        ledger = texts([self._ledger.name])
        # Later statements see what earlier ones saw, or more: news of what the cut hasn't come to do no harm.
        sent: list[Sent] = [
            (_BEGIN, ()),
            (_AS_READER, [ledger]),
            positions_of(self._ledger.name, (status.PROJECTION, SESSIONS, ATTENDANCE)),
            (_LAST, [self._ledger.name.encode(), self._stream.encode()]),
            (_NEWS, [ledger, bigint(self._kept.seen.position), bigint(NEWS)]),
            (_MADE, [ledger]),
            (_COMMIT, ()),
        ]
        with self._store.database.connection() as connection:
            _, _, positions, lasts, news, makes, _ = round_trip(connection, sent)
        cut, made = cut_from(positions), makes.get_value(0, 0) or b""
        if cut is not None:
            self._kept.further(cut, _news(news), made)
        if (last := _last(lasts)) != self._last:
            # What came since is in it too; it is read once more then.
            self._facility = fold_facility(self._ledger.read([self._stream])[self._stream])
            self._last = last
        return [Glance(self._facility, cut, made)] * len(asked)


def _last(result: PGresult) -> tuple[int, int, datetime] | None:
    """Version, position and time; None of a stream without facts."""
    if result.ntuples == 0:
        return None
    version, position, recorded_at = (result.get_value(0, column) or b"" for column in range(3))
    return as_bigint(version), as_bigint(position), as_instant(recorded_at)


def _news(result: PGresult) -> list[tuple[int, str, datetime]]:
    rows = []
    for row in range(result.ntuples):
        position, stream, recorded_at = (result.get_value(row, column) or b"" for column in range(3))
        rows.append((as_bigint(position), stream.decode(), as_instant(recorded_at)))
    return rows


class _Kept:
    """Pages by patient, and how far the ledger has been looked through for what they rest on."""

    def __init__(self) -> None:
        self.seen = Cut(0, None)
        self._made = b""
        self._pages: OrderedDict[UUID, Page] = OrderedDict()
        self._touched: OrderedDict[UUID | None, int] = OrderedDict()
        self._forgotten = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._pages)

    def find(self, patient_id: UUID, on: date, cut: Cut) -> Page | None:
        with self._lock:
            page = self._pages.get(patient_id)
            if page is None or page.on != on.isoformat():
                return None
            if page.until is not None and cut.known_at is not None and cut.known_at >= page.until:
                return None
            self._pages.move_to_end(patient_id)
            return page

    def put(self, patient_id: UUID, page: Page, made: bytes) -> None:
        """Unless something came meanwhile that it may rest on, or it may be out of rows that others took the place
        of."""
        with self._lock:
            if made != self._made:
                return
            latest = max(self._forgotten, self._touched.get(patient_id, 0), self._touched.get(None, 0))
            if page.cut.position < latest:
                return
            self._pages[patient_id] = page
            self._pages.move_to_end(patient_id)
            if len(self._pages) > KEPT:
                self._pages.popitem(last=False)

    def further(self, cut: Cut, news: Sequence[tuple[int, str, datetime]], made: bytes) -> None:
        """The read tables are at that cut; `news` are the facts from the one seen last up to there."""
        with self._lock:
            same = bool(news) and (news[0][0], news[0][2]) == (self.seen.position, self.seen.known_at)
            if same and len(news) < NEWS and made == self._made:
                self._touch(news[1:])
            elif cut != self.seen or made != self._made:
                self._pages.clear()
                self._touched.clear()
                self._forgotten = cut.position
            self.seen, self._made = cut, made

    def _touch(self, news: Iterable[tuple[int, str, datetime]]) -> None:
        for position, stream, _ in news:
            if stream_kind(stream) == "chart":
                touched = stream_uuid(stream)
                self._pages.pop(touched, None)
            else:
                # Of the site, a cohort or a session: who looks at it isn't known here.
                touched = None
                self._pages.clear()
            self._touched[touched] = position
            self._touched.move_to_end(touched)
        while len(self._touched) > NEWS:
            _, self._forgotten = self._touched.popitem(last=False)


class Watches:
    """Of a process, by site. The one that nobody asked about for longest is forgotten first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="watch")
        self._sites: OrderedDict[str, Watch] = OrderedDict()
        self._lock = Lock()

    def of(self, facility: str) -> Watch:
        with self._lock:
            watch = self._sites.get(facility)
            if watch is None:
                watch = self._sites[facility] = Watch(self._store, facility, self._threads)
            self._sites.move_to_end(facility)
            # Whoever still looks at one that is forgotten goes on with it.
            while len(self._sites) > 1 and self._is_too_much():
                self._sites.popitem(last=False)
            return watch

    def _is_too_much(self) -> bool:
        return len(self._sites) > SITES or sum(site.pages for site in self._sites.values()) > KEPT_OF_ALL
