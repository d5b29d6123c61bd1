"""A site as an import knows it: the streams that its file touches, and what the batch in hand adds to them.

What is looked at while a line is judged is noted, so that the append can name what the batch rests on. A batch that
did not get in is taken back: what it wrote and looked at is read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from domain import recording
from domain.chart import Chart
from domain.claims import SEAT, Claim, SeatChanges, claims_of, cohort_held, seat_changes, seats, taken
from domain.cohort import Cohort
from domain.decision import judge
from domain.facility import Facility
from domain.record import Entry, stream_kind, stream_name, stream_uuid
from domain.scene import Scene
from domain.session import Session
from domain.streams import State, fold_stream, named
from store.ledger import Ledger

READ_STREAMS: Final = 2000
"""How many streams one select asks for."""

S = TypeVar("S", Cohort, Session)


@dataclass(slots=True)
class Known:
    """A stream: its entries, how many of them are on record, and their fold, once somebody needed it."""

    entries: list[Entry] = field(default_factory=list)
    on_record: int = 0
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Considered:
    """An entry that was judged and may be added. `looked_at` names the streams that the judgement rests on."""

    stream: str
    entry: Entry
    state: State | None
    claims: tuple[Claim, ...]
    seats: SeatChanges
    looked_at: Set[str]


class WorkingSite:
    """One ledger in memory, as far as a file needs it. Not thread-safe."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._facility = stream_name("facility", ledger.name)
        self._known: dict[str, Known] = {}
        self._holders: dict[tuple[str, str], str] = {}
        self._seats: dict[str, str] = {}
        self._looking: set[str] = set()
        self._foreseen: set[str] = set()
        self._cohorts = _Looked[Cohort](self, "cohort")
        self._sessions = _Looked[Session](self, "session")
        self._forget_batch()

    def _forget_batch(self) -> None:
        self._written: dict[str, None] = {}
        self._rests_on: set[str] = set()
        self._claimed: list[Claim] = []
        self._seats_before: dict[str, str | None] = {}

    # Knowing.

    def foresee(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Reads at once what judging these facts, by stream, will need: their streams, sessions, cohorts and claims."""
        streams = {self._facility}
        claims: dict[str, set[str]] = {}
        for stream, fact in entries:
            streams.add(stream)
            streams |= named(fact)
            for claim in claims_of(stream, fact):
                claims.setdefault(claim.kind, set()).add(claim.value)
        self._foreseen = streams
        new = streams - self._known.keys()
        self._read(new)
        charts = (self._known[name] for name in new if stream_kind(name) == "chart")
        further = {name for chart in charts for entry in chart.entries for name in named(entry.fact)}
        self._read(further - self._known.keys())
        for kind, values in claims.items():
            self._look_up(kind, values)

    def _read(self, streams: Iterable[str]) -> None:
        names = sorted(streams)
        for n in range(0, len(names), READ_STREAMS):
            for name, found in self._ledger.read(names[n : n + READ_STREAMS]).items():
                # In place, where it was known before: who looks at it by id holds on to it.
                known = self._known.setdefault(name, Known())
                known.entries, known.on_record, known.state = list(found), len(found), None
        values = [
            seat.value
            for name in names
            if stream_kind(name) == "cohort" and isinstance(cohort := self.state(name), Cohort)
            for seat in seats(cohort)
        ]
        for value in values:
            self._seats.pop(value, None)
        self._seats |= self._ledger.held(SEAT, values)

    def _look_up(self, kind: str, values: Iterable[str]) -> None:
        wanted = sorted(value for value in values if (kind, value) not in self._holders)
        for value, stream in self._ledger.held(kind, wanted).items():
            self._holders[kind, value] = stream

    def known(self, stream: str) -> Known:
        """A stream, read when it was not foreseen."""
        found = self._known.get(stream)
        if found is None:
            self._read([stream])
            found = self._known[stream]
        return found

    def state(self, stream: str) -> State:
        return self._fold(stream, self.known(stream))

    def _fold(self, stream: str, known: Known) -> State:
        if known.state is None:
            known.state = fold_stream(stream, known.entries)
        return known.state

    def look(self, stream: str, known: Known) -> State | None:
        """The state of a stream, noted as looked at; None where nothing is on record of it."""
        self._looking.add(stream)
        return self._fold(stream, known) if known.entries else None

    def keys(self, kind: str) -> Iterator[UUID]:
        """Of the cohorts or sessions that are known here."""
        for name, known in self._known.items():
            if known.entries and stream_kind(name) == kind:
                yield stream_uuid(name)

    # Judging.

    def consider(self, stream: str, entry: Entry, at: datetime) -> Considered:
        """The entry, judged as if it were decided at `at`. Raises Refused."""
        self._looking = {self._facility}
        known = self.known(stream)
        facility = self.state(self._facility)
        if not isinstance(facility, Facility):
            raise TypeError("The facility's stream folds to a facility.")
        scene = Scene(
            ledger=self._ledger.name,
            at=at,
            facility=facility,
            cohorts=self._cohorts,
            sessions=self._sessions,
        )
        state: State | None = None
        changes = SeatChanges()
        if stream_kind(stream) == "import":
            recording.judge(entry, scene, known.entries)
        else:
            before = self.state(stream)
            state = judge(stream, before, known.entries, entry, scene)
            if isinstance(before, Chart) and isinstance(state, Chart):
                changes = self._seats_moved(stream, before, state)
        claims = tuple(claims_of(stream, entry.fact))
        for claim in claims:
            if self._holders.get((claim.kind, claim.value), stream) != stream:
                raise taken(claim.kind)
        return Considered(stream, entry, state, claims, changes, self._looking)

    def _seats_moved(self, stream: str, before: Chart, after: Chart) -> SeatChanges:
        if before.episodes is after.episodes:
            return SeatChanges()
        cohorts: dict[UUID, Cohort] = {}
        for key in {cohort_held(before), cohort_held(after)} - {None}:
            if key is not None and (cohort := self._cohorts.get(key)) is not None:
                cohorts[key] = cohort
        return seat_changes(stream, before, after, cohorts, self._seats)

    def add(self, considered: Considered) -> None:
        """Adds what was considered to the batch in hand."""
        known = self.known(considered.stream)
        known.entries.append(considered.entry)
        known.state = considered.state
        self._written[considered.stream] = None
        self._rests_on |= considered.looked_at
        for claim in considered.claims:
            self._holders[claim.kind, claim.value] = claim.stream
            self._claimed.append(claim)
        for claim in considered.seats.releases:
            self._seats_before.setdefault(claim.value, self._seats.get(claim.value))
            self._seats.pop(claim.value, None)
        for claim in considered.seats.claims:
            self._seats_before.setdefault(claim.value, self._seats.get(claim.value))
            self._seats[claim.value] = claim.stream

    def refused(self) -> None:
        """The last line considered was refused: that too rests on what was looked at."""
        self._rests_on |= self._looking
        self._looking = set()

    # The batch in hand.

    def reads(self) -> dict[str, int]:
        """Stream → the version on record that the batch rests on or writes after."""
        return {name: self.known(name).on_record for name in (*self._written, *self._rests_on)}

    def seat_claims(self) -> SeatChanges:
        """What the batch changes about seats, taken together."""
        claims, releases = [], []
        for value, before in self._seats_before.items():
            after = self._seats.get(value)
            if before != after:
                releases += [] if before is None else [Claim(SEAT, value, before)]
                claims += [] if after is None else [Claim(SEAT, value, after)]
        return SeatChanges(claims=tuple(claims), releases=tuple(releases))

    def committed(self) -> None:
        """The batch is on record."""
        for name in self._written:
            known = self._known[name]
            known.on_record = len(known.entries)
        self._forget_batch()

    def take_back(self, *further: str) -> None:
        """The batch did not get in: somebody else was faster. What it touched is read anew.

        So is what was foreseen, and `further`: who was faster once may be ahead in more than this.
        """
        for claim in self._claimed:
            self._holders.pop((claim.kind, claim.value), None)
        self._read({*self._written, *self._rests_on, *self._foreseen, *further})
        claimed: dict[str, set[str]] = {}
        for claim in self._claimed:
            claimed.setdefault(claim.kind, set()).add(claim.value)
        for kind, values in claimed.items():
            self._look_up(kind, values)
        self._forget_batch()


class _Looked(Mapping[UUID, S], Generic[S]):
    """Cohorts or sessions by id, each noted when it is looked at."""

    def __init__(self, site: WorkingSite, kind: str) -> None:
        self._site = site
        self._kind = kind
        self._found: dict[UUID, tuple[str, Known]] = {}

    def __getitem__(self, key: UUID) -> S:
        found = self._found.get(key)
        if found is None:
            name = stream_name(self._kind, key)
            found = self._found[key] = name, self._site.known(name)
        state: Any = self._site.look(*found)
        if state is None:
            raise KeyError(key)
        looked: S = state
        return looked

    def __iter__(self) -> Iterator[UUID]:
        return self._site.keys(self._kind)

    def __len__(self) -> int:
        return sum(1 for _ in self)
