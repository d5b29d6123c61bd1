"""B3: the read tables made anew from the facts: all of them, and attendance alone.

Ours is what `stepdown rebuild` does while others might read: tables filled beside the live ones, compared with them,
put in their place. The record is one site's synthetic lives, restored and followed once. Floor: the same rows read in
order, decrypted, and parsed by `orjson.loads`, nothing kept; by one process, and by two with half of the rows each.
Peer: the library's `ProjectionRunner`, which writes one row a fact in a transaction of its own, on fewer facts: its
rate doesn't depend on how many. Each of ours and of the floor's is a new process, whose start isn't counted; those that
a rebuild starts for itself are, and so is their memory.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, Final, LiteralString

import orjson
import psycopg

from bench.import_facts import BATCH_CHARTS, CHART_EVENTS, saved
from bench.lab import Lab, in_turn
from bench.lives import PATIENTS_A_WEEK, QUICK_PATIENTS_A_WEEK, make
from bench.memory import peak_megabytes
from bench.peer_projection import peer_projection
from bench.sample_site import FACILITY, LOGIN
from bench.table import Bar, Rates, Spread, rates_table
from projections.beside import chosen
from projections.prepare import prepare
from projections.rebuild import rebuild
from stepdown.opening import another
from store.keys import FileKeyring
from store.migrate import migrate
from store.sealing import ChartKey, bound

TITLE: Final = "rebuild of all read tables, and of attendance alone"

OF_FLOOR: Final = 0.3
ATTENDANCE_OF_FLOOR: Final = 0.5
TIMES_PEER: Final = 60.0
MEGABYTES: Final = 1000.0

_FACTS: Final = 1_000_000
_QUICK_FACTS: Final = 20_000
_PEER_FACTS: Final = 20_000
_QUICK_PEER_FACTS: Final = 1_500
_WAIT_SECONDS: Final = 600.0
_PAGE: Final = 5000

_COUNT: Final[LiteralString] = "SELECT max(position) FROM fact WHERE ledger = %s"
_KEYS: Final[LiteralString] = "SELECT stream, wrapped FROM chart_key WHERE ledger = %s AND wrapped IS NOT NULL"
_ROWS: Final[LiteralString] = """
SELECT position, stream, version, type, recorded_at, body FROM fact
WHERE ledger = %s AND position > %s AND position <= %s ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A database and the master key that belongs to it."""

    owner: str
    app: str
    key: Path


@dataclass(frozen=True, slots=True)
class Ran:
    """Seconds, and the most memory of all processes that took part, in MB."""

    seconds: float
    megabytes: int


@dataclass
class Contenders:
    """What each of them did, facts a second; `memory` of the processes of ours and of the floor, in MB."""

    lab: Lab
    place: Place
    facts: int
    memory: dict[str, list[float]] = field(default_factory=dict)
    peers: int = 0

    def ours(self, *names: str) -> float:
        return self._rate("ours" if not names else " ".join(names), [partial(rebuilt, self.place, names)])

    def floor(self, processes: int) -> float:
        ends = [self.facts * n // processes for n in range(processes + 1)]
        parts = [partial(read, self.place, *part) for part in pairwise(ends)]
        return self._rate(f"floor, {processes}", parts)

    def peer(self) -> float:
        facts = self.lab.amount(full=_PEER_FACTS, quick=_QUICK_PEER_FACTS)
        facts -= facts % (BATCH_CHARTS * CHART_EVENTS)
        self.peers += 1
        return facts / peer_seconds(self.lab, facts, f"rebuild_peer_{self.peers}")

    def _rate(self, name: str, works: Sequence[Callable[[], Ran]]) -> float:
        ran: list[Ran] = together(works)
        self.memory.setdefault(name, []).append(sum(one.megabytes for one in ran))
        return self.facts / max(one.seconds for one in ran)


def run(lab: Lab) -> list[str]:
    place, facts = made(lab, lab.amount(full=_FACTS, quick=_QUICK_FACTS))
    each = Contenders(lab, place, facts)
    figures = in_turn(
        lab.amount(full=3, quick=2),
        {
            "floor": partial(each.floor, 1),
            "floor of two": partial(each.floor, 2),
            "peer": each.peer,
            "all": each.ours,
            "attendance": partial(each.ours, "attendance"),
        },
    )
    floor, two, peer = figures["floor"], figures["floor of two"], figures["peer"]
    rows = [
        Rates(
            label="all, floor of one process",
            figures={"floor": floor, "peer": peer, "ours": figures["all"]},
            of_floor=OF_FLOOR,
            times_peer=TIMES_PEER,
        ),
        Rates(label="all, floor of two", figures={"floor": two, "ours": figures["all"]}),
        Rates(
            label="attendance alone",
            figures={"floor": floor, "ours": figures["attendance"]},
            of_floor=ATTENDANCE_OF_FLOOR,
        ),
    ]
    most = Spread(each.memory["ours"])
    return [
        *rates_table(f"{facts:,} facts", "facts", rows),
        "",
        f"Memory of a rebuild, all its processes: {most.shown()} MB ({Bar(MEGABYTES, at_most=True).judged(most)}); "
        f"of attendance alone {Spread(each.memory['attendance']).shown()} MB.",
    ]


def made(lab: Lab, facts: int) -> tuple[Place, int]:
    """About so many facts on record, followed; and how many they are."""
    owner, app = lab.make_database("rebuild")
    migrate(owner, LOGIN)
    prepare(owner, LOGIN)
    each_week = lab.amount(full=PATIENTS_A_WEEK, quick=QUICK_PATIENTS_A_WEEK)
    together([partial(make, app, lab.folder, facts, each_week, lab.seed)])
    with psycopg.connect(owner, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        [[count]] = db.execute(_COUNT, [FACILITY]).fetchall()
    return Place(owner, app, lab.folder / "master.key"), count


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Each by a new process, all at the same time; what they answered."""
    with ProcessPoolExecutor(len(works), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(work) for work in works]
        return [one.result() for one in running]


