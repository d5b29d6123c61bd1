"""A site as an import knows it: the streams that its file touches, and what the batch in hand adds to them.

A judgement looks at the facility and at the sessions and cohorts that the fact, or the entries of its stream, name:
these are what a batch rests on, and what its append names. A batch is handed over to be written, and the next one is
judged meanwhile as if it were on record. One that did not get in is taken back, with all since: what they wrote and
rest on is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from domain import recording
from domain.chart import Chart
from domain.claims import (
    SEAT,
    Claim,
    SeatChanges,
    claims_back,
    claims_of,
    claims_struck,
    cohort_held,
    seat_changes,
    seats,
    taken,
)
from domain.cohort import Cohort
from domain.decision import judge
from domain.facility import Facility
from domain.key_destruction import ended_by, judge_standing
from domain.record import Entry, Recorded, stream_kind, stream_name, stream_uuid
from domain.resting import KINDS, NAMING, Beside, looks_at_charts, naming
from domain.scene import Scene
from domain.session import Session
from domain.streams import State, fold_stream, looked_at, looked_at_further, named
from exchange.share import Considered, Known, Share
from store.append import NoneSince
from store.elsewhere import Elsewhere
from store.ledger import Ledger
from store.looking import LookingThrough, NamingCharts
from store.rule_sets import shipped

READ_STREAMS: Final = 2000
"""How many streams one select asks for."""

_NO_SEATS: Final = SeatChanges()
_NOBODY: Final = frozenset[UUID]()


class WorkingSite:
    """One ledger in memory, as far as a file needs it. Not thread-safe."""

    def __init__(self, ledger: Ledger, elsewhere: Callable[[Any], Elsewhere]) -> None:
        """`elsewhere` gives the charts of other ledgers that a fact names."""
        self._ledger = ledger
        self._elsewhere = elsewhere
        self._facility = stream_name("facility", ledger.name)
        self._known: dict[str, Known] = {}
        # None: nobody's, or given back by a line of the file. Whom somebody else gave it to since, the append knows.
        self._holders: dict[tuple[str, str], str | None] = {}
        self._began = ledger.head().position
        self._others = LookingThrough(ledger, NAMING, self._began)
        self._named_by_others: dict[str, set[str]] = {}
        self._seats: dict[str, str] = {}
        self._foreseen: set[str] = set()
        self._cohorts: dict[UUID, Cohort] = {}
        self._sessions: dict[UUID, Session] = {}
        self._share = Share()
        self._untold: set[UUID] = set()

    # Knowing.

    def leave_untold(self, stream: str) -> None:
        """The file says no more of this chart than that it was destroyed."""
        self._untold.add(stream_uuid(stream))

    def refuse_destroyed(self, stream: str) -> None:
        """Refused when the stream is a chart that was destroyed here: what a file still has of it stays out."""
        if (destroyed := self.facility.destroyed) and stream_kind(stream) == "chart":
            judge_standing(stream_uuid(stream), destroyed)

    def foresee(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Reads at once what judging these facts, by stream, will need: their streams, sessions, cohorts and claims."""
        streams: set[str] = set()
        claims: dict[str, set[str]] = {}
        for stream, fact in entries:
            streams.add(stream)
            streams |= looked_at(fact)
            for claim in claims_of(stream, fact):
                claims.setdefault(claim.kind, set()).add(claim.value)
        self.foresee_streams(streams)
        for kind, values in claims.items():
            self._look_up(kind, values)

    def foresee_streams(self, streams: Set[str]) -> None:
        """Reads these streams at once, and the sessions and cohorts that their entries name."""
        self._foreseen = {self._facility, *streams}
        new = self._foreseen - self._known.keys()
        self._read(new)
        for stream in self._foreseen:
            self._known[stream] = self._known.pop(stream)  # The last to be forgotten.
        further = {name for stream in self._foreseen for name in self._known[stream].names}
        self._read(further - self._known.keys())

    def _read(self, streams: Iterable[str]) -> None:
        names = sorted(streams)
        for n in range(0, len(names), READ_STREAMS):
            for name, found in self._ledger.read(names[n : n + READ_STREAMS]).items():
                further = {one for entry in found for one in named(entry.fact)}
                self._known[name] = Known(list(found), on_record=len(found), handed_over=len(found), names=further)
                self._show(name)
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
        if not wanted:
            return
        found = self._ledger.held(kind, wanted)
        for value in wanted:
            self._holders[kind, value] = found.get(value)

    def holders(self, kind: str, values: Iterable[str]) -> dict[str, str]:
        """Those of the values that are claimed, and the stream that holds each."""
        wanted = set(values)
        self._look_up(kind, wanted)
        return {value: stream for value in wanted if (stream := self._holders[kind, value]) is not None}

    def known(self, stream: str) -> Known:
        """A stream, read when it was not foreseen."""
        found = self._known.get(stream)
        if found is None:
            self._read([stream])
            found = self._known[stream]
        return found

    def state(self, stream: str) -> State:
        known = self._known.get(stream)
        if known is not None and known.state is not None:
            return known.state
        known = self.known(stream)
        known.state = fold_stream(stream, known.entries)
        return known.state

    def _show(self, stream: str) -> None:
        """Puts a cohort or session, as it is now, where judgements look for it; out of there when there is none."""
        if not stream.startswith(("cohort/", "session/")):
            return
        state, known = self.state(stream), bool(self._known[stream].entries)
        if isinstance(state, Session):
            _put(self._sessions, state.session_id, state if known else None)
        elif isinstance(state, Cohort):
            _put(self._cohorts, state.cohort_id, state if known else None)

    # Judging.

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def scene(self, stream: str, fact: Any, at: datetime, position: int | None = None) -> Scene:
        """What a judgement of the fact, or of the draft of one, may look at, as if it were decided at `at`, to be
        recorded at `position`, where a file says it."""
        self.known(stream)
        self._share.judged.add(stream)
        beside = looked_at(fact)
        charts = self._charts(beside)
        while further := looked_at_further(fact, charts) - beside:
            beside |= further
            charts = self._charts(beside)
        for name in beside:
            self.known(name)
        self._share.named |= beside
        return Scene(
            ledger=self._ledger.name,
            at=at,
            facility=self.facility,
            cohorts=self._cohorts,
            sessions=self._sessions,
            charts=charts,
            elsewhere=self._elsewhere(fact),
            rule_sets=shipped(),
            untold=frozenset(self._untold - charts.keys()) if self._untold else _NOBODY,
            position=None if position is None else position - 1,
        )

    @property
    def facility(self) -> Facility:
        facility = self.state(self._facility)
        if not isinstance(facility, Facility):
            raise TypeError("The facility's stream folds to a facility.")
        return facility

    def consider(self, stream: str, entry: Entry, at: datetime, position: int | None = None) -> Considered:
        """The entry, judged as if it were decided at `at`, and recorded at `position` in the ledger that a line of a
        file is from. Raises Refused."""
        scene, known = self.scene(stream, entry.fact, at, position), self.known(stream)
        if stream_kind(stream) == "import":
            recording.judge(entry, scene, known.entries)
            return self.considered(stream, (entry,), None)
        charts = self._naming(stream) if looks_at_charts(entry.fact, known.entries) else ()
        state = judge(stream, self.state(stream), known.entries, entry, scene, charts)
        return self.considered(stream, (entry,), state)

    def considered(self, stream: str, entries: Sequence[Entry], state: State | None) -> Considered:
        """Entries that may stand in the stream, whose fold with them is `state`, with the claims that they make and
        end. Refused where somebody else holds what they claim."""
        history = self.known(stream).entries
        changes = _NO_SEATS
        if isinstance(state, Chart) and isinstance(before := self.state(stream), Chart):
            changes = self._seats_moved(stream, before, state)
        releases = list(claims_struck(stream, history, entries))
        claims: list[Claim] = []
        names: set[str] = set()
        for entry in entries:
            claims += claims_of(stream, entry.fact)
            names |= named(entry.fact)
        claims += claims_back(stream, history, entries)
        for claim in claims:
            self._look_up(claim.kind, [claim.value])
            if self._holders[claim.kind, claim.value] not in (None, stream):
                raise taken(claim.kind)
        return Considered(stream, entries, state, claims, releases, changes, names)

    def looks_at_charts(self, stream: str, fact: Any) -> bool:
        """Whether judging the fact needs the charts that name its stream: then nothing may be on its way."""
        return looks_at_charts(fact, self.known(stream).entries)

    def _naming(self, stream: str) -> list[Beside]:
        """The streams that name a session or cohort: those known here, and those that others wrote to.

        What is known here is checked by its version when the batch is written; in other streams none may have come.
        """
        head = self._ledger.head().position
        types = naming(stream)
        looked = self._share.looked
        self._share.looked = NoneSince(NAMING, head) if looked is None else looked
        for entry in self._others.upto(head, but=self._has):
            for name in named(entry.fact):
                self._named_by_others.setdefault(name, set()).add(entry.stream)
        charts = set(self._named_by_others.get(stream, ()))
        first = next(iter(self.known(stream).entries), None)
        if isinstance(first, Recorded) and first.position <= self._began:
            charts |= NamingCharts(self._ledger, stream, types, first.position).upto(self._began)
        charts |= {name for name, known in self._known.items() if stream in known.names and stream_kind(name) in KINDS}
        self._read(charts - self._known.keys())
        further = {name for chart in charts for name in self._known[chart].names}
        self._read(further - self._known.keys())
        self._share.judged |= charts
        return [
            Beside(stream=name, entries=tuple(self._known[name].entries), state=self.state(name))
            for name in sorted(charts)
        ]

    def _has(self, stream: str, version: int) -> bool:
        known = self._known.get(stream)
        return known is not None and version <= len(known.entries)

    def _charts(self, names: Iterable[str]) -> dict[UUID, Chart]:
        """The charts among these streams that are there."""
        states = [self.state(name) for name in names if name.startswith("chart/")]
        return {state.patient_id: state for state in states if isinstance(state, Chart) and state.version}

    def _seats_moved(self, stream: str, before: Chart, after: Chart) -> SeatChanges:
        if before.episodes is after.episodes:
            return _NO_SEATS
        cohorts: dict[UUID, Cohort] = {}
        for key in {cohort_held(before), cohort_held(after)} - {None}:
            if key is not None and (cohort := self._cohorts.get(key)) is not None:
                cohorts[key] = cohort
        return seat_changes(stream, before, after, cohorts, self._seats)

    def add(self, considered: Considered) -> None:
        """Adds what was considered to the batch in hand."""
        share, known = self._share, self.known(considered.stream)
        known.entries.extend(considered.entries)
        known.state = considered.state
        known.names |= considered.names
        self._show(considered.stream)
        share.written[considered.stream] = len(known.entries)
        for entry in considered.entries:
            if (ended := ended_by(entry.fact)) is not None:
                share.ends.add(ended)
        for claim in considered.releases:
            self._holders[claim.kind, claim.value] = None
            share.released.append(claim)
        for claim in considered.claims:
            self._holders[claim.kind, claim.value] = claim.stream
            share.claimed.append(claim)
        for claim in considered.seats.releases:
            share.seats_before.setdefault(claim.value, self._seats.get(claim.value))
            self._seats.pop(claim.value, None)
        for claim in considered.seats.claims:
            share.seats_before.setdefault(claim.value, self._seats.get(claim.value))
            self._seats[claim.value] = claim.stream

    # The batch in hand.

    def begins_anew(self, considered: Considered) -> bool:
        """Whether the entry takes back what the batch in hand claims: what a batch gives up, it gives up first."""
        return any(claim in self._share.claimed for claim in considered.releases)

    def hand_over(self) -> Share:
        """The batch in hand, with the versions that it rests on and what it changes about seats; begins another."""
        share, self._share = self._share, Share()
        share.reads = {name: self.known(name).handed_over for name in self._rests_on(share) - self._gone(share)}
        share.seats = self._seats_changed(share)
        for name, version in share.written.items():
            self._known[name].handed_over = version
        return share

    def _gone(self, share: Share) -> set[str]:
        """The charts that were destroyed before: what version they are at can't be seen, and rests on the facility."""
        gone = {stream_name("chart", key) for key in self.facility.destroyed} - share.ends
        return {name for name in gone if name in self._known and not self._known[name].entries}

    def _rests_on(self, share: Share) -> set[str]:
        """The streams that were judged, refused lines among them, and all that their judgement may have looked at."""
        facility = {self._facility} if share.judged else set()
        return facility.union(share.judged, share.named, *(self.known(stream).names for stream in share.judged))

    def _seats_changed(self, share: Share) -> SeatChanges:
        """What the batch changes about seats, taken together."""
        claims, releases = [], []
        for value, before in share.seats_before.items():
            after = self._seats.get(value)
            if before != after:
                releases += [] if before is None else [Claim(SEAT, value, before)]
                claims += [] if after is None else [Claim(SEAT, value, after)]
        return SeatChanges(claims=tuple(claims), releases=tuple(releases))

    def committed(self, share: Share) -> None:
        """What was handed over is on record."""
        for name, version in share.written.items():
            self._known[name].on_record = version

    def forget(self, kept: int) -> None:
        """Lets go of the charts that were foreseen longest ago, and of the sessions that no other chart names, until
        about so many entries are left: only of what is on record, and nothing in hand rests on. They are read again
        when they are needed.

        For files that move no session: of those, charts that this import wrote to would be missed.
        """
        left = sum(len(known.entries) for known in self._known.values())
        if left <= kept:
            return
        kind = {name: stream_kind(name) for name in self._known}
        in_hand = self._rests_on(self._share) | self._share.written.keys() | self._foreseen
        for name in [name for name, of in kind.items() if of == "chart" and name not in in_hand]:
            known = self._known[name]
            if left <= kept // 2:
                break
            if known.on_record == len(known.entries):
                left -= len(known.entries)
                del self._known[name]
        needed = in_hand.union(*(known.names for known in self._known.values()))
        for name in [name for name, of in kind.items() if of == "session" and name not in needed]:
            self._known.pop(name, None)
            self._sessions.pop(stream_uuid(name), None)

    def take_back(self, handed_over: Share, *further: str) -> None:
        """What was handed over did not get in: somebody else was faster. What it and the batch in hand touched is read
        anew.

        So is what was foreseen, and `further`: who was faster once may be ahead in more than this.
        """
        shares = (handed_over, self._share)
        claims = [claim for share in shares for claim in (*share.claimed, *share.released)]
        for claim in claims:
            self._holders.pop((claim.kind, claim.value), None)
        self._read(self._foreseen.union(further, *(self._rests_on(share) for share in shares)))
        claimed: dict[str, set[str]] = {}
        for claim in claims:
            claimed.setdefault(claim.kind, set()).add(claim.value)
        for kind, values in claimed.items():
            self._look_up(kind, values)
        self._share = Share()


S = TypeVar("S")


def _put(shown: dict[UUID, S], key: UUID, state: S | None) -> None:
    if state is None:
        shown.pop(key, None)
    else:
        shown[key] = state
