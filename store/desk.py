"""One command from end to end: load what the decision reads, let the domain decide, append; decide anew on a conflict.

No rule of care stands here. What a decision rests on is named by the domain and checked by the append.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from domain.chart import Chart
from domain.claims import SEAT, Claim, SeatChanges, claims_back, claims_struck, cohort_held, seat_changes, seats, taken
from domain.cohort import Cohort
from domain.decision import THE_SYSTEM, Decision, admit, decide, elsewhere
from domain.facility import Facility
from domain.key_destruction import ended_by
from domain.record import Entry, Envelope, Person, Source, stream_kind, stream_name
from domain.recording import as_credentialed
from domain.refused import Refused, RefusedLine
from domain.resting import KINDS, Beside, looks_at_charts, naming
from domain.roster import Draft, refused_lines
from domain.scene import Scene
from domain.session import Session
from domain.streams import State, looked_at, looked_at_further, named
from store.append import Command, NewFact, NoneSince, Receipt
from store.elsewhere import Elsewhere, linked_in
from store.errors import ClaimTaken, StoreError, VersionConflict
from store.kept import KeptRows
from store.ledger import Ledger
from store.looking import NamingCharts
from store.rule_sets import shipped
from store.states import Known, View
from store.store import Store

TRIES: Final = 8
"""How often a decision is made anew when somebody else was faster, before the caller is told to try again."""


class Stale(StoreError):
    """The caller decided on a version that is not the latest any more (412)."""


@dataclass(frozen=True, slots=True)
class Filing:
    """A fact, or the draft of one, and the stream that it is to go into.

    `reason` is that of this fact, where it has one of its own. `line`: its place in a list, from 1, for whoever is to
    be told of every line that is refused.
    `follows`: the place, among the filings, of an earlier one that this follows from; then the system records it, and
    names that one as its cause.
    """

    stream: str
    fact: Any
    reason: str | None = None
    line: int | None = None
    follows: int | None = None


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
        kept: KeptRows | None = None,
    ) -> Receipt:
        """Records a fact and what follows of itself; answers the receipt of the fact.

        The same `command` again answers the first receipt. `kept`: the rows of the report that the fact issues. Raises
        `Refused`, `Stale` when the stream is not at version `expected`, and the errors of the store.
        """
        filings = [Filing(stream, fact)]
        return self.record_all(
            ledger, filings, by=by, source=source, reason=reason, command=command, expected=expected, kept=kept
        )

    def record_all(
        self,
        ledger: str,
        filings: Sequence[Filing],
        *,
        by: Person,
        source: Source,
        reason: str | None = None,
        command: Command | None = None,
        expected: int | None = None,
        kept: KeptRows | None = None,
    ) -> Receipt:
        """As `record`, for several facts, each judged with those before it: all are recorded in one transaction, or
        none. Filings that are lines are judged to the last, with those before that may be recorded, and then refused
        together. The receipt, and `expected`, are of the stream that the command names as its resource, else of the
        first.
        """
        book = self._store.ledger(ledger)
        envelope = Envelope(by=by, source=source, reason=reason, correlation_id=uuid4())
        resource = filings[0].stream if command is None or command.resource is None else command.resource
        streams = {stream_name("facility", ledger), resource, *_needed(filings)}
        looking: dict[str, NamingCharts] = {}
        for left in reversed(range(TRIES)):
            view = self._view(book, streams, filings, looking)
            try:
                if expected is not None and view.streams[resource].version != expected:
                    raise Stale("The record has changed since you read it: read it again, then decide.")
                at = max(self._clock(), view.recorded_at or _LONG_AGO)
                work = _Work(book, view, at, envelope, linked_in(self._store, (one.fact for one in filings)))
                work.file_all(filings)
            except (Refused, Stale):
                # Carried out before, a command is often refused the second time: its answer is the first one.
                if command is not None and (answered := book.answered(command)) is not None:
                    return answered
                raise
            try:
                return work.append(command, kept)
            except VersionConflict:
                if left == 0:
                    raise
            except ClaimTaken as e:
                if e.kind != SEAT:
                    raise taken(e.kind) from None
                # A seat that somebody else took meanwhile: the next try finds another one, or says that none is left.
                if left == 0:
                    raise VersionConflict from None
        raise AssertionError("The last try answers or raises.")

    def admit(self, ledger: str, chart: str, *, by: Person, correlation_id: UUID, reason: str) -> int:
        """Records the admissions that a chart lacks; answers how many. Raises Refused and the errors of the store."""
        book = self._store.ledger(ledger)
        envelope = Envelope(by=by, source=Source.SYSTEM, correlation_id=correlation_id, reason=reason)
        for left in reversed(range(TRIES)):
            view = self._store.states(ledger).view({stream_name("facility", ledger), chart})
            at = max(self._clock(), view.recorded_at or _LONG_AGO)
            work = _Work(book, view, at, envelope, linked_in(self._store, ()))
            admitted = work.admit(chart)
            try:
                if admitted:
                    work.append()
                return admitted
            except VersionConflict:
                if left == 0:
                    raise
        raise AssertionError("The last try answers or raises.")

    def _view(
        self, book: Ledger, streams: set[str], filings: Sequence[Filing], looking: dict[str, NamingCharts]
    ) -> View:
        """The streams as of now, and the charts that name a session or cohort, or are joined with one that is to be
        destroyed, where deciding about it needs them.

        They are added to `streams`; `looking` keeps what was looked through for the next try.
        """
        while True:
            view = self._store.states(book.name).view(streams)
            for stream, fact in ((filing.stream, filing.fact) for filing in filings):
                entries = view.streams[stream].entries
                if entries and stream not in looking and looks_at_charts(fact, entries):
                    looking[stream] = NamingCharts(book, stream, naming(stream), entries[0].position)
            charts = {chart for found in looking.values() for chart in found.upto(view.position)}
            if any(ended_by(one.fact) for one in filings):
                there = {s.patient_id: s for known in view.streams.values() if isinstance(s := known.state, Chart)}
                charts |= {name for one in filings for name in looked_at_further(one.fact, there)}
            if charts <= view.streams.keys():
                return view
            streams |= charts


_LONG_AGO: Final = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def _needed(filings: Sequence[Filing]) -> set[str]:
    found = {filing.stream for filing in filings}
    for filing in filings:
        found |= looked_at(filing.fact)
    return found


class _Work:
    """One try: the site as the view shows it, and what is decided on it so far."""

    def __init__(self, book: Ledger, view: View, at: datetime, envelope: Envelope, elsewhere: Elsewhere) -> None:
        self._book = book
        self._view = view
        self._facts: list[NewFact] = []
        self._filed: list[str] = []
        self._claims: list[Claim] = []
        self._releases: list[Claim] = []
        self._sought: set[str] = set()
        self._decided: dict[str, tuple[Sequence[Entry], State]] = {}
        self._scene = _scene(book.name, at, view, elsewhere)
        by = as_credentialed(envelope.by, self._scene)
        self._envelope = envelope if by is envelope.by else replace(envelope, by=by)

    def file_all(self, filings: Sequence[Filing]) -> None:
        """Decides on these facts. Raises Refused."""
        refused: list[RefusedLine] = []
        for filing in filings:
            try:
                self._filed.append(self._file(filing.stream, filing.fact, self._recording(filing)))
            except Refused as e:
                if filing.line is None:
                    raise
                refused.append(RefusedLine(filing.line, e.rule, e.because))
        if refused:
            raise refused_lines(refused)

    def _file(self, stream: str, fact: Any, envelope: Envelope) -> str:
        """Decides on one more fact, and on what is recorded with it in other streams; answers the name of its event.
        Raises Refused."""
        history, before = self._stream(stream)
        if isinstance(fact, Draft):
            fact = fact.fact(before, self._scene)
        charts: Sequence[Beside] = ()
        if looks_at_charts(fact, history):
            charts = self._naming(stream)
            self._sought.update(naming(stream))
        decision = decide(stream, before, history, fact, envelope, self._scene, charts)
        for part in (decision, *decision.follow):
            self._take(part)
        name = f"{stream}@{decision.entries[0].version}"
        for other, follows in elsewhere(decision, history, self._scene):
            self._file(other, follows, replace(envelope, causation_id=name))
        return name

    def admit(self, stream: str) -> int:
        """Decides on the admissions that a chart lacks: so many. Raises Refused."""
        history, before = self._stream(stream)
        if not isinstance(before, Chart):
            raise TypeError("Only charts hold admissions.")
        decision = admit(stream, before, history, self._envelope, self._scene)
        self._take(decision)
        return len(decision.entries)

    def _take(self, decision: Decision) -> None:
        stream = decision.stream
        history, _ = self._stream(stream)
        changes = self._seats(decision)
        self._claims += [*changes.claims, *claims_back(stream, history, decision.entries)]
        self._releases += [*changes.releases, *claims_struck(stream, history, decision.entries)]
        self._facts += [
            NewFact(stream=stream, version=e.version, envelope=e.envelope, fact=e.fact) for e in decision.entries
        ]
        self._decided[stream] = (*history, *decision.entries), decision.after
        self._scene = _further(self._scene, decision.after)

    def _recording(self, filing: Filing) -> Envelope:
        envelope = self._envelope
        if filing.follows is not None:
            cause = self._filed[filing.follows]
            envelope = replace(envelope, by=THE_SYSTEM, source=Source.SYSTEM, reason=None, causation_id=cause)
        return envelope if filing.reason is None else replace(envelope, reason=filing.reason)

    def append(self, command: Command | None = None, kept: KeptRows | None = None) -> Receipt:
        """Puts on record what was decided, if what it rests on still holds. Raises the errors of the store."""
        view = self._view
        return self._book.append(
            self._facts,
            reads={stream: known.version for stream, known in view.streams.items()},
            seen=view.position,
            none_since=NoneSince(tuple(sorted(self._sought)), view.position) if self._sought else None,
            claims=self._claims,
            releases=self._releases,
            command=command,
            kept=kept,
        )

    def _stream(self, stream: str) -> tuple[Sequence[Entry], State]:
        if (decided := self._decided.get(stream)) is not None:
            return decided
        known: Known = self._view.streams[stream]
        return known.entries, known.state

    def _naming(self, stream: str) -> list[Beside]:
        """The streams that name a session or cohort, as the filings before this one leave them."""
        found = []
        for name in self._view.streams:
            if stream_kind(name) not in KINDS:
                continue
            entries, state = self._stream(name)
            if any(stream in named(entry.fact) for entry in entries):
                found.append(Beside(stream=name, entries=entries, state=state))
        return found

    def _seats(self, decision: Decision) -> SeatChanges:
        before, after = decision.before, decision.after
        if not isinstance(before, Chart) or not isinstance(after, Chart):
            return SeatChanges()
        wanted = {cohort_held(before), cohort_held(after)}
        if len(wanted) == 1:
            return SeatChanges()
        cohorts = {key: cohort for key, cohort in self._scene.cohorts.items() if key in wanted}
        held = self._book.held(SEAT, [seat.value for cohort in cohorts.values() for seat in seats(cohort)])
        # As the filings before this one leave them.
        for claim in self._releases:
            held.pop(claim.value, None)
        held |= {claim.value: claim.stream for claim in self._claims if claim.kind == SEAT}
        return seat_changes(decision.stream, before, after, cohorts, held)


def _scene(ledger: str, at: datetime, view: View, elsewhere: Elsewhere) -> Scene:
    facility = Facility()
    cohorts: dict[UUID, Cohort] = {}
    sessions: dict[UUID, Session] = {}
    charts: dict[UUID, Chart] = {}
    for known in view.streams.values():
        match known.state:
            # Most are sessions: a chart comes with some dozens.
            case Session() as state if known.entries:
                sessions[state.session_id] = state
            case Chart() as state if known.entries:
                charts[state.patient_id] = state
            case Cohort() as state if known.entries:
                cohorts[state.cohort_id] = state
            case Facility() as state:
                facility = state
            case _:
                continue
    return Scene(
        ledger=ledger,
        at=at,
        facility=facility,
        cohorts=cohorts,
        sessions=sessions,
        charts=charts,
        elsewhere=elsewhere,
        rule_sets=shipped(),
        position=view.position,
    )


def _further(scene: Scene, state: State) -> Scene:
    """The scene with a stream of it decided on."""
    match state:
        case Facility():
            return replace(scene, facility=state)
        case Cohort():
            return replace(scene, cohorts={**scene.cohorts, state.cohort_id: state})
        case Session():
            return replace(scene, sessions={**scene.sessions, state.session_id: state})
        case Chart():
            return replace(scene, charts={**scene.charts, state.patient_id: state})
        case _:
            return scene
