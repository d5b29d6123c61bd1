"""The access record: every read of a chart and every denial, in the site's access ledger before the answer goes out.

Each process writes a stream of its own there; in one shared stream every read would conflict with every other. What
comes while one append is under way goes out together in the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final
from uuid import UUID, uuid4

from domain.access import AccessDenied, AccessFact, ChartRead, ExportMade, SearchMade
from domain.record import Envelope, Person, Source, stream_name
from store.append import NewFact
from store.errors import Unavailable, VersionConflict
from store.store import Store
from store.together import Asked, Together, answered

_THREADS: Final = 4
"""So many sites of a process are written to at the same time; each by one append at a time."""

_Access = tuple[Person, AccessFact]


def access_ledger(facility: str) -> str:
    """The name of a site's access ledger."""
    return f"{facility}.access"


class Accesses:
    """Durable before it returns. Raises the errors of the store: then nothing may be answered.

    Those that begin answer at once, with what is done once the fact is durable, and has the error where it is not.
    """

    def __init__(self, store: Store, *, source: Source = Source.API) -> None:
        self._store = store
        self._source = source
        self._stream = stream_name("access", uuid4())
        self._versions: dict[str, int] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="accesses")
        self._sites: dict[str, Together[_Access, None]] = {}
        self._lock = Lock()

    def read(self, facility: str, *, by: Person, patient_id: UUID, what: str, purpose: str, at_version: int) -> None:
        """One chart was read, at that version of it. `what` names the query."""
        answered(
            self.begin_read(facility, by=by, patient_id=patient_id, what=what, purpose=purpose, at_version=at_version)
        )

    def begin_read(
        self, facility: str, *, by: Person, patient_id: UUID, what: str, purpose: str, at_version: int
    ) -> Asked[None]:
        """As `read`, without waiting."""
        return self._begin(
            facility, by, ChartRead(patient_id=patient_id, what=what, purpose=purpose, at_version=at_version)
        )

    def search(self, facility: str, *, by: Person, what: str, purpose: str, patient_ids: Sequence[UUID]) -> None:
        """A list, roster or report was answered, with these patients in it."""
        answered(self._begin(facility, by, SearchMade(what=what, purpose=purpose, patient_ids=tuple(patient_ids))))

    def export(self, facility: str, *, by: Person, what: str, purpose: str, rows: int, sha256: str) -> None:
        """A file of that many rows and that SHA-256 left the system."""
        answered(self._begin(facility, by, ExportMade(what=what, purpose=purpose, rows=rows, sha256=sha256)))

    def denied(self, facility: str, *, by: Person, what: str, why: str) -> None:
        """Somebody was turned away. `what` and `why` are words of ours, never what was sent."""
        answered(self._begin(facility, by, AccessDenied(what=what, why=why)))

    def _begin(self, facility: str, by: Person, fact: AccessFact) -> Asked[None]:
        with self._lock:
            site = self._sites.get(facility)
            if site is None:
                site = Together(self._threads, lambda accesses: self._record(facility, accesses))
                self._sites[facility] = site
        return site.begin((by, fact))

    def _record(self, facility: str, accesses: Sequence[_Access]) -> Sequence[Exception | None]:
        try:
            self._further(facility, accesses)
        except Unavailable:
            raise
        except Exception:
            if len(accesses) == 1:
                raise
            # One of them can't be put on record: the others are no worse for it.
            return [self._alone(facility, access) for access in accesses]
        return [None] * len(accesses)

    def _alone(self, facility: str, access: _Access) -> Exception | None:
        try:
            self._further(facility, [access])
        except Exception as error:  # noqa: BLE001 it is told to whoever waits for this one
            return error
        return None

    def _further(self, facility: str, accesses: Sequence[_Access]) -> None:
        try:
            self._append(facility, accesses)
        except VersionConflict:
            # An answer lost on the way left this stream further than we know: look, and go on from there.
            self._versions[facility] = self._version(facility)
            self._append(facility, accesses)

    def _append(self, facility: str, accesses: Sequence[_Access]) -> None:
        before = self._versions.get(facility, 0)
        new = [
            NewFact(
                stream=self._stream,
                version=version,
                envelope=Envelope(by=by, source=self._source, correlation_id=uuid4()),
                fact=fact,
            )
            for version, (by, fact) in enumerate(accesses, start=before + 1)
        ]
        self._store.ledger(access_ledger(facility)).append(new)
        self._versions[facility] = before + len(new)

    def _version(self, facility: str) -> int:
        entries = self._store.ledger(access_ledger(facility)).read([self._stream])[self._stream]
        return entries[-1].version if entries else 0