def rebuilt(place: Place, names: Sequence[str]) -> Ran:
    """In the process that it is called in, and those that it starts."""
    reopen = partial(another, place.app, place.key)
    with reopen() as store:
        began = perf_counter()
        found = rebuild(store, place.owner, chosen(names), reopen=reopen)
        took = perf_counter() - began
    if any(one.differences for one in found):
        raise SystemExit("The rebuilt tables aren't those that were followed.")
    return Ran(took, _megabytes())


def read(place: Place, after: int, upto: int) -> Ran:
    """The floor: every row of these positions read, decrypted and parsed."""
    keyring = FileKeyring(place.key)
    with psycopg.connect(place.owner) as db:
        began = perf_counter()
        keys = {
            stream: ChartKey(keyring.unwrap(wrapped, bound("chart", FACILITY, stream)))
            for stream, wrapped in db.execute(_KEYS, [FACILITY])
        }
        here = bound("fact", FACILITY)
        with db.cursor("rows", binary=True) as cursor:
            cursor.itersize = _PAGE
            for _, stream, version, name, _, body in cursor.execute(_ROWS, [FACILITY, after, upto]):
                if (key := keys.get(stream)) is not None:
                    body = key.unseal(body, here + bound(stream, str(version), name))
                orjson.loads(body)
        return Ran(perf_counter() - began, _megabytes())


def peer_seconds(lab: Lab, facts: int, name: str) -> float:
    """How long the library's runner takes for so many events that were saved before, in a database of that name."""
    owner, _ = saved(lab, facts, name=name)
    began = perf_counter()
    with peer_projection(owner) as runner:
        runner.wait(facts, timeout=_WAIT_SECONDS)
        return perf_counter() - began


def _megabytes() -> int:
    """The most that this process has held, and its largest child."""
    return round(peak_megabytes() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
