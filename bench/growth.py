"""B10: do answers stay as quick, and does filling the read tables stay linear, as the record grows?

The records are synthetic lives of one site (`stepdown simulate`), written as a file and restored: as many in care at
any time, for longer, up to this week. Of each the same is asked: the status of those in care over HTTP, 16 clients,
signed in and on record (B5); the first question for the history of a chart as it was known when it had 150 facts (B6).
The records stand side by side on one server, and are asked in turn. Each is made by a process of its own, once, whose
memory is told. A size of your own: `python -m bench B10 --facts 10000000`, which takes hours; beyond a million facts
there are more sites, not longer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from bench.lab import Lab, in_turn
from bench.memory import peak_megabytes
from bench.sample_site import FACILITY, LOGIN, Site
from bench.status_http import Asked, counselor_token, serving
from bench.table import Bar, Spread, ratios, table
from domain.record import Person, stream_name, stream_uuid
from exchange import replay
from exchange.restoring import restore_file
from exchange.simulate.measuring import Tally
from exchange.simulate.site import programs
from exchange.simulate.writing import write
from projections.follower import Follower
from projections.prepare import prepare
from store.keys import FileKeyring
from store.migrate import migrate
from store.store import Store

TITLE: Final = "B3, B5 and B6 as the record grows"

FULL: Final = (100_000, 1_000_000)
QUICK: Final = (8_000, 24_000)
MOST_OF_A_SITE: Final = 1_000_000

FLAT: Final = 1.3
CHART_FACTS: Final = 150

_FACTS_OF_A_PATIENT: Final = 140
_PATIENTS_A_WEEK: Final = 15
"""New ones. With so many, some hundred are in care; a quick run has fewer, for as long."""
_QUICK_PATIENTS_A_WEEK: Final = 4
_ASKED: Final = 60

_IN_CARE: Final[LiteralString] = """
SELECT patient_id FROM projection.census
WHERE ledger = %s AND ended_on IS NULL AND admitted_on IS NOT NULL ORDER BY patient_id LIMIT %s
"""
_CHARTS: Final[LiteralString] = """
SELECT stream, recorded_at FROM fact
WHERE ledger = %s AND stream LIKE 'chart/%%' AND version = %s ORDER BY position DESC LIMIT %s
"""
_GIGABYTES: Final[LiteralString] = "SELECT pg_database_size(current_database()) / 1e9"


@dataclass(frozen=True, slots=True)
class Made:
    """How long a record took, in seconds, and the most memory of the process that made it, in MB."""

    facts: int
    written: float
    restored: float
    filled: float
    memory: int


@dataclass(frozen=True)
class Grown:
    """One record. `charts` are asked for as they were known at an instant."""

    made: Made
    site: Site
    patients: Sequence[UUID]
    charts: Sequence[tuple[UUID, datetime]]
    gigabytes: float


def run(lab: Lab) -> list[str]:
    sizes = QUICK if lab.effort.quick else FULL
    if lab.facts is not None:
        sizes = (lab.facts // 10, lab.facts)
    records = [grow(lab, size) for size in sizes]
    names = [f"{record.made.facts:,}" for record in records]
    known = dict(zip(names, records, strict=True))
    history = in_turn(lab.rounds, {name: partial(first_p50, record) for name, record in known.items()})
    status = _statuses(lab, known)
    filled = {name: [record.made.facts / record.made.filled] for name, record in known.items()}
    rows = [_row(name, known[name], names[0], filled, status, history) for name in names]
    header = ["facts", "GB", "read tables, facts/s", "times slower", "bar"]
    header += ["status, requests/s", "times slower", "bar", "history, ms p50", "times slower", "bar"]
    return [*table(header, rows), "", *[_told(record.made) for record in records]]


Figures = dict[str, list[float]]


def _row(name: str, record: Grown, least: str, filled: Figures, status: Figures, history: Figures) -> list[str]:
    row = [name, f"{record.gigabytes:.2f}"]
    for figures, slower, digits in (
        (filled, ratios(filled[least], filled[name]), 0),
        (status, ratios(status[least], status[name]), 0),
        (history, ratios(history[name], history[least]), 2),
    ):
        bar = Bar(FLAT, at_most=True).judged(slower) if name != least else ""
        row += [Spread(figures[name]).shown(digits), slower.shown(2), bar]
    return row


def _told(made: Made) -> str:
    return (
        f"{made.facts:,} facts: simulated and written in {made.written:.0f} s, restored in {made.restored:.0f} s, read"
        f" tables filled in {made.filled:.0f} s; {made.memory} MB at most.  "
    )


# ---- making


def grow(lab: Lab, facts: int) -> Grown:
    """A record of about so many facts in a database of its own, its read tables current."""
    owner, app = lab.make_database(f"growth_{facts}")
    migrate(owner, LOGIN)
    prepare(owner, LOGIN)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        each_week = lab.amount(full=_PATIENTS_A_WEEK, quick=_QUICK_PATIENTS_A_WEEK)
        made = pool.submit(make, app, lab.folder, facts, each_week, lab.seed).result()
    with psycopg.connect(owner, autocommit=True) as db:
        db.execute("VACUUM ANALYZE")
        patients = [row[0] for row in db.execute(_IN_CARE, [FACILITY, _ASKED])]
        charts = [(stream_uuid(row[0]), row[1]) for row in db.execute(_CHARTS, [FACILITY, CHART_FACTS, _ASKED])]
        (gigabytes,) = db.execute(_GIGABYTES).fetchone() or (0,)
    if not patients or not charts:
        raise SystemExit("Nobody is in care, or no chart is long enough: make a longer record.")
    site = Site(lab, owner, app, ())
    stream = stream_name("facility", FACILITY)
    with site.opened(1) as store:
        # Who may ask is found in the facility's facts.
        facility = tuple(store.ledger(FACILITY).read([stream])[stream])
    return Grown(made, Site(lab, owner, app, facility), patients, charts, float(gigabytes))


def make(app: str, folder: Path, facts: int, patients_a_week: int, seed: int) -> Made:
    """Simulated, written, restored, followed; in the process that it is called in."""
    sites = -(-facts // MOST_OF_A_SITE)
    weeks = max(1, facts // sites // (patients_a_week * _FACTS_OF_A_PATIENT))
    last = last_sunday(datetime.now(UTC).date())
    told = programs(sites, patients=patients_a_week * weeks, weeks=weeks, seed=seed, last=last)
    by = Person("operator/bench", "B. Operator", "operator")
    total, writing, restoring = 0, 0.0, 0.0
    with Store(app, FileKeyring(folder / "master.key"), pool_size=4) as store:
        for program in told:
            began = perf_counter()
            [file] = write([program], folder / "lives.ndjson", Tally(), lambda done: None)
            written = perf_counter()
            restore_file(store, file.path, by=by)
            writing, restoring = writing + written - began, restoring + perf_counter() - written
            total += file.facts
            file.path.unlink()
        began = perf_counter()
        Follower(store).catch_up()
        filling = perf_counter() - began
    memory = round(peak_megabytes())
    return Made(total, writing, restoring, filling, memory)


def last_sunday(today: date) -> date:
    """The last one that is over everywhere."""
    return today - timedelta(days=today.isoweekday())


# ---- asking


def first_p50(record: Grown) -> float:
    """Milliseconds, in the middle, of the history of a chart that this process hasn't read anything of."""
    took = []
    with record.site.opened(4) as store:
        for patient_id, known_at in record.charts:
            began = perf_counter()
            found = replay.answer(store, FACILITY, patient_id, now=datetime.now(UTC), known_at=known_at)
            took.append((perf_counter() - began) * 1000)
            # What was recorded at the same instant is known as well.
            if found is None or found.version < CHART_FACTS:
                raise SystemExit("The history isn't the one that was asked for.")
    return median(took)


def _statuses(lab: Lab, records: dict[str, Grown]) -> Figures:
    """Answers a second, of one worker."""
    with ExitStack() as stack:
        asked = {}
        for name, record in records.items():
            address = stack.enter_context(serving(record.site, 1))
            paths = [f"/v1/patients/{patient}/status" for patient in record.patients]
            asked[name] = Asked(lab, address, counselor_token(record.site), paths, site=record.site)
        return in_turn(lab.rounds, {name: each.measure for name, each in asked.items()})
