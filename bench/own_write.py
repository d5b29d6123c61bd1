"""B4: write one fact, then read it back through the status projection; and how late projections are under load.

Ours: `Ledger.append`, `wait_for` the position of the receipt as the API does for `at_least`, then the status document.
Peer: the library's `save`, `ProjectionRunner.wait`, and the row. The follower runs in a thread of the same process, as
`stepdown serve` has it. Under a steady load of facts from several writers, each fact's time from the end of its commit
until all projections hold it is taken by somebody who looks every other millisecond.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count, cycle
from statistics import median
from time import perf_counter, sleep
from typing import Final, LiteralString
from uuid import UUID, uuid4

import psycopg
from eventsourcing.projection import ProjectionRunner

from bench.attendances import Attendances
from bench.lab import Lab, in_turn
from bench.peer import PeerChart, PeerRecord
from bench.peer_projection import PeerStatus, peer_projection
from bench.sample_site import FACILITY, Site, make_site
from bench.table import Bar, Spread, ratios, table
from domain.chart.attendance import OutreachAttempted
from domain.chart.entry import InquiryReceived
from domain.record import Envelope, Person, Source, stream_name
from projections import status
from projections.follower import Follower
from projections.position import NAMES, wait_for
from store.append import Command, NewFact, Receipt
from store.store import Store

TITLE: Final = "write one fact, then read one's own write through the status projection"

TIMES_FASTER: Final = 15.0
FACTS_A_SECOND: Final = 300
WRITERS: Final = 4
VISIBLE_MS: Final = 50.0

_WAIT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.002
_REACHED: Final[LiteralString] = """
SELECT coalesce(min(position), 0) FROM projection.position WHERE ledger = %s AND projection = ANY(%s)
"""


def run(lab: Lab) -> list[str]:
    site = make_site(lab, "own_write", beside=lab.amount(full=5, quick=2))
    peer_owner, _ = lab.make_database("own_write_peer")
    with site.opened(WRITERS + 8) as store, following(store), peer_projection(peer_owner) as peer:
        charts = charts_of(site)
        ours, theirs = OwnWrites(store, charts), PeerWrites(peer, lab.seed)
        alone = in_turn(lab.rounds, {"peer": lambda: theirs.p50(lab.seconds), "ours": lambda: ours.p50(lab.seconds)})
        loaded = [steady_load(site, store, charts, 2 * lab.seconds) for _ in range(lab.rounds)]
    faster = ratios(alone["peer"], alone["ours"])
    lines = table(
        ["", "peer, ms p50", "ours, ms p50", "peer ÷ ours", "bar"],
        [
            [
                "one client",
                *(Spread(alone[name]).shown(1) for name in ("peer", "ours")),
                faster.shown(1),
                Bar(TIMES_FASTER).judged(faster),
            ]
        ],
    )
    parts = ", ".join(f"{what} {median(took):.1f} ms" for what, took in ours.parts.items())
    lines += ["", f"Of ours: {parts}.", ""]
    tail = Spread([load.percentile(0.99) for load in loaded])
    rate, p50 = Spread([load.rate for load in loaded]), Spread([load.percentile(0.5) for load in loaded])
    lines += table(
        ["facts/s asked for", "facts/s written", "visible after, ms p50", "ms p99", "bar"],
        [[str(FACTS_A_SECOND), rate.shown(), p50.shown(1), tail.shown(1), Bar(VISIBLE_MS, at_most=True).judged(tail)]],
    )
    return lines


@dataclass
class Chart:
    """A chart that is written to, by one writer at a time: where it stands, and an episode of it."""

    patient_id: UUID
    episode_id: UUID
    version: int

    def next(self) -> NewFact:
        """A call that was made: a fact that says something about an episode and rests on no session."""
        self.version += 1
        by = Person(id=f"staff/{self.episode_id}", name="R. Ames", role="counselor", credential="LCADC")
        fact = OutreachAttempted(
            episode_id=self.episode_id, at=datetime.now(UTC), method="phone", outcome="reached, will come"
        )
        return NewFact(
            stream=stream_name("chart", self.patient_id),
            version=self.version,
            envelope=Envelope(by=by, source=Source.API, correlation_id=uuid4()),
            fact=fact,
        )


def charts_of(site: Site) -> list[Chart]:
    found = []
    for patient_id, entries in site.charts.items():
        episodes = [entry.fact.episode_id for entry in entries if isinstance(entry.fact, InquiryReceived)]
        if episodes:
            found.append(Chart(patient_id, episodes[-1], entries[-1].version))
    return found


@contextmanager
def following(store: Store) -> Iterator[None]:
    """The projections are kept current meanwhile."""
    stop = threading.Event()
    thread = threading.Thread(target=Follower(store).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def append(store: Store, chart: Chart) -> Receipt:
    new = chart.next()
    command = Command("staff|POST outreach", f"{new.stream}@{new.version}", b"{}")
    return store.ledger(FACILITY).append([new], reads={new.stream: new.version - 1}, command=command)


class OwnWrites:
    """One client that writes, waits and reads; `parts` says what each of these took, in milliseconds."""

    def __init__(self, store: Store, charts: Sequence[Chart]) -> None:
        self._store = store
        self._charts = cycle(charts)
        self.parts: dict[str, list[float]] = {"writing": [], "until it is in the tables": [], "reading": []}

    def once(self) -> None:
        chart = next(self._charts)
        began = perf_counter()
        receipt = append(self._store, chart)
        written = perf_counter()
        if not wait_for(self._store, FACILITY, receipt.position, _WAIT_SECONDS):
            raise SystemExit("A fact didn't come into the read tables.")
        there = perf_counter()
        found = status.answer(self._store, FACILITY, chart.patient_id, now=datetime.now(UTC))
        if found is None or found.version != receipt.version or found.document["position"] < receipt.position:
            raise SystemExit("The status doesn't show what was written.")
        took_each = (written - began, there - written, perf_counter() - there)
        for part, took in zip(self.parts.values(), took_each, strict=True):
            part.append(took * 1000)

    def p50(self, seconds: float) -> float:
        return _p50(self.once, seconds)


class PeerWrites:
    """The library's client, with a chart of its own."""

    def __init__(self, runner: ProjectionRunner[PeerRecord, PeerStatus], seed: int) -> None:
        self._runner = runner
        self._attendances = iter(Attendances.of(seed, 0))
        self._chart = PeerChart()
        runner.app.save(self._chart)
        self._written = 0

    def once(self) -> None:
        envelope, fact = next(self._attendances)
        self._chart.record_attendance(
            by=asdict(envelope.by),
            source=envelope.source.value,
            correlation_id=envelope.correlation_id,
            episode_id=fact.episode_id,
            session_id=fact.session_id,
            outcome=fact.outcome.value,
            method=fact.method,
            arrived_at=fact.arrived_at,
            left_at=fact.left_at,
        )
        [*_, recording] = self._runner.app.save(self._chart)
        self._written += 1
        self._runner.wait(recording.notification.id, timeout=_WAIT_SECONDS)
        if self._runner.view.sessions(self._chart.id) != self._written:
            raise SystemExit("The peer's row doesn't show what was written.")

    def p50(self, seconds: float) -> float:
        return _p50(self.once, seconds)


