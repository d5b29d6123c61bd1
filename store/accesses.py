"""The access record: every read of a chart and every denial, in the site's access ledger before the answer goes out.

Each process writes a stream of its own there; in one shared stream every read would conflict with every other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from threading import Lock
from uuid import UUID, uuid4

from domain.access import AccessDenied, AccessFact, ChartRead, ExportMade, SearchMade
from domain.record import Envelope, Person, Source, stream_name
from store.append import NewFact
from store.errors import VersionConflict
from store.store import Store


def access_ledger(facility: str) -> str:
    """The name of a site's access ledger."""
    return f"{facility}.access"


class Accesses:
    """Durable before it returns. Raises the errors of the store: then nothing may be answered."""

    def __init__(self, store: Store, *, source: Source = Source.API) -> None:
        self._store = store
        self._source = source
        self._stream = stream_name("access", uuid4())
        self._versions: dict[str, int] = {}
        self._turns: defaultdict[str, Lock] = defaultdict(Lock)

    def read(self, facility: str, *, by: Person, patient_id: UUID, what: str, purpose: str, at_version: int) -> None:
        """One chart was read, at that version of it. `what` names the query."""
        self._record(facility, by, ChartRead(patient_id=patient_id, what=what, purpose=purpose, at_version=at_version))

    def search(self, facility: str, *, by: Person, what: str, purpose: str, patient_ids: Sequence[UUID]) -> None:
        """A list, roster or report was answered, with these patients in it."""
        self._record(facility, by, SearchMade(what=what, purpose=purpose, patient_ids=tuple(patient_ids)))

    def export(self, facility: str, *, by: Person, what: str, purpose: str, rows: int, sha256: str) -> None:
        """A file of that many rows and that SHA-256 left the system."""
        self._record(facility, by, ExportMade(what=what, purpose=purpose, rows=rows, sha256=sha256))

    def denied(self, facility: str, *, by: Person, what: str, why: str) -> None:
        """Somebody was turned away. `what` and `why` are words of ours, never what was sent."""
        self._record(facility, by, AccessDenied(what=what, why=why))

    def _record(self, facility: str, by: Person, fact: AccessFact) -> None:
        envelope = Envelope(by=by, source=self._source, correlation_id=uuid4())
        # One after another in this stream; sites don't wait for each other.
        with self._turns[facility]:
            try:
                self._append(facility, envelope, fact)
            except VersionConflict:
                # An answer lost on the way left this stream further than we know: look, and go on from there.
                self._versions[facility] = self._version(facility)
                self._append(facility, envelope, fact)

    def _append(self, facility: str, envelope: Envelope, fact: AccessFact) -> None:
        version = self._versions.get(facility, 0) + 1
        new = NewFact(stream=self._stream, version=version, envelope=envelope, fact=fact)
        self._store.ledger(access_ledger(facility)).append([new])
        self._versions[facility] = version

    def _version(self, facility: str) -> int:
        entries = self._store.ledger(access_ledger(facility)).read([self._stream])[self._stream]
        return entries[-1].version if entries else 0
