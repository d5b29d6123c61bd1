"""B6: a patient's history as it was known at an instant: 250 facts with who and when, and the status they add up to.

Ours: `exchange.replay.answer`, what the history route answers with, at the last instants of the chart's first 250 facts
in turn; the site is a year old, its patients in their third stay. Floor: a SELECT of these rows, as binary tuples, on
an open connection. Peer: the library's `repository.get` of an aggregate of 250 events, unencrypted: its state alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from statistics import median
from time import perf_counter
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from bench.attendances import Attendances
from bench.lab import Lab, in_turn
from bench.peer import PeerChart, peer_record
from bench.sample_site import FACILITY, Site, make_site
from bench.table import Bar, Spread, ratios, table
from domain.chart import fold
from domain.record import Recorded, stream_name
from exchange import replay
from store.store import Store

TITLE: Final = "replay a chart of 250 facts at a known_at"

FACTS: Final = 250
INSTANTS: Final = 10
TIMES_FLOOR: Final = 5.0
OF_PEER: Final = 0.25

_ROWS: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, body FROM fact
WHERE ledger = %s AND stream = %s AND version <= %s ORDER BY version
"""


def run(lab: Lab) -> list[str]:
    site = make_site(lab, "replay", runs=3)
    asked = question(site)
    peer_owner, _ = lab.make_database("replay_peer")
    with site.opened(4) as store, floor(site, asked) as select, peer(peer_owner, lab.seed) as get:
        works: dict[str, Callable[[], object]] = {
            "floor": select,
            "peer": get,
            "ours": other_instants(store, asked),
            "again": lambda: history(store, asked),
            "chart": lambda: chart_alone(store, asked),
        }
        figures = {name: partial(p50, work, lab.seconds / 2) for name, work in works.items()}
        took = in_turn(lab.rounds, {**figures, "first": lambda: first_p50(site)})
    rows = [
        _row("facts and status, as the route answers, each time at another instant", took, "ours", judged=True),
        _row("the same question again, as of who pages", took, "again", judged=False),
        _row("the first question about a chart", took, "first", judged=False),
        _row("the chart alone, read and folded", took, "chart", judged=False),
    ]
    header = ["", "floor, ms p50", "peer, ms p50", "ours, ms p50", "ours ÷ floor", "bar", "ours ÷ peer", "bar"]
    return table(header, rows)


def _row(label: str, took: dict[str, list[float]], name: str, *, judged: bool) -> list[str]:
    of_floor, of_peer = ratios(took[name], took["floor"]), ratios(took[name], took["peer"])
    figures = [Spread(took[each]).shown(2) for each in ("floor", "peer", name)]
    bars = [Bar(limit, at_most=True) if judged else None for limit in (TIMES_FLOOR, OF_PEER)]
    verdicts = [bar.judged(ratio) if bar else "" for bar, ratio in zip(bars, (of_floor, of_peer), strict=True)]
    return [label, *figures, of_floor.shown(1), verdicts[0], of_peer.shown(2), verdicts[1]]


@dataclass(frozen=True)
class Question:
    """Whose history, as known when; `entries` are the facts that the answer holds."""

    patient_id: UUID
    known_at: datetime
    entries: list[Recorded]

    @property
    def stream(self) -> str:
        return stream_name("chart", self.patient_id)


def question(site: Site) -> Question:
    """Of the longest chart, cut behind its 250th fact: there are later ones."""
    patient_id, entries = max(site.charts.items(), key=lambda item: len(item[1]))
    cut = entries[FACTS - 1].recorded_at
    known = [entry for entry in entries if entry.recorded_at <= cut]
    if len(known) != FACTS or len(entries) == FACTS:
        raise SystemExit(f"The longest chart has no cut behind {FACTS} facts.")
    return Question(patient_id, cut, known)


def history(store: Store, asked: Question) -> replay.History:
    """As the API's route asks for it."""
    found = replay.answer(store, FACILITY, asked.patient_id, now=datetime.now(UTC), known_at=asked.known_at)
    if found is None or found.version != FACTS or len(found.lines) != FACTS or found.next_after is not None:
        raise SystemExit("The history isn't the one that was asked for.")
    return found


def other_instants(store: Store, asked: Question) -> Callable[[], object]:
    """Asks for the chart as it was known at each of its last instants in turn: an answer that is kept is none."""
    instants = cycle(sorted({entry.recorded_at for entry in asked.entries})[-INSTANTS:])

    def ask() -> object:
        found = replay.answer(store, FACILITY, asked.patient_id, now=datetime.now(UTC), known_at=next(instants))
        if found is None or found.version <= FACTS - 2 * INSTANTS or found.next_after is not None:
            raise SystemExit("The history isn't the one that was asked for.")
        return found

    return ask


def first_p50(site: Site) -> float:
    """Milliseconds of a history that this process hasn't read anything of, of `FACTS` facts or as many as there are."""
    took = []
    with site.opened(4) as store:
        for patient_id, entries in sorted(site.charts.items(), key=lambda item: len(item[1])):
            known_at = entries[:FACTS][-1].recorded_at
            began = perf_counter()
            found = replay.answer(store, FACILITY, patient_id, now=datetime.now(UTC), known_at=known_at)
            took.append((perf_counter() - began) * 1000)
            if found is None or found.version < min(len(entries), FACTS):
                raise SystemExit("The history isn't the one that was asked for.")
    # Of the longer half.
    return median(took[len(took) // 2 :])


def chart_alone(store: Store, asked: Question) -> object:
    """Without the site's sessions, cohorts and zone, which the status rests on too."""
    ledger = store.ledger(FACILITY)
    position = ledger.cut(asked.known_at).position
    return fold(asked.patient_id, ledger.read([asked.stream], upto=position)[asked.stream])


@contextmanager
def floor(site: Site, asked: Question) -> Iterator[Callable[[], object]]:
    with psycopg.connect(site.owner, autocommit=True) as connection:

        def select() -> object:
            rows = connection.execute(_ROWS, [FACILITY, asked.stream, FACTS], binary=True).fetchall()
            if len(rows) != FACTS:
                raise SystemExit("The floor doesn't read the chart.")
            return rows

        yield select


@contextmanager
def peer(owner: str, seed: int) -> Iterator[Callable[[], object]]:
    with peer_record(owner, writers=2) as record:
        chart = PeerChart()
        for envelope, fact in islice(Attendances.of(seed, 0), FACTS - 1):
            chart.record_attendance(
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
        record.save(chart)

        def get() -> object:
            found: PeerChart = record.repository.get(chart.id)
            if found.version != FACTS:
                raise SystemExit("The peer doesn't read the chart.")
            return found

        yield get


def p50(work: Callable[[], object], seconds: float) -> float:
    """Milliseconds of the one in the middle, after a few that prepare statements and don't count."""
    for _ in range(6):
        work()
    took = []
    until = perf_counter() + seconds
    while (began := perf_counter()) < until:
        work()
        took.append((perf_counter() - began) * 1000)
    return median(took)
