"""One command from end to end: load what the decision reads, let the domain decide, append; decide anew on a conflict.

No rule of care stands here. What a decision rests on is named by the domain and checked by the append.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from domain.chart import Chart
from domain.chart import fold as fold_chart
from domain.claims import SEAT, SeatChanges, claims_struck, cohort_held, seat_changes, seats, taken
from domain.cohort import Cohort
from domain.decision import Decision, decide
from domain.facility import Facility
from domain.record import Envelope, Person, Recorded, Source, stream_kind, stream_name, stream_uuid
from domain.recording import as_credentialed
from domain.scene import Scene
from domain.session import Session
from domain.site import fold_cohort, fold_facility, fold_session
from store.append import Command, NewFact, Receipt
from store.errors import ClaimTaken, StoreError, VersionConflict
from store.ledger import Ledger
from store.store import Store

TRIES: Final = 8
"""How often a decision is made anew when somebody else was faster, before the caller is told to try again."""


class Stale(StoreError):
    """The caller decided on a version that is not the latest any more (412)."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a decision reads: the stream itself and the scene, and the version of each stream among them."""

    history: Sequence[Recorded]
    scene: Scene
    versions: dict[str, int]


class Desk:
    """Where commands come in. `clock` gives the writer's time, with offset."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def record(
        self,
        ledger: str,
        stream: str,
        fact: Any,
        *,
        by: Person,
        source: Source,
        reason: str | None = None,
        command: Command | None = None,
        expected: int | None = None,
    ) -> Receipt:
        """Records a fact and what follows of itself; answers the receipt of the fact.

        The same `command` again answers the first receipt. Raises `Refused`, `Stale` when the stream is not at
        version `expected`, and the errors of the store.
        """
        book = self._store.ledger(ledger)
        correlation_id = uuid4()
        for left in reversed(range(TRIES)):
            if command is not None and (answered := book.answered(command)) is not None:
                return answered
            loaded = self._load(book, stream, fact)
            if expected is not None and loaded.versions[stream] != expected:
                raise Stale("The record has changed since you read it: read it again, then decide.")
            signed = as_credentialed(by, loaded.scene)
            envelope = Envelope(by=signed, source=source, reason=reason, correlation_id=correlation_id)
            decision = decide(stream, loaded.history, fact, envelope, loaded.scene)
            changes = self._seats(book, decision, loaded)
            try:
                return self._append(book, decision, loaded, changes, command)
            except VersionConflict:
                if left == 0:
                    raise
            except ClaimTaken as e:
                # A seat that somebody else took meanwhile: the next try finds another one, or none.
                if e.kind != SEAT or left == 0:
                    raise taken(e.kind) from None
        raise AssertionError("The last try answers or raises.")

    def _load(self, book: Ledger, stream: str, fact: Any) -> _Loaded:
        facility_stream = stream_name("facility", book.name)
        named = {stream, facility_stream}
        named.update(stream_name("cohort", i) for i in [getattr(fact, "cohort_id", None)] if i is not None)
        named.update(stream_name("session", i) for i in [getattr(fact, "session_id", None)] if i is not None)
        head = book.head()
        read = book.read(sorted(named))
        if stream_kind(stream) == "chart":
            # The chart says which further sessions and cohorts it is judged by: a second read.
            chart = fold_chart(stream_uuid(stream), read[stream])
            further = {stream_name("session", key) for key in chart.attendances}
            assigned = (a.cohort_id for episode in chart.episodes.values() for a in episode.assignments)
            further.update(stream_name("cohort", key) for key in assigned)
            if further - named:
                read |= book.read(sorted(further - named))
        at = self._clock()
        if head.recorded_at is not None and at < head.recorded_at:
            at = head.recorded_at
        scene = _scene(book.name, at, read)
        versions = {name: entries[-1].version if entries else 0 for name, entries in read.items()}
        return _Loaded(read[stream], scene, versions)

    def _seats(self, book: Ledger, decision: Decision, loaded: _Loaded) -> SeatChanges:
        before, after = decision.before, decision.after
        if not isinstance(before, Chart) or not isinstance(after, Chart):
            return SeatChanges()
        wanted = {cohort_held(before), cohort_held(after)}
        if len(wanted) == 1:
            return SeatChanges()
        cohorts = {key: cohort for key, cohort in loaded.scene.cohorts.items() if key in wanted}
        held = book.held(SEAT, [seat.value for cohort in cohorts.values() for seat in seats(cohort)])
        return seat_changes(decision.stream, before, after, cohorts, held)

    def _append(
        self, book: Ledger, decision: Decision, loaded: _Loaded, changes: SeatChanges, command: Command | None
    ) -> Receipt:
        facts = [
            NewFact(stream=decision.stream, version=e.version, envelope=e.envelope, fact=e.fact)
            for e in decision.entries
        ]
        releases = [*changes.releases, *claims_struck(decision.stream, loaded.history, decision.entries)]
        return book.append(facts, reads=loaded.versions, claims=changes.claims, releases=releases, command=command)


def _scene(ledger: str, at: datetime, read: dict[str, list[Recorded]]) -> Scene:
    facility = Facility()
    cohorts: dict[UUID, Cohort] = {}
    sessions: dict[UUID, Session] = {}
    for name, entries in read.items():
        match stream_kind(name):
            case "facility":
                facility = fold_facility(entries)
            case "cohort" if entries:
                cohorts[stream_uuid(name)] = fold_cohort(stream_uuid(name), entries)
            case "session" if entries:
                sessions[stream_uuid(name)] = fold_session(stream_uuid(name), entries)
            case _:
                continue
    return Scene(ledger=ledger, at=at, facility=facility, cohorts=cohorts, sessions=sessions)