def _p50(once: Callable[[], None], seconds: float) -> float:
    """Milliseconds of the one in the middle, after a first that doesn't count."""
    once()
    took = []
    until = perf_counter() + seconds
    while (began := perf_counter()) < until:
        once()
        took.append((perf_counter() - began) * 1000)
    return median(took)


@dataclass
class Load:
    """What a steady load came to. `visible` holds milliseconds from commit to table, one for each fact written."""

    written: int
    seconds: float
    visible: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.written / self.seconds

    def percentile(self, share: float) -> float:
        return sorted(self.visible)[min(int(len(self.visible) * share), len(self.visible) - 1)]


def steady_load(site: Site, store: Store, charts: Sequence[Chart], seconds: float) -> Load:
    """Writers at their pace, each with charts of its own; who falls behind catches up."""
    committed: dict[int, float] = {}
    over = threading.Event()
    began = perf_counter()

    def write(number: int) -> int:
        mine = cycle(charts[number::WRITERS])
        for n in count():
            due = began + (n * WRITERS + number) / FACTS_A_SECOND
            if due >= began + seconds:
                return n
            if (early := due - perf_counter()) > 0:
                sleep(early)
            committed[append(store, next(mine)).position] = perf_counter()
        raise AssertionError("The load ends by time.")

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        watching = threads.submit(_watch, site.owner, committed, over)
        try:
            written = sum(threads.map(write, range(WRITERS)))
            lasted = perf_counter() - began
        finally:
            over.set()
        return Load(written, lasted, watching.result())


def _watch(owner: str, committed: dict[int, float], over: threading.Event) -> list[float]:
    """Milliseconds from each commit until all projections held it; ends when all that was committed is there."""
    visible: list[float] = []
    patience = perf_counter() + 3600
    with psycopg.connect(owner, autocommit=True) as connection:
        while not (over.is_set() and not committed):
            if over.is_set():
                patience = min(patience, perf_counter() + _WAIT_SECONDS)
            if perf_counter() > patience:
                raise SystemExit("What was written didn't come into the read tables.")
            row = connection.execute(_REACHED, [FACILITY, NAMES]).fetchone()
            at = perf_counter()
            reached = 0 if row is None else int(row[0])
            for position in [position for position in list(committed) if position <= reached]:
                visible.append(max(0.0, at - committed.pop(position)) * 1000)
            sleep(_LOOK_SECONDS)
    return visible
